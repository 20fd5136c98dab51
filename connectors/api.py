"""The connection of a company to its ERP, and the ERP's lists, by API."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from connectors import importing, setup
from connectors.contract import Area
from connectors.importing import LISTS, STEPS, VIEWS, Done, ErpList
from connectors.matching import Suggestion
from connectors.models import Connection
from connectors.secrets import stored_names
from directory.access import open_company
from directory.api_requests import PAGE, Id, Moment, Size, body, described, one_of, parameters
from directory.http import need_fresh, person
from directory.idempotency import KEY, idempotent
from directory.perms import Level, Tool

Erp = Annotated[str, msgspec.Meta(max_length=20)]


class ConnectionQuery(msgspec.Struct):
    company: Id


Entry = Annotated[str, msgspec.Meta(max_length=20_000)] | msgspec.UnsetType


class Entered(msgspec.Struct, kw_only=True):
    """What is entered about an ERP that is called from here; of Spectrum, in its own values.

    `authorization_id`, `client_id`, `client_secret`, `infolink_user` and `infolink_password` are
    written and never read again. `oauth`, `basic_for_soap`, `infolink`, `cost_reimbursable`,
    `estimates_shown_only` and `repeat_change_requests` are Y or N, `sco_status` E or P,
    `price_method` F, T, C, U or J; `gl_by_type` and `gl_by_vendor` hold CODE=ACCOUNT, parted by
    blanks. `infolink_subcontract` and `infolink_change_request` are one SELECT each,
    `infolink_known_subcontract` is VENDOR/NUMBER, `infolink_known_change_request` JOB/NUMBER.
    """

    address: Entry = msgspec.UNSET
    company_code: Entry = msgspec.UNSET
    authorization_id: Entry = msgspec.UNSET
    oauth: Entry = msgspec.UNSET
    client_id: Entry = msgspec.UNSET
    client_secret: Entry = msgspec.UNSET
    basic_for_soap: Entry = msgspec.UNSET
    infolink: Entry = msgspec.UNSET
    infolink_address: Entry = msgspec.UNSET
    infolink_database: Entry = msgspec.UNSET
    infolink_user: Entry = msgspec.UNSET
    infolink_password: Entry = msgspec.UNSET
    infolink_subcontract: Entry = msgspec.UNSET
    infolink_known_subcontract: Entry = msgspec.UNSET
    infolink_change_request: Entry = msgspec.UNSET
    infolink_known_change_request: Entry = msgspec.UNSET
    gl_account: Entry = msgspec.UNSET
    gl_by_type: Entry = msgspec.UNSET
    gl_by_vendor: Entry = msgspec.UNSET
    sco_status: Entry = msgspec.UNSET
    cr_status: Entry = msgspec.UNSET
    cost_reimbursable: Entry = msgspec.UNSET
    price_method: Entry = msgspec.UNSET
    estimates_shown_only: Entry = msgspec.UNSET
    repeat_change_requests: Entry = msgspec.UNSET

    def given(self) -> dict[str, str]:
        """What the request names, by name."""
        return {
            name: value
            for name in Entered.__struct_fields__
            if (value := getattr(self, name)) is not msgspec.UNSET
        }


class NewConnection(Entered, kw_only=True):
    """`erp` names the connector: quickbooks, which needs nothing else, or spectrum, which needs at
    least its address, company code and Authorization ID."""

    company: Id
    erp: Erp


class ConnectionRow(msgspec.Struct, kw_only=True):
    """`endpoint` is what the Web Connector calls, `qwc` the file that tells it so.

    `facts` is what the ERP said of itself, `areas` what it shows the user that speaks for it, as
    tried at `tested_at`. `category` is what categories become. `next_call_at`: about when.
    """

    id: int
    company_id: int
    erp: str
    user_name: str
    endpoint: str
    qwc: str
    erp_company: str
    erp_version: str
    first_seen_at: Moment | None
    last_seen_at: Moment | None
    next_call_at: Moment | None
    last_result: str
    facts: dict[str, str]
    areas: list[Area]
    tested_at: Moment | None
    category: str
    address: str
    settings: dict[str, str]
    secrets: list[str]


class MadeConnection(ConnectionRow, kw_only=True):
    """`password` is for the Web Connector. It is shown this once and kept nowhere; empty for an ERP
    that is called from here."""

    password: str


class Connections(msgspec.Struct):
    """One at most."""

    results: list[ConnectionRow]


@extend_schema(
    methods=["GET"],
    operation_id="connections",
    summary="A company's connection",
    parameters=described(ConnectionQuery),
    responses=Connections,
)
@extend_schema(
    methods=["POST"],
    operation_id="connection_create",
    summary="A new connection",
    request=NewConnection,
    responses={201: MadeConnection},
)
@api_view(["GET", "POST"])
def connections(request: Request) -> Response:
    """A company's connection, or a new one; both need Admin on ERP Integrations.

    A company has one connection, so a repeated POST makes no second one: it is refused.
    """
    if request.method == "POST":
        new = body(request, NewConnection)
        access = open_company(person(request), new.company, Tool.ERP)
        _fresh(request)
        made, password = setup.create_connection(access.company, new.erp, access, new.given())
        return Response(MadeConnection(**_row(made), password=password), 201)
    asked = parameters(request, ConnectionQuery)
    access = open_company(person(request), asked.company, Tool.ERP)
    access.need(Tool.ERP, Level.ADMIN)
    found = Connection.objects.filter(company=access.company)
    return Response(Connections([ConnectionRow(**_row(each)) for each in found]))


@extend_schema(operation_id="connection_change", request=Entered, responses=ConnectionRow)
@api_view(["PATCH"])
def connection(request: Request, pk: int) -> Response:
    """Change what is entered about an ERP that is called from here; what is not named stays.

    Needs Admin on ERP Integrations. Answers and address are refused while something is on its way
    as it was accepted; a new address needs the credentials again.
    """
    found = get_object_or_404(Connection, pk=pk)
    access = open_company(person(request), found.company_id, Tool.ERP)
    asked = body(request, Entered)
    _fresh(request)
    setup.change_connection(found, access, asked.given())
    return Response(ConnectionRow(**_row(Connection.objects.get(pk=pk))))


def _fresh(request: Request) -> None:
    """A browser has had the password lately; a token is its own."""
    if request.auth is None:
        need_fresh(request)


def _row(found: Connection) -> dict[str, Any]:
    by_visit = found.user_name is not None
    return {
        "id": found.pk,
        "company_id": found.company_id,
        "erp": found.erp,
        "user_name": found.user_name or "",
        "endpoint": settings.BASE_URL + reverse("qbwc", args=[found.pk]) if by_visit else "",
        "qwc": settings.BASE_URL + reverse("qwc", args=[found.pk]) if by_visit else "",
        "erp_company": found.erp_company,
        "erp_version": found.erp_version,
        "first_seen_at": found.first_seen_at,
        "last_seen_at": found.last_seen_at,
        "next_call_at": found.next_call_at if by_visit else None,
        "last_result": found.last_result,
        "facts": found.facts,
        "areas": [msgspec.convert(area, Area) for area in found.areas],
        "tested_at": found.tested_at,
        "category": found.settings.get("category", ""),
        "address": found.address,
        "settings": found.settings,
        "secrets": sorted(stored_names(found)),
    }


# --- The ERP's lists ---------------------------------------------------------------------------

ViewName = Annotated[str, one_of(VIEWS)]


class RecordQuery(msgspec.Struct):
    """`view`: ready to be imported, linked, or archived."""

    company: Id
    view: ViewName = "ready"
    q: str = ""
    cursor: Id | None = None
    size: Size = PAGE


class Suggested(msgspec.Struct):
    """The row of ours that a record must be, by its id, and why."""

    id: int
    name: str
    reason: str


class RecordRow(msgspec.Struct):
    """A record of the ERP, named by `id` in the steps. In the view of the linked ones `id` is that
    of the vendor or cost code, or of the job; `project_id` the project that the job is linked to.
    """

    id: int
    erp_id: str
    name: str
    erp_name: str
    active: bool
    problem: str
    project_id: int | None
    suggested: Suggested | None


class RecordPage(msgspec.Struct):
    """By id; `next` is the cursor of the next page."""

    results: list[RecordRow]
    next: str | None


class RecordStep(msgspec.Struct):
    """`records`: what the step is taken with; import without any takes the first 500 by name.

    `to`: link only, the id of the row of ours. `number` and `name`: import of a job only, of the
    new project.
    """

    company: Id
    records: list[Id] = []
    to: Id | None = None
    number: str = ""
    name: str = ""


class RecordsDone(msgspec.Struct):
    """How many it was done with, and a sentence for each that was left as it was."""

    count: int
    left: list[str]


@extend_schema(operation_id="erp_records", parameters=described(RecordQuery), responses=RecordPage)
@api_view(["GET"])
def erp_records(request: Request, slug: str) -> Response:
    """The ERP's vendors, jobs or cost codes, and what they are linked to."""
    asked = parameters(request, RecordQuery)
    each = _list(slug)
    access = open_company(person(request), asked.company, Tool.ERP)
    rows = each.view(access.company, asked.view).order_by("pk")
    if search := asked.q.strip():
        rows = rows.filter(Q(name__icontains=search) | Q(erp_name__icontains=search))
    if asked.cursor is not None:
        rows = rows.filter(pk__gt=asked.cursor)
    found = list(rows[: asked.size + 1])
    more = len(found) > asked.size
    found = found[: asked.size]
    suggested = each.suggested(access.company, found) if asked.view == "ready" else {}
    results = [_record(each, asked.view, one, suggested.get(one.pk)) for one in found]
    return Response(RecordPage(results, str(found[-1].pk) if more else None))


@extend_schema(
    operation_id="erp_records_step",
    parameters=[KEY, OpenApiParameter("step", str, "path", enum=STEPS)],
    request=RecordStep,
    responses=RecordsDone,
)
@api_view(["POST"])
@idempotent
def erp_records_step(request: Request, slug: str, step: str) -> Response:
    """Link, import, archive, restore or unlink records of the ERP's lists."""
    asked, each = body(request, RecordStep), _list(slug)
    by = open_company(person(request), asked.company, Tool.ERP)
    one = asked.records[0] if len(asked.records) == 1 else 0
    done = Done(1)
    match step:
        case "link":
            importing.link(each, by=by, record=one, to=asked.to or 0)
        case "link-all":
            done = importing.link_all(each, by=by)
        case "import" if each.has_jobs:
            importing.import_job(by=by, job=one, number=asked.number, name=asked.name)
        case "import":
            done = importing.import_records(each, by=by, records=asked.records or None)
        case "archive":
            done = importing.archive(each, by=by, records=asked.records)
        case "restore":
            done = importing.restore(each, by=by, records=asked.records)
        case "unlink":
            importing.unlink(each, by=by, row=one)
        case _:
            raise Http404
    return Response(RecordsDone(done.count, done.left))


def _list(slug: str) -> ErpList:
    if slug not in LISTS:
        raise Http404
    return LISTS[slug]


def _record(each: ErpList, view: str, one: Any, suggested: Suggestion | None) -> RecordRow:
    linked_job = each.has_jobs and view == "linked"
    return RecordRow(
        id=one.pk,
        erp_id=one.erp_id,
        name=one.name,
        erp_name=one.erp_name,
        active=one.erp_active,
        problem=one.erp_problem,
        project_id=one.project.pk if linked_job else None,
        suggested=Suggested(suggested.id, suggested.name, suggested.reason) if suggested else None,
    )
