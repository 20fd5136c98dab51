"""What people do with an export. Pages, API and bulk steps all come through here.

Every verb checks who asks, locks, looks again at what it locked, and moves; it either happens
whole or raises `StepError` or `PermissionDenied` and changes nothing. The version that the person
saw travels with every button.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.core.exceptions import PermissionDenied
from django.db import transaction

from approvals.differences import differences
from approvals.errors import NotReady, Stale, StepError, WrongState
from approvals.models import Export, Exportable, live
from approvals.moves import Move, lock_exports, make, rounds_of
from approvals.readiness import destinations, frozen_problems, send_problems
from approvals.rights import DECISIONS, own_item
from approvals.rules import tool_problems
from approvals.states import BY_CHOICE, STEPS, Step
from approvals.unlinking import begin_unlink, stop_checking
from connectors import engine
from connectors.contract import Problem, Terms
from connectors.destination import with_confirmed
from connectors.models import Connection
from connectors.registry import connector_for
from connectors.tasks import ring
from directory.access import Access, access_to
from directory.models import Membership
from directory.prepared import Prepared

MOST_AT_ONCE = 500
LONGEST_NOTE = 10_000  # characters
# The columns that a step writes beside the status.
Changes = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a bulk step: which, as seen at which version, going where (digest of terms)."""

    id: int
    version: int
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item of a bulk step; `error` is '' if it moved."""

    id: int
    export: Export | None
    error: StepError | None = None


# --- The project manager's ---------------------------------------------------------------------


@transaction.atomic
def send(document: Exportable, *, by: Access, version: int) -> Export:
    """Freeze the document and put it into the approvers' queue.

    Raises PermissionDenied, Stale, WrongState, or NotReady with every failing rule.
    """
    if why := document.may_send(by):
        raise PermissionDenied(why)
    export = _lock_one(document.export_id, version, STEPS["send"], parents=True)
    move = _sending(export, live([export]).get(export.pk), by, Connection.of(by.company.pk))
    make(STEPS["send"], [move], by=by.user.pk)
    return export


@transaction.atomic
def send_all(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Send many documents of one project, `by`'s; a result for each, in their order."""
    exports = lock_exports(_ids(items), company=by.company.pk, parents=True)
    project = by.project.pk if by.project else None
    ours = {pk: export for pk, export in exports.items() if export.project_id == project}
    documents = live([ours[item.id] for item in items if item.id in ours])
    connection = Connection.of(by.company.pk)
    return _move_locked(
        STEPS["send"],
        items,
        ours,
        by,
        lambda export: _sending(export, documents.get(export.pk), by, connection),
    )


def _sending(
    export: Export, document: Exportable | None, by: Access, connection: Connection | None
) -> Move:
    """The step of a locked export whose document may go. Raises StepError with every reason."""
    if document is None:
        raise StepError(f"{export} no longer has a document.")
    if why := document.may_send(by):
        raise StepError(why)
    copy = document.to_document()
    if problems := send_problems(document, copy, connection):
        raise NotReady(export, problems)
    changes = {
        "number": copy.number,
        "title": copy.title,
        "amount": copy.amount,
        "vendor_name": copy.vendor.name if copy.vendor else "",
        "copy": copy.canonical(),
        "copy_digest": copy.digest(),
        "terms": "",
        "terms_digest": "",
        "message": "",
        "sent_by_id": by.user.pk,
    }
    return Move(export, changes, {"copy": copy.digest(), "amount": str(copy.amount)})


@transaction.atomic
def retrieve(document: Exportable, *, by: Access, version: int) -> Export:
    """Take the document back out of the queue, editable again.

    Raises PermissionDenied, Stale (an approver was faster) or WrongState.
    """
    if why := document.may_retrieve(by):
        raise PermissionDenied(why)
    export = _lock_one(document.export_id, version, STEPS["retrieve"])
    make(STEPS["retrieve"], [Move(export)], by=by.user.pk)
    return export


# --- The approver's ----------------------------------------------------------------------------


def accept(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Let items go to the ERP, exactly as they were sent. A commitment goes before its CCOs.

    An item's `terms` is the digest of the destination that was on the screen; a different one now
    is refused with what is different. '' accepts where it goes now (bulk), unless other records
    stand beside it there (`Preview.confirm`): those are agreed to by their digest alone.
    """
    return _decide(STEPS["accept"], items, by=by)


def retry(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Let failed items go again. The ERP is asked first, always, where it can be asked."""
    return _decide(STEPS["retry"], items, by=by)


@transaction.atomic
def _decide(step: Step, items: Sequence[Item], *, by: Access) -> list[Result]:
    by = approver_again(by)
    exports = lock_exports(_ids(items), company=by.company.pk, parents=True)
    connection = Connection.of(by.company.pk)
    off = tool_problems(by.company, connection)
    if connection is None or off:
        raise StepError(" ".join(problem.text for problem in off))
    results: dict[int, StepError | None] = {}
    ready: list[tuple[Item, Export]] = []
    for item in sorted(items, key=lambda item: item.id):
        export = exports.get(item.id)
        if export is None:
            continue
        error = _objection(export, step, item.version, by)
        if error is None:
            ready.append((item, export))
        results[item.id] = error
    going = _resolve(connection, ready, exports, results)
    moves = [
        Move(
            export,
            {
                "terms": terms.canonical(),
                "terms_digest": terms.digest(),
                "message": "",
                "decided_by_id": by.user.pk,
            },
            {"copy": export.copy_digest, "terms": terms.digest()},
        )
        for export, terms in going
    ]
    connector = connector_for(connection.erp)
    engine.queue_all(
        connection.pk,
        "export",
        [
            (str(export.pk), connector.record(export.document, terms))
            for export, terms in sorted(going, key=lambda pair: pair[0].kind != "commitment")
        ],
    )
    make(step, moves, by=by.user.pk)
    transaction.on_commit(partial(ring, connection))
    return [
        Result(item.id, exports.get(item.id), results[item.id])
        if item.id in results
        else Result(item.id, None, StepError("There is no such item."))
        for item in items
    ]


_TO_CONFIRM = Problem(
    code="confirm",
    text="Other records stand beside it in the ERP and would add up with it. Open the item and say "
    "there that you know of them.",
)


def _resolve(
    connection: Connection,
    ready: Sequence[tuple[Item, Export]],
    exports: dict[int, Export],
    results: dict[int, StepError | None],
) -> list[tuple[Export, Terms]]:
    """Where each of `ready` goes now; what cannot go, or goes elsewhere, is noted in `results`."""
    now = destinations(connection, [export for _, export in ready], exports)
    going = []
    for item, export in ready:
        document = export.document
        terms = with_confirmed(connection, document, now.terms(document))
        problems = frozen_problems(connection, export, terms, exports)
        if problems or (terms.confirmed and not item.terms):
            results[export.pk] = NotReady(export, problems or [_TO_CONFIRM])
        elif item.terms and item.terms != terms.digest():
            results[export.pk] = Stale(
                export,
                f"Where {export} would go in the ERP has changed since you opened this page. "
                "Look at the preview again before you decide.",
            )
        else:
            going.append((export, terms))
    return going


@transaction.atomic
def reject(items: Sequence[Item], *, by: Access, note: str) -> list[Result]:
    """Send items back to their project manager, with a comment that says what to change."""
    by = approver_again(by)
    _need_comment(note, "Say in the comment what has to be changed before it can be accepted.")
    return _move_each(
        STEPS["reject"],
        items,
        by,
        lambda export: {
            "message": note.strip(),
            "rejected_copy": export.copy,
            "decided_by_id": by.user.pk,
        },
        note=note.strip(),
    )


@transaction.atomic
def undo_acceptance(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Put accepted items back into the queue, as long as their export has not begun."""
    return _move_each(STEPS["undo-acceptance"], items, approver_again(by), take_out_of_lane)


@transaction.atomic
def stop_waiting(items: Sequence[Item], *, by: Access) -> list[Result]:
    """A person takes over from the search for a lost answer."""

    def take_over(export: Export) -> Changes:
        connection = Connection.objects.get(company=export.company_id)
        if not engine.withdraw(connection.pk, str(export.pk), due=True):
            raise StepError(
                f"{export} is still within the time in which the ERP may answer, or is being "
                "looked for at this moment. Try again in a few minutes."
            )
        return {
            "message": "Nobody knows yet whether this arrived. Look it up in the ERP, then record "
            "here what you found."
        }

    return _move_each(STEPS["stop-waiting"], items, approver_again(by), take_over)


@transaction.atomic
def record_absent(items: Sequence[Item], *, by: Access, note: str) -> list[Result]:
    """A person looked in the ERP and it is not there (or was removed): it may be tried again."""
    by = approver_again(by)
    _need_comment(note, "Say where you looked, so that others can follow.")
    return _move_each(
        STEPS["record-absent"],
        items,
        by,
        lambda export: {"message": f"Not in the ERP, says {by.user}: {note.strip()}"},
        note=note.strip(),
    )


@transaction.atomic
def _checking(
    step: str,
    items: Sequence[Item],
    by: Access,
    verb: Callable[[Sequence[Export], Access], Changes],
) -> list[Result]:
    """Ask the ERP whether exports are gone from it, or call that off; see `approvals.unlinking`.

    A budget's rounds go together, whichever of them was named.
    """
    by = approver_again(by)
    exports = lock_exports(_ids(items), company=by.company.pk, rounds=True)
    results: list[Result] = []
    moves: dict[int, Move] = {}
    for item in items:
        export = exports.get(item.id)
        if export is None:
            results.append(Result(item.id, None, StepError("There is no such item.")))
            continue
        error = _objection(export, STEPS[step], item.version, by)
        if error is None and export.pk not in moves:
            rounds = rounds_of(export, exports)
            try:
                changes = verb(rounds, by)
            except StepError as refused:
                error = refused
            else:
                moves |= {one.pk: Move(one, changes) for one in rounds}
        results.append(Result(item.id, export, error))
    make(STEPS[step], list(moves.values()), by=by.user.pk)
    return results


# --- What the verbs share ----------------------------------------------------------------------


def approver_again(by: Access) -> Access:
    """The approver's rights, read again under the lock that a revocation takes."""
    _MEMBERSHIP.first(by.company.pk, by.user.pk)
    now = access_to(by.user, by.company, by.project)
    now.need_approver()
    return now


_MEMBERSHIP = Prepared(
    lambda company, user: Membership.objects.select_for_update(no_key=True).filter(
        company=company, user=user
    ),
    int,
    int,
)


def _need_comment(note: str, why: str) -> None:
    """StepError without a comment, or with one that nobody would read."""
    if not note.strip():
        raise StepError(why)
    if len(note) > LONGEST_NOTE:
        raise StepError(f"The comment has {len(note):,} characters; {LONGEST_NOTE:,} are possible.")


def _ids(items: Sequence[Item]) -> list[int]:
    if len(items) > MOST_AT_ONCE:
        raise StepError(f"At most {MOST_AT_ONCE} items at once.")
    ids = [item.id for item in items]
    if len(set(ids)) < len(ids):
        raise StepError("One item is named twice.")
    return ids


def _move_each(
    step: Step,
    items: Sequence[Item],
    by: Access,
    changes: Callable[[Export], Changes],
    *,
    note: str = "",
) -> list[Result]:
    """Move each item that may take `step`; `changes(export)` gives its columns or raises."""
    exports = lock_exports(_ids(items), company=by.company.pk)
    return _move_locked(
        step, items, exports, by, lambda export: Move(export, changes(export)), note=note
    )


def _move_locked(
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
        error = _objection(export, step, item.version, by)
        if error is None:
            try:
                moves.append(move(export))
            except StepError as refused:
                error = refused
        results[item.id] = Result(item.id, export, error)
    make(step, moves, by=by.user.pk, note=note)
    return [results[item.id] for item in items]


def _lock_one(export_id: int, version: int, step: Step, *, parents: bool = False) -> Export:
    export = lock_exports([export_id], parents=parents)[export_id]
    if error := _objection(export, step, version):
        raise error
    return export


def _objection(
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


def take_out_of_lane(export: Export) -> Changes:
    """Ends an acceptance before its export begins; the columns to write. Raises StepError."""
    connection = Connection.objects.get(company=export.company_id)
    subject = str(export.pk)
    if any(a.outcome == "lost" for a in engine.attempts_of(connection.pk, [subject])[subject]):
        raise StepError(
            f"An earlier try of {export} was never answered, so it may be in the ERP. It is looked "
            "for before anything is written; it cannot be taken back until that is known."
        )
    if not engine.withdraw(connection.pk, subject):
        raise StepError(f"The export of {export} has begun; it can no longer be taken back.")
    return {"terms": "", "terms_digest": ""}


# --- One door for every button -----------------------------------------------------------------

_BULK = {
    "accept": lambda items, by, note: accept(items, by=by),
    "retry": lambda items, by, note: retry(items, by=by),
    "reject": lambda items, by, note: reject(items, by=by, note=note),
    "undo-acceptance": lambda items, by, note: undo_acceptance(items, by=by),
    "stop-waiting": lambda items, by, note: stop_waiting(items, by=by),
    "record-absent": lambda items, by, note: record_absent(items, by=by, note=note),
    "unlink": lambda items, by, note: _checking("unlink", items, by, begin_unlink),
    "stop-checking": lambda items, by, note: _checking("stop-checking", items, by, stop_checking),
}


def take_all(step: str, items: Sequence[Item], *, by: Access, note: str = "") -> list[Result]:
    """An approver's step with many items of one company; a result for each, in their order.

    Raises KeyError for a step that there is not, PermissionDenied, or StepError when nothing at
    all can be done (no comment, too many items, a step that needs a record to be chosen).
    """
    if step in BY_CHOICE:
        raise StepError("Look the record up on the page of the item, then choose it there.")
    return _BULK[step](items, by, note)


def take(
    step: str, export: Export, *, by: Access, version: int, note: str = "", terms: str = ""
) -> Export:
    """Any person's step with one item. Raises as the verbs do, KeyError for an unknown step."""
    if step in ("send", "retrieve"):
        document = export.live()
        if document is None:
            raise StepError(f"{export} no longer has a document.")
        verb = send if step == "send" else retrieve
        return verb(document, by=by, version=version)
    [result] = take_all(step, [Item(export.pk, version, terms)], by=by, note=note)
    if result.error is not None or result.export is None:
        raise result.error or StepError("There is no such item.")
    return result.export
