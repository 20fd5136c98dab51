"""The history of an export, as people read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from approvals.states import Status
from directory.compiled import CompiledQuery
from directory.models import Event

MOST = 200
ARRIVED = ("succeed", "adopt", "record-found")
# What happened, in the past tense; the worker's steps are told as the ERP's doing.
WORDS = {
    "create": "Created",
    "edit": "Edited",
    "status": "Status changed",
    "delete": "Deleted",
    "lock": "Locked",
    "unlock": "Unlocked",
    "modify": "Modified",
    "next_round": "Next round begun",
    "attach": "Put into a change order",
    "detach": "Taken out of a change order",
    "attach-file": "Files attached",
    "remove-file": "File removed",
    "send": "Sent to ERP",
    "retrieve": "Retrieved from ERP",
    "reject": "Rejected",
    "accept": "Accepted",
    "undo-acceptance": "Acceptance undone",
    "begin": "Export begun",
    "put-back": "Put back into the line, to go on later",
    "succeed": "Synced",
    "fail": "Failed",
    "lose": "No answer came; whether it arrived is not known yet",
    "found-not-there": "Looked up: it is not in the ERP, so it goes again",
    "cannot-tell": "A person has to look",
    "stop-waiting": "Stopped waiting for an answer",
    "retry": "Retried",
    "record-found": "Recorded: it is in the ERP",
    "record-absent": "Recorded: it is not in the ERP",
    "adopt": "Linked to a record of the ERP",
    "unlink": "Unlink asked for",
    "gone": "Successful Unlinked",
    "still-there": "Linked as before",
    "stop-checking": "Stopped checking",
}

_NOTES = ("note", "why", "again", "message")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened."""

    at: datetime
    who: str
    what: str
    before: str  # the status before and after, in words; '' where it did not change
    after: str
    note: str
    changes: Sequence[str] = ()  # of the document, a sentence each
    attested: str = ""  # what a person vouched for, because the ERP cannot be asked


class InHistory(Protocol):
    """Something that has a history: an export, or a document that is not exported itself."""

    @property
    def subject(self) -> str:
        """How the history names it."""


def history_of(about: InHistory, *, most: int = MOST) -> list[HistoryEntry]:
    """What happened to it, newest first; one query."""
    return [
        in_words(row["verb"], row["at"], row["actor__name"], json.loads(row["body"])["data"])
        for row in _latest(most).rows(about.subject)
    ]


@cache
def _latest(most: int) -> CompiledQuery[Event]:
    return CompiledQuery(
        lambda subject: (
            Event.objects.filter(subject=subject)
            .order_by("-id")
            .values("verb", "at", "actor__name", "body")[:most]
        ),
        str,
    )


def attested(history: Sequence[HistoryEntry]) -> str:
    """What a person vouched for as it last became Synced; '' where the ERP itself had told so."""
    synced = (one for one in history if one.after == Status.SYNCED.label and one.before)
    return next((one.attested for one in synced), "")


def unlinked_by_word(about: InHistory) -> HistoryEntry | None:
    """How it came free where a person attested that the ERP has it no more, until it is there
    again; one query."""
    events = Event.objects.filter(subject=about.subject, verb__in=["gone", *ARRIVED])
    row = events.order_by("-id").values("verb", "at", "actor__name", "body").first()
    if row is None or row["verb"] != "gone":
        return None
    freed = in_words("gone", row["at"], row["actor__name"], json.loads(row["body"])["data"])
    return freed if freed.attested else None


def in_words(verb: str, at: datetime, name: str | None, data: dict[str, Any]) -> HistoryEntry:
    """One event of an export in words; `data` as the history keeps it."""
    before, after = (_status(data.get(key)) for key in ("from", "to"))
    what = WORDS.get(verb, verb.replace("_", " ").replace("-", " ").capitalize())
    if verb in ("accept", "retry") and "number" in data:
        what = f"{what} as {data['number']}"  # where the ERP's numbers are chosen
    if verb == "found-not-there" and data.get("again"):
        what = "It goes on"  # in `again` stands why nothing is added twice
    if verb == "first-approval":
        what = f"{WORDS[data.get('step', 'accept')]} (the first of two approvers)"
    return HistoryEntry(
        at=at,
        who=name or "ERP Bridge",
        what=what,
        before=before if before != after else "",
        after=after,
        note=str(next((data[name] for name in _NOTES if data.get(name)), "")),
        changes=data.get("changes", ()),
        attested=data.get("attested", ""),
    )


def _status(value: Any) -> str:
    return Status(value).label if value in Status.values else ""
