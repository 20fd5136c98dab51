"""Reads what somebody entered for a budget. Every fault is found, none is mended silently."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from budgets.entries import LineEntry, ModificationEntry
from budgets.models import Budget, BudgetLine, Modification, ModificationLine
from directory.entered import MOST_MONEY, Lookup, Reader
from directory.models import Category, CostCode

MOST_LINES = 5000
MOST_PARTS = 500

# What a line is of: no two lines of a budget share it.
Key = tuple[int, int, str]
# A line's cost code, category, sub job, description and amount, as they were read.
Read = tuple[CostCode, Category, str, str, Decimal]


def key_of(line: BudgetLine) -> Key:
    return line.cost_code_id, line.category_id, line.sub_job


def lines(
    reader: Reader,
    entries: Sequence[LineEntry],
    budget: Budget,
    stored: Mapping[int, BudgetLine],
    modified: Collection[int],
) -> list[BudgetLine]:
    """The entered lines; those with an id of `stored` keep their number, new ones follow.

    `stored` are the lines that stay, `modified` the ids of those that modifications change. Lines
    with faults are left out: use the result only if `reader` has none.
    """
    if len(entries) + len(stored) > MOST_LINES + len([one for one in entries if one.id]):
        reader.fault("lines", f"At most {MOST_LINES:,} lines are possible.")
        return []
    entered = {entry.id for entry in entries}
    taken = {key_of(line): line.number for pk, line in stored.items() if pk not in entered}
    last = max((line.number for line in stored.values()), default=0)
    seen: set[int] = set()
    found = []
    for place, (entry, read) in enumerate(
        zip(entries, _read(reader, entries, budget), strict=True)
    ):
        reader.line = place + 1
        if entry.id is not None and (entry.id not in stored or entry.id in seen):
            reader.fault("id", "This line is no longer there. Remove it, or enter it as a new one.")
            continue
        seen.add(entry.id or 0)
        if read is None:
            continue
        before = stored.get(entry.id or 0)
        last += before is None
        code, category, sub_job, description, amount = read
        line = BudgetLine(
            pk=entry.id,
            company_id=budget.company_id,
            budget=budget,
            number=before.number if before else last,
            round=_round(before, budget, amount),
            cost_code=code,
            category=category,
            sub_job=sub_job,
            description=description,
            amount=amount,
        )
        if key_of(line) in taken:
            reader.fault(
                "cost_code", f"{code.code} {category} is in line {taken[key_of(line)]} already."
            )
        taken[key_of(line)] = line.number
        _may_change(reader, line, before, budget, modified)
        found.append(line)
    reader.line = None
    if abs(sum((line.amount for line in found), Decimal(0))) >= MOST_MONEY:
        reader.fault("lines", f"The total is too large: below {MOST_MONEY:,.0f} is possible.")
    return found


def _round(before: BudgetLine | None, budget: Budget, amount: Decimal) -> int:
    """The round that a line came with. What a modification added while round 1 was not sent yet is
    of round 2, until it gets money of its own in the original budget."""
    if before is None or (budget.round == 1 and amount):
        return budget.round
    return before.round


def _may_change(
    reader: Reader,
    line: BudgetLine,
    before: BudgetLine | None,
    budget: Budget,
    modified: Collection[int],
) -> None:
    """The original budget stays as the ERP has it; what modifications change stays a line."""
    if budget.round > 1 and line.amount != (before.amount if before else 0):
        reader.fault(
            "amount",
            "The original budget is in the ERP. A line that is added now begins at 0.00, and "
            "modifications change what there is.",
        )
    if before is None or key_of(before) == key_of(line):
        return
    if before.round < budget.round:
        reader.fault("cost_code", "This line is in the ERP; add another one instead.")
    elif before.pk in modified:
        reader.fault("cost_code", "A modification changes this line; add another one instead.")


def modification(reader: Reader, entry: ModificationEntry) -> dict[str, Any]:
    """Type, date and reason, by their names on the model."""
    if entry.type not in Modification.Type.values:
        reader.fault("type", "Choose Transfer, or Increase or decrease.")
    return {
        "type": entry.type,
        "date": reader.date("date", entry.date),
        "reason": reader.text("reason", entry.reason, 500, required="Say why."),
    }


def parts(
    reader: Reader, entry: ModificationEntry, budget: Budget, round_: int
) -> list[ModificationLine]:
    """What the modification changes, with lines that are to be added where the budget has none."""
    if not entry.parts:
        reader.fault("lines", "Say which lines it changes, and by how much.")
    if len(entry.parts) > MOST_PARTS:
        reader.fault("lines", f"At most {MOST_PARTS:,} lines are possible.")
        return []
    known = {key_of(line): line for line in budget.lines.all()}
    last = max((line.number for line in known.values()), default=0)
    seen: dict[Key, int] = {}
    found = []
    for place, read in enumerate(_read(reader, entry.parts, budget), 1):
        reader.line = place
        if read is None:
            continue
        code, category, sub_job, description, amount = read
        if amount == 0:
            reader.fault("amount", "0.00 changes nothing. Remove this line.")
        key = (code.pk, category.pk, sub_job)
        if key in seen:
            reader.fault("cost_code", f"{code.code} {category} is in line {seen[key]} already.")
        seen[key] = place
        line = known.get(key)
        if line is None:
            last += 1
            line = BudgetLine(
                company_id=budget.company_id,
                budget=budget,
                number=last,
                round=round_,
                cost_code=code,
                category=category,
                sub_job=sub_job,
                description=description,
                amount=Decimal("0.00"),
            )
        found.append(
            ModificationLine(company_id=budget.company_id, budget=budget, line=line, amount=amount)
        )
    reader.line = None
    total = sum((part.amount for part in found), Decimal("0.00"))
    if entry.type == Modification.Type.TRANSFER and total and not reader.faults:
        reader.fault("lines", f"A transfer comes to 0.00, and this one to {total:,.2f}.")
    return found


def _read(reader: Reader, entries: Sequence[LineEntry], budget: Budget) -> list[Read | None]:
    """What each entry says; None, with its faults, for what makes no sense."""
    company = budget.company
    codes = Lookup(CostCode, "code", company, [entry.cost_code for entry in entries])
    categories = Lookup(Category, "name", company, [entry.category for entry in entries])
    found: list[Read | None] = []
    for place, entry in enumerate(entries, 1):
        reader.line = place
        code = codes.find(reader, "cost_code", entry.cost_code, "a cost code")
        category = categories.find(reader, "category", entry.category, "a category")
        sub_job = reader.text("sub_job", entry.sub_job, 60)
        description = reader.text("description", entry.description, 1000, long=True)
        before = len(reader.faults)
        amount = reader.number("amount", entry.amount, 2, MOST_MONEY)
        if amount is None and len(reader.faults) == before:
            reader.fault("amount", "Enter an amount; 0.00 is possible.")
        if code is None or category is None or amount is None:
            found.append(None)
        else:
            found.append((code, category, sub_job, description, amount))
    reader.line = None
    return found
