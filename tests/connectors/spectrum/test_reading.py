"""Lists, job costs and the self-test, as Spectrum tells them: whole, in part, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from connectors.contract import Busy, Ref, Refused
from connectors.spectrum import connector
from sandbox.spectrum import replies
from tests.connectors.spectrum.conftest import AUTHORIZATION, Site, commitment

JOB = Ref(id="26010", name="26010 Riverside Library")


def read(site: Site, what: str) -> Iterable[dict[str, Any]]:
    """All rows of a list, page by page."""
    line, cursor = site.line, ""
    while True:
        page = line.run(partial(connector.pull, what, cursor))
        yield from page.rows
        if not page.more:
            return
        cursor = page.more


def test_vendors_come_by_their_codes(site: Site) -> None:
    site.company.add_vendor("GONE", "Gone and Sons", active=False)
    rows = {row["id"]: (row["name"], row["active"]) for row in read(site, "vendors")}
    assert rows == {"IRON": ("Ironwood Concrete", True), "MOOR": ("Mooring Electric", True)}


def test_jobs_of_every_status_come_and_only_the_active_can_be_used(site: Site) -> None:
    site.company.add_job("26011", "Annex", status="I")
    site.company.add_job("25001", "Old Pier", status="C")
    rows = {row["id"]: row for row in read(site, "jobs")}
    assert {number: row["active"] for number, row in rows.items()} == {
        "26010": True,
        "26011": False,
        "25001": False,
    }
    assert rows["26010"]["name"] == "26010 Riverside Library"
    assert "completed" in rows["25001"]["problem"]


def test_phases_and_cost_types_are_gathered_from_all_jobs(site: Site) -> None:
    for number in range(30):
        site.company.add_job(f"J{number:03}", f"Job {number}")
        site.company.add_phase(f"J{number:03}", f"1{number:04}", "E", f"Phase {number}")
    codes = {row["id"]: row for row in read(site, "cost_codes")}
    assert len(codes) == 32
    assert codes["03300"]["description"] == "Cast-in-place concrete"
    assert {row["id"] for row in read(site, "classes")} == {"S", "M", "E"}


@pytest.mark.parametrize("what", ["jobs", "cost_codes", "classes"])
def test_a_list_that_is_cut_at_the_row_cap_is_taken_in_and_never_called_whole(
    site: Site, what: str
) -> None:
    site.company.add_job("26011", "Annex")
    site.company.set(row_cap=1)
    pulled = site.line.run(lambda: connector.pull(what, ""))
    assert pulled.rows[0]["id"]
    assert "nothing is taken for removed" in pulled.incomplete
    site.company.set(row_cap=500)
    assert not site.line.run(lambda: connector.pull(what, "")).incomplete


def test_a_cut_answer_gives_what_came_and_marks_the_list(site: Site) -> None:
    site.company.faults.add("cut", "vendors")
    with pytest.raises((Busy, Refused)):
        list(read(site, "vendors"))
    assert len(list(read(site, "vendors"))) == 2


def test_job_costs_tell_what_was_spent_completed_phases_too(site: Site) -> None:
    site.company.by_hand.enter_cost("26010", "03300", "M", Decimal("99.95"))
    site.company.by_hand.set_status("phase", ("26010", "03300", "M"), "C")
    costs = site.line.run(lambda: connector.job_costs(JOB, site.settings))
    rows = {row.key: row for row in costs.rows}
    assert rows["03300/M"].actual == Decimal("99.95")
    assert rows["03300/M"].name == "03300 Cast-in-place concrete"
    assert len(rows) == 4


@pytest.mark.parametrize("fault", ["cut", "soap_fault", "error_500", "dtd", "too_many"])
def test_costs_that_did_not_come_whole_never_look_like_a_job_without(
    site: Site, fault: str
) -> None:
    site.company.faults.add(fault, "GetPhase")
    with pytest.raises(Busy):
        site.line.run(lambda: connector.job_costs(JOB, site.settings))
    site.company.set(row_cap=2)
    with pytest.raises(Refused, match="only a part"):
        site.line.run(lambda: connector.job_costs(JOB, site.settings))


def test_jobs_and_their_phases_are_remembered_for_rules_and_previews(site: Site) -> None:
    line = site.line
    line.run(lambda: connector.job_costs(JOB, site.settings))
    line.run(lambda: connector.pull("jobs", ""))
    assert line.records["job:26010"] == {
        "customer": "ALDER",
        "status": "A",
        "name": "Riverside Library",
    }
    assert line.records["phases:26010"]["03300/S"] == ["A", "Cast-in-place concrete", "0.00"]
    site.company.set(row_cap=2)
    line.records.clear()
    with pytest.raises(Refused):
        line.run(lambda: connector.job_costs(JOB, site.settings))
    assert "phases:26010" not in line.records


def test_the_self_test_names_each_service_that_is_not_authorised(site: Site) -> None:
    areas = site.line.run(lambda: connector.self_test({"vendors": 2}))
    assert [area.problem for area in areas] == [""] * 7
    assert site.company.effects() == []
    site.company.authorize(AUTHORIZATION, ["GetJob", "UpdateSubcontract", "AddPhase"])
    areas = site.line.run(lambda: connector.self_test({"vendors": 40}))
    wrong = {area.name: area.problem for area in areas if area.problem}
    assert set(wrong) == {
        "Phases (GetPhase)",
        "Subcontract lines (UpdateSubcontractPhases)",
        "Change requests (ARChangeRequest)",
    }
    assert "not authorized" in wrong["Change requests (ARChangeRequest)"]


def test_the_self_test_tells_of_a_service_that_takes_a_call_without_a_record(site: Site) -> None:
    """The defaults of an Authorization ID may fill in what was left blank."""
    line, company = site.line, site.company

    class Filled:
        def answer(self, method: str, path: str, headers: Any, content: bytes) -> Any:
            if path.endswith("/AddPhase"):
                return replies.written("AddPhase")
            return company.answer(method, path, headers, content)

    line.company = Filled()  # type: ignore[assignment]
    areas = line.run(lambda: connector.self_test({}))
    [problem] = [area.problem for area in areas if area.problem]
    assert "took a call that names no record" in problem


def test_the_self_test_tells_when_nobody_is_let_in_and_waits_when_spectrum_is_busy(
    site: Site,
) -> None:
    site.company.authorize("SOMEBODY-ELSE")
    line = site.line
    line.secrets = {"authorization_id": "WRONG"}
    areas = line.run(lambda: connector.self_test({}))
    assert all(area.problem for area in areas)
    site.company.faults.add("too_many", "any")
    with pytest.raises(Busy):
        line.run(lambda: connector.self_test({}))


def test_what_cannot_be_asked_is_said(site: Site) -> None:
    document = commitment()
    terms, receipt = site.terms(document), site.exported(document)
    for script in (
        lambda: connector.still_there(document, terms, receipt),
        lambda: connector.compare(document, terms, receipt, terms),
        lambda: connector.look_up(document, terms, "SC-001"),
    ):
        with pytest.raises(Refused, match="Look there"):
            site.line.run(script)
