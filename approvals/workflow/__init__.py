"""What people do with an export. Pages, API and bulk steps all come through here.

Every verb checks who asks, locks, looks again at what it locked, and moves; it either happens
whole or raises `StepError` or `PermissionDenied` and changes nothing. The version that the person
saw travels with every button.
"""

from __future__ import annotations

from collections.abc import Sequence

from approvals.errors import StepError
from approvals.models import Export
from approvals.states import BY_CHOICE
from approvals.workflow.deciding import (
    accept,
    record_absent,
    reject,
    retry,
    stop_checks,
    stop_waiting,
    take_out_of_lane,
    undo_acceptance,
    unlink,
)
from approvals.workflow.items import (
    MOST_AT_ONCE,
    MOST_UNASKED,
    WHY_ASKED,
    Item,
    Result,
    approver_again,
)
from approvals.workflow.sending import retrieve, send, send_all
from directory.access import Access

__all__ = [
    "MOST_AT_ONCE",
    "MOST_UNASKED",
    "WHY_ASKED",
    "Item",
    "Result",
    "approver_again",
    "send",
    "send_all",
    "take",
    "take_all",
    "take_out_of_lane",
]

_BULK = {
    "accept": lambda items, by, note: accept(items, by=by),
    "retry": lambda items, by, note: retry(items, by=by),
    "reject": lambda items, by, note: reject(items, by=by, note=note),
    "undo-acceptance": lambda items, by, note: undo_acceptance(items, by=by),
    "stop-waiting": lambda items, by, note: stop_waiting(items, by=by),
    "record-absent": lambda items, by, note: record_absent(items, by=by, note=note),
    "unlink": lambda items, by, note: unlink(items, by=by, note=note),
    "stop-checking": lambda items, by, note: stop_checks(items, by=by),
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
    step: str,
    export: Export,
    *,
    by: Access,
    version: int,
    note: str = "",
    terms: str = "",
    number: str = "",
    attested: bool = False,
) -> Export:
    """Any person's step with one item. Raises as the verbs do, KeyError for an unknown step.

    `terms`, `number` and `attested`: see `Item`.
    """
    if step in ("send", "retrieve"):
        document = export.live()
        if document is None:
            raise StepError(f"{export} no longer has a document.")
        verb = send if step == "send" else retrieve
        return verb(document, by=by, version=version)
    item = Item(export.pk, version, terms, number, attested)
    [result] = take_all(step, [item], by=by, note=note)
    if result.error is not None or result.export is None:
        raise result.error or StepError("There is no such item.")
    return result.export
