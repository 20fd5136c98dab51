"""The budget's desk."""

import pytest

from tests.budgets.entering import Desk
from tests.stage import Stage


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)
