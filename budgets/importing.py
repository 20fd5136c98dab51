"""Lines of a budget from a spreadsheet: read, compared with those that are there, and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets import workflow
from budgets.checking import MOST_LINES
from budgets.entries import LineEntry
from budgets.models import Budget
from directory.entered import Fault
from directory.sheets import Column, Row, read_sheet

COLUMNS = (
    Column("cost_code", "Cost code", ("code", "budget code"), required=True),
    Column("category", "Category", ("cost type",), required=True),
    Column("sub_job", "Sub job"),
    Column("description", "Description"),
    Column(
        "amount",
        "Amount",
        (
            *("original", "original amount", "original budget", "original budget amount"),
            *("budget", "budget amount"),
        ),
        required=True,
        number=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table would do to the budget. With faults it does nothing.

    The `line` of a fault counts `rows` from 1; `changes` says of each row whether its line is
    new, changed or the same.
    """

    rows: Sequence[Row]
    entries: Sequence[LineEntry]
    faults: Sequence[Fault]
    ignored: Sequence[str]
    changes: Sequence[str]
    total: Decimal

    def count(self, change: str) -> int:
        return self.changes.count(change)


def read(content: bytes | str, budget: Budget) -> Reading:
    """The table in `content`, compared with the budget. Raises `directory.sheets.Unreadable`.

    A row of a cost code, category and sub job that the budget has changes that line; others are
    new lines. No line is removed.
    """
    sheet = read_sheet(content, COLUMNS, MOST_LINES)
    stored = {
        (line.cost_code.code, line.category.name, line.sub_job): line
        for line in budget.lines.select_related("cost_code", "category")
    }
    faults = list(sheet.faults)
    first: dict[tuple[str, str, str], int] = {}
    entries = []
    for place, row in enumerate(sheet.rows, 1):
        cells = row.cells
        key = (cells["cost_code"], cells["category"], cells.get("sub_job", ""))
        line = stored.get(key)
        if key in first:
            words = f"Row {first[key]} has the same cost code and category already."
            faults.append(Fault("cost_code", words, place))
            line = None
        first.setdefault(key, row.number)
        entries.append(
            LineEntry(
                id=line.pk if line else None,
                cost_code=cells["cost_code"],
                category=cells["category"],
                sub_job=cells.get("sub_job", ""),
                description=cells.get("description", line.description if line else ""),
                amount=cells["amount"],
            )
        )
    twice = {fault.line for fault in faults}
    plan = workflow.plan_lines(budget, entries)
    faults += [fault for fault in plan.faults if fault.line not in twice]
    changed = {line.pk for line in plan.changed}
    changes = [
        "new" if entry.id is None else "changed" if entry.id in changed else "same"
        for entry in entries
    ]
    return Reading(
        sheet.rows,
        entries,
        sorted(faults, key=lambda fault: fault.line or 0),
        sheet.ignored,
        changes,
        plan.total,
    )
