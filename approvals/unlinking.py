"""Unlinking: a document comes free once it is gone from the ERP, and only then.

The order is: delete it in the ERP, unlink it here, correct it, send it again. The connector looks;
no answer is no permission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from approvals.errors import StepError
from approvals.models import Export, Kinds
from approvals.moves import Move, lock_exports, make
from approvals.rights import why_not
from approvals.states import EDITABLE, STEPS, Status
from connectors import engine
from connectors.contract import Gone, StillThere
from connectors.engine.scripts import Check, encode
from connectors.models import Connection, Conversation
from connectors.registry import connector_for
from directory.access import Access, access_to

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


def begin_unlink(export: Export, by: Access) -> Mapping[str, object]:
    """Queue the look into the ERP; what the step writes. The export is locked and synced.

    Raises StepError where its change orders are in the way, or without Admin on the project's tool.
    """
    here = access_to(by.user, by.company, export.project)
    if why := why_not(STEPS["unlink"], here, export.sent_by_id, export.kind):
        raise StepError(f"{export}: {why}")
    busy = [child for child in export.children.order_by("id") if child.status not in EDITABLE]
    if busy:
        numbers = ", ".join(child.number for child in busy[:5])
        raise StepError(
            f"{export} has change orders on their way or in the ERP ({numbers}). Unlink or "
            "retrieve them first."
        )
    connection = Connection.objects.get(company=export.company_id)
    terms = export.frozen_terms
    if terms is None:
        raise StepError(f"{export} was never exported from here.")
    record = connector_for(connection.erp).record(export.document, terms)
    engine.queue(connection.pk, "unlink", str(export.pk), record)
    return {"message": ""}


def stop_checking(export: Export, by: Access) -> Mapping[str, object]:
    """Call the look off, if it has not begun. Raises StepError if it has."""
    connection = Connection.objects.get(company=export.company_id)
    if not engine.withdraw(connection.pk, str(export.pk)):
        raise StepError(f"The ERP is being asked about {export} at this moment; wait a little.")
    return {"message": ""}


class Unlinks:
    """The purpose of the conversations that look whether a document is gone from the ERP."""

    def lock(self, subjects: Sequence[str]) -> None:
        lock_exports([int(subject) for subject in subjects], parents=True)

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        exports = lock_exports([int(c.subject) for c in conversations])
        return {str(pk): _check(export) for pk, export in exports.items()}

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It stays unlinking, and is looked for again."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: looking writes nothing."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Gone: the document is free again. Still there: as before, with what was found."""
        exports = lock_exports([int(o.conversation.subject) for o in outcomes])
        gone, still = [], []
        for outcome in outcomes:
            export = exports[int(outcome.conversation.subject)]
            if isinstance(outcome.value, Gone):
                told = {"erp_id": export.erp_id, "receipt": export.receipt}
                gone.append(Move(export, {**CLEARED, "message": DONE}, told))
            else:
                still.append(Move(export, {"message": _still(export, outcome)}))
        make(STEPS["gone"], gone, by=None)
        make(STEPS["still-there"], still, by=None)


def _check(export: Export) -> str | None:
    terms, receipt = export.frozen_terms, export.erp_receipt
    if export.status != Status.UNLINKING or terms is None or receipt is None:
        return None
    return encode(Check(export.document, terms, receipt))


def _still(export: Export, outcome: engine.Outcome) -> str:
    """The words of the source, and underneath what was found."""
    connection = Connection.objects.get(company=export.company_id)
    erp = connector_for(connection.erp).capabilities.name
    words = f"{NOUN[Kinds(export.kind)]} is still in {erp}. Please delete it before retrying"
    found = outcome.value.found if isinstance(outcome.value, StillThere) else [str(outcome.error)]
    return "\n".join([words, *found])


@transaction.atomic
def give_up_waiting() -> int:
    """Documents that the ERP did not answer about within a day are linked as before; how many."""
    late = Export.objects.filter(
        status=Status.UNLINKING, status_at__lt=Now() - MOST_WAITING
    ).order_by("id")
    ended = 0
    for export in lock_exports([export.pk for export in late]).values():
        connection = Connection.objects.get(company=export.company_id)
        if export.status == Status.UNLINKING and engine.withdraw(connection.pk, str(export.pk)):
            words = "The ERP did not answer within 24 hours, so it is linked as before."
            make(STEPS["still-there"], [Move(export, {"message": words})], by=None)
            ended += 1
    return ended
