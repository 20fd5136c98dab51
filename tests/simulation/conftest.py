"""The sites that seeds are played on, each in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.database import Database
from tests.simulation.play import SITES
from tests.simulation.site import Site


@pytest.fixture
def quickbooks_site(transactional_db: None) -> Iterator[Site]:
    with Site.taken_over(Database(), SITES["quickbooks"]) as made:
        yield made


@pytest.fixture
def spectrum_site(transactional_db: None) -> Iterator[Site]:
    with Site.taken_over(Database(), SITES["spectrum"]) as made:
        yield made


@pytest.fixture
def settling_site(transactional_db: None) -> Iterator[Site]:
    with Site.taken_over(Database(), SITES["settling"]) as made:
        yield made


@pytest.fixture
def budgets_site(transactional_db: None) -> Iterator[Site]:
    with Site.taken_over(Database(), SITES["budgets"]) as made:
        yield made
