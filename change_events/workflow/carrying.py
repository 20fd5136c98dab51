"""Lines of a change event become lines of change orders, and come back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from approvals.moves import lock_exports
from approvals.states import EDITABLE
from change_events.models import ChangeEvent, ChangeEventLine, EventStatus
from change_events.workflow.events import begin, hold, load_event, moved, refuse_if_off, tell
from commitments import states
from commitments import workflow as commitments
from commitments.entries import ChangeEntry, ChangeOrderEntry, change_order_entry
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment
from commitments.origins import Origin
from commitments.states import ChangeOrderStatus
from directory.access import Access
from directory.compiled import CompiledQuery
from directory.entered import Fault, Invalid, Reader
from directory.history import Happened
from directory.models import Project
from directory.perms import Level, Tool

# A change order in one of these takes no more lines: see `commitments.workflow.why_no_more_lines`.
DECIDED = [*states.DECIDED, ChangeOrderStatus.VOID]


def why_not_carry(by: Access) -> str:
    """'' if this person may put lines into change orders and take them out, else why not."""
    lacks = by.lacks(Tool.CHANGE_EVENTS, Level.STANDARD)
    return lacks or by.lacks(Tool.COMMITMENTS, Level.ADMIN)


def open_change_orders(project: Project) -> QuerySet[ChangeOrder]:
    """The project's change orders that take more lines, newest first."""
    rows = ChangeOrder.objects.filter(commitment__project=project, export__status__in=EDITABLE)
    undecided = rows.exclude(status__in=DECIDED)
    return undecided.select_related("commitment__vendor").order_by("-id")


@transaction.atomic
def create_change_orders(
    event: ChangeEvent,
    *,
    by: Access,
    version: int,
    lines: Collection[int],
    commitment: int | None = None,
    title: str = "",
) -> list[ChangeOrder]:
    """Put lines (ids) into new change orders, Drafts, one for each commitment that they name.

    `commitment` is for the lines that name none. Without a title they get the change event's. A
    line changes the commitment's line of its cost code and category; where there is none it is a
    new scope.
    """
    now, reader = _begin(event, by, version)
    chosen = _free(reader, now, lines)
    _choose(reader, now.project, chosen, commitment)
    reader.refuse()
    groups: dict[int, list[ChangeEventLine]] = {}
    for line in chosen:
        groups.setdefault(line.commitment_id or 0, []).append(line)
    targets = {one.pk: one for one in _commitments(now.project).filter(pk__in=groups)}
    lock_exports([one.export_id for one in targets.values()])
    hold(now)
    made = []
    for key in sorted(groups, key=lambda one: targets[one].number):
        entry = ChangeOrderEntry(
            title=title.strip() or now.title, lines=_changes(targets[key], groups[key])
        )
        try:
            change_order = commitments.create_change_order(
                commitment=targets[key], by=by, data=entry, directly=False
            )
        except Invalid as error:
            _refused(reader, targets[key].number, error)
            continue
        _carry(groups[key], change_order.lines.all())
        made.append(change_order)
    reader.refuse()
    tell("attach", now, by, changes=[_into(one, groups[one.commitment_id]) for one in made])
    return made


@transaction.atomic
def add_to_change_order(
    event: ChangeEvent, *, by: Access, version: int, lines: Collection[int], change_order: int
) -> ChangeOrder:
    """Put lines (ids) into a change order that nobody has decided on yet."""
    now, reader = _begin(event, by, version)
    chosen = _free(reader, now, lines)
    ours = ChangeOrder.objects.filter(commitment__project=now.project_id)
    target = ours.filter(pk=change_order).select_related("export", "commitment__vendor").first()
    if target is None:
        raise Invalid([Fault("change_order", "Choose a change order of this project.")])
    _choose(reader, now.project, chosen, target.commitment_id, whole=True)
    reader.refuse()
    lock_exports([target.export_id, target.commitment.export_id])
    hold(now)
    more = _changes(target.commitment, chosen, into=target)
    try:
        saved = commitments.add_lines(target, by=by, version=target.export.version, lines=more)
    except Invalid as error:
        _refused(reader, _name(target), error)
        raise Invalid(reader.faults) from None
    _carry(chosen, list(saved.lines.all())[-len(chosen) :])
    tell("attach", now, by, changes=[_into(saved, chosen)])
    return saved


@transaction.atomic
def detach(event: ChangeEvent, *, by: Access, version: int, lines: Collection[int]) -> ChangeEvent:
    """Take lines (ids) out of their change orders, whose lines they were go with it."""
    now, reader = _begin(event, by, version)
    leaving: dict[int, set[int]] = {}
    for line in _chosen(reader, now, lines):
        if line.change_order_line is None:
            reader.fault("lines", f"Line {line.number} is in no change order.")
        else:
            order_id = line.change_order_line.change_order_id
            leaving.setdefault(order_id, set()).add(line.change_order_line.pk)
    reader.refuse()
    orders = ChangeOrder.objects.filter(pk__in=leaving)
    both = orders.values_list("export_id", "commitment__export_id")
    lock_exports([export for pair in both for export in pair])
    hold(now)
    for order in map(commitments.load_change_order, sorted(leaving)):
        entry = change_order_entry(order)
        gone = leaving[order.pk]
        kept = replace(entry, lines=[line for line in entry.lines if line.id not in gone])
        try:
            commitments.update_change_order(order, by=by, version=order.export.version, data=kept)
        except Invalid as error:
            _refused(reader, str(order), error)
    reader.refuse()
    return load_event(now.pk)


_MADE_FROM = CompiledQuery(
    lambda change_order: ChangeEventLine.objects.filter(
        change_order_line__change_order=change_order
    ).select_related("event"),
    int,
)


class FromChangeEvents:
    """What commitments ask about lines of change orders: see `commitments.origins`."""

    def of(self, change_order: ChangeOrder, access: Access) -> Mapping[int, Origin]:
        sees = access.has(Tool.CHANGE_EVENTS, Level.READ)
        return {
            line.change_order_line_id or 0: Origin(
                f"change event {line.event.number}, line {line.number}",
                line.event.get_absolute_url() if sees else "",
            )
            for line in _MADE_FROM.all(change_order.pk)
        }

    def leaving(self, lines: Collection[int], by: Access) -> Sequence[Happened]:
        rows = ChangeEventLine.objects.filter(change_order_line__in=lines).select_related(
            "change_order_line__change_order__commitment"
        )
        changes: dict[int, list[str]] = {}
        for line in rows.order_by("number"):
            if line.change_order_line is not None:
                order = _name(line.change_order_line.change_order)
                changes.setdefault(line.event_id, []).append(f"Line {line.number}: out of {order}")
        events = ChangeEvent.objects.filter(pk__in=changes).select_for_update(no_key=True)
        return [
            Happened("detach", one.subject, by.user.pk, moved(one, changes=changes[one.pk]))
            for one in events.order_by("id")
        ]


# --- What the verbs share ----------------------------------------------------------------------


def _begin(event: ChangeEvent, by: Access, version: int) -> tuple[ChangeEvent, Reader]:
    if why := why_not_carry(by):
        raise PermissionDenied(why)
    now, reader = begin(event, by, version), Reader()
    refuse_if_off(reader, now.project)
    if now.status != EventStatus.OPEN:
        reader.fault("", f"It is {now.get_status_display()}. Open it again first.")
    return now, reader


def _chosen(reader: Reader, now: ChangeEvent, lines: Collection[int]) -> list[ChangeEventLine]:
    chosen = [line for line in now.lines.all() if line.pk in set(lines)]
    if not lines:
        reader.fault("lines", "Tick at least one line.")
    elif len(chosen) != len(set(lines)):
        reader.fault("lines", "A line that you ticked is no longer there.")
    return chosen


def _free(reader: Reader, now: ChangeEvent, lines: Collection[int]) -> list[ChangeEventLine]:
    """The chosen lines; a fault for each that is in a change order already."""
    chosen = _chosen(reader, now, lines)
    for line in chosen:
        if line.change_order_line is not None:
            order = _name(line.change_order_line.change_order)
            reader.fault("lines", f"Line {line.number} is in {order} already.")
    return chosen


def _commitments(project: Project) -> QuerySet[Commitment]:
    return Commitment.objects.filter(project=project).select_related("vendor", "project")


def _choose(
    reader: Reader,
    project: Project,
    chosen: Sequence[ChangeEventLine],
    commitment: int | None,
    *,
    whole: bool = False,
) -> None:
    """Give lines without a commitment this one; with `whole` the others have to name it, too."""
    target = _commitments(project).filter(pk=commitment).first() if commitment else None
    if commitment and target is None:
        reader.fault("commitment", "This project has no such commitment.")
        return
    for line in chosen:
        if line.commitment is not None:
            if whole and line.commitment != target:
                reader.fault(
                    "lines", f"Line {line.number} is for {line.commitment.number}, not for this."
                )
        elif target is None:
            company = f" It names {line.vendor}." if line.vendor else ""
            reader.fault("commitment", f"Choose the commitment for line {line.number}.{company}")
        elif line.vendor is not None and line.vendor_id != target.vendor_id:
            reader.fault(
                "commitment",
                f"Line {line.number} is for {line.vendor}, but {target.number} is with "
                f"{target.vendor or 'no company yet'}.",
            )
        else:
            line.commitment, line.vendor = target, None


def _changes(
    commitment: Commitment, lines: Iterable[ChangeEventLine], *, into: ChangeOrder | None = None
) -> list[ChangeEntry]:
    """The lines of a change order that carry these, each for its line of the commitment."""
    # What another change order adds is there to be changed once that one is approved.
    settled = Q(introduced_by=None) | Q(introduced_by__status=ChangeOrderStatus.APPROVED)
    standing = list(commitment.lines.filter(settled | Q(introduced_by=into)).order_by("number"))
    entries = []
    for line in lines:
        same = [
            one
            for one in standing
            if (one.cost_code_id, one.category_id, one.sub_job)
            == (line.cost_code_id, line.category_id, line.sub_job)
        ]
        said = line.description.casefold()
        target = next((one for one in same if one.description.casefold() == said), None)
        target = target or (same[0] if same else None)
        entries.append(
            ChangeEntry(
                commitment_line=target.pk if target else None,
                new_scope=target is None,
                cost_code=line.cost_code_id,
                category=line.category_id,
                sub_job=line.sub_job,
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_cost=line.unit_cost,
                amount=line.amount,
            )
        )
    return entries


def _carry(lines: Sequence[ChangeEventLine], carriers: Iterable[ChangeOrderLine]) -> None:
    for line, carrier in zip(lines, carriers, strict=True):
        line.change_order_line = carrier
        line.commitment_id = carrier.commitment_id
    ChangeEventLine.objects.bulk_update(
        lines, ["change_order_line", "commitment", "vendor"], batch_size=200
    )


def _refused(reader: Reader, where: str, error: Invalid) -> None:
    """What a change order was refused for, as faults of what was asked here."""
    reader.faults += [Fault("lines", f"{where}: {fault.message}") for fault in error.faults]


def _into(change_order: ChangeOrder, lines: Sequence[ChangeEventLine]) -> str:
    numbers = ", ".join(str(line.number) for line in lines)
    return f"Line{'s' if len(lines) > 1 else ''} {numbers}: into {_name(change_order)}"


def _name(change_order: ChangeOrder) -> str:
    return f"{change_order.commitment.number} / {change_order.number}"
