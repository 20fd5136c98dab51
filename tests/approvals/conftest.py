"""A stage whose company keeps its books in the toy ledger instead of QuickBooks."""

from __future__ import annotations

import pytest

from connectors import registry
from connectors.models import Connection
from directory.models import ToolLevel
from directory.perms import Level, Tool
from tests.approvals.ledger import Books
from tests.stage import Stage


@pytest.fixture
def ledger(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Ann may also unlink and link: that needs Admin on the project's Commitments."""
    monkeypatch.setitem(registry.OURS, "ledger", "tests.approvals.ledger:connector")
    Connection.objects.update(erp="ledger", settings={})
    stage.connection.refresh_from_db()
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    return Books()
