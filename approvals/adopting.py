"""Linking to a record that the ERP has already: read and compared first, then tied by a person.

For documents that were entered by hand before they came here (*adopt*), one by one or many at once
at the start in the middle of a job, and for one of which nobody knew whether it had arrived (*It is
in the ERP*). Where the ERP cannot be asked, a person who looked there attests what is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import cast

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from approvals import numbering
from approvals.errors import AwaitsSecond, NotReady, Stale, StepError, WrongState
from approvals.look_ups import candidates_of, subject_of
from approvals.models import Export, LookUp, live
from approvals.moves import Move, lock_exports, make
from approvals.readiness import parent_problems, send_problems_of
from approvals.rights import why_not
from approvals.seconding import Word, hold_for_second
from approvals.standing import standing_of
from approvals.states import EDITABLE, STEPS, Status, Step
from approvals.workflow import Item, Result, approver_again
from approvals.workflow.deciding import need_comment
from approvals.workflow.items import ids
from connectors import engine
from connectors.contract import Candidate, Document, Receipt, Terms, Unasked, digest_of
from connectors.destination import Destinations, facts_for
from connectors.models import Connection
from connectors.registry import connector_for
from connectors.tasks import ring
from directory.access import Access
from directory.formats import money
from directory.history import append

LINKABLE = frozenset({*EDITABLE, Status.NEEDS_ATTENTION})
MOST_LOOKED_UP = 200  # at once
NO_SUCH = "There is no such item."
LOOK_AGAIN = "That record was not found for the item as it is now. Look it up again."


def step_of(export: Export) -> Step | None:
    """The step that linking would be from here; None where nothing can be linked."""
    if export.status == Status.NEEDS_ATTENTION:
        return STEPS["record-found"]
    return STEPS["adopt"] if export.status in EDITABLE else None


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
    connection = _connection(by)
    erp = connector_for(connection.erp).capabilities
    if not erp.can_find:
        raise StepError(f"{erp.short} cannot be asked. Look there, and say what you found.")
    exports, refused = _open(items, by)
    ready = [exports[item.id] for item in items if item.id not in refused]
    what = _what(ready, exports, connection)
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
        else:
            asked.append(_look_up(exports[item.id], *found, item.number.strip()[:40], by))
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
    engine.lock_lane(_connection(by).pk)
    exports, refused = _open(items, by)
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
            moves.append(Move(export, _linked(document, terms, receipt, by), told))
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
            f"It differs in {count} place{'' if count == 1 else 's'}. Open it, look, and link it "
            "there."
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
    connection = _connection(by)
    engine.lock_lane(connection.pk)
    connector = connector_for(connection.erp)
    erp = connector.capabilities
    if erp.can_find:
        raise StepError(f"{erp.short} can be asked: look the record up, then choose it.")
    if not item.attested:
        raise StepError("Say that you have seen it there: nothing else vouches for it.")
    need_comment(note, "Say where you looked and what you saw, so that others can follow.")
    exports, refused = _open([item], by)
    if refused:
        raise refused[item.id]
    export = exports[item.id]
    found = _what([export], exports, connection)[export.pk]
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
    if not_free := numbering.take(connection, [(export, document, terms)]):
        raise not_free[export.pk]
    what = f"{erp.record_word(export.kind)} {terms.number}, {money(document.amount)}"
    words = f"It is in {erp.name}: {what}{by_hand}."
    told = {"erp_id": receipt.id, "attested": words}
    step = STEPS["record-found" if export.status == Status.NEEDS_ATTENTION else "adopt"]
    says = digest_of(receipt.canonical() + terms.canonical())
    word = Word(export, document, says, words, {**told, "note": note})
    waiting, first = hold_for_second(step, [word], by)
    if not waiting:
        move = Move(export, _linked(document, terms, receipt, by), told)
        make(step, [move], by=by.user.pk, note=note)
    append(by.company.pk, first)
    return export, waiting.get(export.pk)


def _by_hand(export: Export, connection: Connection, item: Item) -> str:
    """What a person vouches for beside it: the part of it that was never written; '' for most."""
    standing = standing_of(export, connection)
    if standing is None or not standing.missing:
        return ""
    missing = standing.told_missing
    if not item.completed:
        raise StepError(
            f"ERP Bridge knows that part of it was not written: {missing}. If that is there all "
            "the same, entered by hand, say so, too; if not, remove what is there of it and record "
            f"“It is not in {standing.erp}”."
        )
    return f"; also {missing}, which ERP Bridge did not write"


# --- What all of these look at -------------------------------------------------------------------


def _linked(document: Document, terms: Terms, receipt: Receipt, by: Access) -> dict[str, object]:
    """The columns of an export that stands in the ERP as `receipt` from now on."""
    return {
        "number": document.number,
        "title": document.title,
        "amount": document.amount,
        "vendor_name": document.vendor.name if document.vendor else "",
        "copy": document.canonical(),
        "copy_digest": document.digest(),
        "terms": terms.canonical(),
        "terms_digest": terms.digest(),
        "receipt": receipt.canonical(),
        "erp_id": receipt.id,
        "erp_number": receipt.number,
        "message": "",
        "decided_by_id": by.user.pk,
    }


def _open(items: Sequence[Item], by: Access) -> tuple[dict[int, Export], dict[int, StepError]]:
    """The exports, locked with their commitments, and which of them this person cannot link.

    Of another project than that of `by` there is none.
    """
    wanted = ids(items)
    if len(wanted) > MOST_LOOKED_UP:
        raise StepError(f"At most {MOST_LOOKED_UP} items at once.")
    exports = lock_exports(wanted, company=by.company.pk, parents=True)
    if by.project is not None:
        strange = [pk for pk in wanted if pk in exports and exports[pk].project_id != by.project.pk]
        for pk in strange:
            del exports[pk]
    found = {item.id: _objection(exports.get(item.id), item.version, by) for item in items}
    return exports, {pk: error for pk, error in found.items() if error}


def _objection(export: Export | None, version: int, by: Access) -> StepError | None:
    if export is None:
        return StepError(NO_SUCH)
    if export.version != version:
        return Stale(export)
    step = step_of(export)
    if step is None:
        return WrongState(export, STEPS["adopt"])
    why = why_not(step, by, export.sent_by_id, export.kind)
    return StepError(f"{export}: {why}") if why else None


def _what(
    exports: Collection[Export], known: Mapping[int, Export], connection: Connection
) -> dict[int, tuple[Document, Terms] | StepError]:
    """What is compared with the ERP's records: what was sent, or the document as it is now; else
    why it is not in order. `known` holds their commitments, too."""
    found: dict[int, tuple[Document, Terms] | StepError] = {}
    unsent = []
    for export in exports:
        if export.status != Status.NEEDS_ATTENTION:
            unsent.append(export)
        elif terms := export.frozen_terms:
            found[export.pk] = (export.document, terms)
        else:
            found[export.pk] = StepError(f"{export} was never accepted.")
    documents = live(unsent)
    copies = {pk: document.to_document() for pk, document in documents.items()}
    problems = dict(
        zip(
            copies,
            send_problems_of([(documents[pk], copies[pk]) for pk in copies], connection, known),
            strict=True,
        )
    )
    parents = {
        export.parent_id: known[export.parent_id].erp_receipt
        for export in unsent
        if export.parent_id is not None
    }
    to = Destinations(connection, list(copies.values()), parents)
    going = {pk: (copy, to.terms(copy)) for pk, copy in copies.items()}
    facts = facts_for(connection, going.values())
    connector = connector_for(connection.erp)
    for export in unsent:
        if export.pk not in going:
            found[export.pk] = StepError(f"{export} no longer has a document.")
            continue
        failing = [
            *problems[export.pk],
            *parent_problems(export, known),
            *connector.problems(*going[export.pk], facts),
        ]
        unique = {problem.text: problem for problem in failing}
        found[export.pk] = NotReady(export, list(unique.values())) if unique else going[export.pk]
    return found


def _connection(by: Access) -> Connection:
    connection = Connection.of(by.company.pk)
    if connection is None:
        raise StepError("There is no connection to an accounting system yet.")
    return connection
