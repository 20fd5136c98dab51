"""The budget's door."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from directory.access import open_project
from directory.http import person
from directory.perms import Tool


@login_required
def budget(request: HttpRequest, project_id: int) -> HttpResponse:
    """Says that budgets are not kept here yet, to people who may read them."""
    access = open_project(person(request), project_id, Tool.BUDGET)
    return render(request, "budgets/closed.html", {"access": access, "project": access.project})
