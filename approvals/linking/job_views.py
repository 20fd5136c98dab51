"""The pages on which a job's documents are linked to what the ERP has already, many at once.

Without them nobody could start in the middle of a job: what was entered there by hand is brought
here, looked up, compared and linked, instead of being sent a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from approvals import bulk, erp_wording, queue
from approvals.access import TOOLS
from approvals.errors import StepError
from approvals.linking import eligible, workflow
from approvals.linking.listing import counts, page
from approvals.listing import TABS
from approvals.models import Kinds
from approvals.rights import why_not
from approvals.states import STEPS
from approvals.workflow import MOST_UNASKED, WHY_ASKED, Item, Result
from connectors.models import Connection
from directory import paging
from directory.access import Access, access_to, open_company
from directory.http import ask_first, by_htmx, is_fresh, number_of, person
from directory.models import Project, ToolLevel
from directory.perms import Level, Tool

# What is done with many rows at once; the names stand in addresses.
VERBS: Mapping[str, Callable[[list[Item], Access], list[Result]]] = {
    "look-up": lambda items, by: workflow.ask_all(items, by=by),
    "link": lambda items, by: workflow.link_all(items, by=by, exact=True),
}
# How the page names the rows of each: those that are ticked, and those that fit.
ROWS = {"look-up": "item", "link": "fits"}


@login_required
@require_GET
def linking(request: HttpRequest, company_id: int) -> HttpResponse:
    """The projects whose documents this person may read, with what of each can be linked."""
    access = open_company(person(request), company_id, Tool.ERP)
    reads = ToolLevel.objects.filter(
        project=OuterRef("pk"),
        membership__user=access.user,
        tool__in={tool for tools in TOOLS.values() for tool in tools},
        level__gte=Level.READ,
    )
    projects = Project.objects.filter(Exists(reads), company=access.company).select_related("job")
    shown, after = paging.page(projects, "number", request.GET.get("after", ""))
    found = counts(shown)
    context = {
        **_place(access),
        "rows": [
            (project, [(tab, found[project.pk].get(kind, 0)) for tab, kind in TABS.items()])
            for project in shown
        ],
        "after": after,
    }
    return render(request, "approvals/linking.html", context)


@login_required
@require_GET
def linking_job(request: HttpRequest, company_id: int, project_id: int, tab: str) -> HttpResponse:
    """What of one kind in one project can be linked, and what was found of each in the ERP."""
    return _page(request, *_open(request, company_id, project_id, tab), tab)


@login_required
@require_POST
def linking_step(
    request: HttpRequest, company_id: int, project_id: int, tab: str, step: str
) -> HttpResponse:
    """Look the ticked ones up, or link those that differ in nothing; what became of each."""
    access, project = _open(request, company_id, project_id, tab)
    if step not in VERBS:
        raise Http404
    items = request.POST.getlist(ROWS[step])
    if (
        step == "link"
        and access.is_approver
        and len(items) > MOST_UNASKED
        and not is_fresh(request)
    ):
        return ask_first(request, WHY_ASKED)
    try:
        results = VERBS[step](bulk.ticked(items), access)
    except StepError as refused:
        return _page(request, access, project, tab, error=refused.message, status=409)
    except PermissionDenied as refused:
        return _page(request, access, project, tab, error=str(refused), status=403)
    return _page(request, access, project, tab, outcome=bulk.outcome(step, results))


def _open(
    request: HttpRequest, company_id: int, project_id: int, tab: str
) -> tuple[Access, Project]:
    """The tool is the company's; what was never sent is seen with the project's own tools."""
    if tab not in TABS:
        raise Http404
    company = open_company(person(request), company_id, Tool.ERP).company
    projects = Project.objects.select_related("job")
    project = get_object_or_404(projects, pk=project_id, company=company)
    access = access_to(person(request), company, project)
    access.see(*TOOLS[TABS[tab]])
    return access, project


def _page(
    request: HttpRequest,
    access: Access,
    project: Project,
    tab: str,
    *,
    outcome: bulk.Outcome | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    kind = TABS[tab]
    after = number_of(request.GET.get("after", ""))
    rows, then = page(access, project, kind, after=after)
    of_kind = counts([project])[project.pk]
    why = why_not(STEPS["adopt"], access, None, kind)
    context = {
        **_place(access),
        "project": project,
        "tab": tab,
        "tabs": [
            (name, queue.WHAT[one], of_kind.get(one, 0))
            for name, one in TABS.items()
            if any(access.has(tool, Level.READ) for tool in TOOLS[one])
        ],
        "is_orders": kind == Kinds.CHANGE_ORDER,
        "rows": rows,
        "fitting": [
            f"{row.item}:{row.fits}"
            for row in rows
            if row.fits and (row.first is None or row.first.by_id != access.user.pk)
        ],
        "waiting": sum(row.is_waiting for row in rows),
        "here": f"?after={after}" if after else "",
        "after": then,
        "reasons": [why] if why else [],
        "outcome": outcome,
        "error": error,
        "most": eligible.MOST_LOOKED_UP,
    }
    template = "approvals/linking_job.html"
    template = f"{template}#queue" if by_htmx(request) else template
    return render(request, template, context, status=status)


def _place(access: Access) -> dict[str, Any]:
    connection = Connection.of(access.company.pk)
    erp = connection.capabilities if connection else None
    return {
        "access": access,
        "company": access.company,
        "current": "linking",
        "erp": erp,
        "short": erp_wording.short(erp),
        "soon": erp_wording.soon(erp),
        "unasked": erp_wording.why_unasked(erp) if erp and not erp_wording.asks(erp) else "",
        "connected": connection is not None,
    }
