"""The operator's pages: companies, their switches, and who may push to accounting.

Whoever is no operator gets 404.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory import workflow
from directory.forms import BroughtForm, CompanyForm, PersonForm, SwitchesForm
from directory.history_texts import history
from directory.http import fresh, person
from directory.models import Company, Membership, PrivilegeRequest, User
from directory.paging import page
from directory.perms import PUSH_WORDS, Level, Tool
from directory.privilege import (
    grant_push,
    holders_everywhere,
    open_requests,
    push_holders,
    refuse_push,
)
from directory.views.people import hand_over, members

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def operators_only(view: View[P]) -> View[P]:
    """Opens a page to operators; everybody else gets 404."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not person(request).is_operator:
            raise Http404
        if settings.OPERATORS_SECOND_FACTOR and not is_mfa_enabled(person(request)):
            messages.info(request, "Operators sign in with a second factor. Set yours up first.")
            return redirect("mfa_index")
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
            "current": "companies",
            "operators": User.objects.filter(is_operator=True).order_by("name")[:50],
            "operator_form": PersonForm(prefix="operator"),
        },
        status=422 if form.errors else 200,
    )


@operators_only
@fresh
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
    return hand_over(request, None, made, reverse("operator"))


@operators_only
@fresh
@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody else is an operator no longer."""
    user = get_object_or_404(User, pk=pk, is_operator=True)
    workflow.dismiss_operator(user, by=person(request))
    messages.success(request, f"{user} is no operator any more, and signed out everywhere.")
    return redirect("operator")


@operators_only
@fresh
@require_http_methods(["GET", "POST"])
@never_cache
def company(request: HttpRequest, company_id: int) -> HttpResponse:
    """One company: switches, people, privileges, history."""
    this = get_object_or_404(Company, pk=company_id)
    form = BroughtForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = workflow.invite_administrator(this, **form.cleaned_data, by=person(request))
        if not made.user.has_usable_password():
            return hand_over(request, this, made.user, reverse("operator_company", args=[this.pk]))
        if form.cleaned_data["without_levels"]:
            said = f"{made.user} belongs to {this} now. Its administrators choose the levels."
        else:
            said = f"{made.user} is an administrator of {this} now."
        messages.success(request, said)
        return redirect("operator_company", this.pk)
    rows, after = page(members(this), "key", request.GET.get("after", ""))
    levels = workflow.levels_of(rows)
    holders, asked = push_holders(this), open_requests(rows)
    people = [
        {
            "membership": row,
            "holds": row.user_id in holders,
            "asked": asked.get(row.pk),
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
@fresh
@require_POST
def grant(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """Grant 'Can Push to Accounting'. It is taken away on a page of its own, which says what that
    means for items on their way (`approvals.revoking`)."""
    rows = Membership.objects.select_related("user", "company").filter(company_id=company_id)
    membership = get_object_or_404(rows, pk=membership_id)
    try:
        grant_push(membership, by=person(request))
    except PermissionDenied as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"'{PUSH_WORDS}' was granted to {membership.user}.")
    if request.POST.get("from") == "requests":
        return redirect("operator_privileges")
    return redirect("operator_company", company_id)


@operators_only
@require_GET
def privileges(request: HttpRequest) -> HttpResponse:
    """Requests for the accounting privilege, and who holds it where."""
    state = PrivilegeRequest.State
    rows = PrivilegeRequest.objects.select_related(
        "membership__user", "company", "asked_by", "answered_by"
    )
    waiting = list(rows.filter(state=state.OPEN).order_by("id")[:200])
    answered = rows.exclude(state=state.OPEN).order_by("-answered_at")
    holders, after = page(holders_everywhere(), "key", request.GET.get("after", ""))
    levels = workflow.levels_of([*holders, *(asked.membership for asked in waiting)])
    erp = {membership: level for (membership, tool, _), level in levels.items() if tool == Tool.ERP}
    context = {
        "current": "privileges",
        "waiting": [(asked, erp.get(asked.membership_id, Level.NONE)) for asked in waiting],
        "answered": answered[:20],
        "holders": [(each, erp.get(each.pk, Level.NONE)) for each in holders],
        "after": after,
    }
    return render(request, "directory/operator_privileges.html", context)


@operators_only
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a request with no, in words."""
    asked = get_object_or_404(PrivilegeRequest.objects.select_related("membership__user"), pk=pk)
    try:
        refuse_push(asked, request.POST.get("answer", ""), by=person(request))
    except PermissionDenied as refused:
        messages.error(request, str(refused))
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, f"Refused. {asked.asked_by} reads why.")
    return redirect("operator_privileges")


@operators_only
@require_POST
@never_cache
def link(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """A new one-time link for somebody who has not set a password yet."""
    rows = Membership.objects.select_related("user", "company").filter(company_id=company_id)
    membership = get_object_or_404(rows, pk=membership_id)
    back = reverse("operator_company", args=[company_id])
    return hand_over(request, membership.company, membership.user, back)
