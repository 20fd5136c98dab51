"""The services that read: jobs, phases with their costs, vendors. There are no others.

Job-to-date figures are without what is committed, invoices that nobody approved, pre-time-cards
and hours of contract labour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.spectrum import books as kinds
from sandbox.spectrum.books import Books
from sandbox.spectrum.layouts import SERVICES, VENDOR_FILTERS, VENDOR_RETURNS
from sandbox.spectrum.reading import complaints
from sandbox.spectrum.replies import ERROR, WARNING, Refused, Reply, Said, json_text, rows
from sandbox.spectrum.storage import Values

# A parameter, and the column of a row that has to be the same.
_SAME = {
    "GetJob": {
        "pDivision": "Division",
        "pProject_Manager": "Project_Manager",
        "pSuperintendent": "Superintendent",
        "pEstimator": "Estimator",
        "pCustomer_Code": "Customer_Code",
        "pCost_Center": "Cost_Center",
    },
    "GetPhase": {
        "pCost_Type": "Cost_Type",
        "pJob_Number": "Job_Number",
        "pStatus_Code": "Status_Code",
        "pCost_Center": "Cost_Center",
    },
}


def find(books: Books, name: str, asked: Values) -> Reply:
    """Answers GetJob, GetPhase or GetPhaseEnhanced; at most `row_cap` rows, then one with W."""
    service = SERVICES[name]
    wrong = complaints(service, asked, new=False)
    if wrong:
        raise Refused(*wrong)
    if name == "GetJob":
        wanted = asked["pStatus_Code"] or "AI"  # completed jobs only when they are asked for
        found = [row for row in books.storage.all(kinds.JOB) if row["Status_Code"] in wanted]
        same = _SAME[name]
    else:
        job = (asked["pJob_Number"],) if asked["pJob_Number"] else ()
        found, same = books.storage.all(kinds.PHASE, *job), _SAME["GetPhase"]
    found = [
        {**row, "Company_Code": books.code}
        for row in found
        if all(asked[name] in ("", row.get(column, "")) for name, column in same.items())
    ]
    cap = books.settings.row_cap
    if len(found) > cap:
        text = f"The number of records exceeds max {cap}; the rest is not sent"
        warning = said_in_row(Said(WARNING, text))
        found = [*found[:cap], warning]
    return rows(name, service.returns, found)


def said_in_row(said: Said) -> Values:
    """How a read service says something: in a row that holds nothing else."""
    return {
        "Error_Code": said.code,
        "Error_Description": said.text,
        "Error_Column": said.column,
    }


def refused(name: str, said: tuple[Said, ...]) -> Reply:
    """How a read service refuses a request."""
    return rows(
        name,
        SERVICES[name].returns,
        [said_in_row(Said(ERROR, each.text, each.column)) for each in said],
    )


def vendors(books: Books, asked: Mapping[str, str]) -> Reply:
    """The active vendors as JSON. That it is a plain list, and how it refuses, is assumed."""
    known = {field.name: field for field in VENDOR_FILTERS}
    wrong = [
        known[name].complaint(value) if name in known else f"{name} is no parameter"
        for name, value in asked.items()
        if name not in known or known[name].complaint(value)
    ]
    if asked and not asked.get("pCostCenter"):
        wrong.append("pCostCenter is required with any other parameter")
    if wrong:
        return json_text(400, json.dumps({"errors": wrong}))
    same = {"pType": "Type", "pCity": "City", "pState": "State", "pName": "Name"}
    found = [
        {column: row.get(column, "") for column in VENDOR_RETURNS} | {"Company_Code": books.code}
        for row in books.storage.all(kinds.VENDOR)
        if row["Status_Code"] == "A"
        and all(asked.get(name, "") in ("", row.get(column, "")) for name, column in same.items())
    ]
    return json_text(200, json.dumps(found))
