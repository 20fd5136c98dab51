"""Which budgets a program may open; everything else answers 404."""

from __future__ import annotations

from django.http import Http404
from rest_framework.request import Request

from budgets import workflow
from budgets.models import Budget
from directory.access import Access, open_project
from directory.http import person
from directory.perms import Tool


def open_budget(request: Request, pk: int) -> tuple[Budget, Access]:
    """The budget and what the person may do in its project. Raises Http404."""
    project = Budget.objects.filter(pk=pk).values_list("project", flat=True).first()
    if project is None:
        raise Http404
    access, _ = open_project(person(request), project, Tool.BUDGET)
    return workflow.load_budget(project), access
