"""What somebody entered for a budget. Pages, import and API fill the same entries.

Numbers, dates and names may still be the text that was typed; `budgets.checking` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from directory.entered import Number


@dataclass(kw_only=True)
class LineEntry:
    """One line. `id` is that of a stored line; None for a new one.

    A cost code is named by its id or its code, a category by its id or its name.
    """

    id: int | None = None
    cost_code: int | str | None = None
    category: int | str | None = None
    sub_job: str = ""
    description: str = ""
    amount: Number = None


@dataclass(kw_only=True)
class ModificationEntry:
    """A transfer (its parts come to 0.00) or another change of the budget.

    Each part names a line of the budget by cost code, category and sub job; where there is none,
    the modification adds one that begins at 0.00.
    """

    type: str
    date: date | str
    reason: str
    parts: Sequence[LineEntry] = ()
