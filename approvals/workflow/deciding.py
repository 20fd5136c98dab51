"""What the approver does with what was sent, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.db import transaction

from approvals import numbering
from approvals.call_progress import partly_in, unanswered
from approvals.errors import NotReady, Stale, StepError
from approvals.models import Export
from approvals.moves import Move, lock_exports, make, rounds_of
from approvals.readiness import destinations, frozen_problems
from approvals.rules import tool_problems
from approvals.seconding import Word, goes, hold_for_second
from approvals.states import STEPS, Step
from approvals.unlinking import begin_unlink, free_attested, stop_checking
from approvals.workflow.items import (
    Changes,
    Item,
    Result,
    approver_again,
    ids,
    move_each,
    move_locked,
    objection,
)
from connectors import engine
from connectors.contract import Problem, Terms
from connectors.destination import facts_for, with_confirmed
from connectors.models import Connection
from connectors.registry import connector_for
from connectors.tasks import ring
from directory.access import Access
from directory.entered import unreadable
from directory.history import append

LONGEST_NOTE = 10_000  # characters


def accept(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Let items go to the ERP, exactly as they were sent. A commitment goes before its CCOs.

    An item's `terms` is the digest of the destination that was on the screen; a different one now
    is refused with what is different. '' accepts where it goes now (bulk), unless other records
    stand beside it there (`Preview.confirm`): those are agreed to by their digest alone. Its
    `number` then takes the place of the one that was shown.
    """
    return _decide(STEPS["accept"], items, by=by)


def retry(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Let failed items go again. The ERP is asked first, always, where it can be asked."""
    return _decide(STEPS["retry"], items, by=by)


@transaction.atomic
def _decide(step: Step, items: Sequence[Item], *, by: Access) -> list[Result]:
    by = approver_again(by)
    exports = lock_exports(ids(items), company=by.company.pk, parents=True)
    connection = Connection.of(by.company.pk)
    off = tool_problems(by.company, connection)
    if connection is None or off:
        raise StepError(" ".join(problem.text for problem in off))
    connector = connector_for(connection.erp)
    chosen = connector.capabilities.chosen_numbers
    results: dict[int, StepError | None] = {}
    ready: list[tuple[Item, Export]] = []
    for item in sorted(items, key=lambda item: item.id):
        export = exports.get(item.id)
        if export is None:
            continue
        error = objection(export, step, item.version, by)
        if error is None:
            ready.append((item, export))
        results[item.id] = error
    resolved = _resolve(connection, ready, exports, results)
    numbered = [(export, export.document, terms) for export, terms in resolved]
    results |= (refused := numbering.take(connection, numbered))
    free = [(export, terms) for export, terms in resolved if export.pk not in refused]
    digests = {export.pk: terms.digest() for export, terms in free}
    words = [
        Word(export, export.document, goes(export, digests[export.pk]), _again(step, terms))
        for export, terms in free
    ]
    waiting, first = hold_for_second(step, words, by)
    results |= waiting
    going = [(export, terms) for export, terms in free if export.pk not in waiting]
    moves = [
        Move(
            export,
            {
                "terms": terms.canonical(),
                "terms_digest": digests[export.pk],
                "message": "",
                "decided_by_id": by.user.pk,
            },
            {
                "copy": export.copy_digest,
                "terms": digests[export.pk],
                **({"number": terms.number} if export.kind in chosen else {}),
            },
        )
        for export, terms in going
    ]
    engine.queue_all(
        connection.pk,
        "export",
        [
            (str(export.pk), connector.record(export.document, terms))
            for export, terms in sorted(going, key=lambda pair: pair[0].kind != "commitment")
        ],
    )
    make(step, moves, by=by.user.pk)
    append(by.company.pk, first)
    transaction.on_commit(partial(ring, connection))
    return [
        Result(item.id, exports.get(item.id), results[item.id])
        if item.id in results
        else Result(item.id, None, StepError("There is no such item."))
        for item in items
    ]


def _again(step: Step, terms: Terms) -> str:
    """What a retry says, for people; '' for an acceptance, whose page shows nothing else."""
    if step.name != "retry":
        return ""
    number = f" as {terms.number}" if terms.number else ""
    return f"Retry{number}{f' to {terms.vendor.name}' if terms.vendor else ''}"


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
    shown = [
        (item, export, with_confirmed(connection, export.document, now.terms(export.document)))
        for item, export in ready
    ]
    facts = facts_for(connection, [(export.document, terms) for _, export, terms in shown])
    stuck = unanswered(connection, [(export, export.document, terms) for _, export, terms in shown])
    going = []
    for item, export, terms in shown:
        try:
            goes = numbering.chosen(connection, export, terms, item.number)
        except StepError as refused:
            results[export.pk] = refused
            continue
        problems = frozen_problems(connection, export, goes, exports, facts)
        problems += [stuck[export.pk]] if export.pk in stuck else []
        if problems or (terms.confirmed and not item.terms):
            results[export.pk] = NotReady(export, problems or [_TO_CONFIRM])
        elif item.terms and item.terms != terms.digest():
            results[export.pk] = Stale(
                export,
                f"Where {export} would go in the ERP has changed since you opened this page. "
                "Look at the preview again before you decide.",
            )
        else:
            going.append((export, goes))
    return going


@transaction.atomic
def reject(items: Sequence[Item], *, by: Access, note: str) -> list[Result]:
    """Send items back to their project manager, with a comment that says what to change."""
    by = approver_again(by)
    need_comment(note, "Say in the comment what has to be changed before it can be accepted.")
    note, connection = note.strip(), Connection.of(by.company.pk)
    half_there = partly_in(connection, ids(items)) if connection else {}

    def turn_down(export: Export) -> Changes:
        if export.pk in half_there:
            raise StepError(
                f"Part of {export} may be in the ERP, from an earlier try, and its project manager "
                "could change or delete it. Retry it: either it gets there whole, or it says what "
                "to look for. When you have recorded that it is not in the ERP, reject it."
            )
        return {
            "message": note,
            "rejected_copy": export.copy,
            "decided_by_id": by.user.pk,
        }

    return move_each(STEPS["reject"], items, by, turn_down, note=note)


@transaction.atomic
def undo_acceptance(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Put accepted items back into the queue, as long as their export has not begun."""
    return move_each(STEPS["undo-acceptance"], items, approver_again(by), take_out_of_lane)


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

    return move_each(STEPS["stop-waiting"], items, approver_again(by), take_over)


@transaction.atomic
def record_absent(items: Sequence[Item], *, by: Access, note: str) -> list[Result]:
    """A person looked in the ERP and it is not there (or was removed): it may be tried again."""
    by = approver_again(by)
    need_comment(note, "Say where you looked, so that others can follow.")
    step, note = STEPS["record-absent"], note.strip()
    connection = Connection.objects.get(company=by.company)
    exports = lock_exports(ids(items), company=by.company.pk)
    named = [(item, exports[item.id]) for item in items if item.id in exports]
    words = [
        Word(export, export.document, "absent", f"It is not there: {note}")
        for item, export in named
        if objection(export, step, item.version, by) is None
    ]
    waiting, first = hold_for_second(step, words, by)
    settled = [str(word.export.pk) for word in words if word.export.pk not in waiting]
    engine.disown(connection.pk, settled)

    def looked(export: Export) -> Move:
        if export.pk in waiting:
            raise waiting[export.pk]
        return Move(export, {"message": f"Not in the ERP, says {by.user}: {note}"})

    results = move_locked(step, items, exports, by, looked, note=note)
    append(by.company.pk, first)
    return results


@transaction.atomic
def unlink(items: Sequence[Item], *, by: Access, note: str = "") -> list[Result]:
    """Ask the ERP whether exports are gone from it; see `approvals.unlinking`.

    Where it cannot be asked, each item says that the approver looked, and the note how.
    """
    if any(item.attested for item in items):
        need_comment(note, "Say how you made sure that it is gone, so that others can follow.")
    attested = {item.id for item in items if item.attested}
    connection = Connection.of(by.company.pk)
    results, moved = _checking(
        STEPS["unlink"],
        items,
        by,
        lambda rounds: begin_unlink(
            rounds, by, connection, attested=any(one.pk in attested for one in rounds)
        ),
    )
    if connection is not None:
        free_attested(moved, by, connection, note.strip())
    return results


@transaction.atomic
def stop_checks(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Call the looks into the ERP off that have not begun."""
    return _checking(STEPS["stop-checking"], items, by, stop_checking)[0]


def _checking(
    step: Step,
    items: Sequence[Item],
    by: Access,
    verb: Callable[[Sequence[Export]], Changes],
) -> tuple[list[Result], list[Export]]:
    """The results, and the exports that moved.

    A budget's rounds go together, whichever of them was named.
    """
    by = approver_again(by)
    exports = lock_exports(ids(items), company=by.company.pk, rounds=True)
    results: list[Result] = []
    moves: dict[int, Move] = {}
    for item in items:
        export = exports.get(item.id)
        if export is None:
            results.append(Result(item.id, None, StepError("There is no such item.")))
            continue
        error = objection(export, step, item.version, by)
        if error is None and export.pk not in moves:
            rounds = rounds_of(export, exports)
            try:
                changes = verb(rounds)
            except StepError as refused:
                error = refused
            else:
                moves |= {one.pk: Move(one, changes) for one in rounds}
        results.append(Result(item.id, export, error))
    make(step, list(moves.values()), by=by.user.pk)
    return results, [move.export for move in moves.values()]


def need_comment(note: str, why: str) -> None:
    """StepError without a comment, or with one that nobody would read."""
    if not note.strip():
        raise StepError(why, "note")
    if len(note) > LONGEST_NOTE:
        why = f"The comment has {len(note):,} characters; {LONGEST_NOTE:,} are possible."
        raise StepError(why, "note")
    if fault := unreadable(note.replace("\r\n", "\n"), long=True):
        raise StepError(fault, "note")


def take_out_of_lane(export: Export) -> Changes:
    """Ends an acceptance before its export begins; the columns to write. Raises StepError."""
    connection = Connection.objects.get(company=export.company_id)
    subject = str(export.pk)
    attempts = engine.attempts_of(connection, [subject])[subject]
    if engine.may_be_there(attempts, connection.capabilities):
        raise StepError(
            f"An earlier try of {export} was not answered to its end, so it may be in the ERP, or "
            "part of it. That is settled first; it cannot be taken back until it is known."
        )
    if not engine.withdraw(connection.pk, subject):
        raise StepError(f"The export of {export} has begun; it can no longer be taken back.")
    return {"terms": "", "terms_digest": ""}
