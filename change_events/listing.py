"""The list of a project's change events: filtered, a page at a time, with totals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.urls import reverse

from change_events.models import ChangeEvent, ChangeEventLine, EventStatus, Reason
from commitments.listing import MONEY, PAGE, ZERO, Listed
from commitments.listing import Filters as DocumentFilters
from directory.formats import money
from directory.http import number_of
from directory.models import Project
from directory.paging import rows_html

CARRIED = Q(change_order_line__isnull=False)


@dataclass(frozen=True, slots=True)
class Filters(DocumentFilters):
    """What the list was asked for, from its address."""

    reason: str = ""


def change_events(project: Project, filters: Filters) -> Listed:
    """A project's change events, newest first; three queries."""
    found = ChangeEvent.objects.filter(project=project)
    for word in filters.q.split():
        found = found.filter(Q(number__icontains=word) | Q(title__icontains=word))
    if filters.status in EventStatus.values:
        found = found.filter(status=filters.status)
    if filters.reason in Reason.values:
        found = found.filter(reason=filters.reason)
    sums = ChangeEventLine.objects.filter(event__in=found.values("id")).aggregate(
        total=Coalesce(Sum("amount"), ZERO),
        carried=Coalesce(Sum("amount", filter=CARRIED), ZERO),
    )
    rows = with_amounts(found).order_by("-id")
    if (after := number_of(filters.after)) is not None:
        rows = rows.filter(id__lt=after)
    page = list(rows[: PAGE + 1])
    return Listed(
        rows=rows_html("change_events.jinja", rows=[_row(row) for row in page[:PAGE]]),
        shown=len(page[:PAGE]),
        count=found.aggregate(count=Count("id"))["count"],
        next=filters.next(str(page[PAGE - 1].pk) if len(page) > PAGE else ""),
        totals=[
            ("Amount", sums["total"]),
            ("In change orders", sums["carried"]),
            ("Still open", sums["total"] - sums["carried"]),
        ],
    )


def with_amounts(rows: QuerySet[ChangeEvent]) -> QuerySet[Any]:
    """Each with its `amount`, and how much of that is `in_change_orders`."""
    carried = Case(When(CARRIED, then=F("amount")), default=ZERO, output_field=MONEY)
    return rows.annotate(amount=_sum(F("amount")), in_change_orders=_sum(carried))


def _sum(what: F | Case) -> Coalesce:
    """A sum over the lines of each."""
    sums = (
        ChangeEventLine.objects.filter(event=OuterRef("pk"))
        .order_by()
        .values("event")
        .annotate(sum=Sum(what))
        .values("sum")
    )
    return Coalesce(Subquery(sums, output_field=MONEY), ZERO, output_field=MONEY)


def _row(row: Any) -> dict[str, Any]:
    rest: Decimal = row.amount - row.in_change_orders
    return {
        "url": reverse("change_event", args=[row.project_id, row.pk]),
        "number": row.number,
        "title": row.title,
        "reason": row.get_reason_display(),
        "status": row.get_status_display(),
        "amount": money(row.amount),
        "deduct": row.amount < 0,
        "carried": money(row.in_change_orders),
        "rest": money(rest),
    }
