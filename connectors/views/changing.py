"""Connecting a company to its ERP, and what is chosen of any connection."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from connectors import setup
from connectors.syncing import request_sync
from connectors.views.access import carry_out, open_connection
from connectors.views.called import is_called
from connectors.views.showing import in_words, lists_there, page
from directory.access import open_company
from directory.http import fresh, number_of, person
from directory.perms import Level, Tool


@login_required
@fresh
@require_POST
@never_cache
def create(request: HttpRequest, company_id: int) -> HttpResponse:
    """Make the connection; its password is on the page that answers, and never again. An ERP that
    we call is asked about first."""
    access = open_company(person(request), company_id, Tool.ERP)
    erp = request.POST.get("erp", "")
    if is_called(erp):
        access.need(Tool.ERP, Level.ADMIN)
        address = reverse("connection_access", args=[access.company.pk])
        return redirect(f"{address}?{urlencode({'erp': erp})}")
    try:
        _, password = setup.create_connection(access.company, erp, by=access)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("connection", access.company.pk)
    return page(request, access, password=password)


@login_required
@require_POST
def schedule(request: HttpRequest, company_id: int) -> HttpResponse:
    """Change how often the lists are read, and when a silence is told."""
    return carry_out(
        request,
        company_id,
        lambda found, access: setup.change_schedule(
            found,
            access,
            sync_minutes=_number(request, "sync_minutes"),
            silent_hours=_number(request, "silent_hours"),
            imports_at_once=request.POST.get("imports_at_once") == "yes",
        ),
        "The schedule is changed.",
    )


def _number(request: HttpRequest, name: str) -> int:
    """What was posted; -1, which nobody may choose, for anything unreadable."""
    number = number_of(request.POST.get(name, ""))
    return -1 if number is None else number


@login_required
@require_POST
def categories(request: HttpRequest, company_id: int) -> HttpResponse:
    """Choose what categories become in the ERP."""
    category = request.POST.get("category", "")
    return carry_out(
        request,
        company_id,
        lambda found, access: setup.change_categories(found, access, category),
        "Changed. The lists are read anew at the next call.",
    )


@login_required
@require_POST
def sync(request: HttpRequest, company_id: int) -> HttpResponse:
    """Have the ERP's lists brought here at its next call."""
    access, found = open_connection(request, company_id)
    by_visit = found.capabilities.transport == "poll"
    if request_sync(found, by=access):
        when = "at the next call of the Web Connector" if by_visit else "now"
        words = in_words(lists_there(found))
        messages.success(request, f"{words[0].upper()}{words[1:]} are asked for {when}.")
    else:
        when = "at the next call" if by_visit else "as soon as a worker is free"
        messages.info(request, f"A sync is waiting already; it begins {when}.")
    return redirect("connection", company_id)
