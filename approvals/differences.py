"""What is different between two copies of a document, in sentences."""

import json

import msgspec

from approvals.told import WORDS, InHistory
from connectors.contract import Document, Line
from directory.models import Event


def differences(about: InHistory, version: int) -> list[str]:
    """What happened to it since somebody saw it at `version`, a sentence each."""
    told = []
    events = Event.objects.filter(subject=about.subject).select_related("actor").order_by("id")
    for event in events:
        data = json.loads(event.body)["data"]
        if data.get("version", 0) > version:
            who = event.actor.name if event.actor else "ERP Bridge"
            what = WORDS.get(event.verb, event.verb)
            told.append(f"{what} by {who}, {event.at:%Y-%m-%d %H:%M} UTC")
            told += data.get("changes", [])  # a save of the document tells what it changed
    return told


def changed(before: str, after: str) -> list[str]:
    """What is different between two frozen copies (canonical JSON), a sentence each."""
    if not before or not after or before == after:
        return []
    old, new = (msgspec.json.decode(text, type=Document) for text in (before, after))
    told = [
        f"{label}: {was or '(empty)'} → {now or '(empty)'}"
        for label, was, now in (
            ("Number", old.number, new.number),
            ("Title", old.title, new.title),
            ("Description", old.description, new.description),
            ("Contract company", _name(old), _name(new)),
            ("Total", f"{old.amount:,.2f}", f"{new.amount:,.2f}"),
        )
        if was != now
    ]
    lines_old = {line.number: line for line in old.lines}
    lines_new = {line.number: line for line in new.lines}
    for number in sorted(lines_old | lines_new):
        if number not in lines_new:
            told.append(f"Line {number} was removed ({_words(lines_old[number])})")
        elif number not in lines_old:
            told.append(f"Line {number} is new ({_words(lines_new[number])})")
        elif _words(lines_old[number]) != _words(lines_new[number]):
            told.append(f"Line {number}: {_words(lines_old[number])} → {_words(lines_new[number])}")
    return told


def _name(document: Document) -> str:
    return document.vendor.name if document.vendor else ""


def _words(line: Line) -> str:
    return f"{line.cost_code.code} {line.category.name} {line.description} {line.amount:,.2f}"
