"""Notices: the one way in which people are told that something happened.

A notice is written in the transaction of what it tells of. Pages show it, and `directory.letters`
mails it as its person chose: at once, once a day, or never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from directory.bell import ring_on_commit
from directory.models import Membership, Notice, User


@dataclass(frozen=True, slots=True)
class Kind:
    """What notices of one kind have in common: the subject of their mail and its first sentence."""

    subject: str
    lead: str


_REJECTED = "Accounting rejected what follows. Change what the comment says, and send it again."
KINDS = {
    "rejected-commitment": Kind("ERP Commitment Rejection Notification", _REJECTED),
    "rejected-cco": Kind("ERP CCO Rejection Notification", _REJECTED),
    "rejected-budget": Kind("ERP Budget Rejection Notification", _REJECTED),
    "resent": Kind(
        "ERP Re-sent Notification",
        "What you rejected was sent again and waits for a decision.",
    ),
    "failed": Kind(
        "ERP Export Failed",
        "What follows did not go through. Accounting mends the cause and retries, or rejects it.",
    ),
    "unlinked": Kind("ERP Unlink Result", "The ERP was asked about what you unlink."),
    "nobody-decides": Kind(
        "ERP Items Wait Without an Approver",
        "What project managers sent waits, and nobody may decide on it. Ask the operator for the "
        "accounting privilege for somebody, or give an approver their level back.",
    ),
    "second-missing": Kind(
        "ERP Items Wait for a Second Approver",
        "One approver has approved what follows, and nothing happens until another one has, too.",
    ),
    "limit-changed": Kind(
        "ERP Second Approver Setting Changed",
        "From which amount on two approvers have to accept was changed. If you did not expect "
        "that, ask the person who did it.",
    ),
    "silent": Kind(
        "ERP Connection Is Silent",
        "The accounting system has not called for longer than your company allows. What was "
        "accepted waits until it does.",
    ),
    "locked-out": Kind(
        "ERP Connection Is Refused",
        "The accounting system takes none of the secrets that are kept here. What was accepted "
        "waits until somebody types a new one.",
    ),
    "privilege-asked": Kind(
        "Accounting Privilege Requested",
        "An administrator asks you to let somebody push to accounting.",
    ),
    "privilege-answered": Kind(
        "Accounting Privilege Answered", "The operator answered a request for the privilege."
    ),
}


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell one person. `path` is where to look, on this installation; with a `key`
    it is told once, however often it is noticed."""

    user: int
    title: str
    path: str
    text: str = ""
    key: str | None = None


def tell(kind: str, company: int | None, news: Sequence[News]) -> None:
    """Write notices, in the transaction of what they tell of. Two statements, however many.

    `company` is where they belong; None for what is the installation's. Who may know is for the
    caller to say; who has left the company by then is told nothing.
    """
    if not news:
        return
    rows = [
        Notice(
            user_id=one.user,
            company_id=company,
            kind=kind,
            title=one.title[: Notice.LONGEST],
            text=one.text,
            path=one.path,
            key=one.key,
        )
        for one in news
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    ring_on_commit("directory.tasks.mail")


def notices_of(user: User) -> QuerySet[Notice]:
    """What this person was told, newest first."""
    return still_theirs(Notice.objects.filter(user=user)).order_by("-id")


def still_theirs(rows: QuerySet[Notice]) -> QuerySet[Notice]:
    """Without those of companies that have been closed to their person since."""
    open_to_them = Membership.objects.filter(
        user=OuterRef("user"), company=OuterRef("company"), is_active=True
    )
    return rows.filter(Q(company=None) | Exists(open_to_them), user__is_active=True)
