"""Linking to a record that the ERP has already: read and compared first, then tied by a person.

For documents that were entered by hand before they came here (*adopt*), one by one or many at once
at the start in the middle of a job, and for one of which nobody knew whether it had arrived (*It is
in the ERP*). Where the ERP cannot be asked, a person who looked there attests what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from approvals import numbering
from approvals.call_progress import progress_of
from approvals.errors import AwaitsSecond, StepError
from approvals.linking.eligible import (
    NO_SUCH,
    as_linked,
    connection_for,
    opened,
    what_of,
)
from approvals.linking.look_ups import candidates_of, subject_of
from approvals.models import Export, LookUp
from approvals.moves import Move, make
from approvals.seconding import Word, hold_for_second
from approvals.states import STEPS, Status
from approvals.workflow import Item, Result, approver_again
from approvals.workflow.deciding import need_comment
from connectors import engine
from connectors.contract import Candidate, Document, Terms, Unasked, digest_of
from connectors.models import Connection
from connectors.registry import connector_for
from connectors.tasks import ring
from directory.access import Access
from directory.formats import counted, money
from directory.history import append

LOOK_AGAIN = "That record was not found for the item as it is now. Look it up again."


# --- Looking up ----------------------------------------------------------------------------------


def ask(export_id: int, *, by: Access, version: int, number: str) -> None:
    """Have the ERP looked through for records that this could be, at its next call.

    Raises PermissionDenied, Stale, WrongState, StepError, or NotReady where the document is not
    in order: what is linked is locked, so everything must hold that holds before *Send to ERP*.
    """
    [result] = ask_all([Item(export_id, version, number=number)], by=by)
    if result.error:
        raise result.error


@transaction.atomic
def ask_all(items: Sequence[Item], *, by: Access) -> list[Result]:
    """The same for many, each under its `number` ('': its own); a result for each, in their order.

    A change order is looked for in its commitment's record, so that is linked first. Raises
    PermissionDenied, and StepError when nothing at all can be looked up.
    """
    by = approver_again(by)
    connection = connection_for(by)
    erp = connection.capabilities
    if not erp.can_find:
        raise StepError(f"{erp.short} cannot be asked. Look there, and say what you found.")
    exports, refused = opened(items, by)
    ready = [exports[item.id] for item in items if item.id not in refused]
    what = what_of(ready, exports, connection)
    busy = engine.withdraw_all(connection.pk, [subject_of(export.pk) for export in ready])
    asked = []
    for item in items:
        if item.id in refused:
            continue
        found = what[item.id]
        if isinstance(found, StepError):
            refused[item.id] = found
        elif subject_of(item.id) in busy:
            refused[item.id] = StepError(
                f"{erp.short} is being asked at this moment. Wait for its answer."
            )
        elif len(number := item.number.strip()) > numbering.LONGEST:
            refused[item.id] = StepError(
                f"“{number}” has {len(number)} characters; no number there has more than "
                f"{numbering.LONGEST}."
            )
        else:
            asked.append(_look_up(exports[item.id], *found, number, by))
    LookUp.objects.bulk_create(
        asked,
        update_conflicts=True,
        unique_fields=["export"],
        update_fields=[
            *("version", "number", "asked_by", "asked_at", "copy", "terms"),
            *("answered_at", "candidates", "error"),
        ],
    )
    subjects = [subject_of(row.export_id) for row in asked]
    engine.queue_all(connection.pk, "look-up", [(subject, subject) for subject in subjects])
    transaction.on_commit(partial(ring, connection))
    return [Result(item.id, exports.get(item.id), refused.get(item.id)) for item in items]


def _look_up(export: Export, document: Document, terms: Terms, number: str, by: Access) -> LookUp:
    return LookUp(
        export=export,
        version=export.version,
        number=number or terms.number,
        asked_by=by.user,
        asked_at=Now(),
        copy=document.canonical(),
        terms=terms.canonical(),
    )


# --- Linking -------------------------------------------------------------------------------------


def link(export_id: int, *, by: Access, version: int, record: str, note: str = "") -> Export:
    """Tie the export to the record with the id `record` that the look-up found.

    Raises as `ask` does, and StepError for a record that was not found or does not fit.
    """
    [result] = link_all([Item(export_id, version, record=record)], by=by, note=note)
    if result.error or result.export is None:
        raise result.error or StepError(NO_SUCH)
    return result.export


@transaction.atomic
def link_all(
    items: Sequence[Item], *, by: Access, note: str = "", exact: bool = False
) -> list[Result]:
    """The same for many, each with its `record`; a result for each, in their order.

    With `exact` only what differs in nothing: nobody looks at each of them.
    """
    by = approver_again(by)
    # One record is linked once, also by two people at the same moment.
    engine.lock_lane(connection_for(by).pk)
    exports, refused = opened(items, by)
    look_ups = {row.export_id: row for row in LookUp.objects.filter(export__in=exports)}
    chosen: dict[int, Candidate] = {}
    for item in items:
        if item.id not in refused:
            found = _chosen(exports, exports[item.id], look_ups.get(item.id), item.record, exact)
            if isinstance(found, StepError):
                refused[item.id] = found
            else:
                chosen[item.id] = found
    refused |= _taken(by, exports, chosen)
    going = {pk: one for pk, one in chosen.items() if pk not in refused}
    for step in (STEPS["adopt"], STEPS["record-found"]):
        ours = [exports[pk] for pk in going if exports[pk].status in step.sources]
        words, moves = [], []
        for export in ours:
            candidate, look_up = going[export.pk], look_ups[export.pk]
            document = msgspec.json.decode(look_up.copy, type=Document)
            terms = msgspec.json.decode(look_up.terms, type=Terms)
            receipt, differs = candidate.receipt, len(candidate.differences)
            told = {"erp_id": receipt.id, "differences": differs}
            says = digest_of(receipt.canonical())
            words.append(Word(export, document, says, candidate.description, told))
            moves.append(Move(export, as_linked(document, terms, receipt, by), told))
        waiting, first = hold_for_second(step, words, by)
        refused |= waiting
        free = [move for move in moves if move.export.pk not in waiting]
        make(step, free, by=by.user.pk, note=note)
        append(by.company.pk, first)
    return [Result(item.id, exports.get(item.id), refused.get(item.id)) for item in items]


def _chosen(
    known: Mapping[int, Export], export: Export, look_up: LookUp | None, record: str, exact: bool
) -> Candidate | StepError:
    """The record of that id that was found for the export, or why it cannot be linked."""
    found = [one for one in candidates_of(look_up) if one.receipt.id == record]
    if look_up is None or look_up.version != export.version or len(found) != 1:
        return StepError(LOOK_AGAIN)
    [candidate] = found
    if candidate.problem:
        return StepError(f"It cannot be linked: {candidate.problem}")
    if exact and candidate.differences:
        count = len(candidate.differences)
        return StepError(
            f"It differs in {counted(count, 'place')}. Open it, look, and link it there."
        )
    parent = msgspec.json.decode(look_up.terms, type=Terms).parent
    if export.parent_id is not None and parent is not None:
        # It was read in the record of its commitment, or of the round before.
        now = known[export.parent_id]
        if now.status != Status.SYNCED or now.erp_id != parent.id:
            return StepError(LOOK_AGAIN)
    return candidate


def _taken(
    by: Access, exports: Mapping[int, Export], chosen: Mapping[int, Candidate]
) -> dict[int, StepError]:
    """Those of `chosen` whose record another item has, or whose lines another change order of the
    commitment has. Two queries; of two that want the same, the first one has it."""
    heads = {pk: one.receipt.id for pk, one in chosen.items() if exports[pk].parent_id is None}
    linked = Export.objects.filter(company=by.company, parent=None, erp_id__in=heads.values())
    holders = {row.erp_id: row.pk for row in linked.only("erp_id")} if heads else {}
    parts = {exports[pk].parent_id for pk in chosen if pk not in heads}
    siblings = Export.objects.filter(parent__in=parts).exclude(receipt="") if parts else ()
    line_of: dict[tuple[int | None, str], Export] = {}
    for sibling in siblings:
        receipt = sibling.erp_receipt
        for line in receipt.lines.values() if receipt else ():
            line_of[sibling.parent_id, line] = sibling
    taken: dict[int, StepError] = {}
    for pk, candidate in chosen.items():
        export, receipt = exports[pk], candidate.receipt
        if pk in heads:
            if holders.setdefault(receipt.id, pk) != pk:
                taken[pk] = StepError("Another item here is linked to that record already.")
            continue
        places = [(export.parent_id, line) for line in receipt.lines.values()]
        others = [line_of[place] for place in places if line_of.get(place, export).pk != pk]
        if others:
            taken[pk] = StepError(f"{others[0]} is linked to these lines already.")
        else:
            line_of |= dict.fromkeys(places, export)
    return taken


# --- Attesting -----------------------------------------------------------------------------------


def attest(
    export_id: int,
    *,
    by: Access,
    version: int,
    number: str,
    note: str,
    attested: bool,
    completed: bool = False,
) -> Export:
    """Tie the export to the record of that number, which the ERP has, as the person who looked
    there says in `note`: nothing can be read and compared. A budget has no number there.

    Raises as `ask` does, and StepError where the ERP can be asked, where nobody says how they made
    sure, where the number is another document's, or where part of it is known not to have been
    written and nobody says that it was `completed` by hand.
    """
    item = Item(export_id, version, number=number, attested=attested, completed=completed)
    export, waits = _attest(item, by, note.strip())
    if waits:
        raise waits
    return export


@transaction.atomic
def _attest(item: Item, by: Access, note: str) -> tuple[Export, AwaitsSecond | None]:
    """The export; or what is said of it, when the word is kept and somebody else's is missing."""
    by = approver_again(by)
    connection = connection_for(by)
    engine.lock_lane(connection.pk)
    connector = connector_for(connection.erp)
    erp = connector.capabilities
    if erp.can_find:
        raise StepError(f"{erp.short} can be asked: look the record up, then choose it.")
    if not item.attested:
        raise StepError("Say that you have seen it there: nothing else vouches for it.")
    need_comment(note, "Say where you looked and what you saw, so that others can follow.")
    exports, refused = opened([item], by)
    if refused:
        raise refused[item.id]
    export = exports[item.id]
    found = what_of([export], exports, connection)[export.pk]
    if isinstance(found, StepError):
        raise found
    document, terms = found
    terms = numbering.seen_as(connection, export, terms, item.number)
    by_hand = _by_hand(export, connection, item)
    receipt = cast(Unasked, connector).attested(document, terms)
    if export.parent_id is None:
        there = Candidate(receipt=receipt, description=terms.number)
        if taken := _taken(by, exports, {export.pk: there}):
            raise taken[export.pk]
    if not_free := numbering.take(connection, [(export, document, terms)], seen=True):
        raise not_free[export.pk]
    what = f"{erp.record_word(export.kind)} {terms.number}, {money(document.amount)}"
    words = f"It is in {erp.name}: {what}{by_hand}."
    told = {"erp_id": receipt.id, "attested": words}
    step = STEPS["record-found" if export.status == Status.NEEDS_ATTENTION else "adopt"]
    says = digest_of(receipt.canonical() + terms.canonical())
    word = Word(export, document, says, words, {**told, "note": note})
    waiting, first = hold_for_second(step, [word], by)
    if not waiting:
        # The word settles what was never answered: nothing is asked about it any more.
        engine.disown(connection.pk, [str(export.pk)])
        move = Move(export, as_linked(document, terms, receipt, by), told)
        make(step, [move], by=by.user.pk, note=note)
    append(by.company.pk, first)
    return export, waiting.get(export.pk)


def _by_hand(export: Export, connection: Connection, item: Item) -> str:
    """What a person vouches for beside it: the part of it that was never written; '' for most."""
    progress = progress_of(export, connection)
    if progress is None or not progress.missing:
        return ""
    missing = progress.told_missing
    if not item.completed:
        raise StepError(
            f"ERP Bridge knows that part of it was not written: {missing}. If that is there all "
            "the same, entered by hand, say so, too; if not, remove what is there of it and record "
            f"“It is not in {progress.erp}”."
        )
    return f"; also {missing}, which ERP Bridge did not write"
