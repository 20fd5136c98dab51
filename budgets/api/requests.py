"""What programs send about budgets."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from budgets.entries import LineEntry, ModificationEntry
from budgets.models import Modification
from directory.api_requests import PAGE, CategoryName, CostCodeName, Id, Number, Size, one_of

TypeName = Annotated[str, one_of(Modification.Type.values)]


class BudgetQuery(msgspec.Struct):
    """The budget of a project: one, or none."""

    project: Id
    cursor: Id | None = None
    size: Size = PAGE


class NewBudget(msgspec.Struct):
    """An empty budget for a project that has none."""

    project: Id


class BudgetVersion(msgspec.Struct):
    """`version` as it was seen."""

    version: int


class BudgetLineQuery(msgspec.Struct):
    cursor: Id | None = None
    size: Size = PAGE


class BudgetFigureQuery(msgspec.Struct):
    """`q`: part of a cost code or of its name."""

    q: str = ""
    cursor: str = ""
    size: Size = PAGE


class BudgetLineBody(msgspec.Struct):
    """A line. `id` is that of a stored line; a new one has none."""

    cost_code: CostCodeName = None
    category: CategoryName = None
    id: Id | None = None
    sub_job: str = ""
    description: str = ""
    amount: Number = None


class SaveBudgetLines(msgspec.Struct):
    """Lines to change and to add, and the ids of those to remove; all others stay."""

    version: int
    lines: list[BudgetLineBody] = []
    remove: list[Id] = []


class BudgetPartBody(msgspec.Struct):
    """What a modification adds to a line of the budget, or takes from it."""

    cost_code: CostCodeName = None
    category: CategoryName = None
    sub_job: str = ""
    amount: Number = None


class NewModification(msgspec.Struct, kw_only=True):
    """The parts of a transfer come to 0.00."""

    version: int
    type: TypeName
    date: date
    reason: str
    parts: list[BudgetPartBody]

    def entry(self) -> ModificationEntry:
        parts = [LineEntry(**msgspec.structs.asdict(part)) for part in self.parts]
        return ModificationEntry(type=self.type, date=self.date, reason=self.reason, parts=parts)
