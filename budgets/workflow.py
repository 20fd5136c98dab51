"""What people do with a budget. Pages, import and API come through here alike.

Every verb checks who asks, locks the Export of the round under way, looks at version and status
there, and then happens whole or not at all. It raises PermissionDenied, `approvals.errors.Stale`
where the budget changed since it was loaded (`version` is that of its Export), or
`directory.entered.Invalid` with every fault. What comes back is loaded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Max
from django.http import Http404

from approvals.models import Export, Kinds
from approvals.moves import new_export
from approvals.saving import lock_at, one_at_a_time, permit
from approvals.states import EDITABLE, Status
from budgets import checking, rounds
from budgets.costs import Awaited
from budgets.entries import LineEntry, ModificationEntry
from budgets.models import Budget, BudgetLine, Modification, ModificationLine
from directory.access import Access
from directory.compiled import CompiledQuery, point
from directory.entered import Fault, Invalid, Reader
from directory.formats import counted
from directory.history import Happened, append
from directory.models import Project
from directory.perms import Tool

# How many changed lines the history tells one by one.
MOST_TOLD = 50


# What an Export holds of all lines: nobody looks at it who loads the budget.
LONG = ("copy", "rejected_copy", "terms", "receipt")


def load_budget(project_id: int) -> Budget:
    """The project's budget, without its lines; one query. Raises Http404 if there is none."""
    found = _BUDGET.first(project_id)
    if found is None:
        raise Http404
    point([found, found.export], "company", [found.project.company])
    return found


_BUDGET = CompiledQuery(
    lambda project: (
        Budget.objects.select_related(
            "export__created_by",
            "export__sent_by",
            "export__decided_by",
            "export__parent",
            "project__company__connection",
            "project__job",
        )
        .defer(*(f"{which}__{text}" for which in ("export", "export__parent") for text in LONG))
        .filter(project=project)
    ),
    int,
)


@transaction.atomic
def create_budget(*, project: Project, by: Access) -> Budget:
    """An empty budget, in round 1, with its Export. Invalid if the project has one."""
    permit(by, project.pk, Tool.BUDGET)
    one_at_a_time(by)
    if Budget.objects.filter(project=project).exists():
        _refuse_if(f"{project} has a budget already.")
    export = new_export(
        company=by.company,
        project=project,
        kind=Kinds.BUDGET,
        number="1",
        title="Original budget",
        amount=Decimal("0.00"),
        created_by=by.user,
    )
    made = Budget.objects.create(company=by.company, project=project, export=export)
    Export.objects.filter(pk=export.pk).update(document_id=made.pk)
    return load_budget(project.pk)


@dataclass(frozen=True, slots=True)
class Plan:
    """What saving lines would do. With `faults` nothing is saved."""

    stored: Mapping[int, BudgetLine]
    new: Sequence[BudgetLine]
    changed: Sequence[BudgetLine]
    gone: Collection[int]
    faults: Sequence[Fault]

    @property
    def total(self) -> Decimal:
        """The sum of all lines as they would be."""
        after = {pk: line.amount for pk, line in self.stored.items() if pk not in self.gone}
        after |= {line.pk: line.amount for line in self.changed}
        return sum(after.values(), Decimal("0.00")) + sum(line.amount for line in self.new)


def plan_lines(now: Budget, entries: Sequence[LineEntry], gone: Collection[int] = ()) -> Plan:
    """What `save_lines` would do to the budget as it is; nothing is written."""
    reader = Reader()
    stored = {line.pk: line for line in now.lines.select_related("cost_code", "category")}
    gone = set(gone) & stored.keys()
    modified = set(now.lines.filter(changes__isnull=False).values_list("pk", flat=True))
    for pk in sorted(gone, key=lambda pk: stored[pk].number):
        line = stored[pk]
        if line.round < now.round:
            reader.fault("lines", f"{_named(line)} is in the ERP and has to stay.")
        elif pk in modified:
            reader.fault("lines", f"{_named(line)} is changed by a modification and has to stay.")
    staying = {pk: line for pk, line in stored.items() if pk not in gone}
    lines = checking.lines(reader, entries, now, staying, modified)
    return Plan(
        stored,
        [line for line in lines if line.pk is None],
        [line for line in lines if line.pk and _values(line) != _values(stored[line.pk])],
        gone,
        reader.faults,
    )


@transaction.atomic
def save_lines(
    budget: Budget,
    *,
    by: Access,
    version: int,
    entries: Sequence[LineEntry],
    gone: Collection[int] = (),
) -> Budget:
    """Save these lines, and remove those whose ids are `gone`. Others stay as they are.

    Once round 1 is in the ERP its lines stay; new ones begin at 0.00.
    """
    now = _locked(budget, by, version)
    _refuse_if(rounds.why_not_edit(now, now.awaited()))
    plan = plan_lines(now, entries, gone)
    if plan.faults:
        raise Invalid(list(plan.faults))
    if not (plan.new or plan.changed or plan.gone):
        return now
    BudgetLine.objects.filter(pk__in=plan.gone).delete()
    BudgetLine.objects.bulk_create(plan.new)
    BudgetLine.objects.bulk_update(plan.changed, _FIELDS, batch_size=500)
    told = [f"{_named(line)} is new: {line.amount:,.2f}" for line in plan.new]
    told += [_change(plan.stored[line.pk], line) for line in plan.changed]
    told += [f"{_named(plan.stored[pk])} was removed" for pk in sorted(plan.gone)]
    return _record("edit", now, by, told)


@transaction.atomic
def lock_budget(budget: Budget, *, by: Access, version: int) -> Budget:
    """Freeze the original amounts; from now on modifications change the budget."""
    return _set_locked(budget, by, version, rounds.why_not_lock, locked=True)


@transaction.atomic
def unlock_budget(budget: Budget, *, by: Access, version: int) -> Budget:
    """Open the lines again; modifications stay. After an export this begins the next round."""
    return _set_locked(budget, by, version, rounds.why_not_unlock, locked=False)


def _set_locked(
    budget: Budget,
    by: Access,
    version: int,
    why_not: Callable[[Budget, Awaited], str],
    *,
    locked: bool,
) -> Budget:
    now = _locked(budget, by, version)
    _refuse_if(why_not(now, now.awaited()))
    if now.export.status == Status.SYNCED:
        rounds.open_next(now, by)
    now.locked = locked
    now.save(update_fields=["locked"])
    return _record("lock" if locked else "unlock", now, by)


@transaction.atomic
def add_modification(
    budget: Budget, *, by: Access, version: int, data: ModificationEntry
) -> Modification:
    """A modification in the round under way; before round 1 is in the ERP it waits for round 2.

    After an export this begins the next round.
    """
    now = _locked(budget, by, version)
    _refuse_if(rounds.why_not_modify(now, now.awaited()))
    begins = now.export.status == Status.SYNCED
    round_ = max(2, now.round + begins)
    reader = Reader()
    fields = checking.modification(reader, data)
    parts = checking.parts(reader, data, now, round_)
    reader.refuse()
    if begins:
        rounds.open_next(now, by)
    BudgetLine.objects.bulk_create([part.line for part in parts if part.line.pk is None])
    last = now.modifications.aggregate(number=Max("number"))["number"] or 0
    made = Modification.objects.create(
        company=by.company,
        budget=now,
        number=last + 1,
        round=round_,
        created_by=by.user,
        **fields,
    )
    for part in parts:
        part.modification, part.line = made, part.line
    ModificationLine.objects.bulk_create(parts)
    told = [f"Modification {made.number}: {made.reason}", *map(_part, parts)]
    _record("modify", now, by, told)
    return made


@transaction.atomic
def delete_modification(modification: Modification, *, by: Access, version: int) -> Budget:
    """Take back a modification that was not sent, or came back."""
    budget = load_budget(modification.budget.project_id)
    now = _locked(budget, by, version)
    found = now.modifications.filter(pk=modification.pk).first()
    if found is None:
        raise Http404
    _refuse_if(why_not_delete_modification(now, found))
    parts = found.lines.select_related("line__cost_code", "line__category")
    told = [f"Modification {found.number} was removed: {found.reason}", *map(_part, parts)]
    found.delete()
    return _record("edit", now, by, told)


def why_not_delete_modification(budget: Budget, modification: Modification) -> str:
    """'' if it may be deleted, else why not."""
    if budget.export.status in EDITABLE and modification.round >= budget.round:
        return ""
    if budget.export.status == Status.SYNCED and modification.round > budget.round:
        return ""
    return "It was sent to accounting."


@transaction.atomic
def next_round(budget: Budget, *, by: Access, version: int) -> Budget:
    """Begin the round of the modifications that wait for it."""
    now = _locked(budget, by, version)
    _refuse_if(rounds.why_no_next_round(now, now.awaited()))
    rounds.open_next(now, by)
    return _record("next_round", now, by)


@transaction.atomic
def delete_budget(budget: Budget, *, by: Access, version: int) -> None:
    """Delete a budget of which nothing is in the ERP. Its Export and its history stay readable."""
    now = _locked(budget, by, version)
    _refuse_if(why_not_delete(now))
    ModificationLine.objects.filter(budget=now).delete()
    now.delete()
    append(by.company.pk, [Happened("delete", now.export.subject, by.user.pk, _version(now))])
    Export.objects.filter(pk=now.export_id).update(version=F("version") + 1)


def why_not_delete(budget: Budget) -> str:
    """'' if the budget may be deleted, else why not."""
    if budget.export.status not in EDITABLE or budget.round > 1:
        return "It is in the ERP or on its way there."
    return "It is locked. Unlock it first." if budget.locked else ""


# --- What the verbs share ----------------------------------------------------------------------

_FIELDS = ("round", "cost_code", "category", "sub_job", "description", "amount")


def _locked(budget: Budget, by: Access, version: int) -> Budget:
    """The budget as it is, with the Export of the round that was seen locked. Raises Stale."""
    permit(by, budget.project_id, Tool.BUDGET)
    one_at_a_time(by)
    export_id = Budget.objects.values_list("export_id", flat=True).filter(pk=budget.pk).first()
    if export_id is None:
        raise Http404
    lock_at(export_id, version)
    return load_budget(budget.project_id)


def _refuse_if(why: str) -> None:
    if why:
        raise Invalid([Fault("", why)])


def _values(line: BudgetLine) -> tuple[object, ...]:
    return (*checking.key_of(line), line.description, line.amount)


def _named(line: BudgetLine) -> str:
    return " ".join(f"{line.cost_code.code} {line.category.name} {line.sub_job}".split())


def _change(before: BudgetLine, after: BudgetLine) -> str:
    return f"{_named(before)} {before.amount:,.2f} → {_named(after)} {after.amount:,.2f}"


def _part(part: ModificationLine) -> str:
    return f"{_named(part.line)}: {part.amount:+,.2f}"


def _record(verb: str, now: Budget, by: Access, told: Iterable[str] = ()) -> Budget:
    """Write what happened into the history of the round under way, and load the budget anew."""
    changes = list(told)
    if len(changes) > MOST_TOLD:
        more = len(changes) - MOST_TOLD
        changes = [*changes[:MOST_TOLD], f"and {counted(more, 'more line')}"]
    rounds.followed(now)
    data = {**_version(now), "changes": changes}
    append(by.company.pk, [Happened(verb, now.export.subject, by.user.pk, data)])
    return load_budget(now.project_id)


def _version(now: Budget) -> dict[str, object]:
    return {"version": now.export.version + 1}
