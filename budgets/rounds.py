"""The rounds of a budget: what is open now, the next round, and what follows from its exports."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import F, Max

from approvals.models import Export, Kinds
from approvals.moves import new_export
from approvals.saving import why_locked
from approvals.states import EDITABLE, Status
from budgets.costs import Awaited
from budgets.models import Budget, BudgetLine, Modification
from directory.access import Access
from directory.compiled import CompiledQuery

_ANY_LINE = CompiledQuery(
    lambda pk: BudgetLine.objects.filter(budget=pk).order_by().values("id")[:1], int
)


def why_closed(budget: Budget, waiting: Awaited) -> str:
    """'' if something about the budget may change now, else why not and what to do.

    After an export it stays as it is until the ERP has given back what was exported.
    """
    if budget.export.status == Status.SYNCED:
        return str(waiting) if waiting else ""
    return why_locked(budget.export)


def why_not_lock(budget: Budget, waiting: Awaited) -> str:
    """'' if the budget can be locked, else why not."""
    if budget.locked:
        return "It is locked already."
    if why := why_closed(budget, waiting):
        return why
    return "" if _ANY_LINE.rows(budget.pk) else "There is no line yet."


def why_not_unlock(budget: Budget, waiting: Awaited) -> str:
    """'' if the budget can be unlocked, else why not. Its modifications stay."""
    return why_closed(budget, waiting) if budget.locked else "It is not locked."


def why_not_edit(budget: Budget, waiting: Awaited) -> str:
    """'' if lines can be edited, else why not."""
    if why := why_closed(budget, waiting):
        return why
    return "It is locked. Unlock it to edit its lines." if budget.locked else ""


def why_not_modify(budget: Budget, waiting: Awaited) -> str:
    """'' if a modification can be added, else why not."""
    if why := why_closed(budget, waiting):
        return why
    if not budget.locked and budget.round == 1:
        return "While it is not locked, edit its lines. Modifications change a locked budget."
    return ""


def why_no_next_round(budget: Budget, waiting: Awaited) -> str:
    """'' if modifications that wait for the next round can go into it now, else why not."""
    if budget.export.status != Status.SYNCED:
        return f"Round {budget.round} is not in the ERP yet."
    if waiting:
        return str(waiting)
    if not budget.modifications.filter(round=budget.round + 1).exists():
        return "No modification waits for the next round."
    return ""


def open_next(budget: Budget, by: Access) -> None:
    """Begin the next round, with an Export whose parent is the last one's; that one is locked.

    The Export of a round that was unlinked is taken up again. Versions go on from the last
    round's, so that what somebody saw of one round is never taken for another.
    """
    last = budget.export
    number = str(budget.round + 1)
    version = last.version + 1
    again = budget.every_round().filter(number=number).first()
    if again is not None:
        again.version = max(version, again.version + 1)
        again.message = ""
        again.save(update_fields=["version", "message"])
    budget.round += 1
    budget.export = again or new_export(
        company=by.company,
        project=budget.project,
        kind=Kinds.BUDGET,
        document_id=budget.pk,
        number=number,
        title="Modifications",
        amount=Decimal("0.00"),
        parent=last,
        version=version,
        created_by=by.user,
    )
    budget.save(update_fields=["round", "export"])


def follow_exports(step: str, exports: Sequence[Export]) -> None:
    """A rejected budget is unlocked; one that is gone from the ERP begins anew with round 1."""
    if step == "reject":
        Budget.objects.filter(export__in=exports).update(locked=False)
    elif step == "gone":
        for budget in Budget.objects.filter(pk__in={one.document_id for one in exports}):
            _begin_anew(budget)


def _begin_anew(budget: Budget) -> None:
    rounds = budget.every_round()
    newest = rounds.aggregate(version=Max("version"))["version"]
    first = rounds.get(number="1")
    Export.objects.filter(pk=first.pk).update(version=newest + 1)
    BudgetLine.objects.filter(budget=budget).update(round=1)
    Modification.objects.filter(budget=budget).update(round=2)
    Budget.objects.filter(pk=budget.pk).update(round=1, export=first, locked=False)


def followed(budget: Budget) -> None:
    """Moves the version of the round under way, whose Export shows what it carries by now."""
    columns = {"title": budget.title(), "amount": budget.amount}
    shown = columns if budget.export.status in EDITABLE else {}
    Export.objects.filter(pk=budget.export_id).update(version=F("version") + 1, **shown)
