"""Entering, editing, closing and deleting change events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404

from approvals.differences import differences
from approvals.errors import Stale
from approvals.saving import one_at_a_time
from attachments import keeping
from attachments.showing import kept
from change_events.entries import EventEntry
from change_events.models import ChangeEvent, ChangeEventLine, EventStatus, Reason
from commitments import checking
from commitments.models import Commitment
from commitments.workflow import number_after
from directory.access import Access
from directory.entered import Reader
from directory.history import Happened, append
from directory.models import Project, Vendor
from directory.perms import Level, Tool

# What is saved of a line; `change_order_line` is not entered but follows from carrying it.
_FIELDS = (
    "number",
    "cost_code",
    "category",
    "sub_job",
    "description",
    "quantity",
    "unit",
    "unit_cost",
    "amount",
    "commitment",
    "vendor",
)

_LINES = ChangeEventLine.objects.select_related(
    "cost_code",
    "category",
    "vendor",
    "commitment__vendor",
    "change_order_line__change_order__export",
)


def load_event(event_id: int) -> ChangeEvent:
    """A change event with its lines and what carries them, in two queries. Raises Http404."""
    rows = ChangeEvent.objects.select_related("company", "project__company", "created_by")
    return get_object_or_404(rows.prefetch_related(Prefetch("lines", _LINES)), pk=event_id)


# --- Verbs -------------------------------------------------------------------------------------


@transaction.atomic
def create_event(*, project: Project, by: Access, data: EventEntry) -> ChangeEvent:
    """A new change event, Open."""
    _in_project(by, project.pk)
    if why := why_no_event(by):
        raise PermissionDenied(why)
    one_at_a_time(by)
    made = ChangeEvent(company=by.company, project=project, created_by=by.user)
    reader = Reader()
    refuse_if_off(reader, project)
    fields, lines = _read(reader, made, data)
    reader.refuse()
    _assign(made, fields)
    made.save()
    _save_lines(made, lines, ())
    append(by.company.pk, [Happened("create", made.subject, by.user.pk, {"number": made.number})])
    return load_event(made.pk)


@transaction.atomic
def update_event(event: ChangeEvent, *, by: Access, version: int, data: EventEntry) -> ChangeEvent:
    """Save the whole change event as entered; lines that are not in `data` are removed.

    What a change order carries stays as it is until it is taken out there.
    """
    now = begin(event, by, version)
    permit(now, by)
    hold(now)
    was, stored = _words(now), list(now.lines.all())
    reader = Reader()
    refuse_if_off(reader, now.project)
    if why := why_not_edit(now):
        reader.fault("", why)
    fields, lines = _read(reader, now, data)
    _keep_carried(reader, stored, lines)
    reader.refuse()
    _assign(now, fields)
    now.save(update_fields=list(fields))
    _save_lines(now, lines, stored)
    after = load_event(now.pk)
    if changes := _changes(was, _words(after)):
        tell("edit", after, by, changes=changes)
    return load_event(now.pk)


@transaction.atomic
def set_event_status(event: ChangeEvent, *, by: Access, version: int, status: str) -> ChangeEvent:
    """Close it, make it void, or open it again."""
    now = begin(event, by, version)
    permit(now, by)
    hold(now)
    if status == now.status:
        return now
    reader = Reader()
    if why := why_not_status(now, status):
        reader.fault("status", why)
    reader.refuse()
    change = f"Status: {now.get_status_display()} → {EventStatus(status).label}"
    now.status = status
    now.save(update_fields=["status"])
    tell("status", now, by, changes=[change])
    return load_event(now.pk)


@transaction.atomic
def delete_event(event: ChangeEvent, *, by: Access, version: int) -> None:
    """Delete one of which no change order carries anything, with its files. Its history stays."""
    now = begin(event, by, version)
    permit(now, by)
    hold(now)
    reader = Reader()
    if why := why_not_delete(now):
        reader.fault("", why)
    reader.refuse()
    subject, number = now.subject, now.number
    keeping.remove(kept(subject), sent=())
    now.delete()
    append(by.company.pk, [Happened("delete", subject, by.user.pk, {"number": number})])


# --- Why not -----------------------------------------------------------------------------------


def why_no_event(by: Access) -> str:
    """'' if this person may enter a change event here, else why not."""
    return by.lacks(Tool.CHANGE_EVENTS, Level.STANDARD)


def why_off(project: Project) -> str:
    """'' if the project works with change events, else who can switch them on."""
    if project.change_events:
        return ""
    return (
        "Change Events is switched off in this project: change orders are entered directly. "
        "Somebody with Admin on Directory can switch it on."
    )


def why_not_change(event: ChangeEvent, by: Access) -> str:
    """'' if this person may edit, close and delete it, else why not. Says nothing of its state."""
    if why := why_no_event(by):
        return why
    if event.created_by_id == by.user.pk or not (why := by.lacks(Tool.CHANGE_EVENTS, Level.ADMIN)):
        return ""
    return f"{event.created_by} made it. {why}"


def why_not_edit(event: ChangeEvent) -> str:
    """'' if it may be changed as it stands, else why not."""
    if event.status != EventStatus.OPEN:
        return f"It is {event.get_status_display()}. Open it again to change it."
    return ""


def why_not_status(event: ChangeEvent, status: str) -> str:
    """'' if it may get this status, else why not."""
    if status not in EventStatus.values:
        return "A change event has no such status."
    return _why_carried(event) if status == EventStatus.VOID else ""


def why_not_delete(event: ChangeEvent) -> str:
    """'' if it may be deleted, else why not."""
    return _why_carried(event)


def _why_carried(event: ChangeEvent) -> str:
    numbers = [str(line.number) for line in event.lines.all() if line.change_order_line_id]
    if not numbers:
        return ""
    return (
        f"Line{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:20])} of it "
        f"{'are' if len(numbers) > 1 else 'is'} in a change order. Take them out first."
    )


# --- What the verbs share ----------------------------------------------------------------------


def begin(event: ChangeEvent, by: Access, version: int | None = None) -> ChangeEvent:
    """The change event as it is now, under the company's lock; without a `version` whichever that
    is. Raises Http404 and Stale."""
    _in_project(by, event.project_id)
    one_at_a_time(by)
    now = load_event(event.pk)
    if version is not None and now.version != version:
        raise _stale(now, version)
    return now


def hold(event: ChangeEvent) -> None:
    """Lock its row, so that no line leaves its change order any more: after the exports, before
    the history's head. Raises Stale if one did since it was loaded."""
    locked = ChangeEvent.objects.select_for_update(no_key=True).get(pk=event.pk)
    if locked.version != event.version:
        raise _stale(locked, event.version)


def _stale(event: ChangeEvent, version: int) -> Stale:
    return Stale(
        event,
        f"{event} was changed since you opened this page, so nothing was saved.",
        differences(event, version),
    )


def permit(event: ChangeEvent, by: Access) -> None:
    """PermissionDenied, in words, unless this person may change it."""
    if why := why_not_change(event, by):
        raise PermissionDenied(why)


def refuse_if_off(reader: Reader, project: Project) -> None:
    if why := why_off(project):
        reader.fault("", why)


def tell(verb: str, event: ChangeEvent, by: Access, **told: Any) -> None:
    """Write a step into the history and move the version."""
    data = moved(event, **told)
    append(event.company_id, [Happened(verb, event.subject, by.user.pk, data)])


def moved(event: ChangeEvent, **told: Any) -> dict[str, Any]:
    """Move the version; what the history is told with it."""
    event.version += 1
    event.save(update_fields=["version"])
    return {"version": event.version, **told}


def next_number(project: Project) -> str:
    """The number of its next change event: 001, or one more than that of the newest."""
    rows = ChangeEvent.objects.filter(project=project).order_by("-id")
    return number_after(list(rows.values_list("number", flat=True)))


def _in_project(by: Access, project_id: int) -> None:
    if by.project is None or by.project.pk != project_id:
        raise Http404


def _assign(event: ChangeEvent, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(event, name, value)


def _read(
    reader: Reader, now: ChangeEvent, data: EventEntry
) -> tuple[dict[str, Any], list[ChangeEventLine]]:
    number = reader.text("number", data.number, 40) or now.number or next_number(now.project)
    fields = {
        "number": number,
        "title": reader.text("title", data.title, 255, required="Give it a title."),
        "reason": data.reason,
        "description": reader.text(
            "description", data.description, checking.DESCRIPTION, long=True
        ),
    }
    if data.reason not in Reason.values:
        reader.fault("reason", "Choose a reason of the list.")
    others = ChangeEvent.objects.filter(project=now.project_id, number=number)
    if others.exclude(pk=now.pk).exists():
        reader.fault("number", f"This project has a change event {number} already.")
    stored = now.lines.all() if now.pk else ()
    lines = checking.lines(reader, data.lines, now.company, ChangeEventLine, stored)
    _read_for_whom(reader, now.project, data, lines)
    return fields, lines


def _read_for_whom(
    reader: Reader, project: Project, data: EventEntry, lines: Sequence[ChangeEventLine]
) -> None:
    """Checks the commitments and companies that lines name, and puts them into the lines."""
    ours = Commitment.objects.select_related("vendor").filter(project=project)
    commitments = ours.in_bulk([line.commitment for line in data.lines if line.commitment])
    vendors = Vendor.objects.filter(company=project.company_id).in_bulk(
        [line.vendor for line in data.lines if line.vendor]
    )
    read = {line.number: line for line in lines}
    for number, entry in enumerate(data.lines, 1):
        reader.line = number
        commitment = commitments.get(entry.commitment or 0)
        vendor = vendors.get(entry.vendor or 0)
        if entry.commitment is not None and commitment is None:
            reader.fault("commitment", "This project has no such commitment or company.")
        elif entry.vendor is not None and vendor is None:
            reader.fault("vendor", "Your company has no such vendor.")
        elif commitment is not None and vendor is not None and commitment.vendor_id != vendor.pk:
            reader.fault("vendor", f"{commitment.number} is not with {vendor}.")
        elif number in read:
            read[number].commitment = commitment
            read[number].vendor = None if commitment else vendor
    reader.line = None


def _keep_carried(
    reader: Reader, stored: Sequence[ChangeEventLine], lines: Sequence[ChangeEventLine]
) -> None:
    """A fault for each line in a change order that would change or go."""
    after = {line.pk: line for line in lines}
    for line in stored:
        if line.change_order_line is None:
            continue
        kept = after.get(line.pk)
        if kept is None or _line_words(kept) != _line_words(line):
            order = line.change_order_line.change_order
            reader.fault(
                "lines",
                f"Line {line.number} is in change order {order.number} and stays as it is. Take "
                "it out there first.",
            )


def _save_lines(
    event: ChangeEvent, lines: Sequence[ChangeEventLine], stored: Sequence[ChangeEventLine]
) -> None:
    kept = {line.pk for line in lines}
    ChangeEventLine.objects.filter(pk__in=[s.pk for s in stored if s.pk not in kept]).delete()
    for line in lines:
        line.event = event
    ChangeEventLine.objects.bulk_create([line for line in lines if line.pk is None])
    standing = [line for line in lines if line.pk is not None and line.pk in {s.pk for s in stored}]
    ChangeEventLine.objects.bulk_update(standing, _FIELDS, batch_size=200)


def _words(event: ChangeEvent) -> dict[str, str]:
    """What a change event is at this moment, to be compared later."""
    return {
        "Number": event.number,
        "Title": event.title,
        "Reason": event.get_reason_display(),
        "Description": event.description,
        **{f"Line {line.number}": _line_words(line) for line in event.lines.all()},
    }


def _line_words(line: ChangeEventLine) -> str:
    parts = (
        line.cost_code.code,
        line.category.name,
        line.description,
        line.sub_job,
        " ".join(str(one) for one in (line.quantity, line.unit, line.unit_cost) if one),
        f"{line.amount:,.2f}",
        f"for {line.for_whom}" if line.for_whom else "",
    )
    return " ".join(part for part in parts if part)


def _changes(was: dict[str, str], now: dict[str, str]) -> list[str]:
    return [
        f"{label}: {was.get(label) or '(empty)'} → {now.get(label) or '(empty)'}"
        for label in {**was, **now}
        if was.get(label, "") != now.get(label, "")
    ]
