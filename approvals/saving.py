"""Saving a document: who may, and its Export is locked and looked at first."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404

from approvals.differences import differences
from approvals.errors import Stale
from approvals.models import Export, Kinds
from approvals.moves import lock_exports
from approvals.states import EDITABLE, Status
from directory.access import Access
from directory.compiled import CompiledQuery
from directory.models import Company
from directory.perms import Level, Tool


def permit(by: Access, project_id: int, tool: Tool) -> None:
    """Admin on `tool` in the document's own project; another project's rights open nothing."""
    if by.project is None or by.project.pk != project_id:
        raise Http404
    by.need(tool, Level.ADMIN)


def one_at_a_time(by: Access) -> None:
    """Documents of one company are saved one after the other, so that numbers stay unique.

    The lock is taken before those on exports; a step of an export never takes it.
    """
    _LOCKED.first(by.company.pk)


_LOCKED = CompiledQuery(
    lambda pk: Company.objects.select_for_update(no_key=True).filter(pk=pk), int
)


def lock_at(export_id: int, version: int, *, also: Iterable[int] = ()) -> Export:
    """The Export, locked with those of `also`. Raises Stale at another version."""
    locked = lock_exports([export_id, *also])
    export = locked[export_id]
    if export.version != version:
        raise Stale(
            export,
            f"{export} was changed since you opened this page, so nothing was saved.",
            differences(export, version),
        )
    return export


def why_locked(export: Export) -> str:
    """'' if what the ERP gets of the document may change, else why not and what to do."""
    status = Status(export.status)
    if status in EDITABLE:
        return ""
    if status == Status.SENT:
        return "It waits for accounting. Retrieve it from ERP to change it."
    if status == Status.SYNCED:
        if export.kind == Kinds.COMMITMENT:
            return "It is in the ERP as it was approved; change orders change its money."
        return "It is in the ERP as it was approved, until it is unlinked there and here."
    if status == Status.FAILED:
        return "It failed to export. An approver can reject it, then it can be changed."
    if status == Status.NEEDS_ATTENTION:
        return "It may be in the ERP. An approver has to look there first."
    return f"It is on its way to the ERP ({status.label})."
