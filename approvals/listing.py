"""The queue of a company: one page of one view at a time, and the counts of all of them.

A page is found by where the last one ended, in the index `queue`, newest first; never by OFFSET.
Items that leave the view while somebody reads it move nothing. The API reads the same pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache, partial
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from approvals.models import Export, Kinds
from approvals.states import VIEW_OF, Status, View
from directory.prepared import Prepared

# The sub-tabs, as they stand in addresses.
TABS = {"commitments": Kinds.COMMITMENT, "change-orders": Kinds.CHANGE_ORDER}
# The views of a sub-tab, in the order of what to look at first.
VIEWS = (View.READY, View.FAILED, View.PROGRESS, View.SYNCED, View.REJECTED)
PAGE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = (
    "id",
    "version",
    "kind",
    "number",
    "title",
    "amount",
    "vendor_name",
    "status",
    "status_at",
    "message",
    "erp_number",
    "sent_at",
    "sent_by_id",
    "sent_by__name",
    "decided_by__name",
    "synced_at",
    "project_id",
    "project__number",
    "project__name",
    "parent_id",
    "parent__number",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a view: just behind the item with this moment and id."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}_{self.id}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """What `str()` wrote; None for anything else."""
        at, _, number = text.partition("_")
        try:
            return cls(EPOCH + timedelta(microseconds=int(at)), int(number))
        except (ValueError, OverflowError):
            return None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Place:
        return cls(row["status_at"], row["id"])


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one view as dictionaries of `COLUMNS`; where the pages beside it begin."""

    rows: list[dict[str, Any]]
    older: Place | None
    newer: Place | None


def page(
    company: int,
    kind: str,
    view: str,
    *,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    search: str = "",
    size: int = PAGE,
) -> Page:
    """One page, newest first: the first one, or the one behind or before a place. One query.

    `search` is looked for in number, title and the contract company's name.
    """
    place = older_than or newer_than
    beyond = Beyond.NEWER if newer_than else Beyond.OLDER if older_than else Beyond.FIRST
    at = (place.at, place.id) if place else ()
    if search:
        rows = list(_rows(beyond, size, company, kind, view, *at, search=search))
    else:
        rows = _prepared(beyond, size).rows(company, kind, view, *at)
    more = len(rows) > size
    rows = rows[:size]
    if newer_than is not None:
        rows.reverse()
        return Page(
            rows,
            older=Place.of(rows[-1]) if rows else newer_than,
            newer=Place.of(rows[0]) if more else None,
        )
    return Page(
        rows,
        older=Place.of(rows[-1]) if more else None,
        newer=(Place.of(rows[0]) if rows else place) if place is not None else None,
    )


class Beyond(Enum):
    """Where a page begins."""

    FIRST = "first"
    OLDER = "older"
    NEWER = "newer"


def _rows(
    beyond: Beyond,
    size: int,
    company: int,
    kind: str,
    view: str,
    at: datetime | None = None,
    pk: int = 0,
    *,
    search: str = "",
) -> QuerySet[Export, dict[str, Any]]:
    """The rows of a page, and one more that tells whether another one follows."""
    exports = in_view(company, kind, view, search)
    if at is not None and beyond == Beyond.NEWER:
        exports = _beyond(exports, TupleGreaterThan, Place(at, pk)).order_by("status_at", "id")
    elif at is not None:
        exports = _beyond(exports, TupleLessThan, Place(at, pk))
    rows: QuerySet[Export, dict[str, Any]] = exports.values(*COLUMNS)[: size + 1]
    return rows


@cache
def _prepared(beyond: Beyond, size: int) -> Prepared[Export]:
    place = () if beyond == Beyond.FIRST else (datetime, int)
    return Prepared(partial(_rows, beyond, size), int, str, str, *place)


def in_view(company: int, kind: str, view: str, search: str = "") -> QuerySet[Export]:
    """The exports of one view, newest first."""
    exports = Export.objects.filter(company_id=company, kind=kind, view=view)
    if search:
        exports = exports.filter(
            Q(number__icontains=search)
            | Q(title__icontains=search)
            | Q(vendor_name__icontains=search)
            | Q(parent__number__icontains=search)
        )
    return exports.order_by("-status_at", "-id")


def _beyond(exports: QuerySet[Export], than: type, place: Place) -> QuerySet[Export]:
    # A row comparison, which the index answers; two conditions joined by OR would not be.
    return exports.filter(than(Tuple(F("status_at"), F("id")), (place.at, place.id)))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many exports of a company stand in each view, from its counters."""

    by_view: Mapping[tuple[str, str], int]

    def of(self, kind: str, view: str) -> int:
        return self.by_view.get((kind, view), 0)

    def waiting(self, kind: str) -> int:
        """What a person has to do something about."""
        return self.of(kind, View.READY) + self.of(kind, View.FAILED)


def counts(*companies: int) -> dict[int, Counts]:
    """The counts of every view of each of `companies`; one query."""
    found: dict[int, dict[tuple[str, str], int]] = {company: {} for company in companies}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT company_id, kind, status, n FROM approvals_tabcount WHERE company_id = ANY(%s)",
            [list(companies)],
        )
        for company, kind, status, n in cursor.fetchall():
            key = (kind, VIEW_OF[Status(status)].value)
            found[company][key] = found[company].get(key, 0) + n
    return {company: Counts(by_view) for company, by_view in found.items()}


def beside(export: Export) -> tuple[int | None, int | None]:
    """The items before and after this one in its view (newer, older); two queries."""
    exports = in_view(export.company_id, export.kind, export.view)
    place = Place(export.status_at, export.pk)
    newer = _beyond(exports, TupleGreaterThan, place).order_by("status_at", "id")
    older = _beyond(exports, TupleLessThan, place)
    return (
        newer.values_list("id", flat=True).first(),
        older.values_list("id", flat=True).first(),
    )
