"""Who may ask, and what is no request at all."""

import json

import pytest

from tests.sandbox.spectrum.asking import GUID, TYPES, envelope


def phases(who: str = "LIVE-0001", guid: str = GUID) -> bytes:
    return envelope("GetPhase", pCompany_Code="HBR", pJob_Number="H101", who=who, guid=guid)


def form(**values: str) -> bytes:
    return "&".join(f"{name}={value}" for name, value in values.items()).encode()


CLIENT = {
    "grant_type": "client_credentials",
    "client_id": "bridge",
    "client_secret": "first",
    "scope": "spectrumapi",
}


def test_an_unknown_authorization_is_refused_in_documented_words(application) -> None:
    header = {"Vendor_Code": "MOOR", "Subcontract_Number": "SC-1", "who": "NOBODY"}
    answer = application.ask("UpdateSubcontract", **header)
    [said] = answer.iter("response")
    assert [element.text for element in said] == [
        "A",
        "The Web Service is not authorized. Authorization ID is not setup in the system.",
        "Authorization_ID",
    ]
    [row] = application.rows("GetJob", pCompany_Code="HBR", who="NOBODY")
    assert (row["Error_Code"], row["Error_Column"]) == ("E", "Authorization_ID")


def test_an_authorization_is_for_its_services_and_its_company(application, company) -> None:
    company.authorize("READ-ONLY", ["GetJob", "GetPhase"])
    assert len(application.rows("GetJob", pCompany_Code="HBR", who="READ-ONLY")) == 2
    header = {"Vendor_Code": "MOOR", "Subcontract_Number": "SC-1", "Job_Number": "H101"}
    refused = application.write("UpdateSubcontract", **header, who="READ-ONLY")
    assert refused == [("A", "Authorization_ID")]
    assert application.write("UpdateSubcontract", **header, Company_Code="XYZ") == [
        ("A", "Company_Code")
    ]


def test_a_guid_belongs_to_one_authorization_and_dies_after_a_day(
    application, company, clock
) -> None:
    company.authorize("LIVE-0002")
    company_code = {"pCompany_Code": "HBR"}
    assert len(application.rows("GetJob", **company_code)) == 2
    [row] = application.rows("GetJob", **company_code, who="LIVE-0002")
    assert row["Error_Column"] == "GUID"
    clock.forward(hours=23)
    assert len(application.rows("GetJob", **company_code)) == 2
    clock.forward(hours=25)
    [row] = application.rows("GetJob", **company_code)
    assert row["Error_Description"] == "Time out has occurred"
    assert len(application.rows("GetJob", **company_code, guid="another")) == 2
    assert application.rows("GetJob", **company_code, guid="")[0]["Error_Column"] == "GUID"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.replace(b"<GUID>", b"<Guid>").replace(b"</GUID>", b"</Guid>"),
        lambda content: content.replace(b"<pCost_Center></pCost_Center>", b""),
        lambda content: content.replace(
            b"<pCost_Center></pCost_Center><pSort_By></pSort_By>",
            b"<pSort_By></pSort_By><pCost_Center></pCost_Center>",
        ),
        lambda content: content.replace(b"<pSort_By>", b"<pMore></pMore><pSort_By>"),
        lambda content: content.replace(b"<soap:Body>", b"<soap:Body><x/>"),
        lambda content: b"<!DOCTYPE x>" + content,
        lambda content: content[:-20],
        lambda content: content.replace(b"GetPhase", b"GetJob"),
        lambda content: content.replace(TYPES.encode(), b"urn:other"),
    ],
    ids=[
        "a name",
        "one missing",
        "two exchanged",
        "one more",
        "two requests",
        "a document type",
        "cut",
        "another service",
        "another namespace",
    ],
)
def test_what_is_no_request_is_answered_with_a_fault(application, spoil) -> None:
    good = phases()
    assert application.send("GetPhase", good)[1].count(b"<response>") == 4
    assert spoil(good) != good
    assert b"<SOAP-ENV:Fault>" in application.send("GetPhase", spoil(good))[1]


def test_elements_may_be_in_the_namespace_too(application) -> None:
    qualified = phases().replace(b"<n:GetPhase xmlns:n", b"<GetPhase xmlns")
    qualified = qualified.replace(b"</n:GetPhase>", b"</GetPhase>")
    assert application.send("GetPhase", qualified)[1].count(b"<response>") == 4


@pytest.mark.parametrize(
    "headers", [{"SOAPAction": ""}, {"SOAPAction": "GetPhase"}, {"Content-Type": "text/plain"}]
)
def test_the_headers_of_soap_are_needed(application, headers) -> None:
    assert b"<SOAP-ENV:Fault>" in application.send("GetPhase", phases(), **headers)[1]


def test_there_are_no_other_services(application, company) -> None:
    assert application.send("AddVendor", phases())[0] == 404
    assert company.answer("GET", "/ws/GetPhase", {}, b"")[0] == 404
    assert company.answer("POST", "/purchaseOrders", {}, b"")[0] == 404


def test_enhanced_authentication_wants_a_token(application, company, clock) -> None:
    company.switch_on_oauth("bridge", "first")
    assert application.send("GetPhase", phases())[0] == 401
    wrong = form(**{**CLIENT, "client_secret": "guess"})
    assert company.answer("POST", "/connect/token", {}, wrong)[0] == 400
    status, _, content = company.answer("POST", "/connect/token", {}, form(**CLIENT))
    told = json.loads(content)
    assert (status, told["token_type"], told["expires_in"]) == (200, "Bearer", 3600)
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    assert application.send("GetPhase", phases(), **bearer)[0] == 200
    assert company.answer("GET", "/vendors/HBR", bearer, b"")[0] == 200
    # The right Authorization ID is needed all the same.
    assert b"<Error_Code>E" in application.send("GetPhase", phases(who="NOBODY"), **bearer)[1]

    status, _, content = company.answer("POST", "/secretRotation", bearer, b"")
    renewed = json.loads(content)["client_secret"]
    assert company.answer("POST", "/connect/token", {}, form(**CLIENT))[0] == 400
    again = form(**{**CLIENT, "client_secret": renewed})
    assert company.answer("POST", "/connect/token", {}, again)[0] == 200

    clock.forward(hours=1)
    assert application.send("GetPhase", phases(), **bearer)[0] == 401


def test_tokens_can_be_withdrawn_in_the_middle(application, company) -> None:
    company.switch_on_oauth("bridge", "first")
    _, _, content = company.answer("POST", "/connect/token", {}, form(**CLIENT))
    bearer = {"Authorization": f"Bearer {json.loads(content)['access_token']}"}
    assert application.send("GetPhase", phases(), **bearer)[0] == 200
    company.withdraw_tokens()
    assert application.send("GetPhase", phases(), **bearer)[0] == 401


def test_no_call_is_noted_with_credentials(application, company) -> None:
    company.switch_on_oauth("bridge", "first")
    _, _, content = company.answer("POST", "/connect/token", {}, form(**CLIENT))
    token = json.loads(content)["access_token"]
    application.send("GetPhase", phases(), Authorization=f"Bearer {token}")
    company.answer("POST", "/secretRotation", {"Authorization": f"Bearer {token}"}, b"")
    noted = json.dumps(company.calls())
    assert "GetPhase" in noted
    for secret in (token, "first", "LIVE-0001", company.books.storage.fact("client")["secret"]):
        assert secret not in noted
