"""The queue's page as people read it: titles, rows with everything formatted, buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict
from django.template import engines
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from approvals.buttons import IN_LISTS, MAIN
from approvals.listing import TABS, VIEWS, Counts, Place
from approvals.models import Kinds
from approvals.rights import why_not
from approvals.states import STEPS, VIEW_OF, Status, View
from approvals.workflow import Result
from directory.access import Access
from directory.formats import ago, moment, money

WHAT = {Kinds.COMMITMENT: "Commitments", Kinds.CHANGE_ORDER: "Change Orders"}
TITLES = {
    View.READY: "{what} - Ready to be Exported to {erp}",
    View.FAILED: "{what} - Failed to Export to {erp}",
    View.PROGRESS: "{what} - On the way to {erp}",
    View.SYNCED: "{what} - Successfully Synced with {erp}",
    View.REJECTED: "{what} - Rejected by accounting",
}
# The colour of a count that is not 0.
TONES = {View.READY: "is-blue", View.FAILED: "is-red"}
# Nobody waits for these: the day matters more than the age.
SETTLED = frozenset({Status.SYNCED, Status.REJECTED})
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
        "What was accepted waits here until {erp} has collected and confirmed it.",
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


# What became of the items of a bulk step.
DONE = {
    "accept": "accepted",
    "retry": "accepted again",
    "reject": "rejected",
    "undo-acceptance": "back in Ready to Export",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address of the queue asks for. Everything that is asked stands in the address."""

    tab: str
    view: View
    search: str
    everything: bool  # the whole view on one page, ticked
    older: Place | None
    newer: Place | None

    @classmethod
    def read(cls, tab: str, query: QueryDict) -> Asked:
        """What cannot be read is left out."""
        view = query.get("view")
        return cls(
            tab=tab,
            view=View(view) if view in VIEWS else View.READY,
            search=query.get("q", "").strip()[:80],
            everything="all" in query,
            older=Place.read(query.get("older", "")),
            newer=Place.read(query.get("newer", "")),
        )

    @property
    def kind(self) -> Kinds:
        return TABS[self.tab]

    def address(self, **more: object) -> str:
        """The address of this view and search on its first page, or with `more`."""
        wanted = {"view": self.view.value, **({"q": self.search} if self.search else {}), **more}
        return f"?{urlencode(wanted)}"

    @property
    def all_address(self) -> str:
        return self.address(all=1)

    def action(self, company: int, step: str) -> str:
        """Where `step` is taken; it answers with what is asked for here."""
        here = self.all_address if self.everything else self.address()
        return f"{reverse('queue_bulk', args=[company, self.tab, step])}{here}"

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
    view: View,
    access: Access,
    *,
    actions: Mapping[str, str],
    ticked: bool = False,
) -> SafeString:
    """The rows of `approvals.listing.page` as table rows; `actions`: the address of each step."""
    now = timezone.now()
    address = reverse("export", args=[0]).replace("0", "{}")
    buttons = cache(partial(_buttons, access))
    formatted = [_formatted(row, buttons, now, address) for row in rows]
    template = engines["jinja2"].get_template("queue.jinja")
    context = {
        "rows": formatted,
        "view": view.value,
        "tickable": access.is_approver,
        "ticked": ticked,
        "actions": actions,
    }
    return mark_safe(template.render(context))  # noqa: S308 escaped by the template


class Row(NamedTuple):
    """What the template shows of one item; attributes, for it looks them up faster than keys."""

    id: int
    item: str
    url: str
    number: str
    parent: str
    name: str
    title: str
    project: str
    vendor: str
    amount: str
    cents: int
    deduct: bool
    status: str
    status_label: str
    message: str
    erp_number: str
    sent_by: str
    decided_by: str
    at: SafeString | str
    buttons: Sequence[Button]


class Button(NamedTuple):
    """One step of one row."""

    step: str
    label: str
    main: bool
    note: bool
    reason: str


def _formatted(
    row: dict[str, Any],
    buttons: Callable[[Status, int | None], Sequence[Button]],
    now: datetime,
    address: str,
) -> Row:
    status = Status(row["status"])
    parent = row["parent__number"]
    at = row["status_at"]
    return Row(
        id=row["id"],
        item=f"{row['id']}:{row['version']}",
        url=address.format(row["id"]),
        number=row["number"],
        parent=parent or "",
        name=f"{parent} {row['number']}" if parent else row["number"],
        title=row["title"],
        project=f"{row['project__number']} {row['project__name']}",
        vendor=row["vendor_name"],
        amount=money(row["amount"]),
        cents=int(row["amount"] * 100),
        deduct=row["amount"] < 0,
        status=status.value,
        status_label=status.label,
        message=row["message"],
        erp_number=row["erp_number"],
        sent_by=row["sent_by__name"] or "",
        decided_by=row["decided_by__name"] or "",
        at=moment(at) if status in SETTLED else ago(at, now),
        buttons=buttons(status, row["sent_by_id"]),
    )


def _buttons(access: Access, status: Status, sent_by: int | None) -> list[Button]:
    """The steps of an item of that status, with the reason where this person may not."""
    return [
        Button(
            step.name,
            step.label,
            step.name in MAIN,
            step.needs_note,
            why_not(step, access, sent_by),
        )
        for step in (STEPS[name] for name in IN_LISTS)
        if status in step.sources
    ]


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that did not move, and why."""

    name: str
    url: str
    error: str
    changes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each item of a bulk step, in words."""

    words: str  # accepted, rejected …
    moved: Sequence[tuple[str, str]]  # name, address
    refused: Sequence[Refused]


def outcome(step: str, results: Sequence[Result]) -> Outcome:
    """What to tell about the results of `step`."""
    moved, refused = [], []
    for result in results:
        export, error = result.export, result.error
        name = f"{export.number} {export.title}" if export else f"Item {result.id}"
        url = reverse("export", args=[export.pk]) if export else ""
        if error is None:
            moved.append((name, url))
        else:
            refused.append(Refused(name, url, error.message, getattr(error, "changes", ())))
    return Outcome(DONE[step], moved, refused)
