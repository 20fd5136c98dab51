"""What people do with companies, people and lists. Each verb checks who asks and is an event.

Pages, API and commands come through here. Levels and the accounting privilege: `directory.access`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from directory.access import Access, holds_push, keep_an_administrator, set_level, with_level
from directory.formats import money
from directory.history import Happened, append
from directory.models import (
    Category,
    Chain,
    Company,
    CostCode,
    Job,
    Membership,
    Project,
    ToolLevel,
    User,
    Vendor,
)
from directory.notices import News, tell
from directory.perms import Level, Tool
from directory.privilege import approvers, close_request, take_away
from directory.sessions import end_sessions

SETTINGS = ("second_factor_required", "rejection_reasons", "second_approver_from")
Listed = Project | Vendor | CostCode | Category

# What people may change of a row; the rest comes from the ERP.
FIELDS: dict[type[Listed], tuple[str, ...]] = {
    Project: ("number", "name", "job", "change_events"),
    Vendor: ("name",),
    CostCode: ("code", "name"),
    Category: ("name",),
}


# --- The operator's ------------------------------------------------------------------------------


@transaction.atomic
def make_operator(email: str, name: str = "", *, by: User | None) -> User:
    """Make `email` an operator of this installation; a second time changes nothing.

    `by` is None in the shell, which is how the first one is made. A `name` is needed only for an
    address that is new here; without one it is the part before the @.
    """
    if by is not None:
        _operator(by)
    user = _person(email, name or email.partition("@")[0])
    if not user.is_operator:
        _forget_links(user)
        user.is_operator = True
        user.save(update_fields=["is_operator"])
        append(None, [Happened("make-operator", f"user:{user.pk}", by.pk if by else None)])
    return user


@transaction.atomic
def dismiss_operator(user: User, *, by: User | None) -> None:
    """Somebody is an operator no longer, and signed out everywhere. Nobody dismisses themselves, so
    one remains; `by` is None in the shell. Raises PermissionDenied."""
    operators = {one.pk for one in User.objects.select_for_update().filter(is_operator=True)}
    if by is not None:
        _operator(by)
        if by.pk == user.pk or by.pk not in operators:
            raise PermissionDenied("Another operator does this: nobody dismisses themselves.")
    if user.pk in operators:
        user.is_operator = False
        user.save(update_fields=["is_operator"])
        end_sessions(user)
        append(None, [Happened("dismiss-operator", f"user:{user.pk}", by.pk if by else None)])


@transaction.atomic
def create_company(
    name: str, *, by: User, erp_enabled: bool = True, one_person_does_both: bool = False
) -> Company:
    """A new company without people; see `invite_administrator`."""
    _operator(by)
    company = Company.objects.create(
        name=name, erp_enabled=erp_enabled, one_person_does_both=one_person_does_both
    )
    Chain.objects.create(company=company)
    told = {
        "name": name,
        "erp_enabled": erp_enabled,
        "one_person_does_both": one_person_does_both,
    }
    append(company.pk, [Happened("create", f"company:{company.pk}", by.pk, told)])
    return company


@transaction.atomic
def change_company(
    company: Company, *, by: User, erp_enabled: bool, one_person_does_both: bool
) -> None:
    """Switch the ERP Integrations tool, or 'one person does both', on or off."""
    _operator(by)
    wanted = {"erp_enabled": erp_enabled, "one_person_does_both": one_person_does_both}
    _change(company, wanted, by)


@transaction.atomic
def invite_administrator(
    company: Company, email: str, name: str, *, by: User, without_levels: bool = False
) -> Membership:
    """Give a company an administrator: Admin on Directory and on ERP Integrations; or, without
    levels, somebody whose levels its administrators choose.

    The only way to bring somebody into a company who has an account here already.
    """
    _operator(by)
    user = _person(email, name)
    _forget_links(user)
    membership = _member(company, user, by)
    for tool in () if without_levels else (Tool.DIRECTORY, Tool.ERP):
        set_level(membership, tool, Level.ADMIN, by=by)
    return membership


# --- The company's own settings ------------------------------------------------------------------


@transaction.atomic
def change_settings(
    company: Company,
    *,
    by: Access,
    second_factor_required: bool,
    rejection_reasons: list[str],
    second_approver_from: Decimal | None = None,
    seen: str | None = None,
) -> None:
    """What a company decides for itself: whether approvers and administrators need a second factor,
    the reasons that they choose from when they reject, and the amount, in the company's currency,
    from which on two of them have to accept. Needs Admin on ERP Integrations.

    Who else decides or administers is told of another amount. `seen`: what `seen_of` gave
    for the settings that were on the screen.
    Raises ValidationError for two approvers where fewer than two could decide, and where somebody
    changed the settings since they were `seen`.
    """
    by.need(Tool.ERP, Level.ADMIN)
    _same_company(company.pk, by)
    now = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    if seen is not None and seen != seen_of(now):
        raise ValidationError(
            "Somebody has changed these settings since you opened this page, so nothing was saved: "
            "the history beside them says what. Look at yours again, then save them.",
            code="stale",
        )
    if second_approver_from is not None and approvers(company).count() < 2:
        text = f"Fewer than two people can decide at {company}; nothing would be accepted any more."
        raise ValidationError({"second_approver_from": text})
    wanted = {
        "second_factor_required": second_factor_required,
        "rejection_reasons": rejection_reasons,
        "second_approver_from": second_approver_from,
    }
    _change(company, wanted, by.user)
    if second_approver_from != now.second_approver_from:
        _tell_of_limit(now, second_approver_from, by.user)


def seen_of(row: Company | Listed) -> str:
    """What names that which people may change of it, as it is."""
    names = SETTINGS if isinstance(row, Company) else FIELDS[type(row)]
    values = [row.serializable_value(name) for name in names]
    return sha256(repr(values).encode()).hexdigest()


def _tell_of_limit(before: Company, now: Decimal | None, by: User) -> None:
    """Tell who decides or administers from which amount on two approvers are needed."""
    amounts = [
        "no amount" if one is None else money(one) for one in (before.second_approver_from, now)
    ]
    title = f"{by} changed from where on {before} needs two approvers: {amounts[0]} → {amounts[1]}"
    deciding = approvers(before).values_list("user_id", flat=True)
    whom = {*deciding, *with_level(before, Tool.ERP, Level.ADMIN)} - {by.pk}
    path = reverse("company_settings", args=[before.pk])
    tell("limit-changed", before.pk, [News(person, title, path) for person in sorted(whom)])


# --- The company administrator's -----------------------------------------------------------------


@transaction.atomic
def invite(email: str, name: str, *, by: Access) -> Membership:
    """Bring a new person into the company, without any level yet. Raises ValidationError.

    An address that has an account here is refused: its password may be in other hands than the
    inviter believes, so the operator brings such a person in.
    """
    by.need(Tool.DIRECTORY, Level.ADMIN)
    known = User.objects.filter(email__iexact=email.strip()).first()
    if known is not None:
        if known.memberships.filter(company=by.company).exists():
            text = f"{known.email} belongs to {by.company} already."
        else:
            text = (
                f"{known.email} has an account on this installation already. Ask the operator to "
                f"bring this person into {by.company}; you choose their levels here then."
            )
        raise ValidationError({"email": text})
    return _member(by.company, _person(email, name), by.user)


@transaction.atomic
def set_levels(
    membership: Membership,
    levels: Sequence[tuple[Tool, Project | None, Level]],
    *,
    by: Access,
) -> None:
    """Give a person these levels. All of them or, with PermissionDenied, none."""
    by.need(Tool.DIRECTORY, Level.ADMIN)
    _same_company(membership.company_id, by)
    # Directory first: it locks the rows of all administrators, before the history's head.
    for tool, project, level in sorted(levels, key=lambda one: one[0] != Tool.DIRECTORY):
        if project is not None:
            _same_company(project.company_id, by)
        set_level(membership, tool, level, by=by.user, project=project)


@transaction.atomic
def deactivate(membership: Membership, *, by: Access) -> None:
    """Close the company to a person. What they did stays; the accounting privilege is taken away,
    so that it needs the operator again if they come back."""
    by.need(Tool.DIRECTORY, Level.ADMIN)
    _same_company(membership.company_id, by)
    locked = Membership.objects.select_for_update().get(pk=membership.pk)
    if not locked.is_active:
        return
    keep_an_administrator(locked)
    held = holds_push(membership.user, by.company)
    if held:
        take_away(locked)
    close_request(locked, by=by.user)
    membership.is_active = False
    membership.save(update_fields=["is_active"])
    told = {"privilege": "taken away"} if held else {}
    append(by.company.pk, [Happened("deactivate", _subject(membership), by.user.pk, told)])


@transaction.atomic
def reactivate(membership: Membership, *, by: Access) -> None:
    """Open the company to a person again, with the levels they had."""
    by.need(Tool.DIRECTORY, Level.ADMIN)
    _same_company(membership.company_id, by)
    back = Membership.objects.filter(pk=membership.pk, is_active=False).update(is_active=True)
    if back:
        membership.is_active = True
        append(by.company.pk, [Happened("reactivate", _subject(membership), by.user.pk)])


@transaction.atomic
def save(row: Listed, *, by: Access, seen: str | None = None) -> None:
    """Keep a new or changed project, vendor, cost code or category, and write down what changed.

    `seen`: what `seen_of` gave for what was on the screen. Raises ValidationError where somebody
    changed it since.
    """
    by.need(Tool.DIRECTORY, Level.ADMIN)
    _same_company(row.company_id, by)
    fields, kind = FIELDS[type(row)], row._meta.model_name
    before = type(row)._default_manager.select_for_update(no_key=True).filter(pk=row.pk).first()
    if before is not None and seen is not None and seen != seen_of(before):
        raise ValidationError(
            "Somebody has changed it since you opened this page, so nothing was saved: the history "
            "beside it says what. Look at yours again, then save it."
        )
    if isinstance(row, Project):
        # What a project knows of the ERP is as old as what is known of its job.
        row.erp_synced_at = row.job.synced_at if row.job else None
    if before is None:
        row.save()
        told = {name: _plain(getattr(row, name)) for name in fields}
        append(by.company.pk, [Happened("create", f"{kind}:{row.pk}", by.user.pk, told)])
        return
    changes = {
        name: [_plain(getattr(before, name)), _plain(getattr(row, name))]
        for name in fields
        if getattr(before, name) != getattr(row, name)
    }
    if changes:
        # The history first: a changed name locks the row against documents that name it, and those
        # are checked when their transaction ends, with the history's head in its hands.
        append(by.company.pk, [Happened("change", f"{kind}:{row.pk}", by.user.pk, changes)])
        row.save(update_fields=[*changes, *(["erp_synced_at"] if "job" in changes else [])])


def unlinked_jobs(project: Project) -> QuerySet[Job]:
    """The ERP's jobs that `project` may be linked to: its own, and those nobody else has."""
    free = Job.objects.filter(company=project.company_id, erp_active=True, project=None)
    own = Job.objects.filter(project=project) if project.pk else Job.objects.none()
    return (own | free).distinct()


# --- What the verbs share ------------------------------------------------------------------------


def _operator(by: User) -> None:
    if not (by.is_operator and by.is_active):
        raise PermissionDenied("Only an operator of this installation may do this.")


def _change(company: Company, wanted: Mapping[str, Any], by: User) -> None:
    """Keep what is different, and write it into the history."""
    fresh = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    told = {
        name: [_plain(getattr(fresh, name)), _plain(value)]
        for name, value in wanted.items()
        if getattr(fresh, name) != value
    }
    if not told:
        return
    for name, value in wanted.items():
        setattr(company, name, value)
    company.save(update_fields=list(wanted))
    append(company.pk, [Happened("change", f"company:{company.pk}", by.pk, told)])


def _same_company(company: int, by: Access) -> None:
    if company != by.company.pk:
        raise PermissionDenied("This belongs to another company.")


def _person(email: str, name: str) -> User:
    """The person with this address; a new one has no password yet."""
    email = email.strip().lower()
    found = User.objects.filter(email__iexact=email).first()
    return found or User.objects.create_user(email, name.strip())


def _forget_links(user: User) -> None:
    """One-time links of somebody without a password open nothing from now on: whoever made them
    for one company would get more than that company with them."""
    if not user.has_usable_password():
        user.set_unusable_password()  # a different one, which is part of what a link proves
        user.save(update_fields=["password"])


def _member(company: Company, user: User, by: User) -> Membership:
    membership, made = Membership.objects.get_or_create(user=user, company=company)
    if made:
        told = {"email": user.email, "name": user.name}
        append(company.pk, [Happened("invite", _subject(membership), by.pk, told)])
    elif not membership.is_active:
        membership.is_active = True
        membership.save(update_fields=["is_active"])
        append(company.pk, [Happened("reactivate", _subject(membership), by.pk)])
    return membership


def levels_of(memberships: Sequence[Membership]) -> dict[tuple[int, str, int | None], Level]:
    """(membership, tool, project or None) -> level, for a page of people in one query."""
    rows = ToolLevel.objects.filter(membership__in=memberships)
    return {
        (membership, tool, project): Level(level)
        for membership, tool, project, level in rows.values_list(
            "membership_id", "tool", "project_id", "level"
        )
    }


def _subject(membership: Membership) -> str:
    return f"user:{membership.user_id}"


def _plain(value: object) -> object:
    """A field's value as plain JSON: a linked job by its name, money as text."""
    if isinstance(value, Decimal):
        return str(value)
    return value.name if isinstance(value, Job) else value
