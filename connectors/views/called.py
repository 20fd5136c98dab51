"""An ERP that we call: where it is, what it is shown, what is asked about its site."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from connectors import setup
from connectors.forms import FORMS
from connectors.models import Connection
from connectors.registry import connector_for, names
from connectors.syncing import request_test
from connectors.views.access import carry_out, open_connection
from connectors.views.showing import last_test, may_sync, page
from directory.access import Access, open_company
from directory.entered import Invalid
from directory.http import by_htmx, fresh, fresh_for_secrets, person
from directory.perms import Level, Tool


def is_called(erp: str) -> bool:
    """Whether this is an ERP that we call and know how to ask about."""
    return erp in FORMS and erp in names()


@login_required
@fresh_for_secrets
@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters()
def access(request: HttpRequest, company_id: int) -> HttpResponse:
    """Where an ERP that we call is, and what it is shown: entered at first, changed later."""
    access = open_company(person(request), company_id, Tool.ERP)
    access.need(Tool.ERP, Level.ADMIN)
    found = Connection.of(company_id)
    erp = found.erp if found is not None else request.GET.get("erp", "")
    if not is_called(erp):
        return redirect("connection", company_id)
    form = FORMS[erp](connection=found, company=company_id)
    if request.method == "POST":
        entered = _posted(request, (*form.ACCESS, *form.INFO_LINK))
        form = FORMS[erp](entered, found, company=company_id)
        try:
            if found is None:
                setup.create_connection(access.company, erp, access, entered)
            else:
                setup.change_connection(found, access, entered, seen=request.POST.get("seen"))
        except (ValidationError, Invalid) as error:
            form.say(error)
        else:
            messages.success(request, "Saved. The connection is being tested.")
            return redirect("connection", company_id)
    context = {
        "access": access,
        "company": access.company,
        "current": "connection",
        "connection": found,
        "erp": connector_for(erp).capabilities,
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return render(request, "connectors/access.html", context, status=status)


@login_required
@require_POST
def settings(request: HttpRequest, company_id: int) -> HttpResponse:
    """Answer the questions about the site of an ERP that we call."""
    access, found = _open_called(request, company_id)
    form = FORMS[found.erp](connection=found)
    entered = _posted(request, [field.name for field in form.questions])
    try:
        changed = setup.change_connection(found, access, entered, seen=request.POST.get("seen"))
    except Invalid as error:
        form = FORMS[found.erp](entered, found)
        form.say(error)
        return page(request, access, form=form)
    messages.success(request, "The answers are saved." if changed else "Nothing was changed.")
    return redirect("connection", company_id)


def _open_called(request: HttpRequest, company_id: int) -> tuple[Access, Connection]:
    """The company's connection if it is one that we call. Raises Http404."""
    access, found = open_connection(request, company_id)
    if found.erp not in FORMS:
        raise Http404
    return access, found


def _posted(request: HttpRequest, names: Iterable[str]) -> dict[str, str]:
    return {name: request.POST[name] for name in names if name in request.POST}


@login_required
@fresh
@require_POST
def renew(request: HttpRequest, company_id: int) -> HttpResponse:
    """Have the ERP make a new client secret."""
    said = "Asked for. What came of it stands here in a moment."
    return carry_out(request, company_id, setup.ask_for_secret, said)


@login_required
@require_POST
def confirm(request: HttpRequest, company_id: int) -> HttpResponse:
    """Say that a setting was seen at work in the ERP."""
    setting = request.POST.get("setting", "")
    return carry_out(
        request,
        company_id,
        lambda found, access: setup.confirm_setting(found, access, setting),
        "Written down, with your name.",
    )


@login_required
@require_http_methods(["GET", "POST"])
def test(request: HttpRequest, company_id: int) -> HttpResponse:
    """Have every service tried, or see how that goes: the step of the connection page alone."""
    access, found = _open_called(request, company_id)
    if request.method == "POST":
        request_test(found, by=access)
        if not by_htmx(request):
            return redirect("connection", company_id)
    context = {
        "company": access.company,
        "connection": found,
        "erp": found.capabilities,
        "test": last_test(found),
        **may_sync(access),
    }
    return render(request, "connectors/test.html", context)
