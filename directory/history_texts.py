"""The history of people, companies and lists, in sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from directory.formats import money
from directory.models import Company, Event, Project
from directory.perms import PUSH_WORDS, Tool


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event for a page. `about` is whom or what it concerns, as the history names it."""

    at: datetime
    who: str
    text: str
    about: str


def history(
    company: Company, subjects: Sequence[str], *, levels: bool = True, most: int = 30
) -> list[HistoryEntry]:
    """The newest events of these subjects in the company's history, newest first; without the
    changes of levels if those are not wanted."""
    events = (
        Event.objects.filter(chain__company=company, subject__in=subjects)
        .exclude(verb__in=[] if levels else ["level"])
        .select_related("actor")
        .order_by("-id")[:most]
    )
    numbers = dict(Project.objects.filter(company=company).values_list("pk", "number"))
    return [
        HistoryEntry(
            event.at,
            event.actor.name if event.actor else "ERP Bridge",
            sentence(event.verb, json.loads(event.body)["data"], numbers),
            event.subject,
        )
        for event in events
    ]


_PLAIN = {
    "grant_push": f"granted '{PUSH_WORDS}'",
    "revoke_push": f"took '{PUSH_WORDS}' away",
    "ask_push": f"asked for '{PUSH_WORDS}'",
    "refuse_push": f"refused '{PUSH_WORDS}'",
    "withdraw_push": f"took the request for '{PUSH_WORDS}' back",
    "invite": "invited",
    "reactivate": "gave them access to the company again",
    "create": "made it",
    "connect": "set up the connection",
    "password": "issued a new password for the Web Connector",
    "schedule": "changed the schedule of the connection",
    "categories": "chose what becomes of categories",
    "secrets": "replaced what the ERP is shown as authorisation",
    "ask-renewal": "asked for a new client secret",
    "renewed": "had the ERP make a new client secret, which works",
    "not-renewed": "could not have the client secret renewed",
    "confirm": "saw a setting of the connection at work in the ERP",
    "sync": "asked for a sync",
    "compare": "asked for a comparison with what the ERP holds",
}
_FIELDS = {
    "erp_enabled": "ERP Integrations",
    "one_person_does_both": "one person does both",
    "change_events": "Change Events",
    "second_factor_required": "a second factor for approvers and administrators",
    "rejection_reasons": "reasons for rejecting",
    "second_approver_from": "two approvers from",
}


_LINKS = {
    "link": "linked it to {} in the ERP",
    "part": "took its link to {} in the ERP away",
    "import": "imported it from the ERP",
    "archive": "put aside {}, which is in the ERP",
    "restore": "brought back {}, which is in the ERP",
}


def sentence(verb: str, data: dict[str, Any], numbers: dict[int, str]) -> str:
    """One event as the end of a sentence that begins with who did it; `data` as the history keeps
    it, `numbers` of the company's projects by their ids."""
    if verb == "level":
        place = f" in {numbers.get(data['project'], 'a project')}" if data["project"] else ""
        return f"changed {Tool(data['tool']).label}{place}: {data['from']} → {data['to']}"
    if verb in _LINKS:
        return _LINKS[verb].format(data["erp"])
    if verb == "deactivate":
        taken = f"; '{PUSH_WORDS}' was taken away with it" if data.get("privilege") else ""
        return f"ended their access to the company{taken}"
    if verb == "change":
        return "changed " + ", ".join(
            f"{_FIELDS.get(name, name.replace('_', ' '))}: {_word(was, name)} → {_word(now, name)}"
            for name, (was, now) in sorted(data.items())
        )
    note = f": {data['note']}" if data.get("note") else ""
    return _PLAIN.get(verb, verb.replace("-", " ")) + note


def _word(value: object, name: str = "") -> str:
    if name == "second_approver_from" and value:
        return money(Decimal(str(value)))
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)
