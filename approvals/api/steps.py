"""Steps by API: one item, or up to five hundred of one company."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.access import TOOLS, open_export
from approvals.api.rows import ExportRow, StatusName, row_of
from approvals.models import Export, Kinds
from approvals.refusals import Refusal, refusal
from approvals.rejecting import comment
from approvals.states import BY_CHOICE, STEPS, Step, Who
from approvals.workflow import MOST_AT_ONCE, MOST_UNASKED, Item, Result, send_all, take, take_all
from directory.access import Access, open_company, open_project
from directory.api_requests import Fault, Id, Text, Unreadable, body
from directory.http import need_fresh, person
from directory.idempotency import KEY, idempotent
from directory.perms import Level, Tool

PEOPLES = [step for step in STEPS.values() if step.who != Who.WORKER]
BULK = [
    step
    for step in PEOPLES
    if step.name == "send" or (step.who == Who.APPROVER and step.name not in BY_CHOICE)
]


def _step_parameter(steps: Sequence[Step]) -> OpenApiParameter:
    return OpenApiParameter("step", str, "path", enum=[step.name for step in steps])


class StepBody(msgspec.Struct):
    """`version` as it was seen; `terms` the digest of the destination that the preview showed.
    Without it, an item is accepted wherever it goes at that moment.

    `note` is the comment that reject and record-absent need. A rejection may also give a `reason`,
    one of those that the company keeps, and the numbers of the `lines` that it is about. *accept*
    may give the `number` that the item is to have in the ERP, where the preview says that one may
    be chosen. `attested`: you have made sure in the ERP yourself, where it cannot be asked (unlink;
    the `note` says how).
    """

    version: int
    note: Text = ""
    terms: str = ""
    number: Text = ""
    attested: bool = False
    reason: Text = ""
    lines: list[int] = []


@extend_schema(
    operation_id="export_step",
    parameters=[_step_parameter(PEOPLES)],
    request=StepBody,
    responses=ExportRow,
)
@api_view(["POST"])
def step(request: Request, pk: int, step: str) -> Response:
    """Take a step with one item, as its button does. A version that is no longer current is
    refused with what happened since."""
    wanted = next((one for one in PEOPLES if one.name == step), None)
    if wanted is None:
        raise Http404
    found, access = open_export(person(request), pk)
    if wanted.who == Who.APPROVER:
        access.need_approver()
    asked = body(request, StepBody)
    note = asked.note
    if step == "reject":
        note = comment(access.company, note, reason=asked.reason, lines=asked.lines, export=found)
    _need_note(step, note)
    take(
        step,
        found,
        by=access,
        version=asked.version,
        note=note,
        terms=asked.terms,
        number=asked.number,
        attested=asked.attested,
    )
    return Response(row_of(pk))


def _need_note(step: str, note: str) -> None:
    if STEPS[step].needs_note and not note.strip():
        raise Unreadable([Fault("/note", "Write a comment: it is what the others will read.")])


class BulkItem(msgspec.Struct):
    """What a step with this one item would be given. `terms`: see `StepBody`."""

    id: Id
    version: int
    terms: str = ""
    number: Text = ""
    attested: bool = False


class BulkBody(msgspec.Struct):
    """At most 500 items of one company. `note` and `reason` are for all of them."""

    items: list[BulkItem]
    note: Text = ""
    reason: Text = ""


class BulkResult(msgspec.Struct):
    """What became of one item: where it is now, or why it did not move."""

    id: int
    done: bool
    version: int
    status: StatusName
    refused: Refusal | None


class BulkAnswer(msgspec.Struct):
    """A result for each item, in the order in which they were given."""

    results: list[BulkResult]


@extend_schema(
    operation_id="exports_bulk_step",
    parameters=[
        _step_parameter(BULK),
        KEY,
    ],
    request=BulkBody,
    responses=BulkAnswer,
)
@api_view(["POST"])
@idempotent
def bulk_step(request: Request, step: str) -> Response:
    """Take one step with many items of one company; *send* those of one project. Each is judged by
    itself: some may move and others not. An item that is not to be seen makes the whole call
    answer 404. For more than 50 a browser's session needs the password entered lately."""
    if not any(one.name == step for one in BULK):
        raise Http404
    asked = body(request, BulkBody)
    items = [Item(one.id, one.version, one.terms, one.number, one.attested) for one in asked.items]
    ids = _ids(items)
    if step == "send":
        results = send_all(items, by=open_documents(request, ids, Level.ADMIN))
    else:
        access = _open_sent(request, ids)
        access.need_approver()
        if len(items) > MOST_UNASKED and request.auth is None:
            need_fresh(request)  # a token is its own
        note = asked.note
        if step == "reject":
            note = comment(access.company, note, reason=asked.reason)
        _need_note(step, note)
        results = take_all(step, items, by=access, note=note)
    return answered(results)


def answered(results: Sequence[Result]) -> Response:
    """What became of each item."""
    told = [_told(one, one.export) for one in results if one.export is not None]
    return Response(BulkAnswer(told))


def _told(result: Result, export: Export) -> BulkResult:
    return BulkResult(
        id=result.id,
        done=result.error is None,
        version=export.version,
        status=export.status,
        refused=refusal(result.error) if result.error else None,
    )


def _ids(items: Sequence[Item]) -> set[int]:
    ids = {item.id for item in items}
    if not items or len(items) > MOST_AT_ONCE or len(ids) < len(items):
        text = f"Between 1 and {MOST_AT_ONCE} different items."
        raise Unreadable([Fault("/items", text)])
    return ids


def _open_sent(request: Request, ids: Collection[int]) -> Access:
    """The company that all of these sent items belong to. Raises Http404 if one is not to be
    seen."""
    sent = Export.objects.filter(pk__in=ids).exclude(copy_digest="")
    rows = dict(sent.values_list("pk", "company"))
    if len(rows) < len(ids) or len(set(rows.values())) != 1:
        raise Http404
    return open_company(person(request), next(iter(rows.values())), Tool.ERP)


def open_documents(request: Request, ids: Collection[int], level: Level = Level.READ) -> Access:
    """The project that all of these items belong to, of one with `level` on the first tool of each
    kind. Raises Http404 if one is not to be seen, PermissionDenied."""
    rows = list(Export.objects.filter(pk__in=ids).values_list("project", "kind"))
    if len(rows) < len(ids) or len({project for project, _ in rows}) != 1:
        raise Http404
    tools = [TOOLS[Kinds(kind)] for kind in {kind for _, kind in rows}]
    access, _ = open_project(person(request), rows[0][0], *tools[0])
    for ones in tools:
        access.see(*ones)
    if level > Level.READ:
        for ones in tools:
            access.need(ones[0], level)
    return access
