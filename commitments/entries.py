"""What somebody entered for a commitment or change order, and what is wrong with it.

Pages and API fill the same entries: the header and the full list of lines. Numbers, dates and
cost codes may still be the text that was typed; `commitments.checking` reads them, so that every
fault of one entry is found at once and in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from commitments.models import AnyLine, ChangeOrder, Commitment
from directory.entered import Number


@dataclass(kw_only=True)
class LineEntry:
    """One line. `id` is that of a stored line; None for a new one.

    A cost code is named by its id or its code, a category by its id or its name. `amount` may be
    left out where quantity and unit cost are both given. `erp_description`, of a schedule of values
    alone: what only the ERP gets in place of the description.
    """

    id: int | None = None
    cost_code: int | str | None = None
    category: int | str | None = None
    sub_job: str = ""
    description: str = ""
    erp_description: str = ""
    quantity: Number = None
    unit: str = ""
    unit_cost: Number = None
    amount: Number = None


@dataclass(kw_only=True)
class ChangeEntry(LineEntry):
    """One line of a change order: the id of the commitment's line that it changes, or a new scope.

    A new scope adds a line of 0.00 to the commitment in the same step.
    """

    commitment_line: int | None = None
    new_scope: bool = False


@dataclass(kw_only=True)
class CommitmentEntry:
    """A whole commitment. Dates are calendar dates (or YYYY-MM-DD), retainage is in per cent.

    `erp_title`: what the ERP alone gets in place of the title, where it takes such.
    """

    type: str
    number: str
    title: str
    erp_title: str = ""
    vendor: int | None = None
    retainage: Number = Decimal(0)
    description: str = ""
    vendor_message: str = ""
    date_created: date | str
    lines: Sequence[LineEntry] = ()


@dataclass(kw_only=True)
class ChangeOrderEntry:
    """A whole change order. Without a number it gets the next one of its commitment."""

    number: str = ""
    title: str
    erp_title: str = ""
    description: str = ""
    erp_description: str = ""
    lines: Sequence[ChangeEntry] = ()


def commitment_entry(commitment: Commitment) -> CommitmentEntry:
    """The commitment as it is now, to be edited; without lines that change orders added."""
    return CommitmentEntry(
        type=commitment.type,
        number=commitment.number,
        title=commitment.title,
        erp_title=commitment.erp_title,
        vendor=commitment.vendor_id,
        retainage=commitment.retainage,
        description=commitment.description,
        vendor_message=commitment.vendor_message,
        date_created=commitment.date_created,
        lines=[
            LineEntry(**_line(line), erp_description=line.erp_description)
            for line in commitment.own_lines()
        ],
    )


def change_order_entry(change_order: ChangeOrder) -> ChangeOrderEntry:
    """The change order as it is now, to be edited."""
    return ChangeOrderEntry(
        number=change_order.number,
        title=change_order.title,
        erp_title=change_order.erp_title,
        description=change_order.description,
        erp_description=change_order.erp_description,
        lines=[
            ChangeEntry(**_line(line), commitment_line=line.commitment_line_id)
            for line in change_order.lines.all()
        ],
    )


def _line(line: AnyLine) -> dict[str, Any]:
    return {
        "id": line.pk,
        "cost_code": line.cost_code_id,
        "category": line.category_id,
        "sub_job": line.sub_job,
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_cost": line.unit_cost,
        "amount": line.amount,
    }
