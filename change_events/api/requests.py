"""What programs send about change events."""

from __future__ import annotations

from typing import Annotated

import msgspec

from change_events.entries import EventEntry, EventLine
from change_events.models import EventStatus, Reason
from commitments.api.requests import LineBody
from directory.api_requests import PAGE, Id, Size, one_of

ReasonName = Annotated[str, one_of(Reason.values)]
EventStatusName = Annotated[str, one_of(EventStatus.values)]


class EventQuery(msgspec.Struct):
    """Change events of a project; `change_order`: those of which that one carries lines."""

    project: Id
    change_order: Id | None = None
    q: str = ""
    cursor: Id | None = None
    size: Size = PAGE


class EventLineBody(LineBody):
    """A line. It names a commitment of the project, or a vendor as long as none is chosen."""

    commitment: Id | None = None
    vendor: Id | None = None


class EventFields(msgspec.Struct, kw_only=True):
    title: str
    number: str = ""
    reason: ReasonName = Reason.OTHER.value
    description: str = ""
    lines: list[EventLineBody] = []

    def entry(self) -> EventEntry:
        return EventEntry(
            number=self.number,
            title=self.title,
            reason=self.reason,
            description=self.description,
            lines=[EventLine(**msgspec.structs.asdict(line)) for line in self.lines],
        )


class NewChangeEvent(EventFields, kw_only=True):
    """A new change event in `project`; without a number it gets the next one."""

    project: Id


class WholeChangeEvent(EventFields, kw_only=True):
    """The whole change event as it shall be; lines that are missing are removed."""

    version: int


class EventStatusBody(msgspec.Struct):
    version: int
    status: EventStatusName


class TakeOut(msgspec.Struct):
    """The ids of lines that leave their change orders."""

    version: int
    lines: list[Id]


class PutInto(msgspec.Struct):
    """The ids of lines, and the undecided change order that they go into."""

    version: int
    lines: list[Id]
    change_order: Id


class MakeOf(msgspec.Struct):
    """The ids of lines of which change orders are made, one for each commitment.

    `commitment`: for the lines that name none. Without a title they get the change event's.
    """

    version: int
    lines: list[Id]
    commitment: Id | None = None
    title: str = ""
