"""The history by API."""

from __future__ import annotations

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.access import open_export
from approvals.api.rows import Happening, happenings
from directory.access import open_company
from directory.api_requests import PAGE, Fault, Id, Size, Unreadable, described, parameters
from directory.http import person
from directory.models import Event
from directory.perms import Level, Tool


class EventQuery(msgspec.Struct):
    """The history of a company, or of one export."""

    company: Id | None = None
    export: Id | None = None
    cursor: Id | None = None
    size: Size = PAGE


class EventPage(msgspec.Struct):
    """Newest first."""

    results: list[Happening]
    next: str | None


@extend_schema(operation_id="events", parameters=described(EventQuery), responses=EventPage)
@api_view(["GET"])
def events(request: Request) -> Response:
    """What happened. A company's whole history needs Admin on Directory; an export's is seen by
    whoever sees the export."""
    asked = parameters(request, EventQuery)
    if (asked.company is None) == (asked.export is None):
        raise Unreadable([Fault("company", "Name a company or an export, one of the two.")])
    found = Event.objects.order_by("-seq")
    if asked.export is not None:
        export, _ = open_export(person(request), asked.export)
        found = found.filter(chain__company=export.company_id, subject=export.subject)
    else:
        access = open_company(person(request), asked.company or 0, Tool.ERP, Tool.DIRECTORY)
        access.need(Tool.DIRECTORY, Level.ADMIN)
        found = found.filter(chain__company=access.company)
    if asked.cursor is not None:
        found = found.filter(seq__lt=asked.cursor)
    rows = happenings(found[: asked.size + 1])
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    return Response(EventPage(rows, str(rows[-1].seq) if more else None))
