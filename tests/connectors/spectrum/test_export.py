"""What was approved stands in Spectrum: subcontracts, their change orders, the job's estimates."""

from __future__ import annotations

from dataclasses import astuple
from decimal import Decimal

from msgspec.structs import replace

from connectors.contract import Ref, Terms
from connectors.spectrum import connector
from connectors.spectrum.services import SERVICES
from sandbox.spectrum.books import PHASE
from sandbox.spectrum.layouts import SERVICES as THEIRS
from tests.connectors.spectrum.conftest import (
    AUTHORIZATION,
    Site,
    budget,
    change_order,
    commitment,
    line,
)


def test_a_commitment_becomes_a_subcontract_with_a_line_for_each_phase_and_cost_type(
    site: Site,
) -> None:
    document = commitment(
        line(1, "1000.00"),
        line(2, "500.00", kind=2),
        line(3, "250.50"),
        line(4, "8150.00", code=2),
    )
    receipt = site.exported(document)
    held = site.company.subcontract("SC-001")
    assert (held.vendor, held.job, held.status, held.comment) == ("IRON", "26010", "A", "Concrete")
    assert (held.gl_account, held.retention_percent) == ("5000100", Decimal("10.0"))
    assert held.date_issued == "05/04/2026"
    assert [(one.phase, one.cost_type, one.amount, one.retention) for one in held.phases] == [
        ("03200", "S", Decimal("8150.00"), True),
        ("03300", "M", Decimal("500.00"), True),
        ("03300", "S", Decimal("1250.50"), True),
    ]
    assert held.original == document.amount
    assert receipt.id == "IRON/SC-001"
    assert receipt.lines == {"101": "03300/S", "102": "03300/M", "103": "03300/S", "104": "03200/S"}


def test_a_code_goes_as_it_stands(site: Site) -> None:
    """Two phases that only blanks tell apart would else be one, written twice."""
    way = site.way(commitment())
    for number, code in (("1", "1 300"), ("2", "1  300")):
        site.company.add_phase("26010", code, "S", "Concrete")
        way.terms.items[number] = Ref(id=code, name=code)
    assert way.settle() == "synced"
    held = {one.phase: one.amount for one in site.company.subcontract("SC-001").phases}
    assert held == {"1 300": Decimal("24000.00"), "1  300": Decimal("8150.50")}

    way = site.way(commitment(number="SC-002"))
    way.terms.items["2"] = Ref(id="03300 ", name="03300")
    assert way.settle() == "failed"
    assert "Phase_Code: '03300 '" in way.message


def test_a_change_order_stands_on_the_log_of_its_subcontract_merged_and_under_its_number(
    site: Site,
) -> None:
    parent = site.exported(commitment())
    receipt = site.exported(change_order(), parent)
    [held] = site.company.subcontract("SC-001").change_orders
    assert (held.number, held.request, held.customer) == ("S001-002", "S001-002", "ALDER")
    assert (held.status, held.date) == ("E", "05/04/2026")
    assert (held.description, held.comments) == ("Thicker slab", "Soil report")
    assert sorted(astuple(one) for one in held.lines) == [
        ("03200", "S", Decimal("-300.00")),
        ("03300", "S", Decimal("1300.00")),
    ]
    assert (receipt.id, receipt.number) == ("26010/S001-002", "S001-002")


def test_a_budget_goes_as_original_estimates_and_its_changes_as_current_ones(site: Site) -> None:
    first = site.exported(budget())
    held = {(one.phase, one.cost_type): one for one in site.company.job_phases("26010")}
    assert held["03300", "S"].original_estimate == Decimal("50000.00")
    assert held["03300", "S"].current_estimate == Decimal("50000.00")
    changed = budget(line(1, "1000.00"), line(2, "-500.00"), number="2")
    second = site.exported(changed, first)
    held = {(one.phase, one.cost_type): one for one in site.company.job_phases("26010")}
    assert held["03300", "S"].original_estimate == Decimal("50000.00")
    assert held["03300", "S"].current_estimate == Decimal("50500.00")
    assert held["03300", "M"].current_estimate == Decimal("9000.00")
    assert second.amount == Decimal("66500.00")


def test_the_return_of_a_budget_is_recognised_in_the_job_costs(site: Site) -> None:
    site.exported(budget())
    site.company.by_hand.enter_cost("26010", "03300", "S", Decimal("1234.50"))
    job = Ref(id="26010", name="26010 Riverside Library")
    costs = site.line.run(lambda: connector.job_costs(job, site.settings))
    rows = {row.key: (row.estimate, row.actual) for row in costs.rows}
    assert rows["03300/S"] == (Decimal("50000.00"), Decimal("1234.50"))
    assert rows["03200/S"] == (Decimal("7000.00"), Decimal("0.00"))


def test_a_phase_that_is_new_on_the_job_is_called_by_its_cost_code(site: Site) -> None:
    site.company.add_job("26011", "Annex")
    document = budget(line(1, "100.00"))
    way = site.way(document)
    way.terms = _on_job(way.terms, "26011")
    assert way.settle() == "synced"
    [held] = site.company.job_phases("26011")
    assert held.description == "Cast-in-place concrete"


def test_the_name_that_an_accountant_gave_a_phase_stays(site: Site) -> None:
    for cost_type in ("S", "M"):
        site.company.add_phase("26010", "03300", cost_type, "Concrete, east wing")
    site.exported(budget())
    named = {one.description for one in site.company.job_phases("26010", "03300")}
    assert named == {"Concrete, east wing"}


def test_an_estimate_that_was_changed_in_spectrum_is_not_written_over(site: Site) -> None:
    first = site.exported(budget())
    by_hand = budget(line(1, "60000.00"))
    site.exported(by_hand)  # another program wrote it
    way = site.way(budget(line(1, "1000.00"), number="2"), first)
    assert way.settle() == "failed"
    assert "it is 60,000.00 there and was 50,000.00" in way.message
    assert "so it is not written over" in way.message
    assert len(site.company.effects("AddPhase")) == 4, "only the two that went well"


def test_a_phase_that_is_no_longer_shown_is_not_estimated_anew(site: Site) -> None:
    """It was removed, or completed where the site shows only open ones, for some reason."""
    first = site.exported(budget())
    site.company.books.storage.delete(PHASE, "26010", "03300", "S")
    way = site.way(budget(line(1, "1000.00"), number="2"), first)
    calls = len(site.company.effects("AddPhase"))
    assert way.settle() == "failed"
    assert "03300/S was estimated at 50,000.00" in way.message
    assert len(site.company.effects("AddPhase")) == calls
    site.company.add_phase("26010", "03300", "S", "Cast-in-place concrete")
    site.exported(budget())
    assert way.retry() == "synced"


def test_an_estimate_that_spectrum_does_not_show_is_not_written_over(site: Site) -> None:
    first = site.exported(budget())
    way = site.way(budget(line(1, "1000.00"), line(2, "5.00", code=2), number="2"), first)
    site.company.set(row_cap=1)
    calls = len(site.company.effects("AddPhase"))
    assert way.settle() == "failed"
    assert "only a part of the answer to the question for the phases of job 26010" in way.message
    assert len(site.company.effects("AddPhase")) == calls
    site.company.set(row_cap=500)
    site.company.faults.add("cut", "GetPhase")
    assert way.retry() == "synced"


def test_no_credential_is_ever_stored_and_each_call_carries_it(site: Site) -> None:
    way = site.way(commitment())
    assert way.settle() == "synced"
    assert way.line.stored
    assert not any(AUTHORIZATION in text for text in way.line.stored)
    assert all("<GUID/>" not in text for text in way.line.stored if text.startswith("POST"))


def test_the_calls_of_one_service_share_a_guid_and_no_service_shares_one(site: Site) -> None:
    way = site.way(commitment())
    way.settle()
    bodies = [text for text in way.line.stored if text.startswith("POST")]
    guids = [body.partition("<GUID>")[2].partition("</GUID>")[0] for body in bodies]
    assert guids[0] != guids[1] == guids[2]
    assert all(len(guid) == 36 for guid in guids)


def test_a_number_is_derived_from_both_and_never_one_that_was_used(site: Site) -> None:
    document = change_order(number="PCO-2026-014")
    assert connector.number(document, None) == "S001-014"
    assert connector.number(document, None, frozenset({"S001-014"})) == "S001A014"
    taken: set[str] = set()
    for _ in range(200):
        number = connector.number(document, None, frozenset(taken))
        assert number not in taken
        assert len(number) == 8
        taken.add(number)


def test_what_was_confirmed_under_other_terms_stops_for_a_person(site: Site) -> None:
    """A link moved between two attempts: the old line would stay beside the new one."""
    site.company.faults.add("refused", call=3)
    way = site.way(commitment())
    assert way.settle() == "needs_attention"
    way.terms = site.terms(commitment(line(1, "24000.00", kind=2), line(2, "8150.50", code=2)))
    way.document = commitment(line(1, "24000.00", kind=2), line(2, "8150.50", code=2))
    calls = len(site.company.calls())
    assert way.retry() == "needs_attention"
    assert "not as it would be sent now" in way.message
    assert len(site.company.calls()) == calls
    way.disown()
    assert way.retry() == "synced"


def test_every_service_is_known_to_the_stand_in() -> None:
    for service in SERVICES.values():
        assert [one.name for one in service.fields] == [
            one.name for one in THEIRS[service.name].fields
        ]


def _on_job(terms: Terms, job: str) -> Terms:
    return replace(terms, job=Ref(id=job, name=job))
