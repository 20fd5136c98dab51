"""The connection of a company to its ERP: setting it up step by step, and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from connectors import engine, setup
from connectors.importing import LISTS
from connectors.models import Connection, Conversation
from connectors.pulls import request_sync
from connectors.registry import connector_for
from directory.access import Access, open_company
from directory.http import fresh, person
from directory.models import Company, CostCode, Project, Vendor
from directory.perms import Level, Tool

# What the connection page says about what QuickBooks told of itself.
FACTS = {
    "purchase_orders": "Purchase orders",
    "estimates": "Estimates",
    "classes": "Classes",
    "currencies": "Several currencies",
    "closing_date": "Closing date",
    "product": "Program",
    "country": "Country",
    "user": "Works unattended as",
}
# What it means that something is switched off there.
OFF = {
    "purchase_orders": "off: no commitment can be entered",
    "estimates": "off: no budget can be sent",
}
READ = {
    "vendors": "Vendors",
    "jobs": "Jobs",
    "cost_codes": "Items",
    "classes": "Classes",
    "deleted": "What was deleted",
}


@dataclass(frozen=True, slots=True)
class Linked:
    """How many rows of a list are linked to a record of the ERP."""

    title: str
    kind: str
    linked: int
    total: int


@login_required
@require_GET
def connection(request: HttpRequest, company_id: int) -> HttpResponse:
    """The steps to a working connection, and what the ERP said last."""
    access = open_company(person(request), company_id, Tool.ERP)
    return _page(request, access)


def _page(request: HttpRequest, access: Access, password: str = "") -> HttpResponse:
    """The connection page; with a `password` that was made just now it is shown, this once."""
    found = Connection.of(access.company.pk)
    context = {
        "access": access,
        "company": access.company,
        "current": "connection",
        "connection": found,
        "may_set_up": access.has(Tool.ERP, Level.ADMIN),
        "may_sync": access.has(Tool.ERP, Level.STANDARD),
        "why_no_sync": [access.why_lacking(Tool.ERP, Level.STANDARD)],
        "sees_directory": access.has(Tool.DIRECTORY, Level.READ),
        "password": password,
    }
    if found is not None:
        open_ones = found.conversations.exclude(state=Conversation.State.CLOSED)
        context |= {
            "erp": connector_for(found.erp).capabilities,
            "facts": [
                (label, OFF.get(name, value) if value == "off" else value)
                for name, label in FACTS.items()
                if (value := found.facts.get(name))
            ],
            "category": found.settings.get("category"),
            "is_writing": engine.is_writing(found.pk),
            "waiting": open_ones.count(),
            "is_overdue": found.next_call_at is not None and found.next_call_at < timezone.now(),
            "calls_every": _span(found.calls_every),
            "readings": _readings(found),
            "not_shown": any(area["problem"] for area in found.areas),
            "schedules": Connection.Schedule.choices,
            "linked": _linked(access.company),
            "lists": [
                {
                    "slug": each.slug,
                    "title": each.title,
                    "ready": each.records(access.company).count(),
                }
                for each in LISTS.values()
            ],
        }
    return render(request, "connectors/connection.html", context)


def _span(time: timedelta) -> str:
    """How long, in words: “45 seconds”, “15 minutes”, “24 hours”."""
    seconds = round(time.total_seconds())
    if seconds < 120:
        return f"{seconds} seconds"
    if seconds < 120 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours"


def _readings(found: Connection) -> list[tuple[str, datetime | None]]:
    """Each list, and when it was last read to its end."""
    at = dict(found.readings.values_list("what", "complete_from"))
    wanted = connector_for(found.erp).lists(found.settings)
    return [(title, at.get(what)) for what, title in READ.items() if what in wanted]


def _linked(company: Company) -> list[Linked]:
    projects = Project.objects.filter(company=company)
    lists = [
        Linked(
            "Projects with a job",
            "projects",
            projects.filter(job__erp_active=True).count(),
            projects.count(),
        )
    ]
    for title, kind, model in (
        ("Vendors", "vendors", Vendor),
        ("Cost codes", "cost-codes", CostCode),
    ):
        rows = model._default_manager.filter(company=company)
        linked = rows.filter(erp_active=True).exclude(erp_id="")
        lists.append(Linked(title, kind, linked.count(), rows.count()))
    return lists


@login_required
@fresh
@require_POST
@never_cache
def create(request: HttpRequest, company_id: int) -> HttpResponse:
    """Make the connection; its password is on the page that answers, and never again."""
    access = open_company(person(request), company_id, Tool.ERP)
    try:
        _, password = setup.create_connection(
            access.company, request.POST.get("erp", ""), by=access
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("connection", access.company.pk)
    return _page(request, access, password)


@login_required
@fresh
@require_POST
@never_cache
def password(request: HttpRequest, company_id: int) -> HttpResponse:
    """A new password for the Web Connector, on the page that answers, and never again."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company)
    return _page(request, access, setup.reissue_password(found, by=access))


@login_required
@require_POST
def schedule(request: HttpRequest, company_id: int) -> HttpResponse:
    """Change how often the lists are read, and when a silence is told."""
    access = open_company(person(request), company_id, Tool.ERP)
    access.need(Tool.ERP, Level.ADMIN)
    found = get_object_or_404(Connection, company=access.company)
    try:
        setup.change_schedule(
            found,
            access,
            sync_minutes=int(request.POST.get("sync_minutes", "")),
            silent_hours=int(request.POST.get("silent_hours", "")),
            imports_at_once=request.POST.get("imports_at_once") == "yes",
        )
    except (ValidationError, ValueError):
        messages.error(request, "Choose one of the schedules, and 0 to 336 hours. Nothing changed.")
    else:
        messages.success(request, "The schedule is changed.")
    return redirect("connection", access.company.pk)


@login_required
@require_POST
def categories(request: HttpRequest, company_id: int) -> HttpResponse:
    """Choose what categories become in the ERP."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company)
    try:
        setup.change_categories(found, access, request.POST.get("category", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Changed. The lists are read anew at the next call.")
    return redirect("connection", access.company.pk)


@login_required
@require_POST
def sync(request: HttpRequest, company_id: int) -> HttpResponse:
    """Have the ERP's lists brought here at its next call."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company)
    if request_sync(found, by=access):
        messages.success(
            request, "Vendors, jobs and items are asked for at the next call of the Web Connector."
        )
    else:
        messages.info(request, "A sync is waiting already; it begins at the next call.")
    return redirect("connection", access.company.pk)


@login_required
@require_GET
def qwc(request: HttpRequest, connection_id: int) -> HttpResponse:
    """The .qwc file. It holds no secret, but it is an administrator's to hand out."""
    found = Connection.objects.select_related("company").filter(pk=connection_id).first()
    if found is None:
        raise Http404
    access = open_company(person(request), found.company_id, Tool.ERP)
    access.need(Tool.ERP, Level.ADMIN)
    try:
        text = setup.qwc_file(found)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("connection", found.company_id)
    response = HttpResponse(text, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="erp-bridge-{found.pk}.qwc"'
    return response


@require_GET
def support(request: HttpRequest, connection_id: int) -> HttpResponse:
    """The page that the Web Connector opens for help. Public: it looks at the address when the
    .qwc file is added, and tells nothing about anybody."""
    return render(request, "connectors/support.html", {})
