"""The sites that seeds are played on, each in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.database import Database
from tests.simulation.site import Site
from tests.simulation.spectrum import build


@pytest.fixture
def site(transactional_db: None) -> Iterator[Site]:
    with Site.taken_over(Database()) as made:
        yield made


@pytest.fixture
def spectrum_site(transactional_db: None) -> Iterator[Site]:
    with Site.taken_over(Database(), build) as made:
        yield made
