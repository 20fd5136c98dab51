"""What programs are told about change events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from change_events.api.requests import EventStatusName, ReasonName
from change_events.models import ChangeEvent, ChangeEventLine
from commitments.api.answers import Line, line_fields
from commitments.api.requests import ExportStatusName
from directory.api_requests import Moment


class ChangeEventRow(msgspec.Struct):
    """`version` goes back with every change. `in_change_orders`: how much of the amount is in
    change orders."""

    id: int
    version: int
    project_id: int
    number: str
    title: str
    reason: ReasonName
    status: EventStatusName
    created_at: Moment
    amount: Decimal
    in_change_orders: Decimal


class ChangeEventPage(msgspec.Struct):
    """Newest first; `next` is the cursor of the next page."""

    results: list[ChangeEventRow]
    next: str | None


class ChangeEventLineRow(Line, kw_only=True):
    """`change_order_id` and what follows: the change order that carries the line, and how far
    that is on its way."""

    commitment_id: int | None
    vendor_id: int | None
    change_order_id: int | None
    change_order_line_id: int | None
    change_order_number: str | None
    change_order_amount: Decimal | None
    export_status: ExportStatusName | None


class ChangeEventDetail(msgspec.Struct):
    change_event: ChangeEventRow
    description: str
    lines: list[ChangeEventLineRow]


def detail(found: ChangeEvent) -> ChangeEventDetail:
    return ChangeEventDetail(
        ChangeEventRow(
            id=found.pk,
            version=found.version,
            project_id=found.project_id,
            number=found.number,
            title=found.title,
            reason=found.reason,
            status=found.status,
            created_at=found.created_at,
            amount=found.total,
            in_change_orders=found.carried,
        ),
        description=found.description,
        lines=[_line(line) for line in found.lines.all()],
    )


def _line(line: ChangeEventLine) -> ChangeEventLineRow:
    carrier = line.change_order_line
    order: dict[str, Any] = {
        "change_order_id": carrier.change_order_id if carrier else None,
        "change_order_line_id": carrier.pk if carrier else None,
        "change_order_number": carrier.change_order.number if carrier else None,
        "change_order_amount": carrier.amount if carrier else None,
        "export_status": carrier.change_order.export.status if carrier else None,
    }
    return ChangeEventLineRow(
        **line_fields(line), commitment_id=line.commitment_id, vendor_id=line.vendor_id, **order
    )
