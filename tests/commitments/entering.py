"""Short ways to write what somebody enters."""

from dataclasses import replace
from typing import Any

from commitments.entries import ChangeEntry, ChangeOrderEntry, CommitmentEntry, LineEntry
from tests.stage import Stage


def line(code: int | str = "03-300", amount: str | None = "1000.00", **fields: Any) -> LineEntry:
    return LineEntry(cost_code=code, category="Subcontract", amount=amount, **fields)


def change(target: int | None, amount: str | None = "500.00", **fields: Any) -> ChangeEntry:
    """A change of commitment line `target` (its id); None for a new scope."""
    fields = {"cost_code": "03-300", "category": "Subcontract", **fields}
    return ChangeEntry(commitment_line=target, new_scope=target is None, amount=amount, **fields)


def subcontract(stage: Stage, *lines: LineEntry, **fields: Any) -> CommitmentEntry:
    entry = CommitmentEntry(
        type="subcontract",
        number="SC-100",
        title="Cast-in-place concrete",
        vendor=stage.vendor.pk,
        date_created="2026-03-02",
        lines=list(lines) or [line()],
    )
    return replace(entry, **fields)


def change_order(*lines: ChangeEntry, **fields: Any) -> ChangeOrderEntry:
    return replace(ChangeOrderEntry(title="Deeper footings", lines=list(lines)), **fields)
