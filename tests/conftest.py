"""The cast and the stage; see `tests.stage`."""

import pytest

from tests.stage import Stage, set_stage

pytest_plugins = ["tests.plugin_database"]


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    """Signing in costs a quarter of a second on purpose; not in tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def stage(db) -> Stage:
    """One company with its people, its project and its QuickBooks company file."""
    return set_stage()
