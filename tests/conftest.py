"""The cast and the stage; see `tests.stage`."""

import os

import pytest

from connectors import registry
from connectors.models import Connection
from directory.models import ToolLevel
from directory.perms import Level, Tool
from tests.ledger import Books
from tests.stage import Stage, set_stage

pytest_plugins = ["tests.plugin_database"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("QBXML_SCHEMA"):
        terminalreporter.write_line("qbXML: every request was checked against the published schema")
    else:
        terminalreporter.write_line(
            "qbXML: QBXML_SCHEMA names no folder, so requests were NOT CHECKED against the "
            "published schema (only by the sandbox and by the builder itself)",
            yellow=True,
        )


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    """Signing in costs a quarter of a second on purpose; not in tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _static_files_by_their_own_names(settings):
    """The test server finds static files where they lie; hashed names are made for production."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def stage(db) -> Stage:
    """One company with its people, its project and its QuickBooks company file."""
    return set_stage()


@pytest.fixture
def ledger(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Books:
    """The company of the stage keeps its books in the toy ledger instead of QuickBooks.

    Ann may also unlink and link: that needs Admin on the project's Commitments.
    """
    monkeypatch.setitem(registry.OURS, "ledger", "tests.ledger:connector")
    Connection.objects.update(erp="ledger", settings={})
    stage.connection.refresh_from_db()
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    return Books()
