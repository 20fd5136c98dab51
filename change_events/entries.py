"""What somebody entered for a change event. `change_events.workflow` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from change_events.models import Reason
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
