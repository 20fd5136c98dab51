"""The queue of a company: one page of one view at a time, and the counts of all of them.

A page is found by where the last one ended, in the index `queue`, newest first; never by OFFSET.
Items that leave the view while somebody reads it move nothing. The API reads the same pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, partial
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from approvals.filters import EVERYTHING, Filters, Order
from approvals.models import Export, Kinds
from approvals.states import VIEW_OF, Status, View
from directory.compiled import CompiledQuery

# The sub-tabs, as they stand in addresses.
TABS = {
    "commitments": Kinds.COMMITMENT,
    "change-orders": Kinds.CHANGE_ORDER,
    "budgets": Kinds.BUDGET,
}
# The views of a sub-tab, in the order of what to look at first.
VIEWS = (View.READY, View.FAILED, View.PROGRESS, View.SYNCED, View.REJECTED)
PAGE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = Decimal(10) ** 13  # no amount is as large
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
    """A place in a view: just behind the item with this moment or amount, and this id."""

    at: datetime | Decimal
    id: int

    def __str__(self) -> str:
        if isinstance(self.at, Decimal):
            return f"{self.at}_{self.id}"
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}_{self.id}"

    @classmethod
    def read(cls, text: str, order: Order = Order.NEWEST) -> Place | None:
        """What `str()` wrote of a place in that order; None for anything else."""
        at, _, number = text.partition("_")
        try:
            if order.column == "amount":
                amount = Decimal(at)
                return cls(amount, int(number)) if abs(amount) < MOST else None
            return cls(EPOCH + timedelta(microseconds=int(at)), int(number))
        except (ValueError, OverflowError, InvalidOperation):
            return None

    @classmethod
    def of(cls, row: Mapping[str, Any], order: Order = Order.NEWEST) -> Place:
        return cls(row[order.column], row["id"])


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one view as dictionaries of `COLUMNS`; where the pages beside it begin."""

    rows: list[dict[str, Any]]
    next: Place | None
    previous: Place | None


def page(
    company: int,
    kind: str,
    view: str,
    *,
    after: Place | None = None,
    before: Place | None = None,
    filters: Filters = EVERYTHING,
    size: int = PAGE,
) -> Page:
    """One page in the order that is asked for: the first one, or the one behind or before a place.

    One query.
    """
    place = before or after
    beyond = Beyond.BEFORE if before else Beyond.AFTER if after else Beyond.FIRST
    at = (place.at, place.id) if place else ()
    if filters == EVERYTHING:
        rows = _compiled(beyond, size).rows(company, kind, view, *at)
    else:
        rows = list(_rows(beyond, size, company, kind, view, *at, filters=filters))
    more = len(rows) > size
    rows = rows[:size]
    end = partial(Place.of, order=filters.order)
    if beyond is Beyond.BEFORE:
        rows.reverse()
        return Page(
            rows,
            next=end(rows[-1]) if rows else before,
            previous=end(rows[0]) if more else None,
        )
    return Page(
        rows,
        next=end(rows[-1]) if more else None,
        previous=(end(rows[0]) if rows else place) if place is not None else None,
    )


class Beyond(Enum):
    """Where a page begins."""

    FIRST = "first"
    AFTER = "after"
    BEFORE = "before"


def _rows(
    beyond: Beyond,
    size: int,
    company: int,
    kind: str,
    view: str,
    at: datetime | Decimal | None = None,
    pk: int = 0,
    *,
    filters: Filters = EVERYTHING,
) -> QuerySet[Export, dict[str, Any]]:
    """The rows of a page, and one more that tells whether another one follows."""
    exports = in_view(company, kind, view, filters)
    if at is not None:
        exports = _beyond(exports, Place(at, pk), filters.order, beyond)
    rows: QuerySet[Export, dict[str, Any]] = exports.values(*COLUMNS)[: size + 1]
    return rows


@cache
def _compiled(beyond: Beyond, size: int) -> CompiledQuery[Export]:
    place = () if beyond == Beyond.FIRST else (datetime, int)
    return CompiledQuery(partial(_rows, beyond, size), int, str, str, *place)


def in_view(company: int, kind: str, view: str, filters: Filters = EVERYTHING) -> QuerySet[Export]:
    """The exports of one view that the filters leave, in their order."""
    return filters.among(Export.objects.filter(company_id=company, kind=kind, view=view))


def _beyond(
    exports: QuerySet[Export], place: Place, order: Order, beyond: Beyond
) -> QuerySet[Export]:
    """Those behind a place in their order, nearest first; or those before it, nearest first."""
    rises = order.rises == (beyond is Beyond.AFTER)
    than = TupleGreaterThan if rises else TupleLessThan
    down = "" if rises else "-"
    # A row comparison, which the index answers; two conditions joined by OR would not be.
    return exports.filter(than(Tuple(F(order.column), F("id")), (place.at, place.id))).order_by(
        f"{down}{order.column}", f"{down}id"
    )


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


def beside(export: Export, filters: Filters = EVERYTHING) -> tuple[int | None, int | None]:
    """The items before and after this one in its view (previous, next); two queries."""
    exports = in_view(export.company_id, export.kind, export.view, filters)
    order = filters.order
    place = Place(getattr(export, order.column), export.pk)
    before, after = (_beyond(exports, place, order, way) for way in (Beyond.BEFORE, Beyond.AFTER))
    return (
        before.values_list("id", flat=True).first(),
        after.values_list("id", flat=True).first(),
    )
