"""The budget's figures per cost code and category, counted by the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec
from django.db import connection

from budgets.models import Budget

ZERO = Decimal("0.00")
# Cost codes on one page, each with all of its categories.
PAGE = 100


class Figures(msgspec.Struct, frozen=True):
    """Money of one row. `cost` is what the ERP has spent: it is known per cost code only."""

    original: Decimal = ZERO
    modified: Decimal = ZERO
    committed: Decimal = ZERO
    cost: Decimal = ZERO
    over_under: Decimal = ZERO

    @property
    def revised(self) -> Decimal:
        return self.original + self.modified

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.original + other.original,
            self.modified + other.modified,
            self.committed + other.committed,
            self.cost + other.cost,
            self.over_under + other.over_under,
        )


class Part(msgspec.Struct, frozen=True):
    """One category of a cost code; `in_budget` is False where money is only committed."""

    category: str
    description: str
    in_budget: bool
    figures: Figures


class CodeRow(msgspec.Struct, frozen=True):
    """One cost code with its categories; none where it only has costs. '' is no code of ours."""

    code: str
    name: str
    figures: Figures
    parts: Sequence[Part] = ()


class Division(msgspec.Struct, frozen=True):
    """Cost codes that begin alike (03-100, 03-300), for the chart."""

    name: str
    figures: Figures


class Grid(msgspec.Struct, frozen=True):
    """One page of cost codes, and what the whole budget comes to. `after` begins the next page."""

    rows: Sequence[CodeRow]
    total: Figures
    divisions: Sequence[Division]
    after: str = ""
    count: int = 0


# A code's projected cost is what is committed, or what was spent where that is more already.
FIGURES = """
    WITH changed AS (
        SELECT line_id, sum(amount) AS amount
        FROM budgets_modificationline WHERE budget_id = %(budget)s GROUP BY 1
    ), budgeted AS (
        SELECT line.cost_code_id, line.category_id, sum(line.amount) AS original,
            coalesce(sum(changed.amount), 0.00) AS modified,
            string_agg(DISTINCT nullif(line.description, ''), '; ') AS description
        FROM budgets_budgetline AS line LEFT JOIN changed ON changed.line_id = line.id
        WHERE line.budget_id = %(budget)s GROUP BY 1, 2
    ), committed AS (
        SELECT cost_code_id, category_id, sum(amount) AS committed
        FROM directory_committed WHERE project_id = %(project)s GROUP BY 1, 2
    ), part AS (
        SELECT cost_code_id, category_id, coalesce(original, 0.00) AS original,
            coalesce(modified, 0.00) AS modified, coalesce(committed, 0.00) AS committed,
            coalesce(description, '') AS description, original IS NOT NULL AS in_budget
        FROM budgeted FULL JOIN committed USING (cost_code_id, category_id)
    ), coded AS (
        SELECT cost_code_id, sum(original) AS original, sum(modified) AS modified,
            sum(committed) AS committed
        FROM part GROUP BY 1
    ), spent AS (
        SELECT cost_code_id, sum(actual) AS cost
        FROM directory_jobcost WHERE project_id = %(project)s GROUP BY 1
    ), figure AS (
        SELECT code.id, coalesce(code.code, '') AS code, coalesce(code.name, '') AS name,
            coalesce(coded.original, 0.00) AS original, coalesce(coded.modified, 0.00) AS modified,
            coalesce(coded.committed, 0.00) AS committed, coalesce(spent.cost, 0.00) AS cost,
            coalesce(coded.original, 0.00) + coalesce(coded.modified, 0.00)
                - greatest(coalesce(coded.committed, 0.00), coalesce(spent.cost, 0.00))
                AS over_under
        FROM coded FULL JOIN spent ON spent.cost_code_id = coded.cost_code_id
        LEFT JOIN directory_costcode AS code
            ON code.id = coalesce(coded.cost_code_id, spent.cost_code_id)
        WHERE coded.cost_code_id IS NOT NULL OR spent.cost <> 0
    ), shown AS (
        SELECT * FROM figure
        WHERE (%(after)s = '' OR code > %(after)s)
            AND (strpos(lower(code), %(search)s) > 0 OR strpos(lower(name), %(search)s) > 0)
        ORDER BY code LIMIT %(most)s
    ), division AS (
        SELECT split_part(code, '-', 1) AS name, count(*) AS codes, sum(original) AS original,
            sum(modified) AS modified, sum(committed) AS committed, sum(cost) AS cost,
            sum(over_under) AS over_under
        FROM figure GROUP BY 1
    )
    SELECT shown.code, shown.name, shown.original, shown.modified, shown.committed, shown.cost,
        shown.over_under, category.name, part.description, part.in_budget, part.original,
        part.modified, part.committed, FALSE AS is_division
    FROM shown
    LEFT JOIN part ON part.cost_code_id = shown.id
    LEFT JOIN directory_category AS category ON category.id = part.category_id
    UNION ALL
    SELECT name, codes::text, original, modified, committed, cost, over_under, NULL, NULL, NULL,
        NULL, NULL, NULL, TRUE
    FROM division
    ORDER BY 14, 1, 8
"""


def grid(budget: Budget, *, after: str = "", search: str = "", most: int = PAGE) -> Grid:
    """A page of cost codes behind the code `after`, those whose code or name holds `search`.

    One query, however many lines there are. Costs under no cost code of ours come first, with
    the code ''.
    """
    values: dict[str, Any] = {
        "budget": budget.pk,
        "project": budget.project_id,
        "after": after,
        "search": search.strip().lower(),
        "most": most + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, values)
        found = cursor.fetchall()
    rows = _codes([row for row in found if not row[-1]])
    divisions = [(name, int(codes), Figures(*rest[:5])) for name, codes, *rest in found if rest[-1]]
    return Grid(
        rows=rows[:most],
        total=sum((figures for _, _, figures in divisions), Figures()),
        divisions=[Division(name or "Other", figures) for name, _, figures in divisions],
        after=rows[most - 1].code if len(rows) > most else "",
        count=sum(codes for _, codes, _ in divisions),
    )


def every_code(budget: Budget) -> Iterable[CodeRow]:
    """All cost codes, for the CSV file."""
    return grid(budget, most=100_000).rows


def _codes(rows: Sequence[tuple[Any, ...]]) -> list[CodeRow]:
    found = []
    for (code, name), group in groupby(rows, key=lambda row: (row[0], row[1])):
        parts = list(group)
        found.append(
            CodeRow(
                code,
                name,
                Figures(*parts[0][2:7]),
                [
                    Part(category, description, in_budget, Figures(*figures))
                    for category, description, in_budget, *figures in (row[7:13] for row in parts)
                    if category is not None
                ],
            )
        )
    return found
