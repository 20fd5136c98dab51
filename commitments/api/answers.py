"""What programs are told about commitments and change orders."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import Q

from approvals.models import Exportable
from approvals.readiness import send_problems
from approvals.states import EDITABLE
from commitments.api.requests import (
    ChangeOrderQuery,
    ChangeOrderStatusName,
    CommitmentQuery,
    CommitmentStatusName,
    ExportStatusName,
    TypeName,
)
from commitments.models import AnyLine, ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from connectors.contract import Problem
from connectors.models import Connection


class CommitmentRow(msgspec.Struct):
    """`version` goes back with every change. `export_status`: how far it is on its way."""

    id: int
    export_id: int
    version: int
    project_id: int
    type: TypeName
    number: str
    title: str
    status: CommitmentStatusName
    vendor_id: int | None
    vendor: str | None
    date_created: date
    amount: Decimal
    export_status: ExportStatusName
    erp_number: str


class ChangeOrderRow(msgspec.Struct):
    """`version` goes back with every change. `export_status`: how far it is on its way."""

    id: int
    export_id: int
    version: int
    project_id: int
    commitment_id: int
    commitment_number: str
    number: str
    revision: int
    title: str
    status: ChangeOrderStatusName
    date_created: date
    amount: Decimal
    export_status: ExportStatusName
    erp_number: str


class CommitmentPage(msgspec.Struct):
    """Newest first; `next` is the cursor of the next page."""

    results: list[CommitmentRow]
    next: str | None


class ChangeOrderPage(msgspec.Struct):
    """Newest first; `next` is the cursor of the next page."""

    results: list[ChangeOrderRow]
    next: str | None


class Line(msgspec.Struct, kw_only=True):
    id: int
    number: int
    cost_code_id: int
    cost_code: str
    category_id: int
    category: str
    sub_job: str
    description: str
    quantity: Decimal | None
    unit: str
    unit_cost: Decimal | None
    amount: Decimal


class SovLine(Line, kw_only=True):
    """A line of the schedule of values. `change_order_id`: the change order that added it for a
    new scope; such a line is changed there and is left out when the commitment is saved.
    `erp_description`: what the accounting system alone gets in place of the description."""

    erp_description: str
    change_order_id: int | None


class ChangeLine(Line, kw_only=True):
    commitment_line_id: int
    commitment_line_number: int


class CommitmentDetail(msgspec.Struct):
    """`problems`: every rule that fails before it can be sent; empty once it was."""

    commitment: CommitmentRow
    erp_title: str
    retainage: Decimal
    description: str
    vendor_message: str
    lines: list[SovLine]
    problems: list[Problem]


class ChangeOrderDetail(msgspec.Struct):
    """`problems`: every rule that fails before it can be sent; empty once it was."""

    change_order: ChangeOrderRow
    erp_title: str
    description: str
    erp_description: str
    lines: list[ChangeLine]
    problems: list[Problem]


COMMITMENT_COLUMNS = (
    "commitment__id",
    "id",
    "version",
    "project_id",
    "commitment__type",
    "commitment__number",
    "commitment__title",
    "commitment__status",
    "commitment__vendor_id",
    "commitment__vendor__name",
    "commitment__date_created",
    "amount",
    "status",
    "erp_number",
)
CHANGE_ORDER_COLUMNS = (
    "changeorder__id",
    "id",
    "version",
    "project_id",
    "changeorder__commitment_id",
    "parent__number",
    "changeorder__number",
    "changeorder__revision",
    "changeorder__title",
    "changeorder__status",
    "changeorder__date_created",
    "amount",
    "status",
    "erp_number",
)


def page(
    found: Any, asked: CommitmentQuery | ChangeOrderQuery, columns: tuple[str, ...]
) -> tuple[list[Any], str | None]:
    """Rows from the Exports of documents that exist, newest first: the index of the project."""
    change = isinstance(asked, ChangeOrderQuery)
    commitment = "changeorder__commitment" if change else "commitment"
    wanted = {
        "changeorder__status" if change else "commitment__status": asked.status,
        "status": asked.export_status,
        f"{commitment}__type": asked.type,
        f"{commitment}__vendor": asked.vendor,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if search := asked.q.strip():
        found = found.filter(
            Q(number__icontains=search)
            | Q(title__icontains=search)
            | Q(vendor_name__icontains=search)
        )
    if asked.cursor is not None:
        found = found.filter(pk__lt=asked.cursor)
    rows = list(found.order_by("-id").values_list(*columns)[: asked.size + 1])
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    return rows, str(rows[-1][1]) if more else None


def commitment_detail(found: Commitment) -> CommitmentDetail:
    export, vendor = found.export, found.vendor
    return CommitmentDetail(
        CommitmentRow(
            id=found.pk,
            export_id=export.pk,
            version=export.version,
            project_id=found.project_id,
            type=found.type,
            number=found.number,
            title=found.title,
            status=found.status,
            vendor_id=found.vendor_id,
            vendor=vendor.name if vendor else None,
            date_created=found.date_created,
            amount=export.amount,
            export_status=export.status,
            erp_number=export.erp_number,
        ),
        erp_title=found.erp_title,
        retainage=found.retainage,
        description=found.description,
        vendor_message=found.vendor_message,
        lines=[_sov_line(line) for line in found.lines.all()],
        problems=_problems(found),
    )


def change_order_detail(found: ChangeOrder) -> ChangeOrderDetail:
    export, commitment = found.export, found.commitment
    return ChangeOrderDetail(
        ChangeOrderRow(
            id=found.pk,
            export_id=export.pk,
            version=export.version,
            project_id=commitment.project_id,
            commitment_id=commitment.pk,
            commitment_number=commitment.number,
            number=found.number,
            revision=found.revision,
            title=found.title,
            status=found.status,
            date_created=found.date_created,
            amount=export.amount,
            export_status=export.status,
            erp_number=export.erp_number,
        ),
        erp_title=found.erp_title,
        description=found.description,
        erp_description=found.erp_description,
        lines=[_change_line(line) for line in found.lines.all()],
        problems=_problems(found),
    )


def _problems(document: Exportable) -> list[Problem]:
    if document.export.status not in EDITABLE:
        return []
    connection = Connection.of(document.export.company_id)
    return send_problems(document, document.to_document(), connection)


def line_fields(line: AnyLine) -> dict[str, Any]:
    return {
        "id": line.pk,
        "number": line.number,
        "cost_code_id": line.cost_code_id,
        "cost_code": line.cost_code.code,
        "category_id": line.category_id,
        "category": line.category.name,
        "sub_job": line.sub_job,
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_cost": line.unit_cost,
        "amount": line.amount,
    }


def _sov_line(line: CommitmentLine) -> SovLine:
    return SovLine(
        **line_fields(line),
        erp_description=line.erp_description,
        change_order_id=line.introduced_by_id,
    )


def _change_line(line: ChangeOrderLine) -> ChangeLine:
    return ChangeLine(
        **line_fields(line),
        commitment_line_id=line.commitment_line_id,
        commitment_line_number=line.commitment_line.number,
    )
