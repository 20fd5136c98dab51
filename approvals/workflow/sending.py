"""What the project manager does: send a document to accounting, and take it back."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction

from approvals.errors import NotReady, StepError
from approvals.models import Export, Exportable, live
from approvals.moves import Move, lock_exports, make
from approvals.readiness import send_problems
from approvals.states import STEPS
from approvals.workflow.items import (
    Item,
    Result,
    ids,
    lock_one,
    move_locked,
)
from connectors.models import Connection
from directory.access import Access


@transaction.atomic
def send(document: Exportable, *, by: Access, version: int) -> Export:
    """Freeze the document and put it into the approvers' queue.

    Raises PermissionDenied, Stale, WrongState, or NotReady with every failing rule.
    """
    if why := document.may_send(by):
        raise PermissionDenied(why)
    export = lock_one(document.export_id, version, STEPS["send"], parents=True)
    move = _sending(export, live([export]).get(export.pk), by, Connection.of(by.company.pk))
    make(STEPS["send"], [move], by=by.user.pk)
    return export


@transaction.atomic
def send_all(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Send many documents of one project, `by`'s; a result for each, in their order."""
    exports = lock_exports(ids(items), company=by.company.pk, parents=True)
    project = by.project.pk if by.project else None
    ours = {pk: export for pk, export in exports.items() if export.project_id == project}
    documents = live([ours[item.id] for item in items if item.id in ours])
    connection = Connection.of(by.company.pk)
    return move_locked(
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
    export = lock_one(document.export_id, version, STEPS["retrieve"])
    make(STEPS["retrieve"], [Move(export)], by=by.user.pk)
    return export
