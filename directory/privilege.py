"""The accounting privilege, 'Can Push to Accounting': asked for, granted, refused, taken away.

An administrator of the company asks, for anybody there; only an operator answers, and never about
themselves. Every verb takes the lock of the membership's row first: an acceptance in flight takes
it too, so that whichever comes second sees what the first did (see CONTRIBUTING, locks).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Concat, Lower, Now
from django.urls import reverse
from guardian.shortcuts import assign_perm, remove_perm

from directory.access import Access, holds_push
from directory.compiled import CompiledQuery
from directory.entered import unreadable
from directory.history import Happened, append
from directory.models import (
    Company,
    CompanyUserObjectPermission,
    Event,
    Membership,
    PrivilegeRequest,
    User,
)
from directory.notices import News, tell
from directory.perms import PUSH, PUSH_WORDS, Level, Tool

LONGEST = 1000  # characters of a reason, or of what is answered
State = PrivilegeRequest.State


@transaction.atomic
def ask_push(membership: Membership, reason: str, *, by: Access) -> PrivilegeRequest:
    """Ask the operator to give a person of one's own company the privilege.

    Raises PermissionDenied, or ValidationError when there is nothing to ask for.
    """
    by.need(Tool.DIRECTORY, Level.ADMIN)
    if membership.company_id != by.company.pk:
        raise PermissionDenied("This person belongs to another company.")
    locked = _lock(membership)
    reason = _words(reason, "reason", "Say what the operator has to know to decide.")
    if not (locked.is_active and membership.user.is_active):
        raise ValidationError(f"{membership.user} is deactivated. Activate them first.")
    if holds_push(membership.user, by.company):
        raise ValidationError(f"{membership.user} has '{PUSH_WORDS}' already.")
    if _open(locked).exists():
        raise ValidationError(f"It has been asked for {membership.user} already; it is open.")
    made = PrivilegeRequest.objects.create(
        membership=locked, company=by.company, asked_by=by.user, reason=reason
    )
    operators = User.objects.filter(is_operator=True, is_active=True).exclude(pk=by.user.pk)
    title = f"{by.user} asks for '{PUSH_WORDS}' for {locked.user} at {by.company}"
    path = reverse("operator_privileges")
    tell("privilege-asked", None, [News(each.pk, title, path, reason) for each in operators])
    _tell(locked, "ask_push", by.user, reason)
    return made


@transaction.atomic
def withdraw_request(request: PrivilegeRequest, *, by: Access) -> None:
    """Take a request of one's own company back. Raises PermissionDenied or ValidationError."""
    by.need(Tool.DIRECTORY, Level.ADMIN)
    if request.company_id != by.company.pk:
        raise PermissionDenied("This request belongs to another company.")
    locked = _lock(request.membership)
    _answer(locked, State.WITHDRAWN, by.user, only=request)
    _tell(locked, "withdraw_push", by.user)


@transaction.atomic
def refuse_push(request: PrivilegeRequest, words: str, *, by: User) -> None:
    """Answer a request with no, and why. Raises PermissionDenied or ValidationError."""
    locked = lock_privilege(request.membership, by=by)
    words = _words(words, "answer", "Say why; the administrator who asked reads it.")
    _answer(locked, State.REFUSED, by, words, only=request)
    title = f"{by} refused '{PUSH_WORDS}' for {locked.user}"
    tell("privilege-answered", locked.company_id, [_to(request.asked_by_id, locked, title, words)])
    _tell(locked, "refuse_push", by, words)


@transaction.atomic
def grant_push(membership: Membership, *, by: User) -> None:
    """Give 'Can Push to Accounting', and answer the request for it if there is one.

    Not to somebody without a password of their own: whoever holds their first link, such as the
    administrator who invited them, could become them. Raises PermissionDenied.
    """
    locked = lock_privilege(membership, by=by)
    if not locked.is_active:
        raise PermissionDenied(f"{membership} is deactivated. Their administrator activates them.")
    if not membership.user.has_usable_password():
        raise PermissionDenied(
            f"{membership.user} has not set a password yet. Grant it when they have opened their "
            "link and signed in."
        )
    if holds_push(membership.user, membership.company):
        return
    assign_perm(PUSH, membership.user, membership.company)
    asked = _open(locked).first()
    _answer(locked, State.GRANTED, by)
    if asked is not None:
        title = f"{by} granted '{PUSH_WORDS}' to {locked.user}"
        tell("privilege-answered", locked.company_id, [_to(asked.asked_by_id, locked, title)])
    _tell(locked, "grant_push", by)


@transaction.atomic
def revoke_push(membership: Membership, *, by: User) -> None:
    """Take 'Can Push to Accounting' away; an acceptance that waits for this row then fails.

    What they accepted before goes its way: see `approvals.revoking` for taking that back, too.
    """
    locked = lock_privilege(membership, by=by)
    if holds_push(membership.user, membership.company):
        take_away(locked)
        _tell(locked, "revoke_push", by)


def take_away(membership: Membership) -> None:
    """Remove guardian's row. The membership is locked, and the caller tells the history."""
    remove_perm(PUSH, membership.user, membership.company)


def lock_privilege(membership: Membership, *, by: User) -> Membership:
    """The membership, locked for an operator who is not the person. Raises PermissionDenied."""
    if not (by.is_operator and by.is_active):
        raise PermissionDenied("Only the operator of this installation grants this privilege.")
    if by.pk == membership.user_id:
        raise PermissionDenied("Nobody grants this privilege to themselves or takes it away.")
    return _lock(membership)


def close_request(membership: Membership, *, by: User) -> None:
    """An open request of somebody who leaves the company is withdrawn. The row is locked."""
    _answer(membership, State.WITHDRAWN, by)


# --- Who holds it --------------------------------------------------------------------------------


def push_holders(company: Company) -> set[int]:
    """The ids of those whom the operator granted it in `company`."""
    return set(_held().filter(content_object=company).values_list("user_id", flat=True))


def approvers(company: Company) -> QuerySet[Membership]:
    """Who decides at this company: Standard on ERP Integrations, and the privilege."""
    return Membership.objects.filter(
        company=company,
        is_active=True,
        user__is_active=True,
        user__in=_held().filter(content_object=company).values("user"),
        levels__tool=Tool.ERP,
        levels__level__gte=Level.STANDARD,
    )


def holders_everywhere() -> QuerySet[Membership]:
    """Everybody who holds it somewhere, with `granted_at`, ordered by `key`: company and name."""
    here = {"user": OuterRef("user"), "content_object": OuterRef("company")}
    granted = Event.objects.filter(
        chain__company=OuterRef("company"),
        subject=Concat(Value("user:"), OuterRef("user_id"), output_field=TextField()),
        verb="grant_push",
    )
    words = (Lower("company__name"), Lower("user__name"), "user__email")
    between = [part for word in words for part in (word, Value(" "))][:-1]
    return (
        Membership.objects.filter(Exists(_held().filter(**here)))
        .select_related("user", "company")
        .annotate(
            granted_at=Subquery(granted.order_by("-id").values("at")[:1]),
            key=Concat(*between, output_field=TextField()),
        )
    )


def _held() -> QuerySet[CompanyUserObjectPermission]:
    return CompanyUserObjectPermission.objects.filter(permission__codename=PUSH)


def open_requests(memberships: Sequence[Membership]) -> dict[int, PrivilegeRequest]:
    """membership -> its open request, in one query."""
    rows = PrivilegeRequest.objects.filter(membership__in=memberships, state=State.OPEN)
    return {row.membership_id: row for row in rows.select_related("asked_by")}


# --- What the verbs share ------------------------------------------------------------------------


def _lock(membership: Membership) -> Membership:
    [locked] = _LOCKED.all(membership.pk)
    return locked


_LOCKED = CompiledQuery(
    lambda pk: (
        Membership.objects.select_related("user", "company")
        .select_for_update(of=("self",))
        .filter(pk=pk)
    ),
    int,
)


def _open(membership: Membership) -> QuerySet[PrivilegeRequest]:
    return PrivilegeRequest.objects.filter(membership=membership, state=State.OPEN)


def _answer(
    membership: Membership,
    state: str,
    by: User,
    words: str = "",
    *,
    only: PrivilegeRequest | None = None,
) -> None:
    """Close the open request; with `only`, ValidationError unless it is that one."""
    rows = _open(membership)
    if only is not None:
        rows = rows.filter(pk=only.pk)
    answered = rows.update(state=state, answered_by=by, answered_at=Now(), answer=words)
    if only is not None and not answered:
        raise ValidationError("This request has been answered meanwhile. Load the page again.")


def _words(text: str, field: str, missing: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise ValidationError({field: missing})
    if why := unreadable(text, long=True):
        raise ValidationError({field: why})
    if len(text) > LONGEST:
        raise ValidationError({field: f"At most {LONGEST:,} characters; it has {len(text):,}."})
    return text


def _to(person: int, membership: Membership, title: str, text: str = "") -> News:
    path = reverse("directory_person", args=[membership.company_id, membership.pk])
    return News(person, title, path, text)


def _tell(membership: Membership, verb: str, by: User, note: str = "") -> None:
    told = {"note": note} if note else {}
    append(membership.company_id, [Happened(verb, f"user:{membership.user_id}", by.pk, told)])
