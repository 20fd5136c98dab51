"""The services that write: one record a call, made or changed under its natural key.

Everything is checked before anything is written, and everything that is wrong is said at once.
What is blank in a request stays as it is; nothing can be cleared or deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from sandbox.spectrum import books as kinds
from sandbox.spectrum.books import Books, amount
from sandbox.spectrum.fields import Service
from sandbox.spectrum.layouts import (
    AR_CHANGE_REQUEST,
    CHANGE_REQUEST_HEADER,
    COST_LINE,
    SERVICES,
)
from sandbox.spectrum.reading import complaints, kept
from sandbox.spectrum.replies import GOOD, INVALID, MISSING, Refused, Said
from sandbox.spectrum.storage import Values


class Check:
    """Gathers everything that is wrong with one request."""

    def __init__(self, books: Books, service: Service, values: Values, *, new: bool) -> None:
        self.books = books
        self.said = complaints(service, values, new=new)
        self._bad = {each.column for each in self.said}

    def wrong(self, column: str, text: str, code: str = INVALID) -> None:
        """Something is wrong with a column, unless it was complained of already."""
        if column not in self._bad:
            self._bad.add(column)
            self.said.append(Said(code, text, column))

    def there(self, kind: str, column: str, *key: str) -> Values | None:
        """The record that a column names; wrong if it is not there."""
        found = self.books.storage.get(kind, *key)
        if found is None and all(key):
            self.wrong(column, f"{column} {key[-1]} does not exist")
        return found

    def open_phase(self, job: str, phase: tuple[str, str], columns: tuple[str, str]) -> None:
        """The pair of phase and cost type has to exist on the job and not be completed."""
        found = self.books.storage.get(kinds.PHASE, job, *phase)
        if found is None:
            self.wrong(columns[0], f"Phase {phase[0]} Cost Type {phase[1]} not found for Job {job}")
        elif found["Status_Code"] == "C":
            self.wrong(columns[0], f"Phase {phase[0]} Cost Type {phase[1]} is completed")

    def done(self) -> None:
        """Raises Refused if anything is wrong."""
        if self.said:
            raise Refused(*self.said)


def update_subcontract(books: Books, values: Values) -> list[Said]:
    """The header of a subcontract."""
    service = SERVICES["UpdateSubcontract"]
    key = (values["Vendor_Code"], values["Subcontract_Number"])
    before = books.storage.get(kinds.SUBCONTRACT, *key)
    check = Check(books, service, values, new=before is None)
    vendor = check.there(kinds.VENDOR, "Vendor_Code", values["Vendor_Code"])
    if vendor and vendor["Status_Code"] != "A":
        check.wrong("Vendor_Code", f"Vendor {values['Vendor_Code']} is not active")
    job = check.there(kinds.JOB, "Job_Number", values["Job_Number"])
    if job and job["Status_Code"] == "C":
        check.wrong("Job_Number", f"Job {values['Job_Number']} is complete")
    if before and values["Job_Number"] not in ("", before["Job_Number"]):
        check.wrong("Job_Number", "Job_Number cannot be changed on an existing Subcontract")
    account = check.there(kinds.ACCOUNT, "GL_Account", values["GL_Account"])
    if account and account["Type"] != "direct job cost":
        check.wrong("GL_Account", "Invalid GL Account for Job/Phase/Cost Type")
    for column in ("Date_Issued", "Sent_Date"):
        if not _in_calendar(books, values[column]):
            check.wrong(column, f"Fiscal calendar does not exist for {values[column]}")
    check.done()
    fresh = {
        "Status_Code": "A",
        "Date_Issued": books.today(),
        "Next_Payment_Number": "1",
        "Retention_Percent": "0.0",
    }
    new = {**(fresh if before is None else {}), **kept(service, values)}
    books.note(service.name, key, books.put(kinds.SUBCONTRACT, key, new))
    return []


def update_subcontract_phases(books: Books, values: Values) -> list[Said]:
    """One line of a subcontract: the original amount of a phase and cost type."""
    service = SERVICES["UpdateSubcontractPhases"]
    owner = (values["Vendor_Code"], values["Subcontract_Number"])
    contract = books.storage.get(kinds.SUBCONTRACT, *owner)
    above = contract or {}
    phase = values["Phase_Code"] or above.get("Default_Phase_Code", "")
    cost_type = values["Cost_Type"] or above.get("Default_Cost_Type", "")
    key = (*owner, phase, cost_type, values["Bid_Item_Number"])
    before = books.storage.get(kinds.SUBCONTRACT_PHASE, *key)
    check = Check(books, service, values, new=before is None)
    if contract is None and all(owner):
        check.wrong("Subcontract_Number", f"Subcontract {owner[1]} of {owner[0]} does not exist")
    for column, value in (("Phase_Code", phase), ("Cost_Type", cost_type)):
        if not value:
            check.wrong(column, f"{column} is required: the Subcontract has no default", MISSING)
    if contract and contract["Status_Code"] == "C":
        check.wrong("Subcontract_Number", f"Subcontract {owner[1]} is complete")
    if contract and phase and cost_type:
        check.open_phase(contract["Job_Number"], (phase, cost_type), ("Phase_Code", "Cost_Type"))
    check.done()
    fresh = {"Retention_Flag": "N", "Original_Contract_Amount": "0.00"}
    new = {
        **(fresh if before is None else {}),
        **kept(service, values),
        "Phase_Code": phase,
        "Cost_Type": cost_type,
    }
    if values["Unit_Price"] and values["Original_Contract_Quantity"]:
        product = Decimal(values["Unit_Price"]) * Decimal(values["Original_Contract_Quantity"])
        new["Original_Contract_Amount"] = format(product.quantize(Decimal("0.01")), "f")
    books.note(service.name, key, books.put(kinds.SUBCONTRACT_PHASE, key, new))
    return []


def ar_change_request(books: Books, values: Values) -> list[Said]:
    """One cost line of a change request, with the header that all its lines repeat. What it says of
    a subcontract stands on that subcontract's change order log from then on."""
    job, customer = values["Job_Number"], values["Customer_Code"]
    number = values["Change_Request_Number"]
    before = books.storage.get(kinds.CHANGE_REQUEST, job, customer, number) if number else None
    check = Check(books, AR_CHANGE_REQUEST, values, new=before is None)
    _check_job(check, job, customer)
    status = values["CR_Status"] or (before or {}).get("CR_Status", "")
    action = _check_status(check, status, values)
    if values["CR_Phase_Code"] and values["CR_Cost_Type"]:
        pair = (values["CR_Phase_Code"], values["CR_Cost_Type"])
        check.open_phase(job, pair, ("CR_Phase_Code", "CR_Cost_Type"))
    _check_subcontract(check, values)
    check.done()
    said = []
    if not number:
        number = f"{books.storage.fact('change requests') or 1:04}"
        books.storage.set_fact("change requests", int(number) + 1)
        said = [Said(GOOD, number, "Change_Request_Number")]
    owner = (job, customer, number)
    sent = {**kept(AR_CHANGE_REQUEST, values), "Change_Request_Number": number}
    header = {name: sent[name] for name in CHANGE_REQUEST_HEADER if name in sent}
    if before is None:
        header = {"Origination_Date": books.today(), **header}
    done = books.put(
        kinds.CHANGE_REQUEST,
        owner,
        {**header, **dict(zip(AR_CHANGE_REQUEST.key, owner, strict=True))},
    )
    line = {name: value for name, value in sent.items() if name not in header}
    if values["CR_Phase_Code"]:
        done = _put_line(books, owner, line, posts=action == "posts estimate")
    books.note(AR_CHANGE_REQUEST.name, (*owner, *(values[name] for name in COST_LINE[:4])), done)
    return said


def _check_job(check: Check, number: str, customer: str) -> None:
    job = check.there(kinds.JOB, "Job_Number", number)
    if job is None:
        return
    if job["Status_Code"] == "C":
        check.wrong("Job_Number", f"Job {number} is complete")
    if not job["Customer_Code"]:
        check.wrong("Customer_Code", f"Job {number} has no AR contract and customer")
    elif customer != job["Customer_Code"]:
        check.wrong("Customer_Code", f"Customer {customer} is not the customer of Job {number}")


def _check_status(check: Check, status: str, values: Values) -> str:
    """What the status does: "open", "closed", or "posts estimate"."""
    found = check.there(kinds.CHANGE_REQUEST_STATUS, "CR_Status", status) or {}
    action = found.get("Action", "open")
    if action == "closed" and values["CR_Phase_Code"]:
        check.wrong("CR_Status", f"Status {status} does not allow cost detail")
    if values["Approved_Date"] and action != "posts estimate":
        check.wrong("Approved_Date", "Approved_Date is only allowed with an Approved status")
    return action


def _check_subcontract(check: Check, values: Values) -> None:
    vendor, number = values["Subcontractor_Code"], values["Subcontract_Number"]
    if not vendor:
        if number:
            check.wrong("Subcontractor_Code", "Subcontractor_Code is required", MISSING)
        return
    for column in ("CR_Phase_Code", "CR_Cost_Type", "Sub_Status"):
        if not values[column]:
            check.wrong(column, f"{column} is required with Subcontractor_Code", MISSING)
    contract = check.books.storage.get(kinds.SUBCONTRACT, vendor, number) if number else None
    if number and contract is None:
        check.wrong("Subcontract_Number", f"Subcontract {number} of {vendor} does not exist")
    if contract and contract["Job_Number"] != values["Job_Number"]:
        check.wrong("Subcontract_Number", f"Subcontract {number} is not on this Job")
    executed, order = values["Sub_Status"] == "E", values["Sub_Change_Order_Number"]
    if executed and not order:
        check.wrong("Sub_Change_Order_Number", "Sub_Change_Order_Number is required", MISSING)
    lines = check.books.storage.all(kinds.COST_LINE, values["Job_Number"])
    if (
        executed
        and order
        and check.books.settings.numbers_must_exist
        and order not in {line.get("Sub_Change_Order_Number") for line in lines}
    ):
        check.wrong("Sub_Change_Order_Number", f"Change Order {order} does not exist for the Job")
    if values["Sub_Signed_Date"] and not executed:
        check.wrong("Sub_Signed_Date", "Sub_Signed_Date is only allowed when Executed")


def _put_line(books: Books, owner: tuple[str, str, str], line: Values, *, posts: bool) -> str:
    """Change the first cost line that is told apart like this, or make one."""

    def told(values: Values) -> tuple[str, ...]:
        return tuple(values.get(name, "") for name in COST_LINE)

    lines = books.storage.all(kinds.COST_LINE, *owner)
    same = [place for place, each in enumerate(lines) if told(each) == told(line)]
    again = bool(same) and books.settings.repeats_double
    place = same[0] if same and not again else len(lines)
    before = lines[place] if place < len(lines) else {}
    if line.get("Subcontractor_Code") and "Sub_Change_Order_Date" not in {**before, **line}:
        request = books.storage.get(kinds.CHANGE_REQUEST, *owner) or {}
        line = {**line, "Sub_Change_Order_Date": request["Origination_Date"]}
    if posts:
        grown = amount({**before, **line}, "Change_Request_Amount") - amount(
            before, "Change_Request_Amount"
        )
        _grow_estimate(books, (owner[0], line["CR_Phase_Code"], line["CR_Cost_Type"]), grown)
    done = books.put(kinds.COST_LINE, (*owner, f"{place:04}"), line)
    return "added again" if again else done


def _grow_estimate(books: Books, key: tuple[str, str, str], grown: Decimal) -> None:
    phase = books.storage.get(kinds.PHASE, *key) or {}
    estimate = amount(phase, "Current_Estimated_Dollars") + grown
    books.put(kinds.PHASE, key, {"Current_Estimated_Dollars": format(estimate, "f")})


# How the fields of AddPhase are called where a phase is kept.
_ESTIMATES = {
    "Original_Est_Quantity": "Original_Est_Quantity",
    "Original_Est_Hours": "Original_Est_Hours",
    "Original_Est_Cost": "Original_Est_Cost",
    "Current_Est_Quantity": "Estimated_Quantity",
    "Current_Est_Hours": "Estimated_Hours",
    "Current_Est_Cost": "Current_Estimated_Dollars",
}


def add_phase(books: Books, values: Values) -> list[Said]:
    """A phase and cost type of a job, with its estimates: the budget."""
    service = SERVICES["AddPhase"]
    key = (values["Job_Number"], values["Phase_Code"], values["Cost_Type"])
    before = books.storage.get(kinds.PHASE, *key)
    brothers = books.storage.all(kinds.PHASE, *key[:2])
    check = Check(books, service, values, new=not brothers)
    job = check.there(kinds.JOB, "Job_Number", key[0])
    if job and job["Status_Code"] == "C":
        check.wrong("Job_Number", f"Job {key[0]} is complete")
    check.there(kinds.COST_TYPE, "Cost_Type", key[2])
    if "-" in key[1] or " " in key[1]:
        check.wrong("Phase_Code", "Phase_Code is invalid, value does not match the Phase mask")
    check.done()
    sent = kept(service, values)
    new = {name: value for name, value in sent.items() if name not in _ESTIMATES}
    shown_only = books.settings.estimates_shown_only
    for name, place in _ESTIMATES.items():
        if name in sent and not (shown_only and name.startswith("Current")):
            new[place] = sent[name]
    if books.settings.estimates_copied:
        for kind in ("Quantity", "Hours", "Cost"):
            current = _ESTIMATES[f"Current_Est_{kind}"]
            if f"Original_Est_{kind}" in sent and f"Current_Est_{kind}" not in sent:
                new[current] = sent[f"Original_Est_{kind}"]
    if brothers:
        new = {"Description": brothers[0]["Description"], **new}
    fresh = {"Status_Code": "A"} if before is None else {}
    done = books.put(kinds.PHASE, key, {**fresh, **new})
    for brother in brothers:  # the description belongs to all cost types of the phase
        other = (*key[:2], brother["Cost_Type"])
        if other != key:
            books.put(kinds.PHASE, other, {"Description": new["Description"]})
    books.note(service.name, key, done)
    return []


def _in_calendar(books: Books, value: str) -> bool:
    """Whether a date lies in the fiscal calendar; a blank or unreadable one is not asked."""
    try:
        year = datetime.strptime(value, "%m/%d/%Y").year  # noqa: DTZ007 only a day
    except ValueError:
        return True
    first, last = books.settings.fiscal_years
    return first <= year <= last


WRITES: dict[str, Callable[[Books, Values], list[Said]]] = {
    "UpdateSubcontract": update_subcontract,
    "UpdateSubcontractPhases": update_subcontract_phases,
    "ARChangeRequest": ar_change_request,
    "AddPhase": add_phase,
}
