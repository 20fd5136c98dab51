"""A change order becomes a change request whose subcontract part stands on the change order log.

Evidence: `ARChangeRequest` is the documented door to that log; a call holds one cost line and
repeats the header; the customer is the one of the job's contract; a blank number would be numbered
anew each time (Trimble's help). That a CCO of Procore goes this way, with a number like S001-002,
is what another connector does. Whether a repeated call adds its line again is not known, and
whether `Sub_Change_Order_Number` has to exist before is not clear from the help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256

from connectors.contract import Document, Receipt, Refused, Script, Terms
from connectors.spectrum import calls, commitments, envelope, reading, site
from connectors.spectrum.calls import Write
from connectors.spectrum.groups import Group, grouped, held_in
from connectors.spectrum.services import CHANGE_REQUEST, Unfit, Value, fit

NUMBER = 8
_PLAIN = re.compile(r"[^A-Z0-9]")
_BETWEEN = "-ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def name(terms: Terms) -> str:
    """What it is called in messages."""
    return f"change order {terms.number}"


def derived_number(document: Document, parent: Receipt | None, taken: frozenset[str]) -> str:
    """A number of eight characters out of both numbers, none of `taken`: S001-002.

    P stands for a purchase order, S for anything else; then the last three characters of the
    commitment's number and of the change order's. Where that is taken, a letter takes the hyphen's
    place, and in the end characters that only look random.
    """
    above = parent.number if parent else document.parent.code if document.parent else ""
    used = {one.upper() for one in taken}
    return next(number for number in _numbers(above, document.number) if number not in used)


def _numbers(above: str, own: str) -> Iterator[str]:
    first = "P" if above.strip().upper().startswith("P") else "S"
    for between in _BETWEEN:
        yield f"{first}{_last(above)}{between}{_last(own)}"
    attempt = 0
    while True:
        digest = sha256(f"{above}\n{own}\n{attempt}".encode()).hexdigest()
        yield f"{first}{digest[:7].upper()}"
        attempt += 1


def _last(number: str) -> str:
    return _PLAIN.sub("", number.upper())[-3:].rjust(3, "0")


def writes(document: Document, terms: Terms, customer: str) -> list[Write]:
    """The calls, one for each phase and cost type. They come to the change order. Raises Unfit."""
    groups = grouped(document, terms)
    if sum(group.amount for group in groups) != document.amount:
        raise Unfit("The lines do not come to the change order's amount. Nothing was sent.")
    return [Write(_line(document, terms, customer, group), group.told) for group in groups]


def _line(document: Document, terms: Terms, customer: str, group: Group) -> str:
    if terms.vendor is None or terms.job is None or terms.parent is None:
        raise Unfit("The vendor, the job or the commitment is not linked to Spectrum.")
    if not group.phase.id or not group.cost_type.id:
        raise Unfit(f"Line {group.numbers} has no phase or cost type of Spectrum.")
    values: dict[str, Value] = {
        "Company_Code": site.company(terms.settings),
        "Job_Number": terms.job.id,
        "Customer_Code": customer,
        "Change_Request_Number": terms.number,
        "CR_Description": fit(document.title_for_erp),
        "CR_Status": site.request_status(terms.settings),
        "Cost_Reimbursable_Flag": site.reimbursable(terms.settings),
        "Origination_Date": document.date,
        "CR_Phase_Code": group.phase.id,
        "CR_Cost_Type": group.cost_type.id,
        "Change_Request_Hours": Decimal(0),
        "Change_Request_Amount": group.amount,
        "Subcontractor_Code": terms.vendor.id,
        "Subcontract_Number": terms.parent.number,
        "Sub_Amount": group.amount,
        "Sub_Status": site.sub_status(terms.settings),
        "Sub_Change_Order_Number": terms.number,
        "Sub_Change_Order_Date": document.date,
        "Sub_Description": fit(document.title_for_erp),
        "Sub_Comments": fit(document.description_for_erp),
    }
    return envelope.body(CHANGE_REQUEST, values)


def export(
    document: Document, terms: Terms, key: str, done: frozenset[str], lost: frozenset[str]
) -> Script[Receipt]:
    """Ask who the job's customer is, then write each line; raises as `calls.carry_out` does."""
    if terms.job is None or terms.parent is None:
        raise Refused("The job or the commitment of this change order is not linked to Spectrum.")
    customer = yield from reading.customer_of(terms.job)
    yield from calls.carry_out(
        name(terms),
        writes(document, terms, customer),
        key,
        commitments.record_name(terms.parent.id),
        done,
        lost,
        repeats=site.requests_repeat(terms.settings),
    )
    return receipt_of(document, terms)


def receipt_of(document: Document, terms: Terms) -> Receipt:
    """What stands in Spectrum once all of it was taken."""
    job = terms.job.id if terms.job else ""
    return Receipt(
        id=f"{job}/{terms.number}",
        number=terms.number,
        amount=document.amount,
        lines=held_in(grouped(document, terms)),
    )
