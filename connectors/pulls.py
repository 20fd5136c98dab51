"""Bringing the ERP's vendors, jobs and cost codes here, a page per conversation.

What is linked follows the ERP: its name there, whether it is in use, why it cannot be used. What
is written exactly the same is linked; what is new is taken over. Nothing is ever removed, and what
a page does not name is not touched, so a list that breaks off halfway does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from connectors import engine
from connectors.contract import Pulled
from connectors.costs import queue_costs
from connectors.engine.scripts import Pull, encode
from connectors.models import Connection, Conversation
from directory.access import Access
from directory.history import Happened, append
from directory.models import CostCode, Job, Project, Vendor
from directory.models.lists import Listed
from directory.perms import Level, Tool

# The longest name that a list takes here: of a cost code its code.
LONGEST: dict[type[Listed], int] = {Vendor: 209, Job: 209, CostCode: 96}
LISTS: dict[str, type[Listed]] = {"vendors": Vendor, "jobs": Job, "cost_codes": CostCode}


@transaction.atomic
def request_sync(connection: Connection, by: Access) -> int:
    """Queue a sync of every list and of the job costs that wait for none; returns how many.

    Needs Standard on ERP Integrations (PermissionDenied).
    """
    by.need(Tool.ERP, Level.STANDARD)
    asked = queue_sync(connection)
    if asked:
        happened = Happened("sync", f"connection:{connection.pk}", by.user.pk)
        append(connection.company_id, [happened])
    return asked


@transaction.atomic
def queue_due_syncs() -> int:
    """Queue the sync of every connection whose schedule says so; returns how many things."""
    due = Connection.objects.filter(
        company__erp_enabled=True,
        first_seen_at__isnull=False,
        sync_minutes__gt=0,
    ).filter(
        Q(sync_queued_at=None)
        | Q(sync_queued_at__lt=Now() - F("sync_minutes") * Value(timedelta(minutes=1)))
    )
    return sum(
        queue_sync(connection)
        for connection in due.select_for_update(skip_locked=True, of=("self",))
    )


def queue_sync(connection: Connection) -> int:
    """Queue what does not wait already: each list, and the costs of each job; returns how many."""
    Connection.objects.filter(pk=connection.pk).update(sync_queued_at=Now())
    waiting = set(
        Conversation.objects.filter(connection=connection, purpose="pull")
        .exclude(state=Conversation.State.CLOSED)
        .values_list("record", flat=True)
    )
    wanted = [what for what in LISTS if f"list:{what}" not in waiting]
    for what in wanted:
        _queue(connection.pk, what)
    return len(wanted) + queue_costs(connection)


def _queue(connection: int, what: str, session: int = 0, cursor: str = "") -> None:
    engine.queue(connection, "pull", f"{what} {session} {cursor}", f"list:{what}")


class Pulls:
    """The purpose of the conversations that read the ERP's lists."""

    def lock(self, subjects: Sequence[str]) -> None:
        """Nothing: rows are written one statement at a time, and no step hangs on them."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        """A page goes on where the last one ended, if it is in the same session still."""
        inputs: dict[str, str | None] = {}
        for conversation in conversations:
            what, session, cursor = conversation.subject.split(" ", 2)
            same = session == str(conversation.session_id)
            inputs[conversation.subject] = encode(Pull(what, cursor if same else ""))
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
            take_over(connection.company_id, what, outcome.value.rows)
            if outcome.value.more:
                session = conversation.session_id or 0
                _queue(connection.pk, what, session, outcome.value.more)
            elif what == "jobs":
                Project.objects.filter(company=connection.company_id, job__isnull=False).update(
                    erp_synced_at=Now()
                )


def take_over(company: int, what: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a page of the ERP's list: follow what is linked, link what is the same, add the rest.

    Rows as `contract.Pulled` has them. A few statements for the page, whatever its length.
    """
    model = LISTS[what]
    by_erp_id = {str(row["id"]): row for row in rows if row["id"] and row["name"]}
    ours = model._default_manager.filter(company_id=company)
    linked = {row.erp_id: row for row in ours.filter(erp_id__in=by_erp_id)}
    key = "code" if model is CostCode else "name"
    names = [row["name"] for erp_id, row in by_erp_id.items() if erp_id not in linked]
    same = {getattr(row, key): row for row in ours.filter(**{f"{key}__in": names})}
    changed: list[Listed] = []
    new: list[Listed] = []
    for erp_id, row in by_erp_id.items():
        mine = linked.get(erp_id) or same.get(row["name"])
        if mine is not None and mine.erp_id not in ("", erp_id):
            continue  # the same name is linked to another record: a person has to decide
        if mine is None and len(row["name"]) > LONGEST[model]:
            continue  # nothing is cut to fit; it has to be named shorter there
        if mine is None:
            mine = model(company_id=company, **_named(model, row))
            new.append(mine)
        else:
            changed.append(mine)
        mine.erp_id = erp_id
        mine.erp_name = row["name"]
        mine.erp_active = bool(row["active"]) and not row.get("problem")
        mine.erp_problem = row.get("problem", "")
    model._default_manager.bulk_update(changed, ["erp_id", "erp_name", "erp_active", "erp_problem"])
    model._default_manager.bulk_create(new)
    if model is Job:
        Job.objects.filter(company_id=company, erp_id__in=by_erp_id).update(synced_at=Now())


def _named(model: type[Listed], row: Mapping[str, Any]) -> dict[str, str]:
    if model is CostCode:
        return {"code": row["name"], "name": (row.get("description") or row["label"])[:209]}
    return {"name": row["name"]}
