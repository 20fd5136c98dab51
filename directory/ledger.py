"""The cost ledger: what a project's documents commit, per cost code and category.

Documents keep their own rows in the transaction that changes them; budgets read the sums.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from directory.models import Committed

# (cost code id, category id, amount) of one line.
Part = tuple[int, int, Decimal]


def commit(source: int, parts: Iterable[Part], *, company: int, project: int) -> None:
    """Put what the document whose Export is `source` commits in place of what it did before.

    Several parts of one cost code and category are summed; without any it commits nothing. Must
    run under the lock of that Export.
    """
    sums: dict[tuple[int, int], Decimal] = {}
    for cost_code, category, amount in parts:
        sums[cost_code, category] = sums.get((cost_code, category), Decimal("0.00")) + amount
    Committed.objects.filter(source=source).delete()
    Committed.objects.bulk_create(
        Committed(
            company_id=company,
            project_id=project,
            source=source,
            cost_code_id=cost_code,
            category_id=category,
            amount=amount,
        )
        for (cost_code, category), amount in sorted(sums.items())
    )
