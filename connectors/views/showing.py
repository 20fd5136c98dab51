"""The connection page: the steps to a working connection, and how it is doing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from connectors import engine
from connectors.forms import FORMS, SpectrumForm
from connectors.importing import LISTS
from connectors.models import Connection, Conversation, Renewal
from connectors.pulls import DELETED
from connectors.registry import connector_for, names
from connectors.secrets import stored_names
from connectors.self_tests import SELF_TEST
from connectors.signing_in import lost
from connectors.visits import not_spoken_to
from directory.access import Access, open_company
from directory.formats import span
from directory.http import person
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
BREATH = timedelta(minutes=2)  # a visit that is silent for longer has probably broken off
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


@dataclass(frozen=True, slots=True)
class BrokeOff:
    """A visit that fell silent in the middle: since when, and about when it is given up."""

    since: datetime
    until: datetime


@login_required
@require_GET
def connection(request: HttpRequest, company_id: int) -> HttpResponse:
    """The steps to a working connection, and what the ERP said last."""
    access = open_company(person(request), company_id, Tool.ERP)
    return page(request, access)


def page(
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
        **may_sync(access),
        "sees_directory": access.has(Tool.DIRECTORY, Level.READ),
        "password": password,
        "erps": names(),
    }
    if found is not None:
        capabilities = found.capabilities
        open_ones = found.conversations.exclude(state=Conversation.State.CLOSED)
        there = lists_there(found)
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
            "calls_every": span(found.calls_every),
            "broke_off": _broke_off(found),
            "readings": _readings(found, there),
            "lists_in_words": in_words(there),
            "lists_and_costs": in_words({**there, "costs": "Costs"}),
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


def _broke_off(found: Connection) -> BrokeOff | None:
    """A visit that should have gone on long ago. Whoever calls meanwhile is told to come back."""
    silent = found.sessions.filter(ended_at=None, last_seen_at__lt=timezone.now() - BREATH).first()
    if silent is None:
        return None
    return BrokeOff(silent.last_seen_at, silent.last_seen_at + engine.idle_time())


def _of_called(found: Connection, form: SpectrumForm | None) -> dict[str, object]:
    """What the page of an ERP that we call shows besides."""
    has_account = any(found.settings.get(name) for name in ("gl_account", "gl_by_type"))
    status = found.settings.get("cr_status")
    renewal = Renewal.objects.select_related("connection").filter(connection=found).first()
    return {
        "trouble": not_spoken_to(Connection.objects.filter(pk=found.pk)).get(found, ""),
        "form": form or FORMS[found.erp](connection=found),
        "secret_names": stored_names(found),
        "answered": has_account and bool(status),
        "confirmed": bool(status) and found.confirmed.get("cr_status") == status,
        "test": last_test(found),
        "renewal": renewal,
        "renews_now": renewal is not None and renewal.due_at and renewal.due_at <= timezone.now(),
        "lost": lost(renewal) if renewal is not None and renewal.locked_out else "",
    }


def may_sync(access: Access) -> dict[str, object]:
    """Whether they may have the ERP spoken to now, and why not."""
    why_not = access.lacks(Tool.ERP, Level.STANDARD)
    return {"may_sync": not why_not, "why_no_sync": [why_not]}


def last_test(found: Connection) -> Test:
    """How the last try of the connection went."""
    last = found.conversations.filter(purpose=SELF_TEST).order_by("-id").first()
    waits = last is not None and last.state != Conversation.State.CLOSED
    fault = last.fault if last is not None and not waits else ""
    shown = bool(found.areas) and not any(area["problem"] for area in found.areas)
    return Test(waits=waits, fault=fault, is_green=shown and not waits and not fault)


def lists_there(found: Connection) -> dict[str, str]:
    """The lists that matter with these settings, and what they are called there."""
    wanted = connector_for(found.erp).lists(found.settings)
    titles = READ.get(found.erp, {each.what: each.title for each in LISTS.values()})
    return {what: title for what, title in titles.items() if what in wanted}


def in_words(there: Mapping[str, str]) -> str:
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
