"""Bringing the ERP's lists here, a page per conversation.

What is linked follows the ERP: its name there, whether it is in use, why it cannot be used. What
is written exactly the same is linked; what is new waits to be imported, or is imported at once
where the company wants that. Nothing of ours is ever removed. A list
is read from where it was last read to its end, and now and then from its beginning: only a reading
of everything that came to its end tells what is no longer there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from connectors import engine
from connectors.contract import Pulled
from connectors.engine.scripts import Pull, encode
from connectors.models import Connection, Conversation, Reading
from connectors.registry import connector_for
from directory.models import Category, CostCode, Job, Project, Unlinked, Vendor
from directory.models.lists import Listed

# The longest name that a list takes here: of a cost code its code.
LONGEST: dict[type[Listed], int] = {Vendor: 209, Job: 209, CostCode: 96, Category: 209}
LISTS: dict[str, type[Listed]] = {
    "vendors": Vendor,
    "jobs": Job,
    "cost_codes": CostCode,
    "classes": Category,
}
R = TypeVar("R", bound=Listed)
DELETED = "deleted"
# How often a list is read from its beginning, for what the ERP does not tell of by itself.
EVERYTHING_AFTER = timedelta(days=7)
# So many of a list, or such a part of it, may be gone at once; more is not believed.
FEW, PART = 5, 0.1


def queue_page(connection: int, what: str, session: int = 0, cursor: str = "") -> None:
    """Queue the reading of a page of a list; without a `cursor` of its first one."""
    engine.queue(connection, "pull", f"{what} {session} {cursor}", f"list:{what}")


class Pulls:
    """The purpose of the conversations that read the ERP's lists."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        """Nothing: rows are written one statement at a time, and no step hangs on them."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        """A page goes on where the last one ended; of an ERP that asks us, where a list is open
        for one visit only, if it is in the same session still."""
        inputs: dict[str, str | None] = {}
        connection = conversations[0].connection
        erp = connection.capabilities
        for conversation in conversations:
            what, session, cursor = conversation.subject.split(" ", 2)
            reading, _ = Reading.objects.get_or_create(connection=connection, what=what)
            if not cursor or (erp.transport == "poll" and session != str(conversation.session_id)):
                cursor = ""
                reading.since = _from_where(reading) if erp.tells_changes else None
                reading.began_at = Now()
                reading.incomplete = ""
                reading.save(update_fields=["since", "began_at", "incomplete"])
            since = reading.since.isoformat() if reading.since else ""
            inputs[conversation.subject] = encode(Pull(what, cursor, since))
        return inputs

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It begins anew by itself."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: a pull writes nothing to the ERP."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Write a page into the directory, and queue the next one."""
        for outcome in outcomes:
            if not isinstance(outcome.value, Pulled):
                continue  # refused: the conversation keeps the ERP's words
            conversation = outcome.conversation
            what = conversation.subject.split(" ", 1)[0]
            connection = Connection.objects.get(pk=conversation.connection_id)
            if what == DELETED:
                mark_deleted(connection, outcome.value.rows)
            else:
                take_over(connection, what, outcome.value.rows)
            if outcome.value.incomplete:
                Reading.objects.filter(connection=connection, what=what).update(
                    incomplete=outcome.value.incomplete[:300]
                )
            if outcome.value.more:
                session = conversation.session_id or 0
                queue_page(connection.pk, what, session, outcome.value.more)
            else:
                _complete(connection, what)


def _from_where(reading: Reading) -> datetime | None:
    """From when the next reading asks; None for everything."""
    full = reading.full_from
    if full is None or full < timezone.now() - EVERYTHING_AFTER:
        return None
    return reading.complete_from


def _complete(connection: Connection, what: str) -> None:
    """A reading came to its end: the next one may begin where it began, unless some of this one
    was missing: then nothing follows from what did not come."""
    reading = Reading.objects.get(connection=connection, what=what)
    if not reading.incomplete:
        reading.complete_from = reading.began_at
        if reading.since is None:
            reading.full_from = reading.began_at
            if what in LISTS and reading.began_at is not None:
                _mark_missing(connection, what, reading.began_at)
        reading.save(update_fields=["complete_from", "full_from"])
    if what == "jobs":
        Project.objects.filter(company=connection.company_id, job__isnull=False).update(
            erp_synced_at=Now()
        )


def take_over(connection: Connection, what: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a page of the ERP's list: follow what is linked, link what is the same, keep the rest.

    Rows as `contract.Pulled` has them. A few statements for the page, whatever its length.
    """
    model, company = LISTS[what], connection.company_id
    by_erp_id = {str(row["id"]): row for row in rows if row["id"] and row["name"]}
    ours = model._default_manager.filter(company_id=company)
    waiting = Unlinked.objects.filter(company_id=company, what=what, erp_id__in=by_erp_id)
    may_wait = model is not Job  # of the jobs those without a project do
    key = "code" if model is CostCode else "name"
    names = [row["name"] for row in by_erp_id.values()]
    # What a person links meanwhile is waited for: see `connectors.importing`.
    locked = ours.select_for_update(no_key=True).order_by("id")
    known = list(locked.filter(Q(erp_id__in=by_erp_id) | Q(**{f"{key}__in": names})))
    linked = {row.erp_id: row for row in known if row.erp_id}
    same = {getattr(row, key): row for row in known}
    decided = set(
        waiting.filter(Q(parted=True) | Q(archived=True)).values_list("erp_id", flat=True)
    )
    parts = _of_categories(connection, by_erp_id.values()) if model is CostCode else set()
    changed: list[Listed] = []
    new: list[Listed] = []
    left: list[Unlinked] = []
    for erp_id, row in by_erp_id.items():
        mine = linked.get(erp_id)
        if mine is None and erp_id not in decided:
            mine = same.get(row["name"])
        if mine is not None and mine.erp_id in ("", erp_id):
            changed.append(_seen(mine, row))
            continue
        too_long = len(row["name"]) > LONGEST[model]
        at_once = (connection.imports_at_once or not may_wait) and erp_id not in parts
        if mine is None and at_once and erp_id not in decided and not too_long:
            new.append(_seen(model(company_id=company, **named(model, row)), row))
        elif may_wait:
            unlinked = _seen(Unlinked(company_id=company, what=what, name=row["name"]), row)
            unlinked.erp_name = named(model, row)["name"]
            unlinked.synced_at = Now()
            unlinked.archived = erp_id in parts  # of a new one; a person's choice stays
            if too_long:  # nothing is cut to fit
                unlinked.erp_problem = _too_long(model, row["name"])
            left.append(unlinked)
    # A job is the ERP's own, so it is called as it is there; vendors and cost codes are ours.
    for mine in changed if model is Job else ():
        mine.name = mine.erp_name
    own = ["name"] if model is Job else []
    model._default_manager.bulk_update(changed, [*_FOLLOWED, *own])
    model._default_manager.bulk_create(new)
    ours.filter(erp_id__in=by_erp_id).update(synced_at=Now())
    waiting.exclude(erp_id__in=[row.erp_id for row in left]).delete()
    Unlinked.objects.bulk_create(
        left,
        update_conflicts=True,
        unique_fields=["company", "what", "erp_id"],
        update_fields=["name", *_FOLLOWED, "synced_at"],
    )


def _of_categories(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """The ids of items that are a category of a cost code: no cost codes of their own."""
    connector, settings = connector_for(connection.erp), connection.settings
    names = Category.objects.filter(company=connection.company_id).values_list("name", flat=True)
    categories = list(names) if connector.item_name("", "any", settings) else []
    return {
        str(row["id"])
        for row in rows
        if row.get("parent")
        and any(
            row["name"] == connector.item_name(row["parent"], name, settings) for name in categories
        )
    }


_FOLLOWED = ["erp_id", "erp_name", "erp_active", "erp_problem"]


def _seen(mine: R, row: Mapping[str, Any]) -> R:
    """A row of ours with what the ERP says of its record."""
    mine.erp_id = str(row["id"])
    mine.erp_name = row["name"]
    mine.erp_active = bool(row["active"]) and not row.get("problem")
    mine.erp_problem = row.get("problem", "")
    return mine


def _too_long(model: type[Listed], name: str) -> str:
    return (
        f"Its name has {len(name)} characters, and a {model._meta.verbose_name} has at most "
        f"{LONGEST[model]}. Shorten it there, or link it to one of yours."
    )


def named(model: type[Listed], row: Mapping[str, Any]) -> dict[str, str]:
    """What a record of the ERP is called here: of a cost code its code, too."""
    if model is CostCode:
        return {"code": row["name"], "name": (row.get("description") or row["label"])[:209]}
    return {"name": row["name"]}


def mark_deleted(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """What was deleted in the ERP takes nothing any more; our own row stays, for what named it."""
    short = connection.capabilities.short
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(row["list"], []).append(row["id"])
    for what, gone in ids.items():
        if what in LISTS:
            theirs = Unlinked.objects.filter(company=connection.company_id, what=what)
            theirs.filter(erp_id__in=gone).delete()
            ours = LISTS[what]._default_manager.filter(company=connection.company_id)
            ours.filter(erp_id__in=gone).update(
                erp_active=False,
                erp_problem=f"It was deleted in {short}. Link another one.",
                synced_at=None,
            )


def rows_of(company: int, what: str) -> tuple[QuerySet[Listed], QuerySet[Unlinked]]:
    """The rows of a list that stand for records of the ERP: those linked, and those that wait."""
    ours = LISTS[what]._default_manager.filter(company_id=company).exclude(erp_id="")
    return ours, Unlinked.objects.filter(company_id=company, what=what)


def _mark_missing(connection: Connection, what: str, began_at: datetime) -> None:
    """After everything was read: what did not come is not there, or not shown to us.

    Where much of it is missing, or all, it is the ERP's user who may not see the list: nothing is
    believed then, and the self-test tells of it.
    """
    known = rows_of(connection.company_id, what)
    came = sum(rows.filter(synced_at__gte=began_at).count() for rows in known)
    absent = Q(synced_at=None) | Q(synced_at__lt=began_at)
    missing = sum(rows.filter(absent, erp_active=True).count() for rows in known)
    if not came or missing > max(FEW, (came + missing) * PART):
        return
    short = connection.capabilities.short
    for rows in known:
        rows.filter(absent, erp_active=True).update(
            erp_active=False,
            erp_problem=f"{short} no longer shows it: it was deleted there, or the user that "
            "speaks for ERP Bridge may not see it.",
        )
