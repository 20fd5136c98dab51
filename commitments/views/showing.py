"""What the pages of both kinds of document show alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from approvals.differences import changed
from approvals.errors import Stale
from approvals.states import Status
from commitments.forms import Field
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment
from commitments.states import ChangeOrderStatus
from connectors.contract import Capabilities
from directory.compiled import CompiledQuery
from directory.entered import Invalid
from directory.models import Category, Company, CostCode, Project, Vendor


@dataclass(frozen=True, slots=True)
class Choice:
    """A business status that a document could get; `why` says why it cannot."""

    value: str
    label: str
    why: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Statuses:
    """All statuses of a document, in their order, as its page offers them."""

    all: Sequence[Choice]

    @property
    def approve(self) -> Choice | None:
        """The button most used; None where it is approved already."""
        return next((c for c in self.all if c.value == "approved" and not c.is_current), None)

    @property
    def any_open(self) -> bool:
        return any(not choice.why for choice in self.all if not choice.is_current)

    @property
    def why_locked(self) -> str:
        """Why no other status can be given, where the button does not say so."""
        if self.any_open or self.approve:
            return ""
        return next((choice.why for choice in self.all if not choice.is_current), "")


@dataclass(frozen=True, slots=True)
class Action:
    """A button that leads somewhere; with reasons it cannot be pressed."""

    label: str
    url: str
    reasons: Sequence[str] = ()


def with_limits(fields: list[Field], kind: str, erp: Capabilities | None) -> list[Field]:
    """The same fields, counting what the ERP takes."""
    if erp is not None:
        limits = {"number": erp.number_length.get(kind, 0), **erp.text_length.get(kind, {})}
        for one in fields:
            one.limit = limits.get(one.name, 0)
    return fields


def with_quantities(document: Commitment | ChangeOrder) -> bool:
    """Whether any line says a quantity; a column of blanks is not shown."""
    return any(
        line.unit or line.quantity is not None or line.unit_cost is not None
        for line in document.lines.all()
    )


def approved_changes(commitment: Commitment) -> dict[int, Decimal]:
    """What approved change orders change of each of its lines, by the line's id."""
    rows = _APPROVED_CHANGES.rows(commitment.pk)
    return {row["commitment_line"]: row["sum"] for row in rows}


_APPROVED_CHANGES = CompiledQuery(
    lambda commitment: (
        ChangeOrderLine.objects.filter(
            commitment=commitment, change_order__status=ChangeOrderStatus.APPROVED
        )
        .values("commitment_line")
        .annotate(sum=Sum("amount"))
    ),
    int,
)


def lists(company: Company) -> dict[str, Any]:
    """What the cells of a line choose from."""
    codes = CostCode.objects.filter(company=company)
    return {
        "cost_codes": codes.values_list("code", "name"),
        "categories": Category.objects.filter(company=company).values_list("name", flat=True),
    }


def vendors_of(project: Project) -> QuerySet[Vendor]:
    """The contract companies of a project's commitments, to filter a list by."""
    return Vendor.objects.filter(
        pk__in=Commitment.objects.filter(project=project).values("vendor")
    ).order_by("name")


def since(document: Commitment | ChangeOrder) -> tuple[str, list[str]]:
    """A heading, and what is different from what was rejected or exported, a sentence each."""
    export = document.export
    if export.status == Status.DRAFT:
        return "", []
    heading = "Changed since it was sent; accounting has what was sent"
    before = export.copy
    if export.status == Status.REJECTED:
        heading, before = "Changed since the rejection", export.rejected_copy
    elif export.status == Status.RETRIEVED:
        heading = "Changed since it was retrieved"
    return heading, changed(before, document.to_document().canonical())


def refused(
    request: HttpRequest, document: Commitment | ChangeOrder, error: Stale | Invalid
) -> HttpResponse:
    """Back to the document's page, with why nothing happened."""
    told = [error.message, *error.changes] if isinstance(error, Stale) else [str(error)]
    messages.error(request, " ".join(told))
    return redirect(document.get_absolute_url())
