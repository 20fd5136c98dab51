"""My work, the projects' first pages, and the health of the installation."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def health(request: HttpRequest) -> HttpResponse:
    """200 while the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


@login_required
def my_work(request: HttpRequest) -> HttpResponse:
    """What waits for the person who signed in."""
    return render(request, "home.html", {})


@login_required
def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """One project's first page."""
    return render(request, "project.html", {})
