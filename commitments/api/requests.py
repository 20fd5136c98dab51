"""What programs send about commitments and change orders."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from approvals.states import Status
from commitments.entries import ChangeEntry, ChangeOrderEntry, CommitmentEntry, LineEntry
from commitments.states import ChangeOrderStatus, CommitmentStatus, Type
from directory.api_requests import PAGE, CategoryName, CostCodeName, Id, Number, Size, one_of

TypeName = Annotated[str, one_of(Type.values)]
CommitmentStatusName = Annotated[str, one_of(CommitmentStatus.values)]
ChangeOrderStatusName = Annotated[str, one_of(ChangeOrderStatus.values)]
ExportStatusName = Annotated[str, one_of(Status.values)]


class LineBody(msgspec.Struct):
    """A line. `id` is that of a stored line; a new one has none.

    `amount` may be left out where quantity and unit cost are given.
    """

    cost_code: CostCodeName = None
    category: CategoryName = None
    id: Id | None = None
    sub_job: str = ""
    description: str = ""
    quantity: Number = None
    unit: str = ""
    unit_cost: Number = None
    amount: Number = None


class SovBody(LineBody):
    """A line of a schedule of values. `id` is that of a stored line; a new one has none. `amount`
    may be left out where quantity and unit cost are given. `erp_description`: what the accounting
    system alone gets in place of the description, where that is too long for it."""

    erp_description: str = ""


class ChangeBody(LineBody):
    """A line of a change order. `id` is that of a stored line; a new one has none. `amount` may be
    left out where quantity and unit cost are given. `commitment_line` is the id of the line that it
    changes, whose cost code it gets where it names none; `new_scope` adds a line of 0.00 to the
    commitment.
    """

    commitment_line: Id | None = None
    new_scope: bool = False


class CommitmentFields(msgspec.Struct, kw_only=True):
    """`erp_title`: what the accounting system alone gets in place of a title that is too long."""

    type: TypeName
    number: str
    title: str
    date_created: date
    erp_title: str = ""
    vendor: Id | None = None
    retainage: Number = None
    description: str = ""
    vendor_message: str = ""
    lines: list[SovBody] = []

    def entry(self) -> CommitmentEntry:
        return CommitmentEntry(
            type=self.type,
            number=self.number,
            title=self.title,
            erp_title=self.erp_title,
            vendor=self.vendor,
            retainage=self.retainage,
            description=self.description,
            vendor_message=self.vendor_message,
            date_created=self.date_created,
            lines=[LineEntry(**msgspec.structs.asdict(line)) for line in self.lines],
        )


class NewCommitment(CommitmentFields, kw_only=True):
    """A new commitment, a Draft, in `project`."""

    project: Id


class WholeCommitment(CommitmentFields, kw_only=True):
    """The whole commitment as it shall be; own lines that are missing are removed."""

    version: int


class ChangeOrderFields(msgspec.Struct, kw_only=True):
    """`erp_title`, `erp_description`: what the accounting system alone gets in their place."""

    title: str
    number: str = ""
    erp_title: str = ""
    description: str = ""
    erp_description: str = ""
    lines: list[ChangeBody] = []

    def entry(self) -> ChangeOrderEntry:
        return ChangeOrderEntry(
            number=self.number,
            title=self.title,
            erp_title=self.erp_title,
            description=self.description,
            erp_description=self.erp_description,
            lines=[ChangeEntry(**msgspec.structs.asdict(line)) for line in self.lines],
        )


class NewChangeOrder(ChangeOrderFields, kw_only=True):
    """A new change order, a Draft; without a number it gets the next one of its commitment."""

    commitment: Id


class WholeChangeOrder(ChangeOrderFields, kw_only=True):
    """The whole change order as it shall be; lines that are missing are removed."""

    version: int


class CommitmentStatusBody(msgspec.Struct):
    version: int
    status: CommitmentStatusName


class ChangeOrderStatusBody(msgspec.Struct):
    version: int
    status: ChangeOrderStatusName


class DeleteQuery(msgspec.Struct):
    """`version` as it was seen."""

    version: int


class DocumentQuery(msgspec.Struct, kw_only=True):
    """What a list of documents can be asked for; `vendor` is the id of the contract company."""

    q: str = ""
    type: TypeName | None = None
    vendor: Id | None = None
    export_status: ExportStatusName | None = None
    cursor: Id | None = None
    size: Size = PAGE


class CommitmentQuery(DocumentQuery, kw_only=True):
    """Commitments of a project."""

    project: Id
    status: CommitmentStatusName | None = None


class ChangeOrderQuery(DocumentQuery, kw_only=True):
    """Change orders of a project, or of one commitment."""

    project: Id | None = None
    commitment: Id | None = None
    status: ChangeOrderStatusName | None = None
