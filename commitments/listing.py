"""The lists of a project's commitments and change orders: filtered, a page at a time, with totals.

A page begins after the key of the last row before it; there is no OFFSET and no query per row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, DecimalField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.safestring import SafeString

from approvals.states import EDITABLE, Status
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus, CommitmentStatus, Type
from directory.addresses import address
from directory.compiled import CompiledQuery
from directory.formats import money
from directory.http import number_of
from directory.models import Project
from directory.paging import escaped, rows_html

PAGE = 100
ZERO = Decimal("0.00")
M = TypeVar("M", Commitment, ChangeOrder)
# Labels by value: `get_…_display` looks through all choices for every row.
TYPE = dict(Type.choices)
COMMITMENT_STATUS = dict(CommitmentStatus.choices)
CHANGE_ORDER_STATUS = dict(ChangeOrderStatus.choices)
ERP_STATUS = dict(Status.choices)
MONEY: DecimalField[Decimal, Decimal] = DecimalField(max_digits=15, decimal_places=2)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list was asked for, from its address; what makes no sense there is ignored."""

    q: str = ""
    type: str = ""
    status: str = ""
    erp: str = ""
    vendor: str = ""
    after: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        return cls(**{one.name: query.get(one.name, "").strip()[:100] for one in fields(cls)})

    @property
    def is_filtered(self) -> bool:
        return any(value for name, value in asdict(self).items() if name != "after")

    def next(self, after: str) -> str:
        """The query of the page that begins after this key, '' if there is none."""
        given = {**asdict(self), "after": after}
        return urlencode({name: value for name, value in given.items() if value}) if after else ""

    @property
    def first(self) -> str:
        return self.next("x").removesuffix("after=x").rstrip("&")

    @property
    def address(self) -> str:
        """What stands behind an address that shall find the same, from this page on."""
        return f"?{query}" if (query := self.next(self.after) or self.first) else ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: its rows as HTML, the query of the next page, and the totals of all that match."""

    rows: SafeString
    shown: int
    count: int
    next: str
    totals: Sequence[tuple[str, Decimal]]


def find_commitments(project: Project, filters: Filters) -> QuerySet[Commitment]:
    """All of a project's commitments that match, by number."""
    return _matching(
        Commitment.objects.filter(project=project),
        filters,
        searched=("number", "title", "vendor__name"),
        statuses=CommitmentStatus.values,
    ).order_by("number")


def find_change_orders(project: Project, filters: Filters) -> QuerySet[ChangeOrder]:
    """All of a project's change orders that match, newest first."""
    return _matching(
        ChangeOrder.objects.filter(commitment__project=project),
        filters,
        searched=("number", "title", "commitment__number", "commitment__vendor__name"),
        statuses=ChangeOrderStatus.values,
        of="commitment__",
    ).order_by("-id")


def commitments(project: Project, filters: Filters, *, tickable: bool) -> Listed:
    """A project's commitments by number; three queries. `tickable`: by whom may send them."""
    found = find_commitments(project, filters)
    sums = found.aggregate(count=Count("id"), original=Coalesce(Sum("export__amount"), ZERO))
    approved = ChangeOrder.objects.filter(
        commitment__in=found.values("id"), status=ChangeOrderStatus.APPROVED
    ).aggregate(sum=Coalesce(Sum("export__amount"), ZERO))["sum"]
    rows = found.annotate(changes=approved_changes())
    if filters.after:
        rows = rows.filter(number__gt=filters.after)
    page = list(rows.values(*_COMMITMENT, "changes")[: PAGE + 1])
    address = _address("commitment", project.pk)
    return Listed(
        rows=rows_html(
            "commitments.jinja",
            rows=escaped([_commitment(row, address) for row in page[:PAGE]]),
            tickable=tickable,
        ),
        shown=len(page[:PAGE]),
        count=sums["count"],
        next=filters.next(page[PAGE - 1]["number"] if len(page) > PAGE else ""),
        totals=[
            ("Original", sums["original"]),
            ("Approved changes", approved),
            ("Revised", sums["original"] + approved),
        ],
    )


def change_orders(project: Project, filters: Filters, *, tickable: bool) -> Listed:
    """A project's change orders, newest first; two queries. `tickable`: by whom may send them."""
    found = find_change_orders(project, filters)
    approved = Sum("export__amount", filter=Q(status=ChangeOrderStatus.APPROVED))
    sums = found.aggregate(
        count=Count("id"),
        total=Coalesce(Sum("export__amount"), ZERO),
        approved=Coalesce(approved, ZERO),
    )
    rows = found
    if (after := number_of(filters.after)) is not None:
        rows = rows.filter(id__lt=after)
    page = list(rows.values(*_CHANGE_ORDER, "commitment__vendor__name")[: PAGE + 1])
    return Listed(
        rows=change_order_rows(page[:PAGE], project.pk, with_commitment=True, tickable=tickable),
        shown=len(page[:PAGE]),
        count=sums["count"],
        next=filters.next(str(page[PAGE - 1]["id"]) if len(page) > PAGE else ""),
        totals=[("All", sums["total"]), ("Approved", sums["approved"])],
    )


def change_orders_of(commitment: Commitment) -> list[dict[str, Any]]:
    """A commitment's change orders in the order in which they were made, for their rows; of what
    was loaded once, they are read once."""
    if commitment.change_order_rows is None:
        commitment.change_order_rows = _OF_COMMITMENT.rows(commitment.pk)
    return commitment.change_order_rows


def change_order_rows(
    rows: Sequence[Mapping[str, Any]],
    project: int,
    *,
    with_commitment: bool,
    tickable: bool = False,
) -> SafeString:
    """Change orders as table rows; `with_commitment`: those of a list."""
    address = _address("change_order", project)
    made = escaped([_change_order(row, address) for row in rows])
    return rows_html(
        "change_orders.jinja", rows=made, with_commitment=with_commitment, tickable=tickable
    )


def approved_changes() -> Coalesce:
    """The approved changes of each commitment."""
    sums = (
        ChangeOrder.objects.filter(commitment=OuterRef("pk"), status=ChangeOrderStatus.APPROVED)
        .order_by()
        .values("commitment")
        .annotate(sum=Sum("export__amount"))
        .values("sum")
    )
    return Coalesce(Subquery(sums, output_field=MONEY), ZERO, output_field=MONEY)


def _matching(
    rows: QuerySet[M],
    filters: Filters,
    *,
    searched: Sequence[str],
    statuses: Sequence[str],
    of: str = "",
) -> QuerySet[M]:
    """The rows that match; `of` leads from a row to its commitment."""
    for word in filters.q.split():
        matches = Q()
        for name in searched:
            matches |= Q(**{f"{name}__icontains": word})
        rows = rows.filter(matches)
    if filters.status in statuses:
        rows = rows.filter(status=filters.status)
    if filters.erp in Status.values:
        rows = rows.filter(export__status=filters.erp)
    if filters.type in Type.values:
        rows = rows.filter(**{f"{of}type": filters.type})
    if (vendor := number_of(filters.vendor)) is not None:
        rows = rows.filter(**{f"{of}vendor": vendor})
    return rows


def _address(name: str, project: int) -> str:
    """The address of a document of the project, to be filled with its id."""
    return address(name, project, 0).replace("/0/", "/{}/")


# The cells of a row, in the order of its template, which takes them apart.


def _commitment(row: Mapping[str, Any], address: str) -> Sequence[str]:
    original, changes = row["export__amount"], row["changes"]
    return (
        *_sendable(row, address),
        row["vendor__name"] or "",
        TYPE[row["type"]],
        COMMITMENT_STATUS[row["status"]],
        money(original),
        money(changes),
        " deduct" if changes < 0 else "",
        money(original + changes),
    )


def _change_order(row: Mapping[str, Any], address: str) -> Sequence[str]:
    amount = row["export__amount"]
    return (
        *_sendable(row, address),
        row["commitment__number"],
        str(row["revision"] or ""),
        row.get("commitment__vendor__name") or "",
        CHANGE_ORDER_STATUS[row["status"]],
        row["date_created"].isoformat(),
        money(amount),
        " deduct" if amount < 0 else "",
    )


def _sendable(row: Mapping[str, Any], address: str) -> Sequence[str]:
    """What the rows of both kinds have alike; `item` ticks what can be sent from a list."""
    status = row["export__status"]
    item = f"{row['export_id']}:{row['export__version']}" if status in EDITABLE else ""
    return (
        address.format(row["id"]),
        item,
        str(int(row["export__amount"] * 100)),
        row["number"],
        row["title"],
        status,
        ERP_STATUS[status],
    )


_SENDABLE = (
    "id",
    "number",
    "title",
    "status",
    "export_id",
    "export__version",
    "export__status",
    "export__amount",
)
_COMMITMENT = (*_SENDABLE, "type", "vendor__name")
_CHANGE_ORDER = (*_SENDABLE, "revision", "date_created", "commitment__number")
_OF_COMMITMENT = CompiledQuery(
    lambda pk: ChangeOrder.objects.filter(commitment=pk).order_by("id").values(*_CHANGE_ORDER), int
)
