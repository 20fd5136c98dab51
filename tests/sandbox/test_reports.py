"""Bills that a bookkeeper entered, and the report that lists what they posted on a job."""

from decimal import Decimal

import pytest

from tests.sandbox.qbxml import status

JOB = "City of Alder:Riverside Library"


def report(*columns: str, filters: str = "") -> str:
    wanted = "".join(f"<IncludeColumn>{each}</IncludeColumn>" for each in columns)
    return (
        "<CustomDetailReportQueryRq><CustomDetailReportType>CustomTxnDetail"
        "</CustomDetailReportType><ReportDateMacro>All</ReportDateMacro>"
        f"{filters}<ReportPostingStatusFilter>Posting</ReportPostingStatusFilter>"
        f"<SummarizeRowsBy>TotalOnly</SummarizeRowsBy>{wanted}</CustomDetailReportQueryRq>"
    )


def accounts(company, *names: str) -> str:
    ids = "".join(f"<ListID>{company.list_id('Account', name)}</ListID>" for name in names)
    return f"<ReportAccountFilter>{ids}</ReportAccountFilter>"


def entity(company, name: str) -> str:
    list_id = company.list_id("Customer", name)
    return f"<ReportEntityFilter><ListID>{list_id}</ListID></ReportEntityFilter>"


def rows(response):
    """(kind of row, its cells by the ColType of their column) of a report."""
    found = response.find("ReportRet")
    types = {each.get("colID"): each.findtext("ColType") for each in found.iterfind("ColDesc")}
    return [
        (row.tag, {types[cell.get("colID")]: cell.get("value") for cell in row})
        for row in found.iterfind("ReportData/*")
    ]


@pytest.fixture
def bills(company):
    hand = company.by_hand
    hand.enter_bill(JOB, "03-300", Decimal("900.50"), number="B-1", desc="First pour")
    hand.enter_bill(JOB, "", Decimal("40.00"), account="Office Expenses")
    hand.enter_bill(JOB, "03-300", Decimal("-100.00"), vendor="Halden Steel")
    hand.enter_bill("City of Alder", "05-120", Decimal("7.00"))


def test_what_a_job_cost_is_listed_by_account_and_name(app, company, bills):
    filters = accounts(company, "Job Costs", "Office Expenses") + entity(company, JOB)
    response = app.one(report("TxnType", "Item", "Debit", "Credit", filters=filters))
    assert status(response) == (0, "Info")
    assert rows(response) == [
        ("DataRow", {"TxnType": "Bill", "Item": "03-300", "Debit": "900.50"}),
        ("DataRow", {"TxnType": "Bill", "Debit": "40.00"}),
        ("DataRow", {"TxnType": "Bill", "Item": "03-300", "Credit": "100.00"}),
        ("TotalRow", {"Blank": "TOTAL", "Debit": "940.50", "Credit": "100.00"}),
    ]


def test_both_sides_of_a_bill_are_posted(app, bills):
    total = Decimal(0)
    for kind, cells in rows(app.one(report("Account", "Name", "Amount"))):
        if kind == "DataRow":
            total += Decimal(cells["Amount"])
    assert total == 0


def test_an_item_may_be_called_with_its_description(app, company, bills):
    company.by_hand.set_preference("ReportsShowItemDescriptions", True)
    (first, *_) = rows(app.one(report("Item", filters=accounts(company, "Job Costs"))))
    assert first[1] == {"Item": "03-300 (Cast-in-place concrete)"}


def test_a_report_without_rows_is_a_report(app):
    response = app.one(report("Debit"))
    assert status(response) == (0, "Info")
    assert response.findtext("ReportRet/NumRows") == "0"
    assert rows(response) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<ReportPostingStatusFilter>Posting</ReportPostingStatusFilter>", ""),
        ("TotalOnly", "ItemDetail"),
        ("<ReportDateMacro>All<", "<ReportDateMacro>Yesterday<"),
        ("<IncludeColumn>Debit<", "<IncludeColumn>Aging<"),
    ],
)
def test_what_is_not_played_is_refused_by_name(app, old, new):
    asked = report("Debit")
    assert old in asked
    assert status(app.one(asked.replace(old, new))) == (1000, "Error")


def test_a_job_that_is_not_there_is_no_job_without_costs(app):
    unknown = "<ReportEntityFilter><ListID>8-1</ListID></ReportEntityFilter>"
    assert status(app.one(report("Debit", filters=unknown))) == (3210, "Error")
