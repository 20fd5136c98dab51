"""The items of a step, one or many: locked, looked at again, moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from approvals.differences import differences
from approvals.errors import Stale, StepError, WrongState
from approvals.models import Export
from approvals.moves import Move, lock_exports, make
from approvals.rights import DECISIONS, own_item
from approvals.states import Step
from directory.access import Access, access_to
from directory.compiled import CompiledQuery
from directory.models import Membership

MOST_AT_ONCE = 500
# Who decides on more at once enters their password again: a browser that was left open must not
# empty a queue.
MOST_UNASKED = 50
WHY_ASKED = (
    f"More than {MOST_UNASKED} items at once are decided on by who has just entered their password."
)
# The columns that a step writes beside the status.
Changes = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a bulk step: which, as seen at which version, going where (digest of terms).

    `number`: the one that it is to have in the ERP, where that may be chosen and another one was.
    `attested`: the person says that they looked in the ERP themselves, where it cannot be asked.
    `completed`: and that what was never taken of it is there all the same.
    `record`: the id of the ERP's record that it is to be linked to.
    """

    id: int
    version: int
    terms: str = ""
    number: str = ""
    attested: bool = False
    completed: bool = False
    record: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item of a bulk step; `error` is '' if it moved."""

    id: int
    export: Export | None
    error: StepError | None = None


def approver_again(by: Access) -> Access:
    """The approver's rights, read again under the lock that a revocation takes."""
    _MEMBERSHIP.first(by.company.pk, by.user.pk)
    now = access_to(by.user, by.company, by.project)
    now.need_approver()
    return now


_MEMBERSHIP = CompiledQuery(
    lambda company, user: Membership.objects.select_for_update(no_key=True).filter(
        company=company, user=user
    ),
    int,
    int,
)


def ids(items: Sequence[Item]) -> list[int]:
    if len(items) > MOST_AT_ONCE:
        raise StepError(f"At most {MOST_AT_ONCE} items at once.")
    ids = [item.id for item in items]
    if len(set(ids)) < len(ids):
        raise StepError("One item is named twice.")
    return ids


def move_each(
    step: Step,
    items: Sequence[Item],
    by: Access,
    changes: Callable[[Export], Changes],
    *,
    note: str = "",
) -> list[Result]:
    """Move each item that may take `step`; `changes(export)` gives its columns or raises."""
    exports = lock_exports(ids(items), company=by.company.pk)
    return move_locked(
        step, items, exports, by, lambda export: Move(export, changes(export)), note=note
    )


def move_locked(
    step: Step,
    items: Sequence[Item],
    exports: Mapping[int, Export],
    by: Access,
    move: Callable[[Export], Move],
    *,
    note: str = "",
) -> list[Result]:
    """The same with `exports` that are locked already; `move(export)` makes its step or raises."""
    results: dict[int, Result] = {}
    moves = []
    for item in sorted(items, key=lambda item: item.id):
        export = exports.get(item.id)
        if export is None:
            results[item.id] = Result(item.id, None, StepError("There is no such item."))
            continue
        error = objection(export, step, item.version, by)
        if error is None:
            try:
                moves.append(move(export))
            except StepError as refused:
                error = refused
        results[item.id] = Result(item.id, export, error)
    make(step, moves, by=by.user.pk, note=note)
    return [results[item.id] for item in items]


def lock_one(export_id: int, version: int, step: Step, *, parents: bool = False) -> Export:
    export = lock_exports([export_id], parents=parents)[export_id]
    if error := objection(export, step, version):
        raise error
    return export


def objection(
    export: Export, step: Step, version: int, by: Access | None = None
) -> StepError | None:
    """Why `export` cannot take `step` as somebody saw it at `version`.

    `by`: the approver, who does not decide on what they sent themselves.
    """
    if export.version != version:
        return Stale(export, changes=differences(export, version))
    if export.status not in step.sources:
        return WrongState(export, step)
    if by is not None and step.name in DECISIONS and (why := own_item(by, export.sent_by_id)):
        return StepError(f"{export}: {why}")
    return None
