"""What programs are told of exports and events, in lists and alone."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from django.db.models import QuerySet

from approvals.listing import COLUMNS
from approvals.models import Export, Kinds
from approvals.states import Status
from directory.api_requests import Moment, one_of
from directory.compiled import CompiledQuery
from directory.models import Event

KindName = Annotated[str, one_of(Kinds.values)]
StatusName = Annotated[str, one_of(Status.values)]


class ExportRow(
    msgspec.Struct,
    rename={
        "vendor_name": "vendor",
        "sent_by__name": "sent_by",
        "decided_by__name": "decided_by",
        "project__number": "project_number",
        "project__name": "project_name",
        "parent__number": "parent_number",
    },
):
    """An item of the queue. `version` goes back with every step."""

    id: int
    version: int
    kind: KindName
    number: str
    title: str
    amount: Decimal
    vendor_name: str
    status: StatusName
    status_at: Moment
    message: str
    erp_number: str
    sent_at: Moment | None
    sent_by_id: int | None
    sent_by__name: str | None
    decided_by__name: str | None
    synced_at: Moment | None
    project_id: int
    project__number: str
    project__name: str
    parent_id: int | None
    parent__number: str | None


def row_of(export_id: int) -> ExportRow:
    [row] = _ROW.rows(export_id)
    return ExportRow(**row)


_ROW = CompiledQuery(lambda pk: Export.objects.filter(pk=pk).values(*COLUMNS), int)


class Happening(msgspec.Struct):
    """One event of the history. `hash` covers the event and, by the hash before it, all earlier."""

    seq: int
    at: Moment
    actor_id: int | None
    actor: str | None
    verb: str
    subject: str
    data: dict[str, Any]
    hash: str


def happenings(rows: QuerySet[Event]) -> list[Happening]:
    columns = ("seq", "at", "actor_id", "actor__name", "verb", "subject", "body", "hash")
    return [
        Happening(seq, at, actor_id, actor, verb, subject, json.loads(body)["data"], digest)
        for seq, at, actor_id, actor, verb, subject, body, digest in rows.values_list(*columns)
    ]
