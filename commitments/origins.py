"""Where lines of change orders come from, when the app above made them of something of its own.

That app registers one object; commitments know nothing else of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from commitments.models import ChangeOrder
from directory.access import Access
from directory.history import Happened


@dataclass(frozen=True, slots=True)
class Origin:
    """What one line was made from, in words; `url` is empty where this person may not open it."""

    label: str
    url: str = ""


class Origins(Protocol):
    """The app that makes lines of change orders."""

    def of(self, change_order: ChangeOrder, access: Access) -> Mapping[int, Origin]:
        """The origins of the lines that were made, by the line's id; one query."""

    def leaving(self, lines: Collection[int], by: Access) -> Sequence[Happened]:
        """What the history is told about these lines (ids), which are about to be removed."""


_registered: list[Origins] = []


def register(origins: Origins) -> None:
    """Make `origins` one of those that are asked."""
    _registered.append(origins)


def of(change_order: ChangeOrder, access: Access) -> dict[int, Origin]:
    """The origins of a change order's lines, by the line's id."""
    return {
        line: one for each in _registered for line, one in each.of(change_order, access).items()
    }


def leaving(lines: Collection[int], by: Access) -> list[Happened]:
    """What the history is told, beside the document's own event, when these lines are removed."""
    if not lines:
        return []
    return [happened for each in _registered for happened in each.leaving(lines, by)]
