"""Companies, projects, people and the trade's lists by API, to be read."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from directory.access import access_to, open_company, open_project
from directory.api_requests import PAGE, Fault, Id, Moment, Size, Unreadable, described, parameters
from directory.http import person
from directory.models import (
    Category,
    Company,
    CostCode,
    Job,
    Membership,
    Project,
    ToolLevel,
    User,
    Vendor,
)
from directory.perms import COMPANY_TOOLS, PROJECT_TOOLS, Level, Tool


class PageQuery(msgspec.Struct, kw_only=True):
    """`cursor` is what the page before named as `next`."""

    cursor: Id | None = None
    size: Size = PAGE


class CompanyQuery(PageQuery, kw_only=True):
    company: Id
    q: str = ""


class ListQuery(PageQuery, kw_only=True):
    """A list of a company: by the company with a company tool, or by one of its projects."""

    company: Id | None = None
    project: Id | None = None
    q: str = ""


class CompanyRow(msgspec.Struct):
    """`tools`: the person's levels on the company's tools, by name."""

    id: int
    name: str
    erp_enabled: bool
    tools: dict[str, str]


class ProjectRow(msgspec.Struct, rename={"job__name": "job"}):
    """`job`: the ERP's job that it is linked to. `change_events`: change orders are made from
    change events there."""

    id: int
    company_id: int
    number: str
    name: str
    job_id: int | None
    job__name: str | None
    erp_synced_at: Moment | None
    change_events: bool


class ListedRow(msgspec.Struct, kw_only=True):
    """`erp_id` is empty until it is linked; `erp_problem` says why it cannot be used there."""

    id: int
    name: str
    erp_id: str
    erp_name: str
    erp_active: bool
    erp_problem: str


class CostCodeRow(ListedRow, kw_only=True):
    code: str


class PersonRow(msgspec.Struct):
    """A person of the company; `id` is what exports and events name."""

    id: int
    name: str
    email: str
    is_active: bool


class CompanyPage(msgspec.Struct):
    results: list[CompanyRow]
    next: str | None


class ProjectPage(msgspec.Struct):
    results: list[ProjectRow]
    next: str | None


class ListedPage(msgspec.Struct):
    results: list[ListedRow]
    next: str | None


class CostCodePage(msgspec.Struct):
    results: list[CostCodeRow]
    next: str | None


class PersonPage(msgspec.Struct):
    results: list[PersonRow]
    next: str | None


@extend_schema(operation_id="companies", parameters=described(PageQuery), responses=CompanyPage)
@api_view(["GET"])
def companies(request: Request) -> Response:
    """The companies that the person works for."""
    asked = parameters(request, PageQuery)
    found = Company.objects.filter(memberships__user=person(request), memberships__is_active=True)
    rows, after = _page(found, asked, ("id", "name", "erp_enabled"))
    levels = ToolLevel.objects.filter(
        membership__user=person(request),
        company__in=[row["id"] for row in rows],
        tool__in=COMPANY_TOOLS,
    )
    tools: dict[int, dict[str, str]] = {row["id"]: {} for row in rows}
    for company, tool, level in levels.values_list("company", "tool", "level"):
        tools[company][tool] = Level(level).label
    return Response(CompanyPage([CompanyRow(**row, tools=tools[row["id"]]) for row in rows], after))


@extend_schema(operation_id="projects", parameters=described(CompanyQuery), responses=ProjectPage)
@api_view(["GET"])
def projects(request: Request) -> Response:
    """The projects of a company that the person may see: all of them with Read Only on ERP
    Integrations or Directory, else those where they may read with some tool."""
    asked = parameters(request, CompanyQuery)
    company = _own_company(person(request), asked.company)
    found = Project.objects.filter(company=company)
    access = access_to(person(request), company)
    if not any(access.has(tool, Level.READ) for tool in COMPANY_TOOLS):
        mine = ToolLevel.objects.filter(
            membership__user=person(request), project__company=company, level__gte=Level.READ
        )
        found = found.filter(pk__in=mine.values("project"))
    if search := asked.q.strip():
        found = found.filter(Q(number__icontains=search) | Q(name__icontains=search))
    columns = tuple(field.name for field in msgspec.structs.fields(ProjectRow))
    rows, after = _page(found, asked, columns)
    return Response(ProjectPage([ProjectRow(**row) for row in rows], after))


_LISTED = ("id", "name", "erp_id", "erp_name", "erp_active", "erp_problem")


@extend_schema(operation_id="vendors", parameters=described(ListQuery), responses=ListedPage)
@api_view(["GET"])
def vendors(request: Request) -> Response:
    """The contract companies of a company."""
    rows, after = _listed(request, Vendor.objects.all(), _LISTED)
    return Response(ListedPage([ListedRow(**row) for row in rows], after))


@extend_schema(operation_id="jobs", parameters=described(ListQuery), responses=ListedPage)
@api_view(["GET"])
def jobs(request: Request) -> Response:
    """The ERP's jobs, one of which each project is linked to."""
    rows, after = _listed(request, Job.objects.all(), _LISTED)
    return Response(ListedPage([ListedRow(**row) for row in rows], after))


@extend_schema(operation_id="cost_codes", parameters=described(ListQuery), responses=CostCodePage)
@api_view(["GET"])
def cost_codes(request: Request) -> Response:
    """The cost codes of a company."""
    rows, after = _listed(request, CostCode.objects.all(), (*_LISTED, "code"), "code")
    return Response(CostCodePage([CostCodeRow(**row) for row in rows], after))


@extend_schema(operation_id="categories", parameters=described(ListQuery), responses=ListedPage)
@api_view(["GET"])
def categories(request: Request) -> Response:
    """The categories (cost types) of a company."""
    rows, after = _listed(request, Category.objects.all(), _LISTED)
    return Response(ListedPage([ListedRow(**row) for row in rows], after))


@extend_schema(operation_id="people", parameters=described(CompanyQuery), responses=PersonPage)
@api_view(["GET"])
def people(request: Request) -> Response:
    """The people of a company. Needs Read Only on Directory."""
    asked = parameters(request, CompanyQuery)
    company = open_company(person(request), asked.company, Tool.DIRECTORY).company
    found = Membership.objects.filter(company=company)
    if search := asked.q.strip():
        found = found.filter(Q(user__name__icontains=search) | Q(user__email__icontains=search))
    if asked.cursor is not None:
        found = found.filter(user__gt=asked.cursor)
    found = found.order_by("user_id")
    columns = ("user_id", "user__name", "user__email", "is_active")
    rows = list(found.values_list(*columns)[: asked.size + 1])
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    return Response(
        PersonPage(
            [PersonRow(*row) for row in rows],
            str(rows[-1][0]) if more else None,
        )
    )


def _own_company(user: User, company_id: int) -> Company:
    """A company that the person works for. Raises Http404."""
    found = Company.objects.filter(
        pk=company_id, memberships__user=user, memberships__is_active=True
    ).first()
    if found is None:
        raise Http404
    return found


def _listed(
    request: Request, rows: QuerySet[Any], columns: tuple[str, ...], *searched: str
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of one of the company's lists."""
    asked = parameters(request, ListQuery)
    if asked.company is not None and asked.project is None:
        company = open_company(person(request), asked.company, *COMPANY_TOOLS).company
    elif asked.project is not None and asked.company is None:
        company = open_project(person(request), asked.project, *PROJECT_TOOLS)[0].company
    else:
        raise Unreadable([Fault("company", "Name a company or a project, one of the two.")])
    rows = rows.filter(company=company)
    if search := asked.q.strip():
        matches = Q()
        for name in ("name", "erp_name", *searched):
            matches |= Q(**{f"{name}__icontains": search})
        rows = rows.filter(matches)
    return _page(rows, asked, columns)


def _page(
    rows: QuerySet[Any], asked: PageQuery, columns: tuple[str, ...]
) -> tuple[list[dict[str, Any]], str | None]:
    """Rows behind the cursor, in the order of their ids, and the cursor of the next page."""
    if asked.cursor is not None:
        rows = rows.filter(pk__gt=asked.cursor)
    found = list(rows.order_by("id").values(*columns)[: asked.size + 1])
    more = len(found) > asked.size
    found = found[: asked.size]
    return found, str(found[-1]["id"]) if more else None
