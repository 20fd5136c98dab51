"""Is what was exported back in the job costs? Until it is, the budget stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import connection

from approvals.states import Status
from directory.formats import counted

if TYPE_CHECKING:
    from budgets.models import Budget


@dataclass(frozen=True, slots=True)
class AwaitedCode:
    """A cost code that the ERP has not given back: what it should estimate, and what it does.

    `seen` is None while no report since the export names the code.
    """

    code: str
    name: str
    expected: Decimal
    seen: Decimal | None


@dataclass(frozen=True, slots=True)
class Awaited:
    """The codes that are missing of those exported. False, as a whole, if none is."""

    codes: Sequence[AwaitedCode] = ()
    of: int = 0
    costs_at: datetime | None = None  # when the project's costs last came
    exported_at: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.codes)

    def __str__(self) -> str:
        codes = len(self.codes)
        of = counted(self.of, "exported cost code")
        if self.differing:
            return (
                f"The ERP estimates another amount for {len(self.differing)} of {of}. "
                "Mend it in the ERP and sync, or have the budget unlinked."
            )
        return (
            f"{codes} of {of} {'is' if codes == 1 else 'are'} not back in the ERP's job costs yet. "
            "Until then the budget cannot be changed or sent again."
        )

    @property
    def differing(self) -> Sequence[AwaitedCode]:
        """Those that came back with another amount."""
        return [one for one in self.codes if one.seen is not None]


# A report from before the export says nothing about it. Where the ERP keeps several estimates of a
# job, the budget is looked for in its own; where it tells categories apart, a code has several
# rows, and those of categories that were never exported are somebody else's. A code that was
# exported with 0.00 may be left out.
_AWAITED = """
    WITH exported AS (
        SELECT cost_code_id, array_agg(category_id) AS categories, sum(amount) AS amount
        FROM (
            SELECT cost_code_id, category_id, amount FROM budgets_budgetline
            WHERE budget_id = %(budget)s AND round = 1
            UNION ALL
            SELECT line.cost_code_id, line.category_id, part.amount
            FROM budgets_modificationline AS part
            JOIN budgets_modification AS modification ON modification.id = part.modification_id
            JOIN budgets_budgetline AS line ON line.id = part.line_id
            WHERE part.budget_id = %(budget)s AND modification.round <= %(rounds)s
        ) AS parts
        GROUP BY cost_code_id
    ), compared AS (
        SELECT code.code, code.name, exported.amount,
            sum(CASE WHEN cost.estimates = '{}' THEN cost.estimate
                     ELSE (cost.estimates ->> %(record)s)::numeric END) AS seen
        FROM exported
        JOIN directory_costcode AS code ON code.id = exported.cost_code_id
        LEFT JOIN directory_jobcost AS cost ON cost.project_id = %(project)s
            AND cost.cost_code_id = exported.cost_code_id AND cost.as_of > %(exported_at)s
            AND (cost.estimates <> '{}' OR cost.category_id = ANY(exported.categories)
                 OR (cost.category_id IS NULL AND cost.erp_category = ''))
        GROUP BY code.code, code.name, exported.amount
    )
    SELECT code, name, amount, seen, (SELECT count(*) FROM compared)
    FROM compared WHERE coalesce(seen, 0) <> amount ORDER BY code
"""


def awaited(budget: Budget) -> Awaited:
    """What the ERP has not given back since the last export; one query."""
    rounds = budget.exported_rounds
    last = budget.export if budget.export.status == Status.SYNCED else budget.export.parent
    if rounds == 0 or last is None:
        return Awaited()
    values: dict[str, int | str | datetime | None] = {
        "budget": budget.pk,
        "rounds": rounds,
        "record": last.erp_id,
        "project": budget.project_id,
        "exported_at": last.synced_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, values)
        rows = cursor.fetchall()
    return Awaited(
        [AwaitedCode(*row[:4]) for row in rows],
        of=rows[0][4] if rows else 0,
        costs_at=budget.project.erp_synced_at,
        exported_at=last.synced_at,
    )
