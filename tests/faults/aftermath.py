"""What people do after a fault, and how everything must stand then."""

from __future__ import annotations

from decimal import Decimal

import pytest

from approvals.models import Export
from approvals.states import MOVING
from commitments.models import ChangeOrder, Commitment
from erpbridge import verifying
from tests.stage import Stage


def accepted(stage: Stage, commitment: Commitment, number: str) -> ChangeOrder:
    """A change order of 1,500.00 that an approver has just let go."""
    change_order = stage.change_order(commitment, number=number)
    stage.send(change_order)
    stage.accept(change_order)
    return change_order


def visit_until_quiet(stage: Stage, address: str) -> None:
    """Web Connectors that work, until nothing is left to do."""
    for _ in range(6):
        visit = stage.web_connector(address).run_once()
        if visit.outcome == "nothing to do":
            return
    pytest.fail(f"Still busy after six visits: {visit.outcome} {visit.message}")


def assert_once(stage: Stage, change_order: ChangeOrder, where: str) -> None:
    """It is Synced, and QuickBooks holds it exactly once."""
    export = stage.export(change_order)
    assert export.status == "synced", f"{where}: {export.status} {export.message}"
    order = stage.order(change_order.commitment.number)
    lines = [line for line in order.lines if line.desc.startswith(f"CCO {change_order.number}:")]
    assert [line.amount for line in lines] == [Decimal("1500.00")], where


def assert_all_ended(where: str = "") -> None:
    """Everything that was accepted has come to an end, and all that is stored is sound."""
    assert not Export.objects.filter(status__in=MOVING).exists(), where
    assert [str(fault) for fault in verifying.check(verifying.RULES)] == [], where
