"""What the services that read answer, and how an answer is written."""

import json
from base64 import b64encode
from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.sandbox.spectrum.asking import AUTHORIZATION, envelope


def vendors(company, *, password: str = AUTHORIZATION, code: str = "HBR", **query: str):
    asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    basic = b64encode(f"{code}:{password}".encode()).decode()
    path = f"/vendors/{code}{'?' if asked else ''}{asked}"
    status, _, content = company.answer("GET", path, {"Authorization": f"Basic {basic}"}, b"")
    return status, content


def test_jobs_come_by_status(application) -> None:
    def jobs(**asked: str) -> list[str]:
        rows = application.rows("GetJob", pCompany_Code="HBR", **asked)
        return [row["Job_Number"] for row in rows]

    assert jobs() == ["H101", "H102"]  # completed ones only when they are asked for
    assert jobs(pStatus_Code="C") == ["H090"]
    assert jobs(pCustomer_Code="PORT") == ["H101"]
    [row] = application.rows("GetJob", pCompany_Code="HBR", pStatus_Code="C")
    assert (row["Job_Description"], row["Customer_Code"]) == ("Pier 3, done", "PORT")
    assert list(row)[-3:] == ["Error_Code", "Error_Description", "Error_Column"]


def test_phases_come_with_their_costs(application, company) -> None:
    company.by_hand.enter_cost("H101", "26050", "L", Decimal(120))
    [row] = application.rows("GetPhase", pCompany_Code="HBR", pJob_Number="H101", pCost_Type="L")
    assert (row["Phase_Code"], row["Cost_Type"], row["JTD_Actual_Dollars"]) == (
        "26050",
        "L",
        "120.00",
    )
    of_the_job = application.rows("GetPhase", pCompany_Code="HBR", pJob_Number="H101")
    assert len(of_the_job) == 4
    open_ones = application.rows(
        "GetPhaseEnhanced", pCompany_Code="HBR", pJob_Number="H101", pStatus_Code="A"
    )
    assert [row["Phase_Code"] for row in open_ones] == ["06100", "26050", "26050"]
    assert "Price_Method_Code" in open_ones[0]


def test_one_jobs_phases_are_not_anothers_whose_number_begins_alike(application, company) -> None:
    company.add_job("H1011", "Pier 4, second part")
    company.add_phase("H1011", "06100", "S", "Rough carpentry")
    rows = application.rows("GetPhase", pCompany_Code="HBR", pJob_Number="H101")
    assert {row["Job_Number"] for row in rows} == {"H101"}


def test_an_answer_with_too_many_rows_says_so_at_its_end(application, company) -> None:
    for number in range(500):
        company.add_phase("H102", f"{number:05}", "S", "Phase")
    rows = application.rows("GetPhase", pCompany_Code="HBR", pJob_Number="H102")
    assert len(rows) == 501
    assert (rows[-1]["Error_Code"], rows[-1]["Phase_Code"]) == ("W", "")
    assert "exceeds max" in rows[-1]["Error_Description"]


def test_rows_are_quoted_and_spaced_as_on_live_servers(application) -> None:
    _, answer = application.send("GetJob", envelope("GetJob", pCompany_Code="HBR"))
    text = answer.decode()
    assert text.startswith("<SOAP-ENV:Envelope SOAP-ENV:encodingStyle='http")
    assert "<returnArray><returnData>\n\n<getJob>\n    <response>\n" in text
    assert "<Division/>" in text


def test_a_read_that_is_wrong_is_refused_in_a_row(application) -> None:
    [row] = application.rows("GetJob", pCompany_Code="HBR", pStatus_Code="Z")
    assert (row["Error_Code"], row["Error_Column"]) == ("E", "pStatus_Code")


def test_vendors_come_as_json(company) -> None:
    company.add_vendor("OLD", "Old Harbor Paint", active=False)
    status, content = vendors(company)
    assert status == 200
    found = json.loads(content)
    assert [(each["Vendor_Code"], each["Name"]) for each in found] == [
        ("MOOR", "Mooring Electric"),
        ("SALT", "Saltbox Carpentry"),
    ]
    status, content = vendors(company, pName="Mooring Electric", pCostCenter="ALL")
    assert len(json.loads(content)) == 1
    assert vendors(company, pName="Mooring Electric")[0] == 400


@pytest.mark.parametrize(
    ("asked", "status"), [({"password": "x"}, 401), ({"code": "XYZ"}, 401), ({}, 200)]
)
def test_vendors_want_basic_authentication(company, asked, status) -> None:
    assert vendors(company, **asked)[0] == status


def test_two_errors_are_two_responses_in_one_answer(application) -> None:
    values = {"Subcontract_Number": "SC-1", "GL_Account": "5000100"}
    _, answer = application.send("UpdateSubcontract", envelope("UpdateSubcontract", **values))
    text = answer.decode()
    assert text.count("<response>\n<error_code>M</error_code>") == 2
    assert '<nis:UpdateSubcontractResponse xmlns:nis="http' in text
