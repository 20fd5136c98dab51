"""What came back from the ERP: job costs, of one project and of all of a company's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from connectors.models import Connection
from directory.access import Access, open_company, open_project
from directory.downloads import Cell, csv_download
from directory.formats import money
from directory.http import person
from directory.models import Company, JobCost, Project
from directory.paging import escaped, page, rows_html
from directory.perms import Level, Tool

MOST = 2_000  # rows of one job on its page; the file has all
NOTHING = Decimal("0.00")


@login_required
@require_GET
def job_costs(request: HttpRequest, project_id: int) -> HttpResponse:
    """What the ERP has estimated and spent on the project, per cost code, and per category where
    it tells these apart."""
    access, project = open_project(person(request), project_id, Tool.BUDGET)
    context = {
        "access": access,
        "project": project,
        "costs_note": costs_note(access.company),
        **_shown(_costs(project=project_id)),
    }
    return render(request, "budgets/job_costs.html", context)


@login_required
@require_GET
def company_costs(request: HttpRequest, company_id: int) -> HttpResponse:
    """The company's jobs, with what the ERP has estimated and spent on each, and as of when."""
    access = _open(request, company_id)
    projects = Project.objects.filter(company=access.company).select_related("job")
    shown, after = page(projects, "number", request.GET.get("after", ""))
    sums = _sums(shown)
    jobs = [(one, sums.get(one.pk)) for one in shown]
    context = {**_place(access), "jobs": jobs, "after": after}
    return render(request, "budgets/company_costs.html", context)


@login_required
@require_GET
def company_costs_job(request: HttpRequest, company_id: int, project_id: int) -> HttpResponse:
    """One job's costs, as its project shows them."""
    access = _open(request, company_id)
    project = _project(access, project_id)
    context = {**_place(access), "project": project, **_shown(_costs(project=project))}
    return render(request, "budgets/company_costs_job.html", context)


@login_required
@require_GET
def company_costs_csv(
    request: HttpRequest, company_id: int, project_id: int | None = None
) -> StreamingHttpResponse:
    """The costs of all jobs as a file, or those of one."""
    access = _open(request, company_id)
    if project_id is None:
        rows, name = _costs(company=access.company), "job-costs"
    else:
        project = _project(access, project_id)
        rows, name = _costs(project=project), f"job-costs-{project.pk}"
    headings = (
        *("As of (UTC)", "Project", "Job", "Cost code", "Name", "Category"),
        *("Estimated", "Spent"),
    )
    rows = rows.select_related("project__job").order_by("project__number", "project", "name", "pk")
    return csv_download(f"{name}-{timezone.now():%Y-%m-%d}.csv", headings, _cells(rows))


def costs_note(company: Company) -> str:
    """What the costs that its ERP tells leave out; '' where nothing, or without an ERP."""
    connection = Connection.of(company.pk)
    return connection.capabilities.costs_note if connection else ""


def _cells(rows: QuerySet[JobCost]) -> Iterator[Sequence[Cell]]:
    for row in rows.iterator(chunk_size=2_000):
        yield (
            f"{row.as_of:%Y-%m-%d %H:%M}",
            str(row.project),
            row.project.job.name if row.project.job else "",
            row.cost_code.code if row.cost_code else "",
            row.cost_code.name if row.cost_code else row.name,
            row.category.name if row.category else "",
            row.estimate,
            row.actual,
        )


def _costs(**place: Any) -> QuerySet[JobCost]:
    return JobCost.objects.filter(**place).select_related("cost_code", "category")


def _shown(costs: QuerySet[JobCost]) -> dict[str, Any]:
    """What `budgets/costs.html` shows of one project's; two queries."""
    sums = costs.aggregate(estimate=Sum("estimate"), actual=Sum("actual"), as_of=Max("as_of"))
    rows = list(costs[: MOST + 1])
    return {
        "rows": rows_html("costs.jinja", rows=escaped([_row(row) for row in rows[:MOST]])),
        "count": len(rows),
        "more": len(rows) > MOST,
        "most": MOST,
        "as_of": sums["as_of"],
        "estimate": sums["estimate"] or NOTHING,
        "actual": sums["actual"] or NOTHING,
    }


def _row(row: JobCost) -> Sequence[str]:
    """The cells of a row, in the order of its template, which takes them apart."""
    code = row.cost_code
    return (
        code.code if code else row.name,
        code.name if code else "not a cost code here",
        row.category.name if row.category else "",
        "" if row.estimate is None else money(row.estimate),
        money(row.actual),
    )


def _sums(projects: Sequence[Project]) -> dict[int, dict[str, Any]]:
    """Estimated, spent and as of when, of those of `projects` that have costs; one query."""
    rows = JobCost.objects.filter(project__in=projects).order_by().values("project")
    sums = rows.annotate(estimate=Sum("estimate"), actual=Sum("actual"), as_of=Max("as_of"))
    return {row["project"]: dict(row) for row in sums}


def _open(request: HttpRequest, company_id: int) -> Access:
    """The company, for who keeps its books. Raises Http404, or PermissionDenied below Admin."""
    access = open_company(person(request), company_id, Tool.ERP)
    access.need(Tool.ERP, Level.ADMIN)
    return access


def _project(access: Access, project_id: int) -> Project:
    projects = Project.objects.select_related("job")
    return get_object_or_404(projects, pk=project_id, company=access.company)


def _place(access: Access) -> dict[str, Any]:
    return {
        "access": access,
        "company": access.company,
        "current": "job-costs",
        "costs_note": costs_note(access.company),
    }
