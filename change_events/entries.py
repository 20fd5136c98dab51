"""What somebody entered for a change event. `change_events.workflow` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from change_events.models import ChangeEvent, Reason
from commitments.entries import LineEntry


@dataclass(kw_only=True)
class EventLine(LineEntry):
    """One line, for a commitment of the project or for a company (ids), or for neither yet."""

    commitment: int | None = None
    vendor: int | None = None


@dataclass(kw_only=True)
class EventEntry:
    """A whole change event. Without a number it gets the next one of its project."""

    number: str = ""
    title: str
    reason: str = Reason.OTHER
    description: str = ""
    lines: Sequence[EventLine] = ()


def event_entry(event: ChangeEvent) -> EventEntry:
    """The change event as it is now, to be edited."""
    return EventEntry(
        number=event.number,
        title=event.title,
        reason=event.reason,
        description=event.description,
        lines=[
            EventLine(
                id=line.pk,
                cost_code=line.cost_code_id,
                category=line.category_id,
                sub_job=line.sub_job,
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_cost=line.unit_cost,
                amount=line.amount,
                commitment=line.commitment_id,
                vendor=line.vendor_id,
            )
            for line in event.lines.all()
        ],
    )
