"""A company's history: every step of everybody, by person, item and days, and as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from approvals.history_texts import in_words
from approvals.models import Export
from change_events.models import ChangeEvent
from connectors.models import Connection
from directory.access import Access, open_company
from directory.downloads import Cell, csv_download
from directory.history_texts import sentence
from directory.http import number_of, person
from directory.models import (
    Category,
    Company,
    CostCode,
    Event,
    Job,
    Project,
    Unlinked,
    User,
    Vendor,
)
from directory.perms import Level, Tool

PAGE = 100
COLUMNS = ("seq", "at", "actor__name", "verb", "subject", "body")
# What a subject's first word names: its rows, and what people call them.
ABOUT: dict[str, tuple[type[Model], str]] = {
    "export": (Export, "Documents"),
    "change_event": (ChangeEvent, "Change events"),
    "user": (User, "People"),
    "project": (Project, "Projects"),
    "vendor": (Vendor, "Vendors"),
    "costcode": (CostCode, "Cost codes"),
    "job": (Job, "Jobs of the ERP"),
    "unlinked": (Unlinked, "Vendors and cost codes of the ERP"),
    "category": (Category, "Categories"),
    "connection": (Connection, "Connection"),
    "company": (Company, "Company"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What an address asks for. Days are days of UTC, as the history writes them."""

    who: int | None
    about: str  # export:17, or the first word alone
    since: date | None
    until: date | None
    before: int | None  # the place in the history that the page ends before
    faults: Sequence[str]

    @classmethod
    def read(cls, query: QueryDict) -> Filters:
        """What cannot be read is left out, and said."""
        faults = []
        days: dict[str, date | None] = {"from": None, "to": None}
        for name in days:
            text = query.get(name, "").strip()
            try:
                days[name] = date.fromisoformat(text) if text else None
            except ValueError:
                faults.append(f"“{text[:20]}” is no day. Write it like 2026-03-31.")
        about = query.get("about", "")
        if not re.fullmatch(rf"({'|'.join(ABOUT)})(:[0-9]{{1,18}})?|", about):
            faults.append("There is nothing of this kind in the history.")
            about = ""
        return cls(
            who=number_of(query.get("who", "")),
            about=about,
            since=days["from"],
            until=days["to"],
            before=number_of(query.get("before", "")),
            faults=faults,
        )

    @property
    def query(self) -> dict[str, str]:
        said = {"who": self.who, "about": self.about, "from": self.since, "to": self.until}
        return {name: str(value) for name, value in said.items() if value not in (None, "")}

    def events(self, company: int) -> QuerySet[Event]:
        """Those events of the company, newest first."""
        events = Event.objects.filter(chain__company=company).order_by("-seq")
        if self.who is not None:
            events = events.filter(actor_id=self.who)
        if ":" in self.about:
            events = events.filter(subject=self.about)
        elif self.about:
            events = events.filter(subject__startswith=f"{self.about}:")
        if self.since is not None:
            events = events.filter(at__gte=_midnight(self.since))
        if self.until is not None:
            events = events.filter(at__lt=_midnight(self.until) + timedelta(days=1))
        return events


@dataclass(frozen=True, slots=True)
class Row:
    """One event as people read it."""

    seq: int
    at: datetime
    who: str
    about: str
    url: str
    what: str
    details: Sequence[str]


@login_required
@require_GET
def company_history(request: HttpRequest, company_id: int) -> HttpResponse:
    """The newest events that are asked for, a hundred at a time. Needs Admin on Directory."""
    access, filters = _open(request, company_id)
    events = filters.events(access.company.pk)
    if filters.before is not None:
        events = events.filter(seq__lt=filters.before)
    found = list(events.values_list(*COLUMNS)[: PAGE + 1])
    rows = list(_rows(found[:PAGE], access))
    more = len(found) > PAGE
    context = {
        "access": access,
        "company": access.company,
        "current": "history",
        "filters": filters,
        "rows": rows,
        "people": User.objects.filter(memberships__company=access.company).order_by("name"),
        "kinds": [(kind, label) for kind, (_, label) in ABOUT.items()],
        "older": f"?{urlencode({**filters.query, 'before': rows[-1].seq})}" if more else "",
        "newest": f"?{urlencode(filters.query)}" if filters.before is not None else "",
        "csv": f"{reverse('history_csv', args=[access.company.pk])}?{urlencode(filters.query)}",
    }
    return render(request, "history.html", context)


@login_required
@require_GET
def history_csv(request: HttpRequest, company_id: int) -> StreamingHttpResponse:
    """All of what is asked for, newest first, with the hash that chains each event."""
    access, filters = _open(request, company_id)
    headings = ("Place", "At (UTC)", "Who", "About", "What", "Details", "Hash")
    return csv_download("history.csv", headings, _cells(filters, access))


def _cells(filters: Filters, access: Access) -> Iterator[Sequence[Cell]]:
    events = filters.events(access.company.pk).values_list(*COLUMNS, "hash").iterator(1000)
    while some := list(islice(events, 1000)):
        rows = _rows([event[:-1] for event in some], access)
        for row, event in zip(rows, some, strict=True):
            at = f"{row.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
            yield row.seq, at, row.who, row.about, row.what, "; ".join(row.details), event[-1]


def _open(request: HttpRequest, company_id: int) -> tuple[Access, Filters]:
    access = open_company(person(request), company_id, Tool.ERP, Tool.DIRECTORY)
    access.need(Tool.DIRECTORY, Level.ADMIN)
    return access, Filters.read(request.GET)


def _rows(events: Sequence[tuple[Any, ...]], access: Access) -> Iterator[Row]:
    """Events in words; a query for each kind of thing that they are about."""
    named = _named({event[4] for event in events})
    numbers = dict(Project.objects.filter(company=access.company).values_list("pk", "number"))
    for seq, at, who, verb, subject, body in events:
        kind = subject.partition(":")[0]
        data = json.loads(body)["data"]
        if kind in ("export", "change_event"):
            step = in_words(verb, at, who, data)
            way = f" ({step.before} → {step.after})" if step.before and step.after else ""
            what, details = f"{step.what}{way}", [*filter(None, [step.note]), *step.changes]
        else:
            what, details = sentence(verb, data, numbers), []
        number = subject.partition(":")[2]
        yield Row(
            seq=seq,
            at=at,
            who=who or "ERP Bridge",
            about=named.get(subject, subject),
            url=reverse("export", args=[int(number)]) if kind == "export" else "",
            what=what,
            details=details,
        )


def _named(subjects: Iterable[str]) -> Mapping[str, str]:
    """What each subject is called now."""
    ids: dict[str, list[int]] = {}
    for subject in subjects:
        kind, _, number = subject.partition(":")
        if kind in ABOUT and number.isdigit():
            ids.setdefault(kind, []).append(int(number))
    names = {
        f"{kind}:{row.pk}": str(row)
        for kind, wanted in ids.items()
        if kind != "export"
        for row in ABOUT[kind][0]._default_manager.filter(pk__in=wanted)
    }
    exports = Export.objects.select_related("parent", "project")
    for export in exports.filter(pk__in=ids.get("export", ())):
        names[export.subject] = f"{export}{export.of}"
    return names


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
