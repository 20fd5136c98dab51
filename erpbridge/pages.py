"""My work, and the projects' first pages."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from directory.access import open_project
from directory.http import person
from directory.perms import COMPANY_TOOLS, PROJECT_TOOLS, Level, Tool
from erpbridge.my_work import work_of
from erpbridge.tiles import tiles


@login_required
@require_GET
def my_work(request: HttpRequest) -> HttpResponse:
    """What waits for the person who signed in."""
    search = request.GET.get("q", "").strip()[:80]
    return render(
        request, "home.html", {"work": work_of(person(request), search), "search": search}
    )


@login_required
@require_GET
def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """One project's first page: what it is, its link to the ERP, and the way to its tools."""
    access, found = open_project(person(request), project_id, *PROJECT_TOOLS, *COMPANY_TOOLS)
    context = {
        "access": access,
        "project": found,
        "tiles": tiles(access),
        "sees_directory": access.has(Tool.DIRECTORY, Level.READ),
    }
    return render(request, "project.html", context)
