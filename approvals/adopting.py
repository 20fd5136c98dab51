"""Linking to a record that the ERP has already: read and compared first, then tied by a person.

For a document that was entered by hand before it came here (*adopt*), and for one of which nobody
knew whether it had arrived (*It is in the ERP*). Where the ERP cannot be asked, a person who looked
there attests what is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from approvals import numbering
from approvals.errors import NotReady, Stale, StepError, WrongState
from approvals.models import Export, LookUp
from approvals.moves import Move, lock_exports, make
from approvals.readiness import parent_problems, send_problems, terms_of
from approvals.rights import why_not
from approvals.states import EDITABLE, STEPS, Status, Step
from approvals.workflow import approver_again
from approvals.workflow.deciding import need_comment
from connectors import engine
from connectors.contract import Candidate, Document, Receipt, Terms, Unasked
from connectors.destination import facts_for
from connectors.engine.scripts import Looking, encode
from connectors.models import Connection, Conversation
from connectors.registry import connector_for
from directory.access import Access
from directory.formats import money

LINKABLE = frozenset({*EDITABLE, Status.NEEDS_ATTENTION})


def step_of(export: Export) -> Step | None:
    """The step that linking would be from here; None where nothing can be linked."""
    if export.status == Status.NEEDS_ATTENTION:
        return STEPS["record-found"]
    return STEPS["adopt"] if export.status in EDITABLE else None


@transaction.atomic
def ask(export_id: int, *, by: Access, version: int, number: str) -> LookUp:
    """Have the ERP looked through for records that this could be, at its next call.

    Raises PermissionDenied, Stale, WrongState, StepError, or NotReady where the document is not
    in order: what is linked is locked, so everything must hold that holds before *Send to ERP*.
    """
    export, _ = _open(export_id, by, version)
    connection = _connection(export)
    erp = connector_for(connection.erp).capabilities
    if not erp.can_find:
        raise StepError(f"{erp.short} cannot be asked. Look there, and say what you found.")
    document, terms = _what(export)
    number = number.strip()[:40] or terms.number
    look_up, _ = LookUp.objects.update_or_create(
        export=export,
        defaults={
            "version": export.version,
            "number": number,
            "asked_by": by.user,
            "asked_at": Now(),
            "copy": document.canonical(),
            "terms": terms.canonical(),
            "answered_at": None,
            "candidates": [],
            "error": "",
        },
    )
    subject = f"look-up {export.pk}"
    engine.withdraw(connection.pk, subject)
    open_one = Conversation.objects.filter(connection=connection, subject=subject).exclude(
        state=Conversation.State.CLOSED
    )
    if open_one.exists():
        raise StepError("The ERP is being asked at this moment. Wait for its answer.")
    engine.queue(connection.pk, "look-up", subject, subject)
    return look_up


@transaction.atomic
def link(export_id: int, *, by: Access, version: int, record: str, note: str = "") -> Export:
    """Tie the export to the record with the id `record` that the look-up found.

    Raises as `ask` does, and StepError for a record that was not found or does not fit.
    """
    export, step = _open(export_id, by, version)
    look_up = LookUp.objects.filter(export=export, version=export.version).first()
    found = [one for one in candidates_of(look_up) if one.receipt.id == record]
    if look_up is None or len(found) != 1:
        raise StepError("That record was not found for the item as it is now. Look it up again.")
    [candidate] = found
    if candidate.problem:
        raise StepError(f"It cannot be linked: {candidate.problem}")
    _not_linked_yet(export, candidate.receipt)
    _not_a_siblings(export, candidate)
    document = msgspec.json.decode(look_up.copy, type=Document)
    terms = msgspec.json.decode(look_up.terms, type=Terms)
    told = {"erp_id": candidate.receipt.id, "differences": len(candidate.differences)}
    move = Move(export, _linked(document, terms, candidate.receipt, by), told)
    make(step, [move], by=by.user.pk, note=note)
    return export


@transaction.atomic
def attest(
    export_id: int, *, by: Access, version: int, number: str, note: str, attested: bool
) -> Export:
    """Tie the export to the record of that number, which the ERP has, as the person who looked
    there says in `note`: nothing can be read and compared.

    Raises as `ask` does, and StepError where the ERP can be asked, where nobody says how they made
    sure, or where the number is another document's.
    """
    export, step = _open(export_id, by, version)
    connection = _connection(export)
    connector = connector_for(connection.erp)
    erp = connector.capabilities
    if erp.can_find:
        raise StepError(f"{erp.short} can be asked: look the record up, then choose it.")
    if not attested:
        raise StepError("Say that you have seen it there: nothing else vouches for it.")
    need_comment(note, "Say where you looked and what you saw, so that others can follow.")
    document, terms = _what(export)
    terms = numbering.seen_as(connection, export, terms, number)
    receipt = cast(Unasked, connector).attested(document, terms)
    _not_linked_yet(export, receipt)
    if refused := numbering.take(connection, [(export, document, terms)]):
        raise refused[export.pk]
    what = f"{erp.record_word(export.kind)} {terms.number}, {money(document.amount)}"
    told = {"erp_id": receipt.id, "attested": f"It is in {erp.name}: {what}."}
    move = Move(export, _linked(document, terms, receipt, by), told)
    make(step, [move], by=by.user.pk, note=note.strip())
    return export


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


class LookUps:
    """The purpose of the conversations that look for records that are there already."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        """Nothing: what is found is kept beside the export and moves nothing."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        rows = LookUp.objects.filter(export__in=[_export_of(c) for c in conversations])
        asked = {row.export_id: row for row in rows}
        inputs: dict[str, str | None] = {}
        for conversation in conversations:
            one = asked.get(_export_of(conversation))
            inputs[conversation.subject] = _looking(one) if one else None
        return inputs

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It is looked for at the next visit."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: looking writes nothing."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Keep what was found, or why nothing could be."""
        for outcome in outcomes:
            found = json.loads(msgspec.json.encode(outcome.value or ()))
            LookUp.objects.filter(export=_export_of(outcome.conversation)).update(
                answered_at=Now(), candidates=found, error=str(outcome.error or "")
            )


def _looking(look_up: LookUp) -> str:
    document = msgspec.json.decode(look_up.copy, type=Document)
    terms = msgspec.json.decode(look_up.terms, type=Terms)
    return encode(Looking(document, terms, look_up.number))


def candidates_of(look_up: LookUp | None) -> list[Candidate]:
    """The records that a look-up found, for its page."""
    rows = look_up.candidates if look_up else []
    return [msgspec.convert(row, Candidate) for row in rows]


def _not_linked_yet(export: Export, receipt: Receipt) -> None:
    """StepError if another item has this record. Change orders stand in their commitment's."""
    taken = Export.objects.filter(company=export.company_id, parent=None, erp_id=receipt.id)
    if export.parent_id is None and taken.exclude(pk=export.pk).exists():
        raise StepError("Another item here is linked to that record already.")


def _not_a_siblings(export: Export, candidate: Candidate) -> None:
    """StepError if another change order of the commitment has these lines already."""
    if export.parent_id is None:
        return
    siblings = Export.objects.filter(parent=export.parent_id).exclude(pk=export.pk)
    lines = set(candidate.receipt.lines.values())
    for sibling in siblings.exclude(receipt=""):
        receipt = sibling.erp_receipt
        if receipt is not None and lines & set(receipt.lines.values()):
            raise StepError(f"{sibling} is linked to these lines already.")


def _export_of(conversation: Conversation) -> int:
    return int(conversation.subject.split(" ")[1])


def _open(export_id: int, by: Access, version: int) -> tuple[Export, Step]:
    """The export, locked with its commitment, and the step that linking it is."""
    by = approver_again(by)
    export = lock_exports([export_id], company=by.company.pk, parents=True)[export_id]
    step = step_of(export)
    if export.version != version:
        raise Stale(export)
    if step is None:
        raise WrongState(export, STEPS["adopt"])
    if why := why_not(step, by, export.sent_by_id, export.kind):
        raise PermissionDenied(why)
    return export, step


def _what(export: Export) -> tuple[Document, Terms]:
    """What is compared with the ERP's records: what was sent, or the document as it is now."""
    if export.status == Status.NEEDS_ATTENTION:
        terms = export.frozen_terms
        if terms is None:
            raise StepError(f"{export} was never accepted.")
        return export.document, terms
    live = export.live()
    if live is None:
        raise StepError(f"{export} no longer has a document.")
    document = live.to_document()
    connection = _connection(export)
    problems = send_problems(live, document, connection)
    terms = terms_of(connection, export, document)
    parents = {export.parent.pk: export.parent} if export.parent else {}
    problems += parent_problems(export, parents)
    facts = facts_for(connection, [(document, terms)])
    problems += connector_for(connection.erp).problems(document, terms, facts)
    if problems:
        unique = {problem.text: problem for problem in problems}
        raise NotReady(export, list(unique.values()))
    return document, terms


def _connection(export: Export) -> Connection:
    connection = Connection.objects.filter(company=export.company_id).first()
    if connection is None:
        raise StepError("There is no connection to an accounting system yet.")
    return connection
