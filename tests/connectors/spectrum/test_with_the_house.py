"""The house and Spectrum together, over real HTTP: the budget comes back, lists and rules hold."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from approvals.errors import NotReady
from connectors.models import Known
from connectors.syncing import request_sync
from directory.models import Category, CostCode, Job, JobCost, Unlinked
from tests.budgets.entering import Desk
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spectrum(stage: Stage, settings) -> Iterator[OnSpectrum]:
    settings.ERP_QUARANTINE_SECONDS = 0
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


def sync(spectrum: OnSpectrum) -> None:
    stage = spectrum.stage
    request_sync(stage.connection, stage.access(stage.ann))
    while spectrum.serve():
        pass


def test_a_budget_is_frozen_until_its_estimates_come_back_and_then_changed(
    stage: Stage, spectrum: OnSpectrum
) -> None:
    desk = Desk(stage)
    desk.create()
    desk.lock()
    spectrum.synced(desk.budget)
    waiting = desk.budget.awaited()
    assert {one.code for one in waiting.codes} == {"03-300", "05-120"}
    sync(spectrum)
    assert not desk.budget.awaited()
    desk.modify(("03-300", "-1000.00"), ("05-120", "250.00"))
    spectrum.synced(desk.budget)
    assert desk.budget.awaited()
    sync(spectrum)
    assert not desk.budget.awaited()
    held = {one.phase: one.current_estimate for one in spectrum.company.job_phases("26010")}
    assert held == {
        "03300": Decimal("39000.00"),
        "05120": Decimal("25250.50"),
        "09290": Decimal("0.00"),
    }


def test_a_sync_brings_vendors_jobs_phases_cost_types_and_costs(
    stage: Stage, spectrum: OnSpectrum
) -> None:
    spectrum.company.add_vendor("MOOR", "Mooring Electric")
    spectrum.company.add_job("26011", "Annex")
    spectrum.company.add_phase("26011", "26050", "M", "Basic electrical")
    spectrum.company.by_hand.enter_cost("26010", "03300", "S", Decimal("1200.00"))
    sync(spectrum)
    left = set(Unlinked.objects.filter(company=stage.company).values_list("what", "erp_id"))
    assert {("vendors", "MOOR"), ("cost_codes", "26050"), ("classes", "M")} <= left
    assert Job.objects.get(erp_id="26011").name == "26011 Annex"
    spent = JobCost.objects.get(project=stage.project, erp_id="03300", erp_category="S")
    assert spent.actual == Decimal("1200.00")
    assert spent.cost_code == CostCode.objects.get(code="03-300")
    assert spent.category == Category.objects.get(erp_id="S")
    areas = spectrum.connection.areas
    assert len(areas) == 7
    assert not any(area["problem"] for area in areas)
    assert spectrum.company.effects() == []


def test_what_the_job_lacks_in_spectrum_keeps_a_document_here(
    stage: Stage, spectrum: OnSpectrum
) -> None:
    spectrum.company.by_hand.set_status("phase", ("26010", "03300", "S"), "C")
    sync(spectrum)
    assert Known.objects.filter(record="phases:26010").exists()
    with pytest.raises(NotReady) as refused:
        stage.send(stage.commitment())
    assert "is completed on job 26010" in str([p.text for p in refused.value.problems])
