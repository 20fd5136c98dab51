"""What the accountant does in Spectrum itself, past every application."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.spectrum import books as kinds
from sandbox.spectrum import entrance, info_link
from sandbox.spectrum.books import Books, amount
from sandbox.spectrum.storage import Values

_COST_TYPES = {
    "L": "Labor",
    "M": "Material",
    "S": "Subcontract",
    "E": "Equipment",
    "O": "Other",
}
# Code -> what it does. Each site has its own codes.
_STATUSES = {"PE": "open", "AP": "posts estimate", "CL": "closed"}
_LONGEST = {"vendor": (10, 30), "job": (10, 25), "phase": (20, 25), "account": (12, 40)}


class ByHand:
    """Lists are kept and records deleted here: no service deletes anything."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def set_up(self) -> None:
        """The lists that a new company has: cost types, statuses of change requests, accounts."""
        for code, name in _COST_TYPES.items():
            self._books.put(kinds.COST_TYPE, (code,), {"Cost_Type": code, "Description": name})
        for code, action in _STATUSES.items():
            status = {"CR_Status": code, "Action": action}
            self._books.put(kinds.CHANGE_REQUEST_STATUS, (code,), status)
        self.add_account("5000100", "Direct job costs")
        self.add_account("6000100", "Office expenses", direct=False)

    def load(self, seed: Mapping[str, Any]) -> None:
        """Add what a seed lists: ``authorizations`` (ids), ``vendors`` ([code, name]),
        ``accounts`` ([number, name]), ``jobs`` ([number, description, customer, status]) and
        ``phases`` ([job, phase, cost type, description]); ``info_link`` is its [user, password]."""
        with self._books.storage.atomic():
            for authorization_id in seed.get("authorizations", []):
                entrance.authorize(self._books, authorization_id, None)
            for vendor in seed.get("vendors", []):
                self.add_vendor(*vendor)
            for account in seed.get("accounts", []):
                self.add_account(*account)
            for job in seed.get("jobs", []):
                self.add_job(*job)
            for phase in seed.get("phases", []):
                self.add_phase(*phase)
            if "info_link" in seed:
                info_link.open_to(self._books, *seed["info_link"])

    # --- lists ---

    def add_vendor(self, code: str, name: str, *, active: bool = True) -> None:
        """Add a vendor, or change its name or status."""
        _fits("vendor", code, name)
        if code != code.upper() or not code.isalnum():
            raise ValueError(f"{code!r}: a vendor's code is in capitals, without symbols.")
        vendor = {"Vendor_Code": code, "Name": name, "Status_Code": "A" if active else "I"}
        self._books.put(kinds.VENDOR, (code,), vendor)

    def add_job(self, number: str, description: str, customer: str = "", status: str = "A") -> None:
        """Add a job, or change it; without a customer it takes no change requests."""
        _fits("job", number, description)
        job = {
            "Job_Number": number,
            "Job_Description": description,
            "Customer_Code": customer,
            "Status_Code": status,
            "Contract_Number": f"{number}-1" if customer else "",
        }
        self._books.put(kinds.JOB, (number,), job)

    def add_phase(
        self, job: str, phase: str, cost_type: str, description: str, status: str = "A"
    ) -> None:
        """Add a phase and cost type to a job, or change it. KeyError without that job."""
        _fits("phase", phase, description)
        self._there(kinds.JOB, job)
        self._there(kinds.COST_TYPE, cost_type)
        values = {
            "Job_Number": job,
            "Phase_Code": phase,
            "Cost_Type": cost_type,
            "Description": description,
            "Status_Code": status,
        }
        self._books.put(kinds.PHASE, (job, phase, cost_type), values)

    def add_account(self, number: str, name: str, *, direct: bool = True) -> None:
        """Add a GL account; `direct`: a direct job cost account."""
        _fits("account", number, name)
        what = "direct job cost" if direct else "other"
        account = {"GL_Account": number, "Name": name, "Type": what}
        self._books.put(kinds.ACCOUNT, (number,), account)

    def set_status(self, kind: str, key: tuple[str, ...], status: str) -> None:
        """A vendor, job, phase or subcontract becomes active, inactive or complete: A, I, C."""
        self._there(kind, *key)
        if status not in ("A", "I", "C"):
            raise ValueError(f"A status is A, I or C, not {status!r}.")
        self._books.put(kind, key, {"Status_Code": status})

    def enter_cost(self, job: str, phase: str, cost_type: str, cost: Decimal) -> None:
        """Post a cost to a phase: its job-to-date dollars grow."""
        found = self._there(kinds.PHASE, job, phase, cost_type)
        grown = amount(found, "JTD_Actual_Dollars") + cost
        values = {"JTD_Actual_Dollars": f"{grown:.2f}"}
        self._books.put(kinds.PHASE, (job, phase, cost_type), values)

    # --- records ---

    def delete_subcontract(self, vendor: str, number: str) -> None:
        """Delete a subcontract with its lines; ValueError while it has change orders."""
        self._there(kinds.SUBCONTRACT, vendor, number)
        storage = self._books.storage
        with storage.atomic():
            for line in storage.all(kinds.COST_LINE):
                if (line.get("Subcontractor_Code"), line.get("Subcontract_Number")) == (
                    vendor,
                    number,
                ):
                    raise ValueError(f"{number} has change orders; delete them first.")
            for kind in (kinds.SUBCONTRACT_PHASE, kinds.SUBCONTRACT):
                for key in storage.keys(kind, vendor, number):
                    storage.delete(kind, *key)
            self._books.note("by hand", (vendor, number), "deleted by hand")

    def delete_change_request(self, job: str, customer: str, number: str) -> None:
        """Delete a change request; what it put on a subcontract's log goes with it."""
        self._there(kinds.CHANGE_REQUEST, job, customer, number)
        storage = self._books.storage
        with storage.atomic():
            for kind in (kinds.COST_LINE, kinds.CHANGE_REQUEST):
                for key in storage.keys(kind, job, customer, number):
                    storage.delete(kind, *key)
            self._books.note("by hand", (job, customer, number), "deleted by hand")

    def _there(self, kind: str, *key: str) -> Values:
        found = self._books.storage.get(kind, *key)
        if found is None:
            raise KeyError(f"There is no {kind} {' '.join(key)}.")
        return found


def _fits(kind: str, code: str, name: str) -> None:
    longest = _LONGEST[kind]
    if not code or len(code) > longest[0] or len(name) > longest[1]:
        raise ValueError(f"{code!r} {name!r} cannot be a {kind}: up to {longest} characters.")
