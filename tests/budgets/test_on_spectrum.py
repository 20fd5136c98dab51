"""A budget that becomes the estimates of a job's phases in Spectrum, and comes free on Ann's word.

Spectrum is the sandbox's stand-in, called over real HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client

from approvals.models import Export
from approvals.workflow import take
from connectors.syncing import request_sync
from tests.budgets.entering import Desk, let_ann_unlink
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spectrum(stage: Stage) -> Iterator[OnSpectrum]:
    """The job has an estimate for material already, which no budget of ours knows."""
    company = spectrum_books()
    company.add_phase("26010", "03300", "M", "Phase 03300")
    company.books.put("phase", ("26010", "03300", "M"), {"Current_Estimated_Dollars": "5000.00"})
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


def sync(spectrum: OnSpectrum) -> None:
    request_sync(spectrum.connection, spectrum.stage.access(spectrum.stage.ann))
    spectrum.serve()


def estimates(spectrum: OnSpectrum) -> dict[str, Decimal]:
    """Phase and cost type -> its current estimate there."""
    return {
        f"{one.phase}/{one.cost_type}": one.current_estimate
        for one in spectrum.company.job_phases("26010")
    }


def test_two_rounds_there_and_free_again_together(spectrum: OnSpectrum, desk: Desk) -> None:
    stage = spectrum.stage
    let_ann_unlink(stage)
    desk.create(("03-300", "40000.00"), ("05-120", "25000.50"))
    desk.lock()
    spectrum.synced(desk.budget)
    assert desk.budget.awaited(), "nobody has read the job's costs since"
    sync(spectrum)
    assert not desk.budget.awaited()

    desk.modify(("03-300", "1500.00"))
    spectrum.synced(desk.budget)
    sync(spectrum)
    assert estimates(spectrum)["03300/S"] == Decimal("41500.00")
    assert estimates(spectrum)["03300/M"] == Decimal("5000.00")
    assert not desk.budget.awaited()

    export = desk.budget.export
    ann = Client()
    ann.force_login(stage.ann)
    page = ann.get(f"/exports/{export.pk}/").content.decode()
    assert "Job there" in page
    assert "Vendor there" not in page, "a budget has none"
    take(
        "unlink",
        export,
        by=stage.access(stage.ann),
        version=export.version,
        note="Set the estimates of job 26010 to nothing.",
        attested=True,
    )
    budget = desk.budget
    assert (budget.round, budget.locked, budget.export.status) == (1, False, "draft")
    assert budget.export.message == "Successful Unlinked"
    page = ann.get(f"/exports/{budget.export_id}/").content.decode()
    assert "It stands in Viewpoint Spectrum® with the same job and 65,000.50" in page
    assert set(Export.objects.filter(kind="budget").values_list("erp_id", flat=True)) == {""}
