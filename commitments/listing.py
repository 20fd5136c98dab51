"""The lists of a project's commitments and change orders: filtered, a page at a time, with totals.

A page begins after the key of the last row before it; there is no OFFSET and no query per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, DecimalField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.template import engines
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from approvals.states import EDITABLE, Status
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus, CommitmentStatus, Type
from directory.formats import money
from directory.models import Project

PAGE = 100
ZERO = Decimal("0.00")
M = TypeVar("M", Commitment, ChangeOrder)
MONEY: DecimalField[Decimal, Decimal] = DecimalField(max_digits=15, decimal_places=2)


@dataclass(frozen=True, slots=True)
class Wanted:
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


def find_commitments(project: Project, wanted: Wanted) -> QuerySet[Commitment]:
    """All of a project's commitments that match, by number, with their export and vendor."""
    return _matching(
        Commitment.objects.filter(project=project).select_related("export", "vendor"),
        wanted,
        searched=("number", "title", "vendor__name"),
        statuses=CommitmentStatus.values,
    ).order_by("number")


def find_change_orders(project: Project, wanted: Wanted) -> QuerySet[ChangeOrder]:
    """All of a project's change orders that match, newest first, with what their rows show."""
    return _matching(
        ChangeOrder.objects.filter(commitment__project=project).select_related(
            "export", "commitment__vendor"
        ),
        wanted,
        searched=("number", "title", "commitment__number", "commitment__vendor__name"),
        statuses=ChangeOrderStatus.values,
        of="commitment__",
    ).order_by("-id")


def commitments(project: Project, wanted: Wanted) -> Listed:
    """A project's commitments by number; three queries."""
    found = find_commitments(project, wanted)
    sums = found.aggregate(count=Count("id"), original=Coalesce(Sum("export__amount"), ZERO))
    approved = ChangeOrder.objects.filter(
        commitment__in=found.values("id"), status=ChangeOrderStatus.APPROVED
    ).aggregate(sum=Coalesce(Sum("export__amount"), ZERO))["sum"]
    rows = found.annotate(changes=approved_changes())
    if wanted.after:
        rows = rows.filter(number__gt=wanted.after)
    page = list(rows[: PAGE + 1])
    return Listed(
        rows=_html("commitments.jinja", [_commitment(row) for row in page[:PAGE]]),
        shown=len(page[:PAGE]),
        count=sums["count"],
        next=wanted.next(page[PAGE - 1].number if len(page) > PAGE else ""),
        totals=[
            ("Original", sums["original"]),
            ("Approved changes", approved),
            ("Revised", sums["original"] + approved),
        ],
    )


def change_orders(project: Project, wanted: Wanted) -> Listed:
    """A project's change orders, newest first; two queries."""
    found = find_change_orders(project, wanted)
    approved = Sum("export__amount", filter=Q(status=ChangeOrderStatus.APPROVED))
    sums = found.aggregate(
        count=Count("id"),
        total=Coalesce(Sum("export__amount"), ZERO),
        approved=Coalesce(approved, ZERO),
    )
    rows = found
    if wanted.after.isdecimal():
        rows = rows.filter(id__lt=int(wanted.after[:18]))
    page = list(rows[: PAGE + 1])
    return Listed(
        rows=change_order_rows(page[:PAGE], with_commitment=True),
        shown=len(page[:PAGE]),
        count=sums["count"],
        next=wanted.next(str(page[PAGE - 1].pk) if len(page) > PAGE else ""),
        totals=[("All", sums["total"]), ("Approved", sums["approved"])],
    )


def change_order_rows(rows: Sequence[ChangeOrder], *, with_commitment: bool) -> SafeString:
    """Change orders, their export and commitment loaded, as table rows.

    `with_commitment`: those of the project's list, which can be ticked.
    """
    return _html(
        "change_orders.jinja", [_change_order(row) for row in rows], with_commitment=with_commitment
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
    wanted: Wanted,
    *,
    searched: Sequence[str],
    statuses: Sequence[str],
    of: str = "",
) -> QuerySet[M]:
    """The rows that match; `of` leads from a row to its commitment."""
    for word in wanted.q.split():
        matches = Q()
        for name in searched:
            matches |= Q(**{f"{name}__icontains": word})
        rows = rows.filter(matches)
    if wanted.status in statuses:
        rows = rows.filter(status=wanted.status)
    if wanted.erp in Status.values:
        rows = rows.filter(export__status=wanted.erp)
    if wanted.type in Type.values:
        rows = rows.filter(**{f"{of}type": wanted.type})
    if wanted.vendor.isdecimal():
        rows = rows.filter(**{f"{of}vendor": int(wanted.vendor[:18])})
    return rows


def _commitment(row: Any) -> dict[str, Any]:
    return {
        "url": reverse("commitment", args=[row.project_id, row.pk]),
        **_ticking(row),
        "number": row.number,
        "title": row.title,
        "vendor": row.vendor.name if row.vendor else "",
        "type": row.get_type_display(),
        "status": row.get_status_display(),
        "erp": row.export.status,
        "erp_label": row.export.get_status_display(),
        "original": money(row.export.amount),
        "changes": money(row.changes),
        "deduct": row.changes < 0,
        "revised": money(row.export.amount + row.changes),
    }


def _change_order(row: ChangeOrder) -> dict[str, Any]:
    commitment = row.commitment
    return {
        "url": reverse("change_order", args=[commitment.project_id, row.pk]),
        **_ticking(row),
        "commitment": commitment.number,
        "number": row.number,
        "revision": row.revision,
        "title": row.title,
        "vendor": commitment.vendor.name if commitment.vendor else "",
        "status": row.get_status_display(),
        "erp": row.export.status,
        "erp_label": row.export.get_status_display(),
        "date": row.date_created.isoformat(),
        "amount": money(row.export.amount),
        "deduct": row.export.amount < 0,
    }


def _ticking(row: Commitment | ChangeOrder) -> dict[str, Any]:
    """What a row that can be sent from the list is ticked by."""
    export = row.export
    if export.status not in EDITABLE:
        return {"item": ""}
    return {"item": f"{export.pk}:{export.version}", "cents": int(export.amount * 100)}


def _html(template: str, rows: Sequence[dict[str, Any]], **context: Any) -> SafeString:
    made = engines["jinja2"].get_template(template).render({"rows": rows, **context})
    return mark_safe(made)  # noqa: S308 escaped by the template
