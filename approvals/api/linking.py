"""Linking to what the ERP has already, by API: many documents of one project, or one attested."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.access import TOOLS, open_export
from approvals.api.rows import ExportRow, KindName, row_of
from approvals.api.steps import BulkAnswer, answered, open_documents
from approvals.linking import eligible, workflow
from approvals.linking.listing import Linkable, page
from approvals.models import Kinds
from approvals.workflow import MOST_UNASKED, Item
from connectors.contract import Candidate, Difference
from directory.access import Access, open_project
from directory.api_requests import Fault, Id, Moment, Text, Unreadable, body, described, parameters
from directory.http import need_fresh, person
from directory.idempotency import KEY, idempotent
from directory.perms import Tool


class LinkingQuery(msgspec.Struct):
    """One kind of one project. `cursor` is what the page before named as `next`."""

    project: Id
    kind: KindName = Kinds.COMMITMENT.value
    cursor: Id | None = None


class FoundRecord(msgspec.Struct):
    """A record of the ERP that the document could be. `problem` is '' where it may be linked;
    `differences` are told either way."""

    record: str
    number: str
    description: str
    amount: Decimal | None
    problem: str
    differences: list[Difference]


class LookedUp(msgspec.Struct):
    """The last look for the document as it is now. `answered_at` is null until the ERP answered;
    `error` says why it could not."""

    number: str
    asked_by: str
    asked_at: Moment
    answered_at: Moment | None
    error: str
    found: list[FoundRecord]


class LinkingRow(msgspec.Struct):
    """A document that can be linked. `fits`: the one record that differs in nothing. `first_by`:
    who has linked it already where two approvers have to."""

    export: ExportRow
    looked_up: LookedUp | None
    fits: str | None
    first_by: str | None


class LinkingPage(msgspec.Struct):
    """Newest first, 200 at once."""

    results: list[LinkingRow]
    next: str | None


@extend_schema(operation_id="linking", parameters=described(LinkingQuery), responses=LinkingPage)
@api_view(["GET"])
def linking(request: Request) -> Response:
    """What was not sent and may be in the ERP already, with what was found there of each. A change
    order appears once its commitment is linked. Needs Read Only on ERP Integrations and on the
    tool of the documents."""
    asked = parameters(request, LinkingQuery)
    access, project = open_project(person(request), asked.project, *TOOLS[Kinds(asked.kind)])
    access.see(Tool.ERP)
    rows, then = page(access, project, asked.kind, after=asked.cursor)
    return Response(LinkingPage([_row(row) for row in rows], str(then) if then else None))


def _row(row: Linkable) -> LinkingRow:
    told = None
    if row.look_up is not None:
        told = LookedUp(
            number=row.look_up.number,
            asked_by=row.look_up.asked_by.name,
            asked_at=row.look_up.asked_at,
            answered_at=row.look_up.answered_at,
            error=row.look_up.error,
            found=[_found(one) for one in row.candidates],
        )
    first = row.first.by.name if row.first else None
    return LinkingRow(ExportRow(**row.export), told, row.fits or None, first)


def _found(one: Candidate) -> FoundRecord:
    return FoundRecord(
        record=one.receipt.id,
        number=one.receipt.number,
        description=one.description,
        amount=one.receipt.amount,
        problem=one.problem,
        differences=list(one.differences),
    )


class LookUpItem(msgspec.Struct):
    """`number`: what it has in the ERP, where that is another one."""

    id: Id
    version: int
    number: Text = ""


class LookUpBody(msgspec.Struct):
    """At most 200 items of one project."""

    items: list[LookUpItem]


@extend_schema(
    operation_id="linking_look_up", parameters=[KEY], request=LookUpBody, responses=BulkAnswer
)
@api_view(["POST"])
@idempotent
def linking_look_up(request: Request) -> Response:
    """Have the ERP looked through for items, by their numbers, when it is spoken to next. Each is
    judged by itself. Needs an approver with Admin on the project's tool."""
    asked = body(request, LookUpBody)
    items = [Item(one.id, one.version, number=one.number) for one in asked.items]
    return answered(workflow.ask_all(items, by=_open(request, items)))


class LinkItem(msgspec.Struct):
    """`record`: the id of one that was found."""

    id: Id
    version: int
    record: Text


class LinkBody(msgspec.Struct):
    """At most 200 items of one project. With `exact` only what differs in nothing is linked."""

    items: list[LinkItem]
    exact: bool = True
    note: Text = ""


@extend_schema(
    operation_id="linking_link", parameters=[KEY], request=LinkBody, responses=BulkAnswer
)
@api_view(["POST"])
@idempotent
def linking_link(request: Request) -> Response:
    """Link items to the records that were found for them: they are Synced from then on. Each is
    judged by itself. Needs an approver with Admin on the project's tool."""
    asked = body(request, LinkBody)
    items = [Item(one.id, one.version, record=one.record) for one in asked.items]
    by = _open(request, items)
    if len(items) > MOST_UNASKED and request.auth is None:
        need_fresh(request)  # a token is its own
    return answered(workflow.link_all(items, by=by, note=asked.note, exact=asked.exact))


def _open(request: Request, items: list[Item]) -> Access:
    """The project that all items belong to, of an approver who sees them."""
    ids = {item.id for item in items}
    if not items or len(items) > eligible.MOST_LOOKED_UP or len(ids) < len(items):
        text = f"Between 1 and {eligible.MOST_LOOKED_UP} different items."
        raise Unreadable([Fault("/items", text)])
    access = open_documents(request, ids)
    access.see(Tool.ERP)
    access.need_approver()
    return access


class AttestBody(msgspec.Struct):
    """`number`: what the record has in the ERP; a budget has none. `attested`: you have seen it
    there yourself; `note` says where you looked and what you saw. `completed`: what is known not to
    have been written (`calls` of the item that are refused or not sent) is there all the same."""

    version: int
    note: Text
    attested: bool
    number: Text = ""
    completed: bool = False


@extend_schema(operation_id="export_attest", request=AttestBody, responses=ExportRow)
@api_view(["POST"])
def attest(request: Request, pk: int) -> Response:
    """Link an item to a record that you saw in an ERP that cannot be asked. Needs an approver."""
    export, access = open_export(person(request), pk)
    access.need_approver()
    asked = body(request, AttestBody)
    workflow.attest(
        export.pk,
        by=access,
        version=asked.version,
        number=asked.number,
        note=asked.note,
        attested=asked.attested,
        completed=asked.completed,
    )
    return Response(row_of(pk))
