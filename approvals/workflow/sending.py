"""What the project manager does: send a document to accounting, and take it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction

from approvals.errors import NotReady, StepError
from approvals.models import Export, Exportable, live
from approvals.moves import Move, lock_exports, make
from approvals.readiness import send_problems_of
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
    make(STEPS["send"], [_sending([export], {}, by)(export)], by=by.user.pk)
    return export


@transaction.atomic
def send_all(items: Sequence[Item], *, by: Access) -> list[Result]:
    """Send many documents of one project, `by`'s; a result for each, in their order."""
    exports = lock_exports(ids(items), company=by.company.pk, parents=True)
    project = by.project.pk if by.project else None
    ours = {pk: export for pk, export in exports.items() if export.project_id == project}
    sending = _sending([ours[item.id] for item in items if item.id in ours], exports, by)
    return move_locked(STEPS["send"], items, ours, by, sending)


def _sending(
    exports: Sequence[Export], known: Mapping[int, Export], by: Access
) -> Callable[[Export], Move]:
    """Looks at all of `exports`, which are locked, and then gives the step of each.

    That raises StepError where it may not go, with every reason. `known`: see `send_problems_of`.
    """
    connection = Connection.of(by.company.pk)
    documents = live(exports)
    copies = {pk: document.to_document() for pk, document in documents.items()}
    pairs = [(document, copies[pk]) for pk, document in documents.items()]
    problems = dict(zip(documents, send_problems_of(pairs, connection, known), strict=True))

    def sending(export: Export) -> Move:
        document = documents.get(export.pk)
        if document is None:
            raise StepError(f"{export} no longer has a document.")
        if why := document.may_send(by):
            raise StepError(why)
        if problems[export.pk]:
            raise NotReady(export, problems[export.pk])
        copy = copies[export.pk]
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

    return sending


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
