"""Unlinking: a document comes free once it is gone from the ERP, and only then.

The order is: delete it in the ERP, unlink it here, correct it, send it again. The connector looks;
no answer is no permission. Where the ERP cannot be asked the approver looks, and attests it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from django.db import transaction
from django.db.models.functions import Now

from approvals.errors import StepError
from approvals.models import Export, Kinds
from approvals.moves import Move, lock_exports, make, rounds_of
from approvals.rights import why_not
from approvals.states import EDITABLE, STEPS, Status
from connectors import engine
from connectors.contract import Capabilities, Gone, StillThere
from connectors.engine.scripts import Check, encode
from connectors.models import Connection, Conversation, Known
from connectors.registry import connector_for
from directory.access import Access, access_to
from directory.compiled import CompiledQuery

# How long the ERP may take to answer before the document counts as still there.
MOST_WAITING = timedelta(hours=24)
DONE = "Successful Unlinked"
NOUN = {
    Kinds.COMMITMENT: "The commitment",
    Kinds.CHANGE_ORDER: "The CCO",
    Kinds.BUDGET: "The budget",
}
# What counted as exported; the history keeps it.
CLEARED = {
    "terms": "",
    "terms_digest": "",
    "receipt": "",
    "erp_id": "",
    "erp_number": "",
}


def begin_unlink(
    rounds: Sequence[Export], by: Access, connection: Connection | None, *, attested: bool = False
) -> Mapping[str, object]:
    """Queue the look into the ERP; what the step writes. All are locked, and one is synced.

    `rounds` is one document, or all rounds of a budget: they stand in one record, so they are
    looked for and freed together. Raises StepError where change orders or a round on its way
    stand against it, without Admin on the project's tool, or where the ERP cannot be asked and
    nobody `attested` that the record is gone.
    """
    export = rounds[0]
    here = access_to(by.user, by.company, export.project)
    if why := why_not(STEPS["unlink"], here, export.sent_by_id, export.kind):
        raise StepError(f"{export}: {why}")
    _nothing_under_way(export, rounds)
    terms = export.frozen_terms
    if connection is None or terms is None:
        raise StepError(f"{export} was never exported from here.")
    connector = connector_for(connection.erp)
    if connector.capabilities.can_ask(export.kind, connection.settings):
        record = connector.record(export.document, terms)
        engine.queue(connection.pk, "unlink", str(export.pk), record)
    elif not attested:
        erp = connector.capabilities.short
        raise StepError(
            f"{erp} cannot be asked whether {export} is gone. Delete it there, then say on the "
            "page of the item that you did, and how you made sure."
        )
    return {"message": ""}


def free_attested(exports: Sequence[Export], by: Access, connection: Connection, note: str) -> None:
    """unlinking → draft at once where the ERP cannot be asked: the approver has looked there, and
    attested that the records are gone. Nothing becomes of those that it can be asked about.

    `connection` is the one that `begin_unlink` was given: what can be asked may change meanwhile.
    """
    erp = connection.capabilities
    exports = [one for one in exports if not erp.can_ask(one.kind, connection.settings)]
    gone = [_freed(export, {"attested": attestation(export, erp)}) for export in exports]
    _forget(exports)
    engine.disown(connection.pk, [str(export.pk) for export in exports])
    make(STEPS["gone"], gone, by=by.user.pk, note=note)


def attestation(export: Export, erp: Capabilities) -> str:
    """What a person attests of an export that is to be free."""
    number = export.erp_number or export.number
    return f"{NOUN[Kinds(export.kind)]} {number} was deleted in {erp.name}."


def _nothing_under_way(export: Export, rounds: Sequence[Export]) -> None:
    if export.kind == Kinds.BUDGET:
        busy = [one for one in rounds if one.status not in EDITABLE | {Status.SYNCED}]
        what, how = "rounds on their way", "Retrieve them, or wait for their outcome."
    else:
        children = export.children.order_by("id")
        busy = [child for child in children if child.status not in EDITABLE]
        what, how = "change orders on their way or in the ERP", "Unlink or retrieve them first."
    if busy:
        numbers = ", ".join(one.number for one in busy[:5])
        raise StepError(f"{export} has {what} ({numbers}). {how}")


def stop_checking(rounds: Sequence[Export]) -> Mapping[str, object]:
    """Call the look off, if it has not begun. Raises StepError if it has."""
    export = rounds[0]
    connection = Connection.objects.get(company=export.company_id)
    if not engine.withdraw(connection.pk, str(export.pk)):
        raise StepError(f"The ERP is being asked about {export} at this moment; wait a little.")
    return {"message": ""}


class Unlinks:
    """The purpose of the conversations that look whether a document is gone from the ERP."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        lock_exports([int(one.subject) for one in conversations], parents=True, rounds=True)

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        exports = lock_exports([int(c.subject) for c in conversations])
        connection = conversations[0].connection
        return {str(pk): _check(export, connection) for pk, export in exports.items()}

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It stays unlinking, and is looked for again."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: looking writes nothing."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Gone: the document is free again. Still there: as before, with what was found."""
        subjects = [int(outcome.conversation.subject) for outcome in outcomes]
        exports = lock_exports(subjects, rounds=True)
        connection = Connection.objects.get(pk=outcomes[0].conversation.connection_id)
        erp = connection.capabilities.name
        gone, still = [], []
        for subject, outcome in zip(subjects, outcomes, strict=True):
            for export in rounds_of(exports[subject], exports):
                if isinstance(outcome.value, Gone):
                    gone.append(_freed(export))
                else:
                    still.append(_kept(export, _still(export, outcome, erp)))
        _forget([move.export for move in gone])
        make(STEPS["gone"], gone, by=None)
        make(STEPS["still-there"], still, by=None)


def _freed(export: Export, told: Mapping[str, object] = MappingProxyType({})) -> Move:
    """The step that frees a document; the history keeps what counted as exported."""
    kept = {"erp_id": export.erp_id, "receipt": export.receipt}
    return Move(export, {**CLEARED, "message": DONE}, {**kept, **told})


def _kept(export: Export, words: str) -> Move:
    """The step that leaves a document linked; the history keeps why."""
    return Move(export, {"message": words}, {"why": words})


def _forget(exports: Sequence[Export]) -> None:
    """What was known of records that are gone would only mislead the next preview. `exports` are
    one company's."""
    # A change order's record stays, and was read just now.
    heads = [
        (export.document, terms)
        for export in exports
        if export.parent_id is None and (terms := export.frozen_terms)
    ]
    if not heads:
        return
    connection = Connection.objects.get(company=exports[0].company_id)
    connector = connector_for(connection.erp)
    records = [connector.record(document, terms) for document, terms in heads]
    Known.objects.filter(connection=connection, record__in=records).delete()


def _check(export: Export, connection: Connection) -> str | None:
    terms, receipt = export.frozen_terms, export.erp_receipt
    if export.status != Status.UNLINKING or terms is None or receipt is None:
        return None
    erp = connection.capabilities
    asked = erp.can_ask(export.kind, connection.settings)
    return encode(Check(export.document, terms, receipt, asked))


def _still(export: Export, outcome: engine.Outcome, erp: str) -> str:
    """The words of the source, and underneath what was found; else why nothing could be."""
    noun = NOUN[Kinds(export.kind)]
    if isinstance(outcome.value, StillThere):
        words = f"{noun} is still in {erp}. Please delete it before retrying"
        return "\n".join([words, *outcome.value.found])
    why = f"nobody could find out whether it is gone from {erp}"
    return f"{noun} is linked as before: {why}.\n{outcome.error}"


@transaction.atomic
def give_up_waiting() -> int:
    """Documents that the ERP did not answer about within a day are linked as before; how many."""
    late = [row["id"] for row in _LATE.rows()]
    if not late:
        return 0
    ended = 0
    exports = lock_exports(late, rounds=True)
    for export in exports.values():
        connection = Connection.objects.get(company=export.company_id)
        if export.status == Status.UNLINKING and engine.withdraw(connection.pk, str(export.pk)):
            words = "The ERP did not answer within 24 hours, so it is linked as before."
            moves = [_kept(one, words) for one in rounds_of(export, exports)]
            ended += len(make(STEPS["still-there"], moves, by=None))
    return ended


_LATE = CompiledQuery(
    lambda: (
        Export.objects.filter(status=Status.UNLINKING, status_at__lt=Now() - MOST_WAITING)
        .order_by("id")
        .values("id")
    )
)
