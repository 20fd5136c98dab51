"""Each fault: what the caller gets, and what was done all the same."""

from decimal import Decimal

import pytest

from sandbox.spectrum import NoAnswer
from sandbox.spectrum.faults import APPLIED, DESCRIPTIONS
from tests.sandbox.spectrum.asking import envelope


@pytest.fixture
def change(application) -> bytes:
    application.subcontract()
    return envelope("ARChangeRequest", **application.change("C1", "L", "100.00"))


def executed(company) -> Decimal:
    return company.subcontract("SC-001").executed


def test_an_answer_that_is_lost(application, company, change) -> None:
    company.faults.add("answer_lost")
    with pytest.raises(NoAnswer):
        application.send("ARChangeRequest", change)
    assert executed(company) == Decimal("100.00")
    application.send("ARChangeRequest", change)
    assert len(company.writes("ARChangeRequest")) == 1
    assert company.calls()[-2]["fault"] == "answer_lost"


def test_a_request_that_is_done_late(application, company, clock, change) -> None:
    company.faults.add("applied_late", seconds=30)
    with pytest.raises(NoAnswer):
        application.send("ARChangeRequest", change)
    assert executed(company) == 0
    clock.forward(seconds=29)
    assert executed(company) == 0
    clock.forward(seconds=1)
    assert executed(company) == Decimal("100.00")
    assert len(company.writes("ARChangeRequest")) == 1


def test_a_request_that_is_lost(application, company, change) -> None:
    company.faults.add("request_lost")
    with pytest.raises(NoAnswer):
        application.send("ARChangeRequest", change)
    assert executed(company) == 0
    assert company.effects("ARChangeRequest") == []


@pytest.mark.parametrize("kind", sorted(set(DESCRIPTIONS) - {"applied_late", "huge"}))
def test_what_is_done_under_a_fault(application, company, change, kind) -> None:
    company.faults.add(kind, "ARChangeRequest", seconds=7)
    try:
        application.send("ARChangeRequest", change)
    except NoAnswer:
        assert kind in ("answer_lost", "request_lost")
    assert executed(company) == (Decimal("100.00") if kind in APPLIED else 0)
    assert company.calls()[-1]["fault"] == kind
    assert company.faults.as_list() == []


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("error_500", 500, b"Internal Server Error"),
        ("soap_fault", 200, b"Error executing Web Service"),
        ("refused", 200, b"<error_code>I</error_code>"),
        ("unauthorized", 200, b"<error_code>A</error_code>"),
        ("timed_out", 200, b"Time out has occurred"),
        ("too_many", 429, b""),
        ("unavailable", 503, b""),
        ("redirect", 302, b""),
        ("dtd", 200, b"<!ENTITY"),
    ],
)
def test_what_the_caller_gets(application, company, change, kind, status, words) -> None:
    company.faults.add(kind)
    got, content = application.send("ARChangeRequest", change)
    assert got == status
    assert words in content


def test_two_errors_and_half_an_answer(application, company, change) -> None:
    company.faults.add("two_errors")
    assert application.send("ARChangeRequest", change)[1].count(b"<response>") == 2
    company.faults.add("cut", "GetPhase")
    phases = envelope("GetPhase", pCompany_Code="HBR", pJob_Number="H101")
    _, content = application.send("GetPhase", phases)
    assert b"</SOAP-ENV:Envelope>" not in content
    assert 0 < content.count(b"<response>") < 4


def test_a_huge_answer_is_100_mb(application, company) -> None:
    company.faults.add("huge", "GetPhase")
    _, content = application.send("GetPhase", envelope("GetPhase", pCompany_Code="HBR"))
    assert len(content) == 100 * 1024 * 1024


def test_retry_after_is_told_in_seconds(company) -> None:
    company.faults.add("too_many", "any", seconds=12)
    _, headers, _ = company.answer("POST", "/ws/GetJob", {}, b"")
    assert headers["Retry-After"] == "12"


def test_half_a_document(application, company) -> None:
    company.faults.add("refused", "UpdateSubcontractPhases", call=2)
    header = {**application.owner("SC-001"), "Job_Number": "H101", "GL_Account": "5000100"}
    assert application.write("UpdateSubcontract", **header) == []
    told = [
        application.write("UpdateSubcontractPhases", **application.line("SC-001", *line))
        for line in (("L", "1.00"), ("M", "2.00"))
    ]
    assert told == [[], [("I", "Bid_Item_Number")]]
    assert [line.cost_type for line in company.subcontract("SC-001").phases] == ["L"]


def test_faults_wait_for_their_call_and_act_so_many_times(application, company, change) -> None:
    company.faults.add("soap_fault", call=2, times=2)
    jobs = envelope("GetJob", pCompany_Code="HBR")
    assert b"Fault" not in application.send("GetJob", jobs)[1]  # reads are spared
    got = [b"Fault" in application.send("ARChangeRequest", change)[1] for _ in range(4)]
    assert got == [False, True, True, False]


def test_authorisation_that_is_lost_in_the_middle_comes_back(application, company) -> None:
    company.faults.add("unauthorized", "any", call=2, times=3)
    seen = [
        "Error_Code" in row and row["Error_Code"] == "E"
        for _ in range(5)
        for row in application.rows("GetJob", pCompany_Code="HBR", pCustomer_Code="PORT")
    ]
    assert seen == [False, True, True, True, False]


def test_every_call_can_be_slow(company) -> None:
    waited: list[float] = []
    company.wait = waited.append
    company.faults.delay = 0.2
    company.answer("GET", "/vendors/HBR", {}, b"")
    assert waited == [0.2]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "explode"},
        {"kind": "cut", "service": "Nowhere"},
        {"kind": "cut", "call": "0"},
        {"kind": "cut", "times": "x"},
        {"kind": "cut", "seconds": "99999"},
        {"kind": "cut", "colour": "red"},
        {"service": "any"},
        {"delay": "-1"},
    ],
)
def test_what_is_no_fault_is_not_switched_on(company, values) -> None:
    with pytest.raises(ValueError, match=r"."):
        company.faults.set(values)
    assert company.faults.as_list() == []
