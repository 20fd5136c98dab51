"""What people do with a commitment change order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from approvals import attaching
from approvals.models import Export
from approvals.moves import lock_exports, new_export
from approvals.saving import lock_at, one_at_a_time, permit, why_locked
from commitments import checking, origins
from commitments.entries import ChangeEntry, ChangeOrderEntry, change_order_entry
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from commitments.states import DECIDED, SETTLED, ChangeOrderStatus, CommitmentStatus
from commitments.workflow.loading import load_change_order, load_commitment
from commitments.workflow.numbers import number_after
from commitments.workflow.saving import (
    Saved,
    assign,
    columns,
    differ,
    lock_faults,
    record,
    save_lines,
    seen,
)
from directory.access import Access
from directory.entered import Fault, Invalid, Reader
from directory.perms import Tool


@transaction.atomic
def create_change_order(
    *, commitment: Commitment, by: Access, data: ChangeOrderEntry, directly: bool = True
) -> ChangeOrder:
    """A new change order, a Draft, with its Export. Its date is today and stays.

    `directly`: somebody entered it; the project may want them made from change events instead.
    """
    permit(by, commitment.project_id, Tool.COMMITMENTS)
    one_at_a_time(by)
    parent = lock_exports([commitment.export_id])[commitment.export_id]
    commitment = load_commitment(commitment.pk)
    made = ChangeOrder(company=by.company, commitment=commitment)
    reader = Reader()
    if why := why_no_change_order(commitment, directly=directly):
        reader.fault("", why)
    fields, lines, entries = _read_change_order(reader, made, data)
    reader.refuse()
    assign(made, fields)
    made.export = new_export(
        company=by.company,
        project=commitment.project,
        kind="change_order",
        created_by=by.user,
        parent=parent,
        **columns(made, lines),
    )
    made.save()
    Export.objects.filter(pk=made.export_id).update(document_id=made.pk)
    _save_changes(made, lines, (), entries)
    return load_change_order(made.pk)


def why_no_change_order(commitment: Commitment, *, directly: bool = True) -> str:
    """'' if the commitment takes a new change order (`directly`: entered here), else why not."""
    if commitment.status in (CommitmentStatus.COMPLETE, CommitmentStatus.VOID):
        return f"The commitment is {commitment.get_status_display()}; it takes no change orders."
    if directly and commitment.project.change_events:
        return (
            "In this project change orders are made from change events: open one, tick its lines "
            "and press Create change order."
        )
    return ""


@transaction.atomic
def update_change_order(
    change_order: ChangeOrder, *, by: Access, version: int, data: ChangeOrderEntry
) -> ChangeOrder:
    """Save the whole change order as entered; lines that are not in `data` are removed.

    On its way or in the ERP only the description may differ. An Approved one whose lines change
    becomes *Pending - Revised* under the next revision.
    """
    permit(by, change_order.commitment.project_id, Tool.COMMITMENTS)
    one_at_a_time(by)
    parent_id = change_order.commitment.export_id
    export = lock_at(change_order.export_id, version, also=[parent_id])
    now = load_change_order(change_order.pk)
    was, stored = seen(now), list(now.lines.all())
    reader = Reader()
    fields, lines, entries = _read_change_order(reader, now, data)
    changed = {name for name, value in fields.items() if getattr(now, name) != value}
    if lines_differ := differ(stored, lines):
        changed.add("lines")
    lock_faults(reader, export, changed - {"description"})
    reader.refuse()
    if not changed:
        return now
    assign(now, fields)
    if lines_differ and now.status == ChangeOrderStatus.APPROVED:
        now.reopen()
    now.save()
    told = origins.leaving({line.pk for line in stored} - {line.pk for line in lines}, by)
    if lines_differ:
        _save_changes(now, lines, stored, entries)
    record("edit", by, Saved(export, was, load_change_order(now.pk)), also=told)
    return load_change_order(now.pk)


def add_lines(
    change_order: ChangeOrder, *, by: Access, version: int, lines: Sequence[ChangeEntry]
) -> ChangeOrder:
    """Save more lines behind those of a change order that is not decided yet.

    The `line` of a fault counts `lines`, from 1.
    """
    now = load_change_order(change_order.pk)
    data = change_order_entry(now)
    standing = len(data.lines)
    if why := why_no_more_lines(now):
        raise Invalid([Fault("", why)])
    data.lines = [*data.lines, *lines]
    try:
        return update_change_order(now, by=by, version=version, data=data)
    except Invalid as refused:
        raise Invalid(
            [replace(one, line=one.line and one.line - standing) for one in refused.faults]
        ) from None


def why_no_more_lines(now: ChangeOrder) -> str:
    """'' if lines may be added to the change order as it is, else why not."""
    if now.status in DECIDED or now.status == ChangeOrderStatus.VOID:
        return f"Change order {now.number} is {now.get_status_display()}; it takes no more lines."
    return why_locked(now.export)


@transaction.atomic
def set_change_order_status(
    change_order: ChangeOrder, *, by: Access, version: int, status: str
) -> ChangeOrder:
    """Give it another business status. Reopening an Approved one raises its revision."""
    parent_id = change_order.commitment.export_id
    export = lock_at(change_order.export_id, version, also=[parent_id])
    now = load_change_order(change_order.pk)
    permit(by, now.commitment.project_id, status_tool(now, status))
    if status == now.status:
        return now
    reader = Reader()
    if why := why_not_change_order_status(now, status):
        reader.fault("status", why)
    reader.refuse()
    was = seen(now)
    if now.status == ChangeOrderStatus.APPROVED:
        now.revision += 1
    now.status = status
    now.save(update_fields=["status", "revision"])
    record("status", by, Saved(export, was, now))
    return load_change_order(now.pk)


def status_tool(now: ChangeOrder, status: str) -> Tool:
    """The tool on which Admin is needed to give it this status."""
    return Tool.CHANGE_ORDERS if DECIDED & {now.status, status} else Tool.COMMITMENTS


def why_not_change_order_status(now: ChangeOrder, status: str) -> str:
    """'' if the change order may get this status, else why not. Says nothing about permissions."""
    if status not in ChangeOrderStatus.values:
        return "A change order has no such status."
    if why := why_locked(now.export):
        return f"Its status is locked. {why}"
    parent = now.commitment
    if parent.status == CommitmentStatus.VOID and status not in SETTLED:
        return f"Commitment {parent.number} is Void, and its change orders stay settled."
    if parent.status == CommitmentStatus.COMPLETE and status == ChangeOrderStatus.APPROVED:
        return f"Commitment {parent.number} is Complete. Set it to Approved first."
    return ""


@transaction.atomic
def delete_change_order(change_order: ChangeOrder, *, by: Access, version: int) -> None:
    """Delete a Draft, with the lines that it added to the commitment. Its Export stays readable."""
    permit(by, change_order.commitment.project_id, Tool.COMMITMENTS)
    parent_id = change_order.commitment.export_id
    export = lock_at(change_order.export_id, version, also=[parent_id])
    now = load_change_order(change_order.pk)
    reader = Reader()
    if why := why_not_delete_change_order(now):
        reader.fault("", why)
    reader.refuse()
    was = seen(now)
    told = origins.leaving([line.pk for line in now.lines.all()], by)
    now.lines.all().delete()
    now.new_lines.all().delete()
    now.delete()
    attaching.remove_all(export)
    record("delete", by, Saved(export, was, None), also=told)


def why_not_delete_change_order(now: ChangeOrder) -> str:
    """'' if the change order may be deleted, else why not."""
    if why := why_locked(now.export):
        return f"It cannot be deleted now. {why}"
    if now.status != ChangeOrderStatus.DRAFT:
        return f"Only a Draft can be deleted; this one is {now.get_status_display()}."
    return _why_not_without(now, [line.pk for line in now.new_lines.all()])


def _why_not_without(now: ChangeOrder, lines: Collection[int]) -> str:
    """'' if the commitment can do without these lines, which the change order added; else who else
    changes one of them."""
    if not lines:
        return ""
    others = ChangeOrderLine.objects.filter(commitment_line__in=lines).exclude(change_order=now)
    other = others.select_related("change_order").first()
    if other is None:
        return ""
    return (
        f"Change order {other.change_order.number} changes a line of the commitment that this "
        "one added. Remove that line there first."
    )


def next_number(commitment: Commitment) -> str:
    """The number of its next change order: 001, or one more than that of the newest."""
    return number_after(
        list(commitment.change_orders.order_by("-id").values_list("number", flat=True))
    )


def change_order_faults(now: ChangeOrder, data: ChangeOrderEntry) -> list[Fault]:
    """What would be wrong if `data` were saved now, as `now` or (not saved yet) as a new one."""
    reader = Reader()
    _read_change_order(reader, now, data)
    return reader.faults


def _read_change_order(
    reader: Reader, now: ChangeOrder, data: ChangeOrderEntry
) -> tuple[dict[str, Any], list[ChangeOrderLine], list[ChangeEntry]]:
    commitment = now.commitment
    number = reader.text("number", data.number, 40) or now.number or next_number(commitment)
    own = checking.own_lengths(now.company, "change_order")
    fields = {
        "number": number,
        "title": reader.text("title", data.title, 255, required="Give it a title."),
        "erp_title": checking.own_text(reader, "erp_title", data.erp_title, own.get("title", 0)),
        "description": reader.text(
            "description", data.description, checking.DESCRIPTION, long=True
        ),
        "erp_description": checking.own_text(
            reader, "erp_description", data.erp_description, own.get("description", 0)
        ),
    }
    if commitment.change_orders.filter(number=number).exclude(pk=now.pk).exists():
        reader.fault("number", f"{commitment.number} has a change order {number} already.")
    standing = {line.pk: line for line in commitment.lines.all()}
    entries = checking.targets(reader, data.lines, standing)
    stored = now.lines.all() if now.pk else ()
    lines = checking.lines(reader, entries, now.company, ChangeOrderLine, stored)
    kept = {entry.commitment_line for entry in entries}
    dropped = [line.pk for line in now.new_lines.all() if line.pk not in kept] if now.pk else []
    if why := _why_not_without(now, dropped):
        reader.fault("lines", why)
    if not reader.faults:
        for line, entry in zip(lines, entries, strict=True):
            line.commitment = commitment
            if entry.commitment_line is not None:
                line.commitment_line = standing[entry.commitment_line]
    return fields, lines, entries


def _save_changes(
    change_order: ChangeOrder,
    lines: Sequence[ChangeOrderLine],
    stored: Sequence[ChangeOrderLine],
    entries: Sequence[ChangeEntry],
) -> None:
    """Save a change order's lines, and keep those of the commitment that belong to it in step."""
    own = {line.pk: line for line in change_order.new_lines.all()}
    number = max(change_order.commitment.lines.values_list("number", flat=True), default=0)
    for line, entry in zip(lines, entries, strict=True):
        added = own.pop(entry.commitment_line or 0, None)
        if entry.new_scope:
            number += 1
            added = CommitmentLine(
                company_id=change_order.company_id,
                commitment=change_order.commitment,
                introduced_by=change_order,
                number=number,
                amount=Decimal(0),
            )
        if added is not None:
            added.cost_code, added.category = line.cost_code, line.category
            added.sub_job, added.description = line.sub_job, line.description
            added.save()
            line.commitment_line = added
    save_lines(lines, stored, change_order=change_order)
    CommitmentLine.objects.filter(introduced_by=change_order, changes__isnull=True).delete()
