"""Whatever happens on the line, each record is written once, and people read what is so."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from msgspec.structs import replace

from connectors.contract import Ref
from connectors.engine.scripts import MOST_LOST
from sandbox.spectrum import SpectrumCompany
from tests.connectors.spectrum.conftest import Site, budget, change_order, commitment
from tests.connectors.spectrum.playing import Way

UNANSWERED = [
    "answer_lost",
    "applied_late",
    "request_lost",
    "error_500",
    "error_500_applied",
    "soap_fault",
    "soap_fault_applied",
    "cut",
    "huge",
    "dtd",
    "unavailable",
    "redirect",
]
LATER = ["too_many", "timed_out"]


def written_once(company: SpectrumCompany) -> bool:
    """Whether no record was ever changed after it was made, nor added again."""
    company.catch_up(at_once=True)
    done = Counter((one.service, one.key) for one in company.writes())
    return set(done.values()) <= {1}


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("fault", UNANSWERED)
def test_a_subcontract_goes_on_by_itself_after_an_answer_that_is_not_clear(
    site: Site, fault: str, call: int
) -> None:
    site.company.faults.add(fault, call=call, seconds=5)
    way = site.way(commitment())
    assert way.export() == "unknown"
    site.clock.pass_by(minutes=10)
    assert way.settle() == "synced"
    held = site.company.subcontract("SC-001")
    assert held.original == Decimal("32150.50")
    assert len(held.phases) == 2
    assert written_once(site.company)


@pytest.mark.parametrize("fault", ["answer_lost", "error_500_applied", "cut"])
def test_what_is_confirmed_is_not_sent_a_second_time(site: Site, fault: str) -> None:
    site.company.faults.add(fault, call=2)
    way = site.way(commitment())
    assert way.settle() == "synced"
    sent = Counter(call["service"] for call in site.company.calls())
    assert sent == {"UpdateSubcontract": 1, "UpdateSubcontractPhases": 3}


def test_what_is_done_late_changes_nothing_that_was_sent_again(site: Site) -> None:
    site.company.faults.add("applied_late", "UpdateSubcontractPhases", seconds=3600)
    way = site.way(commitment())
    assert way.settle() == "synced"
    site.clock.pass_by(hours=2)
    assert site.company.subcontract("SC-001").original == Decimal("32150.50")
    assert written_once(site.company)


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("fault", LATER)
def test_spectrum_that_has_no_time_is_asked_again(site: Site, fault: str, call: int) -> None:
    site.company.faults.add(fault, call=call)
    way = site.way(commitment())
    first = way.export()
    assert first == ("accepted" if call == 1 else "unknown")
    assert way.settle() == "synced"
    assert site.company.subcontract("SC-001").original == Decimal("32150.50")
    assert written_once(site.company)


def test_a_retry_after_a_day_gets_a_new_guid(site: Site) -> None:
    site.company.faults.add("answer_lost", call=2)
    way = site.way(commitment())
    assert way.export() == "unknown"
    site.clock.pass_by(hours=30)
    assert way.settle() == "synced"
    assert "Time out has occurred" not in str(site.company.calls())
    assert written_once(site.company)


@pytest.mark.parametrize("document", [commitment(), budget()], ids=["subcontract", "budget"])
def test_a_document_whose_first_call_is_refused_failed_and_nothing_was_written(
    site: Site, document: object
) -> None:
    site.company.faults.add("two_errors")
    way = site.way(document)  # type: ignore[arg-type]
    assert way.settle() == "failed"
    assert "Nothing was written" in way.message
    assert way.words.count(";") == 1  # both errors are told
    assert site.company.writes() == []
    assert way.retry() == "synced"


def test_a_refusal_in_the_middle_names_what_is_in_and_what_is_not(site: Site) -> None:
    site.company.faults.add("refused", call=2, text="Invalid GL Account for Job/Phase/Cost Type")
    way = site.way(commitment())
    assert way.settle() == "needs_attention"
    assert way.message.startswith("Partly in Spectrum: the subcontract SC-001.")
    assert "In: the header." in way.message
    assert "Not in: 03300/S 24,000.00." in way.message
    assert "Not sent yet: 03200/S 8,150.50." in way.message
    assert "Invalid GL Account for Job/Phase/Cost Type" in way.words
    assert way.retry() == "synced"
    assert [call["service"] for call in site.company.calls()].count("UpdateSubcontract") == 1
    assert written_once(site.company)


def test_an_authorisation_that_is_lost_in_the_middle_is_told_with_what_to_do(site: Site) -> None:
    site.company.faults.add("unauthorized", call=3)
    way = site.way(commitment())
    assert way.settle() == "needs_attention"
    assert "Data Exchange Installation" in way.message
    assert "In: the header; 03300/S 24,000.00." in way.message
    assert way.retry() == "synced"
    assert written_once(site.company)


def test_a_page_that_is_no_answer_of_spectrum_is_never_taken_for_a_yes(site: Site) -> None:
    site.company.faults.add("redirect", text="https://elsewhere.example/")
    way = site.way(commitment())
    assert way.export() == "unknown"
    assert "no clear answer" in way.message
    assert way.settle() == "synced"


def test_after_five_lost_attempts_a_person_is_asked_and_a_retry_has_five_more(site: Site) -> None:
    site.company.faults.add("error_500_applied", call=1, times=2 * MOST_LOST)
    way = site.way(commitment())
    assert way.settle() == "needs_attention"
    assert "5 times" in way.message
    assert "then retry" in way.message
    assert "It is not in" not in way.message, "nobody attests what they did not see"
    assert way.retry() == "needs_attention"
    assert "10 times" in way.message
    assert len(site.company.calls()) == 2 * MOST_LOST
    assert way.retry() == "synced"
    assert site.company.subcontract("SC-001").original == Decimal("32150.50")
    assert written_once(site.company)


def test_a_refusal_says_nothing_of_an_earlier_call_that_was_never_answered(site: Site) -> None:
    site.company.faults.add("answer_lost")
    site.company.faults.add("unauthorized")
    way = site.way(commitment())
    assert way.settle() == "needs_attention"
    assert "an earlier call was never answered" in way.message
    assert "Nothing was written" not in way.message
    assert site.company.subcontract("SC-001").phases == ()
    assert way.retry() == "synced"
    assert written_once(site.company)


def relinked(site: Site, way: Way, vendor: str) -> None:
    way.terms = replace(way.terms, vendor=Ref(id=vendor, name=vendor))


@pytest.mark.parametrize("fault", ["answer_lost", "request_lost", "error_500_applied"])
def test_what_may_be_there_for_one_vendor_never_goes_to_another(site: Site, fault: str) -> None:
    site.company.faults.add(fault)
    way = site.way(commitment())
    assert way.export() == "unknown"
    relinked(site, way, "MOOR")
    assert way.settle() == "needs_attention"
    assert "may have been written to Spectrum by an earlier attempt" in way.message
    assert way.retry() == "needs_attention"
    assert len(site.company.calls()) == 1, "nothing went out for the other one"
    # Dora links it as it was.
    relinked(site, way, "IRON")
    assert way.retry() == "synced"
    assert written_once(site.company)


def test_a_change_order_that_may_be_on_one_phase_never_goes_to_another(site: Site) -> None:
    parent = site.exported(commitment())
    site.settings["repeat_change_requests"] = "Y"
    site.company.faults.add("answer_lost", "ARChangeRequest")
    way = site.way(change_order(), parent)
    assert way.export() == "unknown"
    steel = way.terms.items["2"]
    way.terms = replace(way.terms, items={"1": steel, "2": steel})
    assert way.settle() == "needs_attention"
    assert len(site.company.effects("ARChangeRequest")) == 1


def test_a_refusal_before_anything_goes_out_leaves_known_what_is_in(site: Site) -> None:
    site.company.faults.add("refused", call=2)
    way = site.way(commitment())
    assert way.settle() == "needs_attention"
    sent, way.terms = way.terms, replace(way.terms, vendor=None)
    assert way.retry() == "needs_attention", "the header is in Spectrum, so it has not failed"
    assert "linked to no active vendor" in way.message
    assert "part of it is in Spectrum" in way.message
    way.terms = sent
    assert way.retry() == "synced"


def test_a_budget_that_is_half_there_never_simply_failed(site: Site) -> None:
    first = site.exported(budget())
    way = site.way(budget(number="2"), first)
    site.company.faults.add("refused", "AddPhase", call=2)
    assert way.settle() == "needs_attention"
    site.company.faults.add("unauthorized", "GetPhase")
    assert way.retry() == "needs_attention"
    assert "part of it is in Spectrum" in way.message
    assert way.retry() == "synced"


ANSWER = "<Envelope><Body><Response><return>{}</return></Response></Body></Envelope>"
STRANGE = ANSWER.format(
    "<response><error_code>Q</error_code><desc>Queued for posting</desc></response>"
)


class Unheard:
    """Spectrum, which answers one call in a way that nobody knows, and carries it out."""

    def __init__(self, site: Site, service: str, text: str, status: int = 200) -> None:
        self.site, self.service, self.text, self.status = site, service, text, status

    def answer(
        self, method: str, path: str, headers: dict[str, str], content: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        real = self.site.company.answer(method, path, headers, content)
        if not self.text or not path.endswith(self.service):
            return real
        text, self.text = self.text, ""
        return self.status, {"Content-Type": "text/xml"}, text.encode()


def answered(site: Site, way: Way, service: str, text: str, status: int = 200) -> None:
    way.line.company = Unheard(site, service, text, status)  # type: ignore[assignment]


def test_a_letter_that_nobody_knows_is_no_refusal(site: Site) -> None:
    way = site.way(commitment())
    answered(site, way, "UpdateSubcontract", STRANGE)
    assert way.export() == "unknown"
    assert "documented nowhere (Q)" in way.message
    assert way.settle() == "synced"
    assert written_once(site.company)


def test_a_line_of_a_change_order_with_such_a_letter_is_not_sent_again(site: Site) -> None:
    parent = site.exported(commitment())
    site.company.set(repeats_double=True)
    way = site.way(change_order(), parent)
    answered(site, way, "ARChangeRequest", STRANGE)
    assert way.settle() == "needs_attention"
    assert "did not say whether it took a line" in way.message
    assert way.retry() == "needs_attention"
    assert len(site.company.effects("ARChangeRequest")) == 1


@pytest.mark.parametrize(
    "said",
    [
        "<response><error_code/><desc>Record is locked</desc></response>",
        "<response><desc>Record is locked</desc></response>",
        "<response><Status>I</Status><Message>Record is locked</Message></response>",
        "<response><error_code>I</error_code><desc>Record is locked</desc><error_code/></response>",
        "<error_code>I</error_code><desc>Record is locked</desc>",
        "Record is locked",
    ],
)
def test_what_is_said_in_no_known_way_is_no_yes(site: Site, said: str) -> None:
    way = site.way(commitment())
    answered(site, way, "UpdateSubcontract", ANSWER.format(said))
    assert way.export() == "unknown"
    assert "Record is locked" in way.message
    assert way.settle() == "synced"
    assert written_once(site.company)


def test_a_record_that_comes_back_without_a_complaint_is_a_yes(site: Site) -> None:
    way = site.way(commitment())
    row = "<response><Vendor_Code>IRON</Vendor_Code><Error_Code/><Error_Column/></response>"
    answered(site, way, "UpdateSubcontract", ANSWER.format(row))
    assert way.export() == "synced"


def test_a_guard_that_lets_no_answer_out_says_nothing_of_the_call(site: Site) -> None:
    """A firewall that reads answers, too, forbids one after the call was carried out."""
    parent = site.exported(commitment())
    site.company.set(repeats_double=True)
    way = site.way(change_order(), parent)
    answered(site, way, "ARChangeRequest", "<html>Forbidden</html>", 403)
    assert way.export() == "unknown"
    assert "(HTTP 403)" in way.message
    assert way.settle() == "needs_attention"
    assert len(site.company.effects("ARChangeRequest")) == 1


FAULT = """<Envelope><Body><Fault><faultstring>Record lock time out has occurred</faultstring>
</Fault></Body></Envelope>"""
LOCK = STRANGE.replace("Queued for posting", "Record lock time out has occurred")


@pytest.mark.parametrize(("text", "status"), [(FAULT, 500), (FAULT, 200), (LOCK, 200)])
def test_another_time_out_than_that_of_the_session_tells_nothing(
    site: Site, text: str, status: int
) -> None:
    parent = site.exported(commitment())
    site.company.set(repeats_double=True)
    way = site.way(change_order(), parent)
    answered(site, way, "ARChangeRequest", text, status)
    assert way.settle() == "needs_attention"
    assert len(site.company.effects("ARChangeRequest")) == 1


# --- Change orders: nobody knows what a repeated line does --------------------------------------


@pytest.mark.parametrize("fault", UNANSWERED)
def test_an_unanswered_line_of_a_change_order_is_for_a_person(site: Site, fault: str) -> None:
    parent = site.exported(commitment())
    site.company.set(repeats_double=True)
    site.company.faults.add(fault, "ARChangeRequest", call=2, seconds=5)
    way = site.way(change_order(), parent)
    assert way.settle() == "needs_attention"
    assert "change request S001-002 of job 26010" in way.message
    assert "change order log of subcontract SC-001" in way.message
    calls = len(site.company.calls())
    assert way.retry() == "needs_attention"
    assert len(site.company.calls()) == calls
    assert written_once(site.company)


def test_a_person_who_removed_a_part_has_it_sent_anew(site: Site) -> None:
    parent = site.exported(commitment())
    site.company.set(repeats_double=True)
    site.company.faults.add("answer_lost", "ARChangeRequest", call=2)
    way = site.way(change_order(), parent)
    assert way.settle() == "needs_attention"
    site.company.by_hand.delete_change_request("26010", "ALDER", "S001-002")
    way.disown()
    assert way.retry() == "synced"
    [held] = site.company.subcontract("SC-001").change_orders
    assert held.amount == Decimal("1000.00")


@pytest.mark.parametrize("fault", UNANSWERED)
def test_where_the_site_has_seen_that_repeats_add_nothing_it_goes_on_by_itself(
    site: Site, fault: str
) -> None:
    parent = site.exported(commitment())
    site.settings["repeat_change_requests"] = "Y"
    site.company.faults.add(fault, "ARChangeRequest", call=2, seconds=5)
    way = site.way(change_order(), parent)
    assert way.settle() == "synced"
    site.company.catch_up(at_once=True)
    [held] = site.company.subcontract("SC-001").change_orders
    assert held.amount == Decimal("1000.00")
    assert written_once(site.company)


@pytest.mark.parametrize("fault", ["refused", "two_errors", "unauthorized", *LATER])
def test_a_line_that_was_surely_not_taken_leaves_the_rest_for_a_retry(
    site: Site, fault: str
) -> None:
    parent = site.exported(commitment())
    site.company.set(repeats_double=True)
    site.company.faults.add(fault, "ARChangeRequest", call=2)
    way = site.way(change_order(), parent)
    assert way.settle() == "needs_attention"
    assert way.message.startswith("Partly in Spectrum: the change order S001-002.")
    assert "In: 03300/S 1,300.00." in way.message
    assert "tried again" not in way.message, "that is for a person to do"
    assert way.retry() == "synced"
    [held] = site.company.subcontract("SC-001").change_orders
    assert held.amount == Decimal("1000.00")
    assert written_once(site.company)


@pytest.mark.parametrize("fault", UNANSWERED)
def test_a_budget_comes_to_what_was_approved_whatever_happened(site: Site, fault: str) -> None:
    first = site.exported(budget())
    site.company.faults.add(fault, "AddPhase", call=1, seconds=5)
    changed = budget(number="2", lines=budget().lines, amount=Decimal("66000.00"))
    way = site.way(changed, first)
    assert way.settle() == "synced"
    site.company.catch_up(at_once=True)
    held = {(one.phase, one.cost_type): one for one in site.company.job_phases("26010")}
    assert held["03300", "S"].current_estimate == Decimal("100000.00")
    assert held["03300", "S"].original_estimate == Decimal("50000.00")


@pytest.mark.parametrize("fault", [*UNANSWERED, *LATER, "unauthorized"])
def test_a_question_that_fails_writes_nothing(site: Site, fault: str) -> None:
    parent = site.exported(commitment())
    site.company.faults.add(fault, "GetJob", times=1)
    way = site.way(change_order(), parent)
    assert way.export() in ("accepted", "failed")
    assert site.company.effects("ARChangeRequest") == []
    assert way.retry() == "synced"
