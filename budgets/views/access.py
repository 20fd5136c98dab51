"""Who comes in: a project's budget, or nothing."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from approvals.errors import Stale
from budgets import workflow
from budgets.models import Budget
from directory.access import Access, lacking, open_project
from directory.entered import Invalid
from directory.http import person
from directory.models import Project
from directory.perms import Level, Tool


def open_place(request: HttpRequest, project_id: int) -> tuple[Access, Project]:
    """The project, for who may read its budget. Raises Http404."""
    access = open_project(person(request), project_id, Tool.BUDGET)
    if access.project is None:
        raise Http404
    return access, access.project


def open_budget(request: HttpRequest, project_id: int) -> tuple[Access, Budget]:
    """The project's budget, for who may edit it. Raises Http404 and PermissionDenied."""
    access, _ = open_place(request, project_id)
    access.need(Tool.BUDGET, Level.ADMIN)
    return access, workflow.load_budget(project_id)


def lacks(access: Access) -> str:
    """'' for who may edit the budget, else why not."""
    may = access.has(Tool.BUDGET, Level.ADMIN)
    return "" if may else lacking(Tool.BUDGET, Level.ADMIN)


def refused(request: HttpRequest, project_id: int, error: Stale | Invalid) -> HttpResponse:
    """Back to the budget, with why nothing happened."""
    told = [error.message, *error.changes] if isinstance(error, Stale) else [str(error)]
    messages.error(request, " ".join(told))
    return redirect("budget", project_id)
