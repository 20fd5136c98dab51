"""The connection of a company to its ERP: setting it up step by step, and how it is doing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors import engine, setup
from connectors.forms import FORMS, SpectrumForm
from connectors.importing import LISTS
from connectors.models import Connection, Conversation, Renewal
from connectors.pulls import DELETED, SELF_TEST, request_sync, request_test
from connectors.registry import connector_for, names
from connectors.secrets import stored_names
from connectors.signing_in import lost
from directory.access import Access, open_company
from directory.entered import Invalid
from directory.http import fresh, fresh_for_secrets, person
from directory.models import Category, Company, CostCode, Project, Vendor
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
# What the lists are called there, by our names of them.
READ = {
    "quickbooks": {
        "vendors": "Vendors",
        "jobs": "Jobs",
        "cost_codes": "Items",
        "classes": "Classes",
        "deleted": "What was deleted",
    },
    "spectrum": {
        "vendors": "Vendors",
        "jobs": "Jobs",
        "cost_codes": "Phases",
        "classes": "Cost types",
    },
}


@dataclass(frozen=True, slots=True)
class Linked:
    """How many rows of a list are linked to a record of the ERP."""

    title: str
    kind: str
    linked: int
    total: int


@dataclass(frozen=True, slots=True)
class Read:
    """One of the ERP's lists, when it was last read to its end, and why the last reading was not
    whole ('' where it was)."""

    title: str
    at: datetime | None
    incomplete: str


@dataclass(frozen=True, slots=True)
class Test:
    """How the last try of the connection went."""

    waits: bool
    fault: str
    is_green: bool


@login_required
@require_GET
def connection(request: HttpRequest, company_id: int) -> HttpResponse:
    """The steps to a working connection, and what the ERP said last."""
    access = open_company(person(request), company_id, Tool.ERP)
    return _page(request, access)


def _page(
    request: HttpRequest,
    access: Access,
    *,
    password: str = "",
    form: SpectrumForm | None = None,
) -> HttpResponse:
    """The connection page; with a `password` that was made just now it is shown, this once; with a
    `form` that was refused its faults are."""
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
        "erps": names(),
    }
    if found is not None:
        capabilities = connector_for(found.erp).capabilities
        open_ones = found.conversations.exclude(state=Conversation.State.CLOSED)
        there = _lists(found)
        context |= {
            "erp": capabilities,
            "steps": [f"connectors/{found.erp}/steps.html", "connectors/steps.html"],
            "by_visit": capabilities.transport == "poll",
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
            "readings": _readings(found, there),
            "lists_in_words": _in_words(there),
            "lists_and_costs": _in_words({**there, "costs": "Costs"}),
            "not_shown": any(area["problem"] for area in found.areas),
            "schedules": Connection.Schedule.choices,
            "linked": _linked(access.company, there),
            "lists": [
                {
                    "slug": each.slug,
                    "title": each.title,
                    "ready": each.records(access.company).count(),
                }
                for each in LISTS.values()
                if each.what in there
            ],
        }
        if found.erp in FORMS:
            context |= _of_called(found, form)
    status = 422 if form is not None else 200
    return render(request, "connectors/connection.html", context, status=status)


def _of_called(found: Connection, form: SpectrumForm | None) -> dict[str, object]:
    """What the page of an ERP that we call shows besides."""
    has_account = any(found.settings.get(name) for name in ("gl_account", "gl_by_type"))
    status = found.settings.get("cr_status")
    renewal = Renewal.objects.select_related("connection").filter(connection=found).first()
    return {
        "form": form or FORMS[found.erp](connection=found),
        "secret_names": stored_names(found),
        "answered": has_account and bool(status),
        "confirmed": bool(status) and found.confirmed.get("cr_status") == status,
        "test": _test(found),
        "renewal": renewal,
        "renews_now": renewal is not None and renewal.due_at and renewal.due_at <= timezone.now(),
        "lost": lost(renewal) if renewal is not None and renewal.locked_out else "",
    }


def _test(found: Connection) -> Test:
    last = found.conversations.filter(purpose=SELF_TEST).order_by("-id").first()
    waits = last is not None and last.state != Conversation.State.CLOSED
    fault = last.fault if last is not None and not waits else ""
    shown = bool(found.areas) and not any(area["problem"] for area in found.areas)
    return Test(waits=waits, fault=fault, is_green=shown and not waits and not fault)


def _span(time: timedelta) -> str:
    """How long, in words: “45 seconds”, “15 minutes”, “24 hours”."""
    seconds = round(time.total_seconds())
    if seconds < 120:
        return f"{seconds} seconds"
    if seconds < 120 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours"


def _lists(found: Connection) -> dict[str, str]:
    """The lists that matter with these settings, and what they are called there."""
    wanted = connector_for(found.erp).lists(found.settings)
    titles = READ.get(found.erp, {each.what: each.title for each in LISTS.values()})
    return {what: title for what, title in titles.items() if what in wanted}


def _in_words(there: Mapping[str, str]) -> str:
    """vendors, jobs and items"""
    words = [title.lower() for what, title in there.items() if what != DELETED]
    return " and ".join([", ".join(words[:-1]), words[-1]])


def _readings(found: Connection, there: Mapping[str, str]) -> list[Read]:
    """Each list, and how it was last read."""
    last = {one.what: one for one in found.readings.all()}
    return [
        Read(title, one.complete_from if one else None, one.incomplete if one else "")
        for what, title in there.items()
        for one in [last.get(what)]
    ]


def _linked(company: Company, there: Collection[str]) -> list[Linked]:
    """How much is linked of the lists that matter `there`."""
    projects = Project.objects.filter(company=company)
    lists = [
        Linked(
            "Projects with a job",
            "projects",
            projects.filter(job__erp_active=True).count(),
            projects.count(),
        )
    ]
    for title, kind, what, model in (
        ("Vendors", "vendors", "vendors", Vendor),
        ("Cost codes", "cost-codes", "cost_codes", CostCode),
        ("Categories", "categories", "classes", Category),
    ):
        if what not in there:
            continue
        rows = model._default_manager.filter(company=company)
        linked = rows.filter(erp_active=True).exclude(erp_id="")
        lists.append(Linked(title, kind, linked.count(), rows.count()))
    return lists


@login_required
@fresh
@require_POST
@never_cache
def create(request: HttpRequest, company_id: int) -> HttpResponse:
    """Make the connection; its password is on the page that answers, and never again. An ERP that
    we call is asked about first."""
    access = open_company(person(request), company_id, Tool.ERP)
    erp = request.POST.get("erp", "")
    if _is_called(erp):
        access.need(Tool.ERP, Level.ADMIN)
        address = reverse("connection_access", args=[access.company.pk])
        return redirect(f"{address}?{urlencode({'erp': erp})}")
    try:
        _, password = setup.create_connection(access.company, erp, by=access)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("connection", access.company.pk)
    return _page(request, access, password=password)


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
    if not _is_called(erp):
        return redirect("connection", company_id)
    form = FORMS[erp](connection=found)
    if request.method == "POST":
        entered = _posted(request, form.ACCESS)
        form = FORMS[erp](entered, found)
        try:
            if found is None:
                setup.create_connection(access.company, erp, access, entered)
            else:
                setup.change_connection(found, access, entered)
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


def _is_called(erp: str) -> bool:
    """Whether this is an ERP that we call and know how to ask about."""
    return erp in FORMS and erp in names()


def _posted(request: HttpRequest, names: Iterable[str]) -> dict[str, str]:
    return {name: request.POST[name] for name in names if name in request.POST}


@login_required
@require_POST
def settings(request: HttpRequest, company_id: int) -> HttpResponse:
    """Answer the questions about the site of an ERP that we call."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company, erp__in=FORMS)
    form = FORMS[found.erp](connection=found)
    entered = _posted(request, [field.name for field in form.questions])
    try:
        changed = setup.change_connection(found, access, entered)
    except Invalid as error:
        form = FORMS[found.erp](entered, found)
        form.say(error)
        return _page(request, access, form=form)
    messages.success(request, "The answers are saved." if changed else "Nothing was changed.")
    return redirect("connection", company_id)


@login_required
@fresh
@require_POST
def renew(request: HttpRequest, company_id: int) -> HttpResponse:
    """Have the ERP make a new client secret."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company, erp__in=FORMS)
    try:
        setup.ask_for_secret(found, access)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Asked for. What came of it stands here in a moment.")
    return redirect("connection", company_id)


@login_required
@require_POST
def confirm(request: HttpRequest, company_id: int) -> HttpResponse:
    """Say that a setting was seen at work in the ERP."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company)
    try:
        setup.confirm_setting(found, access, request.POST.get("setting", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Written down, with your name.")
    return redirect("connection", company_id)


@login_required
@require_http_methods(["GET", "POST"])
def test(request: HttpRequest, company_id: int) -> HttpResponse:
    """Have every service tried, or see how that goes: the step of the connection page alone."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company, erp__in=FORMS)
    if request.method == "POST":
        request_test(found, by=access)
        if not request.headers.get("HX-Request"):
            return redirect("connection", company_id)
    context = {
        "company": access.company,
        "connection": found,
        "erp": connector_for(found.erp).capabilities,
        "test": _test(found),
        "may_sync": access.has(Tool.ERP, Level.STANDARD),
        "why_no_sync": [access.why_lacking(Tool.ERP, Level.STANDARD)],
    }
    return render(request, "connectors/test.html", context)


@login_required
@fresh
@require_POST
@never_cache
def password(request: HttpRequest, company_id: int) -> HttpResponse:
    """A new password for the Web Connector, on the page that answers, and never again."""
    access = open_company(person(request), company_id, Tool.ERP)
    found = get_object_or_404(Connection, company=access.company)
    try:
        password = setup.reissue_password(found, by=access)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("connection", company_id)
    return _page(request, access, password=password)


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
    by_visit = connector_for(found.erp).capabilities.transport == "poll"
    if request_sync(found, by=access):
        when = "at the next call of the Web Connector" if by_visit else "now"
        words = _in_words(_lists(found))
        messages.success(request, f"{words[0].upper()}{words[1:]} are asked for {when}.")
    else:
        when = "at the next call" if by_visit else "as soon as a worker is free"
        messages.info(request, f"A sync is waiting already; it begins {when}.")
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
