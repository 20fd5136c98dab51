"""Companies whose ERP is called."""

from collections.abc import Iterator

import pytest

from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage


@pytest.fixture
def spectrum(stage: Stage, settings) -> Iterator[OnSpectrum]:
    """The stage's company on Spectrum, over real HTTP, without a quarantine."""
    settings.ERP_QUARANTINE_SECONDS = 0
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()
