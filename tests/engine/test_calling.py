"""A worker serves the lane of an ERP that is called: in turns, alone, and never twice.

The ERP is the stand-in for Spectrum, over real HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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


def test_a_commitment_and_its_change_order_are_carried_to_spectrum(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.synced(commitment)
    change_order = stage.change_order(commitment)
    spectrum.synced(change_order)
    assert spectrum.sent() == [
        "POST /ws/UpdateSubcontract",
        "POST /ws/UpdateSubcontractPhases",
        "POST /ws/UpdateSubcontractPhases",
        "POST /ws/GetJob",  # nobody has read the job's customer yet
        "POST /ws/ARChangeRequest",
    ]
    assert str(spectrum.total()) == "36500.00"
