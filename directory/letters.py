"""Mails that carry notices, as each person chose: at once, once a day, or never.

A letter is composed and its notices are marked in one transaction, so a notice is in one letter at
most. Many notices of one kind make one letter: after a letter a person gets the next one of that
kind a minute later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string

from directory.models import Notice, User
from directory.notices import KINDS, still_theirs
from directory.outbox import post

PAUSE = timedelta(minutes=1)
# Older notices are read on the page; nobody is mailed what happened before they asked for mail.
FRESH = timedelta(days=2)
AT_ONCE = 500
SUMMARY = "ERP Integrations Daily Summary"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of document in the summary of a company: how many, and where to look."""

    label: str
    ready: int
    failed: int
    path: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits at one company for somebody who decides there."""

    company: str
    rows: Sequence[Row]
    oldest: str  # since when the longest waiting item waits, in words; '' for not long


@transaction.atomic
def write_letters() -> int:
    """Compose the letters of those who want them at once; how many."""
    just_written = Notice.objects.filter(
        user=OuterRef("user"), kind=OuterRef("kind"), mail__made_at__gt=Now() - PAUSE
    )
    found = _unmailed(User.Mails.AT_ONCE).filter(~Exists(just_written))
    groups: dict[tuple[int, str], list[Notice]] = defaultdict(list)
    for notice in found.order_by("id")[:AT_ONCE]:
        groups[notice.user_id, notice.kind].append(notice)
    for (_, kind), notices in groups.items():
        user, subject = notices[0].user, KINDS[kind].subject
        context = {"user": user, "lead": KINDS[kind].lead, "notices": notices}
        _write(user, subject, context, notices)
    return len(groups)


@transaction.atomic
def write_summary(user: User, day: str, desks: Sequence[Desk]) -> bool:
    """Compose a person's daily summary: what waits for them and, for those who want their notices
    once a day, these. False if there is nothing to say, or if it was written for `day` already."""
    notices = list(_unmailed(User.Mails.DAILY).filter(user=user).order_by("id")[:AT_ONCE])
    if not (desks or notices):
        return False
    context = {"user": user, "desks": desks, "notices": notices, "kinds": KINDS}
    return _write(user, SUMMARY, context, notices, key=f"summary:{day}:{user.pk}")


def _unmailed(choice: str) -> QuerySet[Notice]:
    rows = Notice.objects.filter(mail=None, at__gt=Now() - FRESH, user__mails=choice)
    return (
        still_theirs(rows).select_related("user").select_for_update(of=("self",), skip_locked=True)
    )


def _write(
    user: User,
    subject: str,
    context: dict[str, object],
    notices: Sequence[Notice],
    *,
    key: str | None = None,
) -> bool:
    context |= {"base_url": settings.BASE_URL, "subject": subject}
    mail = post(
        user.email,
        subject,
        render_to_string("mail/letter.txt", context),
        render_to_string("mail/letter.html", context),
        user=user,
        key=key,
    )
    if mail is None:
        return False
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mail=mail)
    return True
