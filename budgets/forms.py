"""The sheets of a budget: what was typed into lines, kept as it was typed, and its faults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from budgets.entries import LineEntry
from budgets.models import BudgetLine
from directory.entered import Fault, id_of
from directory.formats import money
from directory.paging import rows_html

KEY = ("cost_code", "category", "sub_job")
CELLS = ("id", "cost_code", "category", "sub_job", "description", "amount")
BLANK_ROWS = 3
_LABELS = {
    "id": "Line",
    "cost_code": "Cost code",
    "category": "Category",
    "sub_job": "Sub job",
    "description": "Description",
    "amount": "Amount",
}
Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lines as a form shows them, and every fault as (anchor on the page, sentence)."""

    rows: SafeString
    listed: Sequence[tuple[str, str]]
    with_sub_jobs: bool


def entries(rows: Iterable[Cells]) -> list[LineEntry]:
    """The entries that were typed; what makes no sense in them is found by the workflow."""
    return [LineEntry(**{**row, "id": id_of(row["id"])}) for row in rows]  # type: ignore[arg-type]


def cells(line: BudgetLine) -> Cells:
    """A stored line as its form shows it first."""
    return {
        "id": str(line.pk),
        "cost_code": line.cost_code.code,
        "category": line.category.name,
        "sub_job": line.sub_job,
        "description": line.description,
        "amount": money(line.amount),
    }


def beginning_at_nothing(rows: Iterable[Cells]) -> list[Cells]:
    """The rows with 0.00 where no amount can be entered any more."""
    return [{**row, "amount": row["amount"] or money(Decimal(0))} for row in rows]


def sheet(
    rows: Sequence[Cells],
    faults: Sequence[Fault] = (),
    *,
    staying: Collection[int] = (),
    amounts_stay: bool = False,
) -> Sheet:
    """The rows, with what is wrong beside them, and some blank ones.

    What can change no more is shown as text: which line it is, of those whose ids are `staying`,
    and with `amounts_stay` all amounts.
    """
    with_sub_jobs = any(row["sub_job"] for row in rows)
    shown = [_row(number, row, faults) for number, row in enumerate(rows, 1)]
    blank = dict.fromkeys(CELLS, "")
    shown += [_row(len(rows) + more, blank, ()) for more in range(1, BLANK_ROWS + 1)]
    for row in shown:
        row["stays"] = id_of(row["cells"]["id"]) in staying
        row["fixed"] = {*(KEY if row["stays"] else ()), *(["amount"] if amounts_stay else ())}
    html = rows_html(
        "sheet.jinja", rows=shown, target="", with_sub_jobs=with_sub_jobs, amounts_only=True
    )
    return Sheet(html, [_listed(fault) for fault in faults], with_sub_jobs)


def _row(number: int, row: Cells, faults: Sequence[Fault]) -> dict[str, Any]:
    mine = [fault for fault in faults if fault.line == number]
    told = [f"{_LABELS[fault.field]}: {fault.message}" for fault in mine]
    return {
        "number": number,
        "cells": row,
        "wrong": {fault.field for fault in mine},
        "faults": told,
    }


def _listed(fault: Fault) -> tuple[str, str]:
    if fault.line:
        words = f"Line {fault.line}, {_LABELS[fault.field].lower()}: {fault.message}"
        return f"line-{fault.line}", words
    return fault.field or "lines", fault.message
