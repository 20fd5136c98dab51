"""Who comes in: a project's budget, or nothing."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from approvals.errors import Stale
from budgets import workflow
from budgets.models import Budget
from directory.access import Access, open_project
from directory.entered import Invalid
from directory.http import person
from directory.perms import Level, Tool


def open_budget(request: HttpRequest, project_id: int) -> tuple[Access, Budget]:
    """The project's budget, for who may edit it. Raises Http404 and PermissionDenied."""
    access, _ = open_project(person(request), project_id, Tool.BUDGET)
    access.need(Tool.BUDGET, Level.ADMIN)
    return access, workflow.load_budget(project_id)


def refused(request: HttpRequest, project_id: int, error: Stale | Invalid) -> HttpResponse:
    """Back to the budget, with why nothing happened."""
    told = [error.message, *error.changes] if isinstance(error, Stale) else [str(error)]
    messages.error(request, " ".join(told))
    return redirect("budget", project_id)
