"""Steps with many items at once: which were ticked, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from approvals.errors import AwaitsSecond, NotReady, StepError
from approvals.models import Export, Kinds
from approvals.workflow import Item, Result
from directory.addresses import address

# What became of the items of a bulk step.
DONE = {
    "send": "sent",
    "accept": "accepted",
    "retry": "accepted again",
    "reject": "rejected",
    "undo-acceptance": "back in Ready to Export",
    "look-up": "asked about",
    "link": "linked",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that did not move, and why."""

    name: str
    url: str
    error: str
    changes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each item of a bulk step, in words."""

    words: str  # accepted, rejected …
    moved: Sequence[tuple[str, str]]  # name, address
    waiting: Sequence[tuple[str, str]]  # the first approval was given, a second one is missing
    refused: Sequence[Refused]


def ticked(texts: Sequence[str]) -> list[Item]:
    """`id:version` of each ticked row, as its page showed it, and `:record` behind it where one of
    the ERP's is named. Raises StepError."""
    if not texts:
        raise StepError("Nothing is ticked. Tick the items first.")
    items = []
    for text in texts:
        seen = re.fullmatch(r"([0-9]{1,18}):([0-9]{1,18})(?::(.{1,60}))?", text)
        if seen is None:
            raise StepError("The page sent something unreadable. Load it again.")
        items.append(Item(int(seen[1]), int(seen[2]), record=seen[3] or ""))
    return items


def outcome(step: str, results: Sequence[Result]) -> Outcome:
    """What to tell about the results of `step`."""
    moved, waiting, refused = [], [], []
    prefetch_related_objects([one.export for one in results if one.export], "parent", "project")
    for result in results:
        export, error = result.export, result.error
        name = f"{_name(export)} {export.title}" if export else f"Item {result.id}"
        url = address("export", export.pk) if export else ""
        if error is None:
            moved.append((name, url))
        elif isinstance(error, AwaitsSecond):
            waiting.append((name, url))
        elif isinstance(error, NotReady):
            first, *others = (one.text for one in error.problems)
            refused.append(Refused(name, url, first, others))
        else:
            refused.append(Refused(name, url, error.message, getattr(error, "changes", ())))
    return Outcome(DONE[step], moved, waiting, refused)


def _name(export: Export) -> str:
    if export.kind == Kinds.BUDGET:
        return f"{export.project} {str(export).lower()}:"
    return f"{export.parent.number} / {export.number}" if export.parent else export.number
