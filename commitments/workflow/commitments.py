"""What people do with a commitment."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from approvals import attaching
from approvals.models import Export
from approvals.moves import new_export
from approvals.saving import lock_at, one_at_a_time, permit, why_locked
from approvals.states import Status
from commitments import checking
from commitments.entries import CommitmentEntry
from commitments.listing import change_orders_of
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from commitments.states import SETTLED, STATUSES_OF, ChangeOrderStatus, CommitmentStatus
from commitments.workflow.loading import load_change_order, load_commitment
from commitments.workflow.numbers import number_after
from commitments.workflow.saving import (
    WORK,
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
from directory.entered import Fault, Reader
from directory.models import Project
from directory.perms import Tool

MOST_NAMED = 20


@transaction.atomic
def create_commitment(*, project: Project, by: Access, data: CommitmentEntry) -> Commitment:
    """A new commitment, a Draft, with its Export."""
    permit(by, project.pk, Tool.COMMITMENTS)
    one_at_a_time(by)
    made = Commitment(company=by.company, project=project)
    reader = Reader()
    fields, lines = _read_commitment(reader, made, data)
    reader.refuse()
    assign(made, fields)
    made.export = new_export(
        company=by.company,
        project=project,
        kind="commitment",
        created_by=by.user,
        **columns(made, lines),
    )
    made.save()
    Export.objects.filter(pk=made.export_id).update(document_id=made.pk)
    save_lines(lines, (), commitment=made)
    return load_commitment(made.pk)


@transaction.atomic
def update_commitment(
    commitment: Commitment, *, by: Access, version: int, data: CommitmentEntry
) -> Commitment:
    """Save the whole commitment as entered; lines that are not in `data` are removed.

    On its way or in the ERP only description and message to the vendor may differ. An Approved one
    whose lines or company change becomes a Draft again. Its change orders are of the same company:
    with another one those that are Approved become *Pending - Revised*.
    """
    permit(by, commitment.project_id, Tool.COMMITMENTS)
    one_at_a_time(by)
    followers = commitment.change_orders.values_list("export_id", flat=True)
    also = () if data.vendor == commitment.vendor_id else followers
    export = lock_at(commitment.export_id, version, also=also)
    now = load_commitment(commitment.pk)
    was, own = seen(now), now.own_lines()
    reader = Reader()
    fields, lines = _read_commitment(reader, now, data)
    changed = {name for name, value in fields.items() if getattr(now, name) != value}
    if lines_differ := differ(own, lines):
        changed.add("lines")
    free = {"description", "vendor_message"}
    lock_faults(reader, export, changed - free)
    _lines_in_use(reader, {line.pk for line in own} - {entry.id for entry in data.lines})
    reader.refuse()
    if not changed:
        return now
    assign(now, fields)
    reopened = now.status == CommitmentStatus.APPROVED and (
        differ(own, lines, WORK) or "vendor_id" in changed
    )
    if reopened or now.status not in STATUSES_OF[now.type]:
        now.status = CommitmentStatus.DRAFT
    follow = [(one, seen(one)) for one in _followers(now)] if "vendor_id" in changed else []
    now.save()
    if lines_differ:
        save_lines(lines, own, commitment=now)
        _number_new_scopes(now.pk, after=len(lines))
    record(
        "edit",
        by,
        Saved(export, was, load_commitment(now.pk)),
        *[Saved(one.export, before, _follow(one)) for one, before in follow],
    )
    return load_commitment(now.pk)


@transaction.atomic
def set_commitment_status(
    commitment: Commitment, *, by: Access, version: int, status: str
) -> Commitment:
    """Give it another business status, one of those of its type."""
    permit(by, commitment.project_id, Tool.COMMITMENTS)
    export = lock_at(commitment.export_id, version)
    now = load_commitment(commitment.pk)
    if status == now.status:
        return now
    reader = Reader()
    if status not in STATUSES_OF[now.type]:
        reader.fault("status", f"A {now.get_type_display().lower()} has no such status.")
    elif why := why_not_commitment_status(now, status):
        reader.fault("status", why)
    reader.refuse()
    was = seen(now)
    now.status = status
    now.save(update_fields=["status"])
    record("status", by, Saved(export, was, now))
    return load_commitment(now.pk)


def why_not_commitment_status(now: Commitment, status: str) -> str:
    """'' if the commitment may get this status, else why not. Says nothing about permissions."""
    export = now.export
    way = {CommitmentStatus.APPROVED, CommitmentStatus.COMPLETE}
    if export.status == Status.SYNCED:
        if {now.status, status} <= way:
            return ""
        return "It is in the ERP. Until it is unlinked it is either Approved or Complete."
    if why := why_locked(export):
        return f"Its status is locked. {why}"
    if status == CommitmentStatus.COMPLETE:
        return "Only a commitment that is in the ERP can be completed."
    if status == CommitmentStatus.VOID:
        open_ = [one["number"] for one in change_orders_of(now) if one["status"] not in SETTLED]
        if open_:
            numbers = ", ".join(sorted(open_)[:MOST_NAMED])
            return f"Change orders {numbers} are open. Void, reject or delete them first."
    return ""


@transaction.atomic
def delete_commitment(commitment: Commitment, *, by: Access, version: int) -> None:
    """Delete a Draft without change orders. Its Export and its history stay readable."""
    permit(by, commitment.project_id, Tool.COMMITMENTS)
    export = lock_at(commitment.export_id, version)
    now = load_commitment(commitment.pk)
    reader = Reader()
    if why := why_not_delete_commitment(now):
        reader.fault("", why)
    reader.refuse()
    was = seen(now)
    now.delete()
    attaching.remove_all(export)
    record("delete", by, Saved(export, was, None))


def why_not_delete_commitment(now: Commitment) -> str:
    """'' if the commitment may be deleted, else why not."""
    if why := why_locked(now.export):
        return f"It cannot be deleted now. {why}"
    if now.status != CommitmentStatus.DRAFT:
        return f"Only a Draft can be deleted; this one is {now.get_status_display()}."
    if change_orders_of(now):
        return "It has change orders. Delete them first."
    return ""


def next_commitment_number(like: Commitment) -> str:
    """The first free number after that of `like`, counted in its company: SC-007 after SC-006."""
    taken = Commitment.objects.filter(company=like.company_id).values_list("number", flat=True)
    return number_after([like.number, *taken])


def commitment_faults(now: Commitment, data: CommitmentEntry) -> list[Fault]:
    """What would be wrong if `data` were saved now, as `now` or (not saved yet) as a new one."""
    reader = Reader()
    _read_commitment(reader, now, data)
    return reader.faults


def _read_commitment(
    reader: Reader, now: Commitment, data: CommitmentEntry
) -> tuple[dict[str, Any], list[CommitmentLine]]:
    company = now.company
    own = checking.own_lengths(company, "commitment")
    fields = checking.header(reader, data, company, now.vendor_id, own)
    stored = now.own_lines() if now.pk else []
    lines = checking.lines(reader, data.lines, company, CommitmentLine, stored)
    texts = checking.own_texts(reader, data.lines, own.get("line", 0))
    if not reader.faults:
        for line, text in zip(lines, texts, strict=True):
            line.erp_description = text
    others = Commitment.objects.filter(company=company, number=fields["number"])
    if (other := others.exclude(pk=now.pk).select_related("project").first()) is not None:
        reader.fault(
            "number", f"{other.number} is a commitment of project {other.project} already."
        )
    return fields, lines


def _lines_in_use(reader: Reader, gone: set[int]) -> None:
    used = ChangeOrderLine.objects.filter(commitment_line__in=gone)
    for number, by in used.values_list(
        "commitment_line__number", "change_order__number"
    ).distinct():
        reader.fault("lines", f"Line {number} is changed by change order {by} and has to stay.")


def _followers(commitment: Commitment) -> list[ChangeOrder]:
    """Its change orders, in the order of their exports, before they are of another company."""
    ids = commitment.change_orders.order_by("export").values_list("pk", flat=True)
    return [load_change_order(pk) for pk in ids]


def _follow(change_order: ChangeOrder) -> ChangeOrder:
    """A change order after its commitment got another company."""
    if change_order.status == ChangeOrderStatus.APPROVED:
        change_order.reopen()
        change_order.save(update_fields=["status", "revision"])
    return load_change_order(change_order.pk)


def _number_new_scopes(commitment_id: int, *, after: int) -> None:
    """Lines that change orders added come after the commitment's own."""
    added = CommitmentLine.objects.filter(commitment=commitment_id, introduced_by__isnull=False)
    rows = list(added.order_by("number"))
    for number, row in enumerate(rows, after + 1):
        row.number = number
    CommitmentLine.objects.bulk_update(rows, ["number"])
