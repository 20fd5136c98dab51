"""What a company sets for itself around ERP Integrations."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from directory import workflow
from directory.access import open_company
from directory.forms import SettingsForm
from directory.history_texts import history
from directory.http import fresh, person
from directory.perms import Level, Tool


@login_required
@require_http_methods(["GET", "POST"])
@fresh
def settings(request: HttpRequest, company_id: int) -> HttpResponse:
    """The company's settings: to read for everybody who may open ERP Integrations. Saving asks for
    the password again, because it can switch the second approver off."""
    access = open_company(person(request), company_id, Tool.ERP)
    company = access.company
    seen = workflow.seen_of(company)
    shown = {
        "second_factor_required": company.second_factor_required,
        "second_approver_from": company.second_approver_from,
        "rejection_reasons": "\n".join(company.rejection_reasons),
    }
    form = SettingsForm(request.POST or None, initial=shown)
    why_not = access.lacks(Tool.ERP, Level.ADMIN)
    if request.method == "POST":
        access.need(Tool.ERP, Level.ADMIN)
        # A form in which nothing is ticked and nothing written sends nothing but its token.
        form = SettingsForm(request.POST, initial=shown)
        if form.is_valid():
            try:
                workflow.change_settings(company, by=access, **form.cleaned_data)
            except ValidationError as refused:
                form.add_error(None, refused)
            else:
                messages.success(request, f"Saved the settings of {company}.")
                return redirect("company_settings", company.pk)
        if not form.has_error(NON_FIELD_ERRORS, "stale"):
            seen = form.cleaned_data["seen"]  # nobody has been told of what came since
    if why_not:
        for field in form.fields.values():
            field.disabled = True
    context = {
        "access": access,
        "company": company,
        "current": "settings",
        "form": form,
        "seen": seen,
        "may_edit": not why_not,
        "why": [why_not] if why_not else [],
        "history": history(company, [f"company:{company.pk}"]),
    }
    status = 422 if form.errors else 200
    return render(request, "directory/settings.html", context, status=status)
