"""What programs are told about budgets."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from approvals.models import Export
from approvals.readiness import send_problems
from approvals.states import EDITABLE, Status
from budgets.api.requests import TypeName
from budgets.grid import CodeRow, Figures, Part
from budgets.models import Budget, BudgetLine, Modification
from connectors.contract import Problem
from connectors.models import Connection
from directory.api_requests import one_of

ExportStatusName = Annotated[str, one_of(Status.values)]


class BudgetRow(msgspec.Struct):
    """`version` goes back with every change; `export_id` is that of the round under way.

    `export_status`: how far that round is on its way.
    """

    id: int
    export_id: int
    version: int
    project_id: int
    round: int
    locked: bool
    amount: Decimal
    export_status: ExportStatusName
    erp_number: str


class BudgetPage(msgspec.Struct):
    results: list[BudgetRow]
    next: str | None


class BudgetRound(msgspec.Struct):
    """One round; round 1 carries the original amounts, each later one modifications."""

    export_id: int
    number: str
    title: str
    amount: Decimal
    export_status: ExportStatusName
    synced_at: datetime | None


class AwaitedCodeRow(msgspec.Struct):
    """`seen`: what the ERP estimates since the export; null while it names no amount."""

    cost_code: str
    expected: Decimal
    seen: Decimal | None


class BudgetDetail(msgspec.Struct):
    """`problems`: every rule that fails before the round can be sent; empty once it was.

    `awaited`: the cost codes of the last export that are not back in the job costs; while there
    are any, the budget stays as it is.
    """

    budget: BudgetRow
    original: Decimal
    revised: Decimal
    rounds: list[BudgetRound]
    awaited: list[AwaitedCodeRow]
    costs_synced_at: datetime | None
    problems: list[Problem]


class OriginalLine(msgspec.Struct):
    """`amount` is the original one; `round` the one in which the line was added."""

    id: int
    number: int
    round: int
    cost_code_id: int
    cost_code: str
    category_id: int
    category: str
    sub_job: str
    description: str
    amount: Decimal


class BudgetLinePage(msgspec.Struct):
    """In their order; `next` is the cursor of the next page."""

    results: list[OriginalLine]
    next: str | None


class ModifiedLine(msgspec.Struct):
    line_id: int
    cost_code: str
    category: str
    sub_job: str
    amount: Decimal


class BudgetModification(msgspec.Struct):
    """`round`: the one that carries it to the ERP."""

    id: int
    number: int
    round: int
    type: TypeName
    date: date
    reason: str
    created_by: str
    amount: Decimal
    parts: list[ModifiedLine]


class BudgetModificationPage(msgspec.Struct):
    """Newest first; `next` is the cursor of the next page."""

    results: list[BudgetModification]
    next: str | None


class FiguresOf(msgspec.Struct):
    """Money. `cost` is known per cost code only, and so is `over_under`."""

    original: Decimal
    modifications: Decimal
    revised: Decimal
    committed: Decimal


class CategoryFigures(FiguresOf):
    category: str
    in_budget: bool


class CodeFigures(FiguresOf):
    """`over_under`: revised less committed, or less the cost where that is more."""

    cost_code: str
    name: str
    cost: Decimal
    over_under: Decimal
    categories: list[CategoryFigures]


class BudgetFigurePage(msgspec.Struct):
    """By cost code; `next` is the cursor of the next page."""

    results: list[CodeFigures]
    next: str | None


def row(found: Budget) -> BudgetRow:
    export = found.export
    return BudgetRow(
        id=found.pk,
        export_id=export.pk,
        version=export.version,
        project_id=found.project_id,
        round=found.round,
        locked=found.locked,
        amount=export.amount,
        export_status=export.status,
        erp_number=export.erp_number,
    )


def detail(found: Budget) -> BudgetDetail:
    waiting = found.awaited()
    exports = found.every_round()
    return BudgetDetail(
        budget=row(found),
        original=found.original,
        revised=found.revised,
        rounds=[_round(one) for one in exports if int(one.number) <= found.round],
        awaited=[AwaitedCodeRow(one.code, one.expected, one.seen) for one in waiting.codes],
        costs_synced_at=found.project.erp_synced_at,
        problems=_problems(found),
    )


def _problems(found: Budget) -> list[Problem]:
    if found.export.status not in EDITABLE:
        return []
    return send_problems(found, found.to_document(), Connection.of(found.company_id))


def _round(export: Export) -> BudgetRound:
    return BudgetRound(
        export.pk,
        export.number,
        export.title,
        export.amount,
        export.status,
        export.synced_at if export.status == Status.SYNCED else None,
    )


def line(found: BudgetLine) -> OriginalLine:
    return OriginalLine(
        id=found.pk,
        number=found.number,
        round=found.round,
        cost_code_id=found.cost_code_id,
        cost_code=found.cost_code.code,
        category_id=found.category_id,
        category=found.category.name,
        sub_job=found.sub_job,
        description=found.description,
        amount=found.amount,
    )


def modification(found: Modification) -> BudgetModification:
    parts = [
        ModifiedLine(
            part.line_id,
            part.line.cost_code.code,
            part.line.category.name,
            part.line.sub_job,
            part.amount,
        )
        for part in found.lines.all()
    ]
    return BudgetModification(
        id=found.pk,
        number=found.number,
        round=found.round,
        type=found.type,
        date=found.date,
        reason=found.reason,
        created_by=found.created_by.name,
        amount=sum((part.amount for part in parts), Decimal("0.00")),
        parts=parts,
    )


def code_figures(found: CodeRow) -> CodeFigures:
    return CodeFigures(
        *_figures(found.figures),
        cost_code=found.code,
        name=found.name,
        cost=found.figures.cost,
        over_under=found.figures.over_under,
        categories=[_category(part) for part in found.parts],
    )


def _category(part: Part) -> CategoryFigures:
    return CategoryFigures(
        *_figures(part.figures), category=part.category, in_budget=part.in_budget
    )


def _figures(figures: Figures) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return figures.original, figures.modified, figures.revised, figures.committed
