"""The people of a company: who they are, how far they may go with each tool, who decides."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, TextField, Value
from django.db.models.functions import Concat, Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory import workflow
from directory.access import Access, open_company
from directory.forms import LevelsForm, PersonForm
from directory.history_texts import history
from directory.http import person
from directory.invitations import first_link, invite_by_mail
from directory.models import Company, Membership, PrivilegeRequest, Project, User
from directory.paging import page, rows_html
from directory.perms import COMPANY_TOOLS, PROJECT_TOOLS, Level, Tool
from directory.privilege import ask_push, open_requests, push_holders, withdraw_request

PROJECTS = 50  # on the page of one person, each with a level for every tool


@login_required
@require_GET
def people(request: HttpRequest, company_id: int) -> HttpResponse:
    """The grid of people and levels: the company's tools, and those of one project."""
    access = open_company(person(request), company_id, Tool.DIRECTORY)
    projects = list(Project.objects.filter(company=access.company))
    project = _chosen(projects, request.GET.get("project", ""))
    rows, after = page(members(access.company), "key", request.GET.get("after", ""))
    return render(
        request,
        "directory/people.html",
        {
            "access": access,
            "company": access.company,
            "current": "people",
            "may_edit": access.has(Tool.DIRECTORY, Level.ADMIN),
            "projects": projects,
            "project": project,
            "company_tools": COMPANY_TOOLS,
            "project_tools": PROJECT_TOOLS if project else (),
            "rows": rows_html("people.jinja", people=grid(access, rows, project)),
            "after": after,
        },
    )


def members(company: Company) -> Any:
    """Everybody of a company, ordered by `key`: the name, and the address to tell namesakes."""
    key = Concat(Lower("user__name"), Value(" "), "user__email", output_field=TextField())
    return company.memberships.select_related("user").annotate(key=key)


def grid(access: Access, rows: list[Membership], project: Project | None) -> list[dict[str, Any]]:
    """One dictionary per person for the row's template: a level for each column."""
    levels = workflow.levels_of(rows)
    holders, asked = push_holders(access.company), open_requests(rows)
    columns: list[tuple[Tool, int | None]] = [(tool, None) for tool in COMPANY_TOOLS]
    if project:
        columns += [(tool, project.pk) for tool in PROJECT_TOOLS]
    shown = []
    for row in rows:
        held = [levels.get((row.pk, tool.value, place), Level.NONE) for tool, place in columns]
        shown.append(
            {
                "url": reverse("directory_person", args=[access.company.pk, row.pk]),
                "name": row.user.name,
                "email": row.user.email,
                "levels": [(int(level), level.label) for level in held],
                "approver": row.user_id in holders
                and row.is_active
                and levels.get((row.pk, Tool.ERP.value, None), Level.NONE) >= Level.STANDARD,
                "privilege": row.user_id in holders,
                "asked": asked.get(row.pk),
                "active": row.is_active and row.user.is_active,
                "invited": not row.user.has_usable_password(),
            }
        )
    return shown


def _chosen(projects: list[Project], wanted: str) -> Project | None:
    named = [project for project in projects if str(project.pk) == wanted]
    return next(iter(named or projects), None)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def invite(request: HttpRequest, company_id: int) -> HttpResponse:
    """Invite a person, who gets a one-time link."""
    access = open_company(person(request), company_id, Tool.DIRECTORY)
    access.need(Tool.DIRECTORY, Level.ADMIN)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = workflow.invite(**form.cleaned_data, by=access)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return hand_over(request, access.company, made.user, _person_url(made))
    context = {"company": access.company, "form": form, "mailed": settings.MAIL_DELIVERY}
    return render(request, "directory/invite.html", context, status=422 if form.errors else 200)


def hand_over(request: HttpRequest, company: Company | None, user: User, back: str) -> HttpResponse:
    """A new one-time link: mailed to its person, or shown this once where no mail is set up.
    PermissionDenied for who has a password already."""
    link = first_link(user)
    if not settings.MAIL_DELIVERY:
        context = {"company": company, "invited": user, "link": link, "back": back}
        return render(request, "directory/link.html", context)
    invite_by_mail(user, company, person(request), link)
    messages.success(request, f"A mail with a link to set a password goes to {user.email}.")
    return redirect(back)


@login_required
@require_http_methods(["GET", "POST"])
def one_person(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """One person: levels, in a page of projects at a time; privilege, history."""
    access, membership = _open(request, company_id, membership_id)
    may_edit = access.has(Tool.DIRECTORY, Level.ADMIN)
    search = request.GET.get("q", "").strip()[:96]
    found = Project.objects.filter(company=access.company)
    if search:
        found = found.filter(Q(number__icontains=search) | Q(name__icontains=search))
    begun = request.GET.get("after", "")[:96]
    projects, after = page(found, "number", begun, PROJECTS)
    held = {
        (tool, place): level for (_, tool, place), level in workflow.levels_of([membership]).items()
    }
    form = LevelsForm(projects, held, request.POST or None)
    if request.method == "POST":
        access.need(Tool.DIRECTORY, Level.ADMIN)
        if form.is_valid():
            try:
                workflow.set_levels(membership, form.changes(), by=access)
            except PermissionDenied as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"Saved what {membership.user} may do.")
                return redirect(request.get_full_path())  # to the same projects
    if not may_edit:
        for field in form.fields.values():
            field.disabled = True
    [shown] = grid(access, [membership], None)
    return render(
        request,
        "directory/person.html",
        {
            "access": access,
            "company": access.company,
            "current": "people",
            "membership": membership,
            "shown": shown,
            "may_edit": may_edit,
            "form": form,
            "search": search,
            "begun": begun,
            "next": urlencode(({"q": search} if search else {}) | {"after": after})
            if after
            else "",
            "last_answer": _last_answer(membership),
            "history": history(access.company, [f"user:{membership.user_id}"]),
        },
        status=422 if form.errors else 200,
    )


@login_required
@require_POST
@never_cache
def link(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """A new one-time link for somebody who has not set a password yet, and is nobody elsewhere."""
    access, membership = _open(request, company_id, membership_id)
    access.need(Tool.DIRECTORY, Level.ADMIN)
    user = membership.user
    if user.is_operator or user.memberships.exclude(company=access.company).exists():
        raise PermissionDenied(
            f"{user} has more to do here than {access.company}. The operator makes the link."
        )
    return hand_over(request, access.company, user, _person_url(membership))


@login_required
@require_POST
def activity(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """Close the company to a person, or open it again."""
    access, membership = _open(request, company_id, membership_id)
    try:
        if request.POST.get("active") == "yes":
            workflow.reactivate(membership, by=access)
            messages.success(request, f"{membership.user} can work for {access.company} again.")
        else:
            workflow.deactivate(membership, by=access)
            messages.success(request, f"{access.company} is closed to {membership.user} now.")
    except PermissionDenied as refused:
        messages.error(request, str(refused))
    return redirect(_person_url(membership))


@login_required
@require_POST
def ask(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """Ask the operator to give a person the accounting privilege, or take that back."""
    access, membership = _open(request, company_id, membership_id)
    try:
        if request.POST.get("withdraw"):
            asked = open_requests([membership]).get(membership.pk)
            if asked is not None:
                withdraw_request(asked, by=access)
                messages.success(request, "The request was taken back.")
        else:
            ask_push(membership, request.POST.get("reason", ""), by=access)
            messages.success(request, "Asked. The operator sees it, and you are told the answer.")
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    return redirect(_person_url(membership))


def _last_answer(membership: Membership) -> PrivilegeRequest | None:
    """The operator's latest no, while nothing newer says otherwise."""
    latest = (
        membership.privilege_requests.exclude(state=PrivilegeRequest.State.WITHDRAWN)
        .select_related("answered_by")
        .order_by("-id")
        .first()
    )
    refused = latest is not None and latest.state == PrivilegeRequest.State.REFUSED
    return latest if refused else None


def _open(request: HttpRequest, company_id: int, membership_id: int) -> tuple[Access, Membership]:
    access = open_company(person(request), company_id, Tool.DIRECTORY)
    rows = access.company.memberships.select_related("user")
    return access, get_object_or_404(rows, pk=membership_id)


def _person_url(membership: Membership) -> str:
    return reverse("directory_person", args=[membership.company_id, membership.pk])
