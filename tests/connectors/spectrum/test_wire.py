"""What goes over the line, and what comes back over it, to the letter."""

from __future__ import annotations

from base64 import b64decode
from decimal import Decimal

import pytest
from lxml import etree

from connectors.contract import Busy, Refused, Request, Site
from connectors.spectrum import answers, connector, envelope, info_link, reading
from connectors.spectrum.services import (
    CHANGE_REQUEST,
    GET_JOB,
    GET_PHASE,
    SUBCONTRACT,
    Field,
    Unfit,
)
from tests.connectors.spectrum import conftest
from tests.connectors.spectrum.playing import ADDRESS

READ = Request(body=envelope.question(GET_PHASE, pJob_Number="1"), record="phases:1")
WRITE = Request(body="POST /ws/UpdateSubcontract\n\n<x/>", writes=True, key="k" * 20)


def answer(text: str, request: Request = READ, head: str = "HTTP 200 text/xml") -> answers.Answer:
    return answers.unwrap(f"{head}\n\n{text}", {"c1-0": request})["c1-0"]


def soap(inside: str, name: str = "GetPhase") -> str:
    return (
        "<SOAP-ENV:Envelope xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>"
        "<SOAP-ENV:Header/><SOAP-ENV:Body>"
        f"<nis:{name}Response xmlns:nis='http://www.northgate-is.com/proiv/webservices/types'>"
        f"<returnArray><returnData>{inside}</returnData></returnArray></nis:{name}Response>"
        "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )


def row(phase: str, error: str = "<Error_Code/><Error_Description/><Error_Column/>") -> str:
    return (
        f"<response><Phase_Code>{phase}</Phase_Code><Cost_Type>M</Cost_Type>"
        f"<JTD_Actual_Dollars>12.50</JTD_Actual_Dollars>{error}</response>\n"
    )


# --- Out ---------------------------------------------------------------------------------------


def site(**settings: str) -> Site:
    return Site(
        address=ADDRESS,
        settings={"company_code": "ABC", **settings},
        secrets={
            "authorization_id": "AUTH<&>",
            "client_id": "erp",
            "client_secret": "s&cret",
        },
    )


def test_every_field_goes_out_in_its_order_empty_where_unused() -> None:
    body = connector.wrap({"c1": Request(body=envelope.question(GET_JOB))})
    call = connector.call(body, site())
    root = etree.fromstring(call.content)
    [operation] = root[0]
    assert operation.tag == f"{{{envelope.TYPES}}}GetJob"
    assert [child.tag for child in operation] == [one.name for one in GET_JOB.fields]
    values = {str(child.tag): child.text or "" for child in operation}
    assert values["Authorization_ID"] == "AUTH<&>"
    assert values["pCompany_Code"] == "ABC"
    assert len(values["GUID"]) == 36
    assert dict(call.headers) == {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": f'"{ADDRESS}/ws/GetJob"',
    }


def test_basic_and_bearer_stand_in_the_headers_where_the_site_wants_them() -> None:
    vendors = connector.call("GET /vendors/", site())
    assert vendors.path == "/vendors/ABC"
    scheme, _, coded = dict(vendors.headers)["Authorization"].partition(" ")
    assert (scheme, b64decode(coded)) == ("Basic", b"ABC:AUTH<&>")
    body = connector.wrap({"c1": READ})
    assert "Authorization" in dict(connector.call(body, site(basic_for_soap="Y")).headers)
    signed = Site(address=ADDRESS, settings={}, secrets={}, token="t0ken")
    assert dict(connector.call(body, signed).headers)["Authorization"] == "Bearer t0ken"
    assert "AUTH" not in repr(vendors)
    assert "AUTH" not in repr(site())


def test_oauth_fetches_a_token_and_has_its_secret_renewed() -> None:
    assert connector.token_call(site()) is None
    call = connector.token_call(site(oauth="Y"))
    assert call is not None
    assert b"client_secret=s%26cret&scope=spectrumapi" in call.content
    reply = 'HTTP 200 application/json\n\n{"access_token": "t0ken", "expires_in": 3600}'
    assert connector.token(reply) == ("t0ken", 3600)
    with pytest.raises(Refused, match="client id"):
        connector.token('HTTP 400 application/json\n\n{"error": "invalid_client"}')
    with pytest.raises(Refused, match="holds no token"):
        connector.token("HTTP 200 application/json\n\n{}")
    with pytest.raises(Refused, match="gave no token"):
        connector.token("HTTP 200 application/json\n\n" + "[" * 100_000)
    for endless in ("9" * 400, f'"{"9" * 5000}"'):
        reply = f'HTTP 200 json\n\n{{"access_token": "t0ken", "expires_in": {endless}}}'
        assert connector.token(reply) == ("t0ken", 0), "for how long, it does not really say"
    assert connector.renewal_call(site()) is None
    turned = connector.renewal_call(site(oauth="Y"))
    assert turned is not None
    assert turned.path == "/secretRotation"
    assert connector.renewed('HTTP 200 a\n\n{"client_secret": "new"}') == {"client_secret": "new"}
    for status in (429, 500, 503):
        with pytest.raises(Busy):
            connector.renewed(f"HTTP {status} a\n\n")
        with pytest.raises(Busy):
            connector.token(f"HTTP {status} a\n\n")


def test_a_whole_way_with_enhanced_authentication() -> None:
    made = conftest.make_site()
    made.company.switch_on_oauth("erp", "s&cret")
    made.settings["oauth"] = "Y"
    way = made.way(conftest.commitment())
    assert way.settle() == "failed"
    assert "does not let ERP Bridge in" in way.message
    call = connector.token_call(site(oauth="Y"))
    assert call is not None
    status, _, content = made.company.answer(
        call.method, call.path, dict(call.headers), call.content
    )
    way.line.token, _ = connector.token(f"HTTP {status} json\n\n{content.decode()}")
    assert way.retry() == "synced"
    signed = Site(
        address=ADDRESS, settings={"oauth": "Y"}, secrets=site().secrets, token=way.line.token
    )
    turned = connector.renewal_call(signed)
    assert turned is not None
    status, _, content = made.company.answer(
        turned.method, turned.path, dict(turned.headers), turned.content
    )
    new = connector.renewed(f"HTTP {status} json\n\n{content.decode()}")
    assert new["client_secret"] != "s&cret"


def test_nothing_is_sent_that_is_no_call_of_data_exchange() -> None:
    for stored in ("POST /ws/DropEverything\n\n<x/>", "GET /ws/GetJob", "DELETE /vendors/", ""):
        with pytest.raises(ValueError, match="no call of Spectrum"):
            connector.call(stored, site())
    with pytest.raises(ValueError, match="One call"):
        connector.wrap({"a": READ, "b": READ})
    with pytest.raises(ValueError, match="earlier call"):
        connector.wrap({"a": Request(body="", check=True, key="k")})
    with pytest.raises(ValueError, match="has a key"):
        connector.wrap({"a": Request(body=WRITE.body, writes=True)})


@pytest.mark.parametrize(
    ("kind", "longest", "value", "written"),
    [
        ("2.1", 5, "10", "10.0"),
        ("2.1", 5, "99.9", "99.9"),
        ("2.1", 5, "100", None),
        ("2.1", 5, "10.25", None),
        ("2.1", 5, "-1", None),
        ("-9.2", 13, "-999999999.99", "-999999999.99"),
        ("-9.2", 13, "1000000000", None),
        ("-9.2", 13, "0.005", None),
        ("-10.2", 14, "-0.00", "0.00"),
        ("number", 12, "999999999.99", "999999999.99"),
        ("number", 12, "-999999999.99", None),
    ],
)
def test_an_amount_has_its_format_or_is_refused(
    kind: str, longest: int, value: str, written: str | None
) -> None:
    field = Field("Amount", longest, kind, required=False)
    if written is None:
        with pytest.raises(Unfit):
            field.written(Decimal(value))
    else:
        assert field.written(Decimal(value)) == written


def test_a_blank_key_never_goes_out() -> None:
    with pytest.raises(Unfit, match="Change_Request_Number"):
        envelope.body(
            CHANGE_REQUEST, {"Company_Code": "ABC", "Job_Number": "1", "Customer_Code": "C"}
        )
    with pytest.raises(ValueError, match="no field Sub_Number"):
        envelope.body(SUBCONTRACT, {"Sub_Number": "1"})


# --- In ----------------------------------------------------------------------------------------


def test_the_samples_of_the_help_and_of_a_live_server_are_read() -> None:
    """Their shapes, with words of our own."""
    two = "".join(
        f"<response><error_code>I</error_code><desc>{name} is wrong</desc>"
        f"<column>{name}</column></response>"
        for name in ("Status", "GL_Account")
    )
    read = answer(soap(two, "UpdateSubcontract"), WRITE)
    assert [str(one) for one in read.refusals] == [
        "Status: Status is wrong",
        "GL_Account: GL_Account is wrong",
    ]
    listed = answer(soap(f"\n\n<getPhase>{row('03300')}{row('03200')}</getPhase>"))
    assert [one["phase_code"] for one in listed.rows] == ["03300", "03200"]
    assert listed.whole
    assert not listed.said


def test_a_page_of_complaints_is_told_in_part() -> None:
    complaint = "<response><error_code>I</error_code><desc>{}</desc><column>A</column></response>"
    many = "".join(complaint.format(f"{n} is wrong") for n in range(5000))
    for said in (many, complaint.format("wrong " * 100_000)):
        words = answer(soap(said, "UpdateSubcontract"), WRITE).words
        assert words.startswith("A: ")
        assert words.endswith("…")
        assert len(words) <= 2001


def test_half_a_row_is_no_row() -> None:
    text = soap(f"<getPhase>{row('03300')}{row('03200')}</getPhase>")
    for end in range(len(text) - 1):
        read = answer(text[:end])
        assert not read.whole
        wanted = text[:end].count("</response>")
        assert len(read.rows) == (0 if read.unread else wanted)
    assert answer(text).whole


@pytest.mark.parametrize(
    "last",
    [
        row("1", "<Error_Code>W</Error_Code><Error_Description/><Error_Column/>"),
        "<response><Error_Code>W</Error_Code><Error_Description>More</Error_Description></response>",
        "<response><Error_Code/><Error_Description>Exceeds max rows</Error_Description></response>",
    ],
)
def test_a_row_that_warns_makes_the_list_incomplete(last: str) -> None:
    assert not answer(soap(row("03300") + last)).whole
    assert answer(soap(row("03300") + last)).understood


def test_as_many_rows_as_spectrum_gives_at_once_are_not_taken_for_all() -> None:
    assert answer(soap("".join(row(str(n)) for n in range(499)))).whole
    assert not answer(soap("".join(row(str(n)) for n in range(500)))).whole


@pytest.mark.parametrize("text", ["NaN", "Infinity", "twelve", "1E+999999999", "9" * 30])
def test_an_amount_that_no_field_holds_is_none(text: str) -> None:
    """Written out, a few signs would fill the memory."""
    read = answer(soap(row("03300").replace("12.50", text)))
    with pytest.raises(Refused, match="nothing of it was kept"):
        reading.phases_in(read)
    shown = {"number": "S001-001", "phase": "03300", "cost_type": "S", "amount": text}
    with pytest.raises(Refused, match="as the amount of S001-001"):
        info_link.amounts([shown])


def test_missing_columns_are_blank() -> None:
    [phase] = reading.phases_in(
        answer(soap("<response><Phase_Code>03-300</Phase_Code><Cost_Type>M</Cost_Type></response>"))
    )
    assert (phase.pair, phase.actual, phase.status) == ("03300/M", Decimal("0.00"), "A")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html><body>Please sign in</body></html>",
        "<html><body>Please sign in<br></body>",
        "Service Temporarily Unavailable",
        '<!DOCTYPE a [<!ENTITY b "c">]>' + soap(""),
        '<!DOC\x08TYPE a [<!ENT\x08ITY b "c">]>' + soap(""),  # such signs are left out
        soap("").replace("GetPhaseResponse", "Something"),
        "<a>" * 100_000,
        "\x00\x01",
    ],
)
def test_what_is_no_answer_is_never_understood(text: str) -> None:
    assert not answer(text).understood
    assert not answer(text, WRITE).understood


@pytest.mark.parametrize("text", [soap("<a/>" * 500_000), f"[{'{},' * 500_000}{{}}]"])
def test_what_has_more_parts_than_any_answer_is_not_taken_apart(text: str) -> None:
    """Each of a few signs would take a hundred bytes and more."""
    asked = READ if text.startswith("<") else Request(body=envelope.vendors(), fresh=True)
    assert "more parts" in answer(text, asked).unread


def test_an_empty_answer_of_the_service_is_a_yes() -> None:
    assert answer(soap("", "UpdateSubcontract"), WRITE).understood
    assert answer(soap("<response/>", "UpdateSubcontract"), WRITE).understood


def test_an_answer_larger_than_anything_is_not_read() -> None:
    assert answer(soap(" " * 20_000_001)).unread
    deep = Request(body=envelope.vendors())
    assert answer("[" * 1_000_000, deep).unread
    assert answer('[{"Vendor_Code": "A"', deep).cut


def test_a_stored_reply_begins_with_its_status() -> None:
    with pytest.raises(ValueError, match="status"):
        answers.unwrap("", {"c1": READ})
    assert answer("busy", head="HTTP 429 text/plain").status == 429
