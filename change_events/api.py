"""Change events by API. The same verbs and rules as the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, cast

import msgspec
from django.db.models import Q
from django.http import Http404, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.attachments import UPLOAD, AttachmentList, files_in
from attachments.keeping import attached_to
from attachments.serving import CONTENT_TYPES, served
from change_events import attaching, workflow
from change_events.entries import EventEntry, EventLine
from change_events.listing import with_amounts
from change_events.models import ChangeEvent, ChangeEventLine, EventStatus, Reason
from commitments.api.answers import Line, line_fields
from commitments.api.requests import DeleteQuery, ExportStatusName, LineBody
from directory.access import Access, open_project
from directory.api_requests import PAGE, Id, Moment, Size, body, described, one_of, parameters
from directory.http import person
from directory.idempotency import KEY, idempotent
from directory.models import Project
from directory.perms import Tool

ReasonName = Annotated[str, one_of(Reason.values)]
EventStatusName = Annotated[str, one_of(EventStatus.values)]


# --- Asked -------------------------------------------------------------------------------------


class EventQuery(msgspec.Struct):
    """Change events of a project; `change_order`: those of which that one carries lines."""

    project: Id
    change_order: Id | None = None
    q: str = ""
    cursor: Id | None = None
    size: Size = PAGE


class EventLineBody(LineBody):
    """A line. It names a commitment of the project, or a vendor as long as none is chosen."""

    commitment: Id | None = None
    vendor: Id | None = None


class EventFields(msgspec.Struct, kw_only=True):
    title: str
    number: str = ""
    reason: ReasonName = Reason.OTHER.value
    description: str = ""
    lines: list[EventLineBody] = []

    def entry(self) -> EventEntry:
        return EventEntry(
            number=self.number,
            title=self.title,
            reason=self.reason,
            description=self.description,
            lines=[EventLine(**msgspec.structs.asdict(line)) for line in self.lines],
        )


class NewChangeEvent(EventFields, kw_only=True):
    """A new change event in `project`; without a number it gets the next one."""

    project: Id


class WholeChangeEvent(EventFields, kw_only=True):
    """The whole change event as it shall be; lines that are missing are removed."""

    version: int


class EventStatusBody(msgspec.Struct):
    version: int
    status: EventStatusName


class TakeOut(msgspec.Struct):
    """The ids of lines that leave their change orders."""

    version: int
    lines: list[Id]


class PutInto(msgspec.Struct):
    """The ids of lines, and the undecided change order that they go into."""

    version: int
    lines: list[Id]
    change_order: Id


class MakeOf(msgspec.Struct):
    """The ids of lines of which change orders are made, one for each commitment.

    `commitment`: for the lines that name none. Without a title they get the change event's.
    """

    version: int
    lines: list[Id]
    commitment: Id | None = None
    title: str = ""


# --- Answered ----------------------------------------------------------------------------------


class ChangeEventRow(msgspec.Struct):
    """`version` goes back with every change. `in_change_orders`: how much of the amount is in
    change orders."""

    id: int
    version: int
    project_id: int
    number: str
    title: str
    reason: ReasonName
    status: EventStatusName
    created_at: Moment
    amount: Decimal
    in_change_orders: Decimal


class ChangeEventPage(msgspec.Struct):
    """Newest first; `next` is the cursor of the next page."""

    results: list[ChangeEventRow]
    next: str | None


class ChangeEventLineRow(Line, kw_only=True):
    """`change_order_id` and what follows: the change order that carries the line, and how far
    that is on its way."""

    commitment_id: int | None
    vendor_id: int | None
    change_order_id: int | None
    change_order_line_id: int | None
    change_order_number: str | None
    change_order_amount: Decimal | None
    export_status: ExportStatusName | None


class ChangeEventDetail(msgspec.Struct):
    change_event: ChangeEventRow
    description: str
    lines: list[ChangeEventLineRow]


# --- Addresses ---------------------------------------------------------------------------------


@extend_schema(
    methods=["GET"],
    operation_id="change_events",
    summary="The change events of a project",
    parameters=described(EventQuery),
    responses=ChangeEventPage,
)
@extend_schema(
    methods=["POST"],
    operation_id="change_event_create",
    summary="A new change event",
    parameters=[KEY],
    request=NewChangeEvent,
    responses={201: ChangeEventDetail},
)
@api_view(["GET", "POST"])
@idempotent
def change_events(request: Request) -> Response:
    """The change events of a project (Read Only on Change Events), or a new one (Standard)."""
    if request.method == "POST":
        new = body(request, NewChangeEvent)
        access = _open_place(request, new.project)
        project = cast(Project, access.project)
        made = workflow.create_event(project=project, by=access, data=new.entry())
        return Response(_detail(made), 201)
    asked = parameters(request, EventQuery)
    _open_place(request, asked.project)
    found = ChangeEvent.objects.filter(project=asked.project)
    if asked.change_order is not None:
        carried = ChangeEventLine.objects.filter(change_order_line__change_order=asked.change_order)
        found = found.filter(pk__in=carried.values("event"))
    if search := asked.q.strip():
        found = found.filter(Q(number__icontains=search) | Q(title__icontains=search))
    if asked.cursor is not None:
        found = found.filter(pk__lt=asked.cursor)
    columns = [field.name for field in msgspec.structs.fields(ChangeEventRow)]
    rows = list(with_amounts(found).order_by("-id").values(*columns)[: asked.size + 1])
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    return Response(
        ChangeEventPage(
            [ChangeEventRow(**row) for row in rows], str(rows[-1]["id"]) if more else None
        )
    )


@extend_schema(
    methods=["GET"],
    operation_id="change_event",
    summary="One change event with its lines",
    responses=ChangeEventDetail,
)
@extend_schema(
    methods=["PUT"],
    operation_id="change_event_save",
    summary="Save a change event whole",
    request=WholeChangeEvent,
    responses=ChangeEventDetail,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="change_event_delete",
    summary="Delete a change event",
    parameters=described(DeleteQuery),
    responses={204: None},
)
@api_view(["GET", "PUT", "DELETE"])
def change_event(request: Request, pk: int) -> Response:
    """One change event with its lines; saving it whole; deleting it."""
    found, access = _open(request, pk)
    if request.method == "PUT":
        whole = body(request, WholeChangeEvent)
        found = workflow.update_event(found, by=access, version=whole.version, data=whole.entry())
    if request.method == "DELETE":
        version = parameters(request, DeleteQuery).version
        workflow.delete_event(found, by=access, version=version)
        return Response(status=204)
    return Response(_detail(found))


@extend_schema(
    operation_id="change_event_status", request=EventStatusBody, responses=ChangeEventDetail
)
@api_view(["POST"])
def change_event_status(request: Request, pk: int) -> Response:
    """Close a change event, make it void, or open it again."""
    found, access = _open(request, pk)
    asked = body(request, EventStatusBody)
    after = workflow.set_event_status(found, by=access, version=asked.version, status=asked.status)
    return Response(_detail(after))


@extend_schema(
    operation_id="change_event_create_change_orders",
    parameters=[KEY],
    request=MakeOf,
    responses={201: ChangeEventDetail},
)
@api_view(["POST"])
@idempotent
def change_event_create(request: Request, pk: int) -> Response:
    """Make change orders of lines, one for each commitment. Needs Admin on Commitments, too."""
    found, access = _open(request, pk)
    asked = body(request, MakeOf)
    workflow.create_change_orders(
        found,
        by=access,
        version=asked.version,
        lines=asked.lines,
        commitment=asked.commitment,
        title=asked.title,
    )
    return Response(_detail(workflow.load_event(pk)), 201)


@extend_schema(
    operation_id="change_event_add_to_change_order", request=PutInto, responses=ChangeEventDetail
)
@api_view(["POST"])
def change_event_add(request: Request, pk: int) -> Response:
    """Put lines into an undecided change order. Needs Admin on Commitments, too."""
    found, access = _open(request, pk)
    asked = body(request, PutInto)
    workflow.add_to_change_order(
        found,
        by=access,
        version=asked.version,
        lines=asked.lines,
        change_order=asked.change_order,
    )
    return Response(_detail(workflow.load_event(pk)))


@extend_schema(operation_id="change_event_detach", request=TakeOut, responses=ChangeEventDetail)
@api_view(["POST"])
def change_event_detach(request: Request, pk: int) -> Response:
    """Take lines out of their change orders. Needs Admin on Commitments, too."""
    found, access = _open(request, pk)
    asked = body(request, TakeOut)
    after = workflow.detach(found, by=access, version=asked.version, lines=asked.lines)
    return Response(_detail(after))


@extend_schema(
    methods=["GET"],
    operation_id="change_event_attachments",
    summary="The files of a change event",
    responses=AttachmentList,
)
@extend_schema(
    methods=["POST"],
    operation_id="change_event_attachments_add",
    summary="Add files to a change event",
    request=UPLOAD,
    responses={201: AttachmentList},
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def change_event_attachments(request: Request, pk: int) -> Response:
    """The files of a change event, or more of them: PDF, PNG or JPEG, each as a part `file` of the
    form. All are kept or none; one that is there already by name and content is kept once."""
    found, access = _open(request, pk)
    if request.method == "POST":
        attaching.need_to_attach(found, access)
        attaching.attach(found, files_in(request), by=access)
        return Response(AttachmentList(list(attached_to(found.subject))), 201)
    return Response(AttachmentList(list(attached_to(found.subject))))


@extend_schema(
    methods=["GET"],
    operation_id="change_event_attachment",
    summary="The content of one file",
    responses={(200, kind): OpenApiTypes.BINARY for kind in CONTENT_TYPES.values()},
)
@extend_schema(
    methods=["DELETE"],
    operation_id="change_event_attachment_remove",
    summary="Take a file off its change event",
    responses={204: None},
)
@api_view(["GET", "DELETE"])
def change_event_attachment(request: Request, pk: int, attachment_id: int) -> HttpResponseBase:
    """The content of one file, or taking it off its change event."""
    found, access = _open(request, pk)
    if request.method == "DELETE":
        attaching.remove(found, attachment_id, by=access)
        return Response(status=204)
    return served(attaching.find(found, attachment_id))


# --- Doors and answers -------------------------------------------------------------------------


def _open_place(request: Request, project: int) -> Access:
    return open_project(person(request), project, Tool.CHANGE_EVENTS)


def _open(request: Request, pk: int) -> tuple[ChangeEvent, Access]:
    """The change event and what the person may do in its project. Raises Http404."""
    project = ChangeEvent.objects.filter(pk=pk).values_list("project", flat=True).first()
    if project is None:
        raise Http404
    access = _open_place(request, project)
    return workflow.load_event(pk), access


def _detail(found: ChangeEvent) -> ChangeEventDetail:
    return ChangeEventDetail(
        ChangeEventRow(
            id=found.pk,
            version=found.version,
            project_id=found.project_id,
            number=found.number,
            title=found.title,
            reason=found.reason,
            status=found.status,
            created_at=found.created_at,
            amount=found.total,
            in_change_orders=found.carried,
        ),
        description=found.description,
        lines=[_line(line) for line in found.lines.all()],
    )


def _line(line: ChangeEventLine) -> ChangeEventLineRow:
    carrier = line.change_order_line
    order: dict[str, Any] = {
        "change_order_id": carrier.change_order_id if carrier else None,
        "change_order_line_id": carrier.pk if carrier else None,
        "change_order_number": carrier.change_order.number if carrier else None,
        "change_order_amount": carrier.amount if carrier else None,
        "export_status": carrier.change_order.export.status if carrier else None,
    }
    return ChangeEventLineRow(
        **line_fields(line), commitment_id=line.commitment_id, vendor_id=line.vendor_id, **order
    )
