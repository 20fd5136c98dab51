"""My work, the projects' first pages, and the health of the installation."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from directory.http import person
from erpbridge.my_work import work_of


def health(request: HttpRequest) -> HttpResponse:
    """200 while the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


@login_required
def my_work(request: HttpRequest) -> HttpResponse:
    """What waits for the person who signed in."""
    search = request.GET.get("q", "").strip()[:80]
    return render(
        request, "home.html", {"work": work_of(person(request), search), "search": search}
    )


@login_required
def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """One project's first page."""
    return render(request, "project.html", {})
