"""The queue's page as people read it: titles, rows with everything formatted, buttons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from approvals.buttons import IN_LISTS, MAIN
from approvals.filters import EVERYTHING, Filters, Order
from approvals.listing import TABS, VIEWS, Counts, Place
from approvals.models import FirstApproval, Kinds
from approvals.rights import why_not
from approvals.seconding import said_already
from approvals.states import STEPS, VIEW_OF, Status, View
from directory.access import Access
from directory.addresses import address
from directory.formats import ago, counted, moment, money
from directory.models import Project, User
from directory.paging import escaped, rows_html

WHAT = {
    Kinds.COMMITMENT: "Commitments",
    Kinds.CHANGE_ORDER: "Change Orders",
    Kinds.BUDGET: "Budgets",
}
TITLES = {
    View.READY: "{what} - Ready to be Exported to {erp}",
    View.FAILED: "{what} - Failed to Export to {erp}",
    View.PROGRESS: "{what} - On the way to {erp}",
    View.SYNCED: "{what} - Successfully Synced with {erp}",
    View.REJECTED: "{what} - Rejected by accounting",
}
# The colour of a count that is not 0.
TONES = {View.READY: "is-blue", View.FAILED: "is-red"}
MOST_CHOICES = 2_000  # projects or people to choose from
# Nobody waits for these: the day matters more than the age.
SETTLED = frozenset({Status.SYNCED, Status.REJECTED})
LONGEST = 240  # characters of a message in a row
STATUS = dict(Status.choices)
# An empty view says what would stand in it, and how it gets there.
EMPTY = {
    View.READY: (
        "Nothing waits for a decision.",
        "When a project manager presses Send to ERP on an approved document, it appears here.",
    ),
    View.FAILED: (
        "Nothing has failed.",
        "What {erp} refuses, or what a person has to look up there, appears here with the reason.",
    ),
    View.PROGRESS: (
        "Nothing is on its way.",
        "What was accepted waits here until {erp} has confirmed it.",
    ),
    View.SYNCED: (
        "Nothing is in {erp} yet.",
        "What {erp} has confirmed appears here with its number.",
    ),
    View.REJECTED: (
        "Nothing is with the project managers.",
        "What accounting rejected appears here until it is sent again.",
    ),
}
# What happened at the moment that a view shows.
WHEN = {
    View.READY: "Sent",
    View.FAILED: "Failed",
    View.PROGRESS: "Since",
    View.SYNCED: "Synced",
    View.REJECTED: "Rejected",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address of the queue asks for. Everything that is asked stands in the address."""

    company: int
    tab: str
    view: View
    filters: Filters
    faults: Mapping[str, str]  # what could not be read, by name
    everything: bool  # the whole view on one page, ticked
    after: Place | None
    before: Place | None

    @classmethod
    def read(cls, company: int, tab: str, query: QueryDict) -> Asked:
        """What cannot be read is left out, and said."""
        view = query.get("view")
        filters, faults = Filters.read(query)
        return cls(
            company=company,
            tab=tab,
            view=View(view) if view in VIEWS else View.READY,
            filters=filters,
            faults=faults,
            everything="all" in query,
            after=Place.read(query.get("after", ""), filters.order),
            before=Place.read(query.get("before", ""), filters.order),
        )

    @property
    def kind(self) -> Kinds:
        return TABS[self.tab]

    def query(self, **more: object) -> str:
        """What the address of this view asks for: filters and order, or with `more`."""
        return f"?{urlencode({'view': self.view.value, **self.filters.query, **more})}"

    def address(self, **more: object) -> str:
        """The address of this view on its first page, filtered and in order, or with `more`."""
        return address("queue", self.company, self.tab) + self.query(**more)

    @property
    def all_address(self) -> str:
        return self.address(all=1)

    @property
    def whole_address(self) -> str:
        """The view without its filters."""
        return replace(self, filters=EVERYTHING).address()

    @property
    def orders(self) -> list[dict[str, Any]]:
        """Every order that the view can be read in."""
        return [
            {
                "value": order.value,
                "label": order.label,
                "url": replace(self, filters=replace(self.filters, order=order)).address(),
                "current": order is self.filters.order,
            }
            for order in Order
        ]

    def chips(self) -> list[tuple[str, str]]:
        """Each filter in words, and the address without it. A query for each name that is shown."""
        filters = self.filters
        words = {
            "q": lambda: f"“{filters.search}”",
            "project": lambda: f"Project {_named(projects(self.company), filters.project)}",
            "vendor": lambda: f"Company “{filters.vendor}”",
            "sender": lambda: f"Sent by {_named(senders(self.company), filters.sender)}",
            "least": lambda: f"From {money(filters.least)}",
            "most": lambda: f"Up to {money(filters.most)}",
            "days": lambda: f"Here for {counted(filters.days or 0, 'day')} or more",
        }
        return [
            (words[name](), replace(self, filters=filters.without(name)).address())
            for name in filters.query
            if name != "order"
        ]

    def actions(self) -> dict[str, str]:
        """Where each step is taken; it answers with the first page of what is asked for here."""
        return {
            step: address("queue_bulk", self.company, self.tab, step) + self.query()
            for step in IN_LISTS
        }

    def views(self, counts: Counts) -> list[dict[str, Any]]:
        """Every view of this sub-tab with its count, for the same search."""
        return [
            {
                "label": view.label,
                "url": self.address(view=view.value),
                "count": counts.of(self.kind, view),
                "current": view == self.view,
                "tone": TONES.get(view, "") if counts.of(self.kind, view) else "",
            }
            for view in VIEWS
        ]


@dataclass(frozen=True, slots=True)
class BulkButton:
    """A step for the ticked rows of a view."""

    step: str
    label: str
    needs_note: bool
    is_main: bool
    reason: str


def projects(company: int) -> QuerySet[Project]:
    """What a view can be narrowed to, by number."""
    return Project.objects.filter(company_id=company)


def senders(company: int) -> QuerySet[User]:
    """Who may have sent something: everybody who is or was of the company, by name."""
    return User.objects.filter(memberships__company_id=company).order_by("name")


def _named(among: QuerySet[Any], pk: int | None) -> str:
    found = among.filter(pk=pk).first()
    return str(found) if found else "unknown"


def title(kind: Kinds, view: View, erp: str) -> str:
    return TITLES[view].format(what=WHAT[kind], erp=erp)


def bulk_buttons(view: View, access: Access) -> list[BulkButton]:
    """The steps that can be taken with many rows of a view at once."""
    return [
        BulkButton(
            step.name,
            step.label,
            step.needs_note,
            step.name in MAIN,
            why_not(step, access, sent_by=None),
        )
        for step in (STEPS[name] for name in IN_LISTS)
        if any(VIEW_OF[status] == view for status in step.sources)
    ]


def html(
    rows: Iterable[dict[str, Any]],
    asked: Asked,
    access: Access,
    *,
    actions: Mapping[str, str],
    firsts: Mapping[int, FirstApproval],
    stuck: Mapping[int, str],
) -> SafeString:
    """The rows of `approvals.listing.page` as table rows; `actions`: the address of each step,
    `firsts`: who has approved where a second approver is missing, `stuck`: why it cannot go."""
    now = timezone.now()
    item = address("export", 0).replace("0", "{}")
    # An item is left for the next one in the same order.
    item += f"?{urlencode(asked.filters.query)}" if asked.filters.query else ""
    buttons = cache(partial(_buttons, access))
    rows = list(rows)
    return rows_html(
        "queue.jinja",
        rows=zip(
            escaped([_cells(row, item, firsts) for row in rows]),
            [_when(row, now) for row in rows],
            [
                buttons(
                    Status(row["status"]),
                    row["sent_by_id"],
                    stuck.get(row["id"]) or said_already(firsts.get(row["id"]), access),
                )
                for row in rows
            ],
            strict=True,
        ),
        view=asked.view.value,
        tickable=access.is_approver and bool(bulk_buttons(asked.view, access)),
        ticked=asked.everything,
        actions=actions,
    )


class Button(NamedTuple):
    """One step of one row."""

    step: str
    label: str
    main: bool
    note: bool
    reason: str


def _cells(
    row: Mapping[str, Any], address: str, firsts: Mapping[int, FirstApproval]
) -> Sequence[str]:
    """The texts of an item, in the order of the template, which takes them apart."""
    number, parent = row["number"], row["parent__number"] or ""
    if row["kind"] == Kinds.BUDGET:
        number, parent = f"Round {number}", ""  # the title and the project say of what
    amount: Decimal = row["amount"]
    return (
        str(row["id"]),
        f"{row['id']}:{row['version']}",
        address.format(row["id"]),
        number,
        parent,
        f"{parent} / {number}" if parent else number,
        row["title"],
        f"{row['project__number']} {row['project__name']}",
        row["vendor_name"],
        money(amount),
        str(int(amount * 100)),
        " deduct" if amount < 0 else "",
        row["status"],
        STATUS[row["status"]],
        Truncator(row["message"]).chars(LONGEST) if row["message"] else "",
        firsts[row["id"]].by.name if row["id"] in firsts else "",
        row["erp_number"],
        row["sent_by__name"] or "",
        row["decided_by__name"] or "",
    )


def _when(row: Mapping[str, Any], now: datetime) -> SafeString | str:
    at = row["status_at"]
    return moment(at) if row["status"] in SETTLED else ago(at, now)


def _buttons(
    access: Access, status: Status, sent_by: int | None, stuck: str
) -> tuple[Sequence[Button], bool]:
    """The steps of an item of that status, with the reason where this person may not, or where it
    is `stuck` and could not go; and whether they may press one."""
    made = [
        Button(
            step.name,
            step.label,
            step.name in MAIN,
            step.needs_note,
            why_not(step, access, sent_by) or (stuck if step.name in MAIN else ""),
        )
        for step in (STEPS[name] for name in IN_LISTS)
        if status in step.sources
    ]
    return made, any(not button.reason for button in made)
