"""The operator's pages: companies, their switches, and who may push to accounting.

Whoever is no operator gets 404.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from directory import workflow
from directory.access import grant_push, revoke_push
from directory.forms import CompanyForm, PersonForm, SwitchesForm
from directory.http import person
from directory.models import Company, Membership, User
from directory.paging import page
from directory.perms import Level, Tool
from directory.telling import history
from directory.views.people import members, push_holders, show_link

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def operators_only(view: View[P]) -> View[P]:
    """Opens a page to operators; everybody else gets 404."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not person(request).is_operator:
            raise Http404
        return view(request, *args, **kwargs)

    return cast(View[P], guarded)


@operators_only
@require_http_methods(["GET", "POST"])
def companies(request: HttpRequest) -> HttpResponse:
    """All companies, the form for a new one, and who the operators are."""
    form = CompanyForm(request.POST or None, initial={"erp_enabled": True})
    if request.method == "POST" and form.is_valid():
        company = workflow.create_company(**form.cleaned_data, by=person(request))
        messages.success(request, f"{company} is there. Now invite its first administrator.")
        return redirect("operator_company", company.pk)
    rows, after = page(Company.objects.all(), "name", request.GET.get("after", ""))
    return render(
        request,
        "directory/operator.html",
        {
            "companies": rows,
            "after": after,
            "form": form,
            "operators": User.objects.filter(is_operator=True).order_by("name")[:50],
            "operator_form": PersonForm(prefix="operator"),
        },
        status=422 if form.errors else 200,
    )


@operators_only
@require_POST
@never_cache
def new_operator(request: HttpRequest) -> HttpResponse:
    """Make somebody an operator, too."""
    form = PersonForm(request.POST, prefix="operator")
    if not form.is_valid():
        for faults in form.errors.values():
            messages.error(request, " ".join(str(fault) for fault in faults))
        return redirect("operator")
    made = workflow.make_operator(**form.cleaned_data, by=person(request))
    if made.has_usable_password():
        messages.success(request, f"{made} is an operator now.")
        return redirect("operator")
    return show_link(request, None, made, reverse("operator"))


@operators_only
@require_http_methods(["GET", "POST"])
@never_cache
def company(request: HttpRequest, company_id: int) -> HttpResponse:
    """One company: switches, people, privileges, history."""
    this = get_object_or_404(Company, pk=company_id)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = workflow.invite_administrator(this, **form.cleaned_data, by=person(request))
        if not made.user.has_usable_password():
            return show_link(request, this, made.user, reverse("operator_company", args=[this.pk]))
        messages.success(request, f"{made.user} is an administrator of {this} now.")
        return redirect("operator_company", this.pk)
    rows, after = page(members(this), "key", request.GET.get("after", ""))
    levels = workflow.levels_of(rows)
    holders = push_holders(this)
    people = [
        {
            "membership": row,
            "holds": row.user_id in holders,
            "erp": levels.get((row.pk, Tool.ERP.value, None), Level.NONE),
            "admin": levels.get((row.pk, Tool.DIRECTORY.value, None)) == Level.ADMIN,
            "self": row.user_id == person(request).pk,
            "invited": not row.user.has_usable_password(),
        }
        for row in rows
    ]
    subjects = [f"company:{this.pk}", *(f"user:{row.user_id}" for row in rows)]
    names = {f"user:{row.user_id}": row.user.name for row in rows}
    told = [(event, names.get(event.about, "")) for event in history(this, subjects, levels=False)]
    return render(
        request,
        "directory/operator_company.html",
        {
            "company": this,
            "switches": SwitchesForm(instance=this),
            "people": people,
            "has_admin": any(row["admin"] for row in people),
            "after": after,
            "form": form,
            "history": told,
        },
        status=422 if form.errors else 200,
    )


@operators_only
@require_POST
def switches(request: HttpRequest, company_id: int) -> HttpResponse:
    """ERP Integrations, and 'one person does both', on or off."""
    this = get_object_or_404(Company, pk=company_id)
    form = SwitchesForm(request.POST)
    if form.is_valid():
        workflow.change_company(this, by=person(request), **form.cleaned_data)
        messages.success(request, f"Saved how {this} is set up.")
    return redirect("operator_company", this.pk)


@operators_only
@require_POST
def privilege(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """Grant or revoke 'Can Push to Accounting'."""
    rows = Membership.objects.select_related("user", "company").filter(company_id=company_id)
    membership = get_object_or_404(rows, pk=membership_id)
    grant = request.POST.get("grant") == "yes"
    try:
        (grant_push if grant else revoke_push)(membership, by=person(request))
    except PermissionDenied as refused:
        messages.error(request, str(refused))
    else:
        done = "granted to" if grant else "taken from"
        messages.success(request, f"'Can Push to Accounting' was {done} {membership.user}.")
    return redirect("operator_company", company_id)


@operators_only
@require_POST
@never_cache
def link(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """A new one-time link for somebody who has not set a password yet."""
    rows = Membership.objects.select_related("user", "company").filter(company_id=company_id)
    membership = get_object_or_404(rows, pk=membership_id)
    back = reverse("operator_company", args=[company_id])
    return show_link(request, membership.company, membership.user, back)
