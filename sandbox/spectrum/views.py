"""What the company holds, in words: for people, pages and tests."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sandbox.spectrum import books as kinds
from sandbox.spectrum.books import Books, amount
from sandbox.spectrum.layouts import AR_CHANGE_REQUEST
from sandbox.spectrum.storage import Values

PROPOSED, EXECUTED, REJECTED = "P", "E", "R"


@dataclass(frozen=True, slots=True)
class PhaseView:
    """A line of a subcontract: the original amount of a phase and cost type."""

    phase: str
    cost_type: str
    bid_item: str
    description: str
    retention: bool
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ChangeLineView:
    """A line of a subcontract's change order. `amount` is the subcontract's part."""

    phase: str
    cost_type: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ChangeOrderView:
    """An entry of a subcontract's change order log, made by a change request.

    `request` is the change request's number; `customer` its customer. Dates are MM/DD/CCYY.
    """

    number: str
    status: str
    date: str
    description: str
    comments: str
    request: str
    customer: str
    lines: tuple[ChangeLineView, ...]

    @property
    def amount(self) -> Decimal:
        """The sum of its lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class SubcontractView:
    """A subcontract with its lines and its change order log."""

    vendor: str
    number: str
    job: str
    status: str
    gl_account: str
    retention_percent: Decimal
    date_issued: str
    comment: str
    phases: tuple[PhaseView, ...]
    change_orders: tuple[ChangeOrderView, ...]

    @property
    def original(self) -> Decimal:
        """The sum of the original amounts."""
        return sum((each.amount for each in self.phases), Decimal(0))

    @property
    def executed(self) -> Decimal:
        """The sum of the change orders that count."""
        return self._changes(EXECUTED)

    @property
    def proposed(self) -> Decimal:
        """The sum of the change orders that are proposed."""
        return self._changes(PROPOSED)

    @property
    def total(self) -> Decimal:
        """What the subcontract comes to now."""
        return self.original + self.executed

    def change_order(self, number: str) -> ChangeOrderView:
        """The one change order of this number; KeyError if there is not exactly one."""
        found = [each for each in self.change_orders if each.number == number]
        if len(found) != 1:
            raise KeyError(f"{self.number} has {len(found)} change orders {number}.")
        return found[0]

    def _changes(self, status: str) -> Decimal:
        counted = [each.amount for each in self.change_orders if each.status == status]
        return sum(counted, Decimal(0))


@dataclass(frozen=True, slots=True)
class JobPhaseView:
    """A phase and cost type of a job, with its costs to date and its estimates."""

    job: str
    phase: str
    cost_type: str
    description: str
    status: str
    cost: Decimal
    original_estimate: Decimal
    current_estimate: Decimal


def subcontracts(books: Books) -> list[SubcontractView]:
    """All subcontracts, by vendor and number."""
    logs: dict[tuple[str, str], list[Values]] = {}
    for line in books.storage.all(kinds.COST_LINE):
        if line.get("Subcontractor_Code"):
            owner = (line["Subcontractor_Code"], line.get("Subcontract_Number", ""))
            logs.setdefault(owner, []).append(line)
    return [
        _subcontract(books, each, logs.get((each["Vendor_Code"], each["Subcontract_Number"]), []))
        for each in books.storage.all(kinds.SUBCONTRACT)
    ]


def job_phases(books: Books, *beginning: str) -> list[JobPhaseView]:
    """The phases and cost types of a job (or of all)."""
    return [
        JobPhaseView(
            job=each["Job_Number"],
            phase=each["Phase_Code"],
            cost_type=each["Cost_Type"],
            description=each["Description"],
            status=each["Status_Code"],
            cost=amount(each, "JTD_Actual_Dollars"),
            original_estimate=amount(each, "Original_Est_Cost"),
            current_estimate=amount(each, "Current_Estimated_Dollars"),
        )
        for each in books.storage.all(kinds.PHASE, *beginning)
    ]


def _subcontract(books: Books, header: Values, log: list[Values]) -> SubcontractView:
    key = (header["Vendor_Code"], header["Subcontract_Number"])
    return SubcontractView(
        vendor=key[0],
        number=key[1],
        job=header["Job_Number"],
        status=header["Status_Code"],
        gl_account=header["GL_Account"],
        retention_percent=amount(header, "Retention_Percent"),
        date_issued=header["Date_Issued"],
        comment=header.get("Comment", ""),
        phases=tuple(
            PhaseView(
                phase=each["Phase_Code"],
                cost_type=each["Cost_Type"],
                bid_item=each.get("Bid_Item_Number", ""),
                description=each.get("Bill_Description", ""),
                retention=each["Retention_Flag"] == "Y",
                amount=amount(each, "Original_Contract_Amount"),
            )
            for each in books.storage.all(kinds.SUBCONTRACT_PHASE, *key)
        ),
        change_orders=tuple(_change_orders(log)),
    )


def _change_orders(log: list[Values]) -> list[ChangeOrderView]:
    """The lines of a log, put together to change orders: one for each number and request."""
    together: dict[tuple[str, ...], list[Values]] = {}
    for line in log:
        told = (*AR_CHANGE_REQUEST.key, "Sub_Change_Order_Number", "Sub_Status")
        together.setdefault(tuple(line.get(name, "") for name in told), []).append(line)
    return [
        ChangeOrderView(
            number=number,
            status=status,
            date=lines[-1]["Sub_Change_Order_Date"],
            description=lines[-1].get("Sub_Description", ""),
            comments=lines[-1].get("Sub_Comments", ""),
            request=request,
            customer=customer,
            lines=tuple(
                ChangeLineView(
                    line["CR_Phase_Code"], line["CR_Cost_Type"], amount(line, "Sub_Amount")
                )
                for line in lines
            ),
        )
        for (_job, customer, request, number, status), lines in together.items()
    ]
