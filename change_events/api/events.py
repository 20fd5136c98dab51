"""Change events by API. The same verbs and rules as the pages."""

from __future__ import annotations

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
from change_events.api.answers import ChangeEventDetail, ChangeEventPage, ChangeEventRow, detail
from change_events.api.requests import (
    EventQuery,
    EventStatusBody,
    MakeOf,
    NewChangeEvent,
    PutInto,
    TakeOut,
    WholeChangeEvent,
)
from change_events.listing import with_amounts
from change_events.models import ChangeEvent, ChangeEventLine
from commitments.api.requests import DeleteQuery
from directory.access import Access, open_project
from directory.api_requests import body, described, parameters
from directory.http import person
from directory.idempotency import KEY, idempotent
from directory.perms import Tool


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
        access, project = open_project(person(request), new.project, Tool.CHANGE_EVENTS)
        made = workflow.create_event(project=project, by=access, data=new.entry())
        return Response(detail(made), 201)
    asked = parameters(request, EventQuery)
    open_project(person(request), asked.project, Tool.CHANGE_EVENTS)
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
    return Response(detail(found))


@extend_schema(
    operation_id="change_event_status", request=EventStatusBody, responses=ChangeEventDetail
)
@api_view(["POST"])
def change_event_status(request: Request, pk: int) -> Response:
    """Close a change event, make it void, or open it again."""
    found, access = _open(request, pk)
    asked = body(request, EventStatusBody)
    after = workflow.set_event_status(found, by=access, version=asked.version, status=asked.status)
    return Response(detail(after))


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
    return Response(detail(workflow.load_event(pk)), 201)


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
    return Response(detail(workflow.load_event(pk)))


@extend_schema(operation_id="change_event_detach", request=TakeOut, responses=ChangeEventDetail)
@api_view(["POST"])
def change_event_detach(request: Request, pk: int) -> Response:
    """Take lines out of their change orders. Needs Admin on Commitments, too."""
    found, access = _open(request, pk)
    asked = body(request, TakeOut)
    after = workflow.detach(found, by=access, version=asked.version, lines=asked.lines)
    return Response(detail(after))


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


def _open(request: Request, pk: int) -> tuple[ChangeEvent, Access]:
    """The change event and what the person may do in its project. Raises Http404."""
    project = ChangeEvent.objects.filter(pk=pk).values_list("project", flat=True).first()
    if project is None:
        raise Http404
    access, _ = open_project(person(request), project, Tool.CHANGE_EVENTS)
    return workflow.load_event(pk), access
