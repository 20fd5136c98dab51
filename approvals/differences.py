"""What is different between two copies of a document, in sentences."""

import json

import msgspec

from approvals.history_texts import WORDS, InHistory
from connectors.contract import Document, Line
from directory.compiled import CompiledQuery
from directory.models import Event


def differences(about: InHistory, version: int) -> list[str]:
    """What happened to it since somebody saw it at `version`, a sentence each."""
    told = []
    for event in _EVENTS.all(about.subject):
        data = json.loads(event.body)["data"]
        if data.get("version", 0) > version:
            who = event.actor.name if event.actor else "ERP Bridge"
            what = WORDS.get(event.verb, event.verb)
            told.append(f"{what} by {who}, {event.at:%Y-%m-%d %H:%M} UTC")
            told += data.get("changes", [])  # a save of the document tells what it changed
    return told


_EVENTS = CompiledQuery(
    lambda subject: Event.objects.filter(subject=subject).select_related("actor").order_by("id"),
    str,
)


def changed(before: str, after: str) -> list[str]:
    """What is different between two frozen copies (canonical JSON), a sentence each.

    A line is followed by its id, wherever it stands: one that is put before others changes none of
    them.
    """
    if not before or not after or before == after:
        return []
    old, new = (msgspec.json.decode(text, type=Document) for text in (before, after))
    was, now = _facts(old), _facts(new)
    told = [
        f"{label}: {was[label] or '(empty)'} → {now[label] or '(empty)'}"
        for label in was
        if was[label] != now[label]
    ]
    return told + _lines_changed(old, new) + _attachments_changed(old, new)


def _facts(document: Document) -> dict[str, str]:
    """What stands above the lines, by its label."""
    return {
        "Type": document.type.replace("_", " ").title(),
        "Number": document.number,
        "Revision": str(document.revision),
        "Title": document.title,
        "Title for the ERP": document.erp_title,
        "Contract company": document.vendor.name if document.vendor else "",
        "Date": document.date.isoformat(),
        "Default retainage": f"{document.retainage:.2f} %",
        "Description": document.description,
        "Description for the ERP": document.erp_description,
        "Message to the vendor": document.vendor_message,
        "Total": f"{document.amount:,.2f}",
    }


def _lines_changed(old: Document, new: Document) -> list[str]:
    lines_old = {line.id: line for line in old.lines}
    lines_new = {line.id: line for line in new.lines}
    told = []
    for line in new.lines:
        before = lines_old.get(line.id)
        if before is None:
            told.append(f"Line {line.number} is new ({_words(line)})")
        elif differing := _parts_changed(before, line):
            moved = f" (it was {before.number})" if before.number != line.number else ""
            told.append(f"Line {line.number}{moved}: {'; '.join(differing)}")
    told += [
        f"Line {line.number} was removed ({_words(line)})"
        for line in old.lines
        if line.id not in lines_new
    ]
    stayed = [line.id for line in new.lines if line.id in lines_old]
    if stayed != [line.id for line in old.lines if line.id in lines_new]:
        told.append("The lines stand in another order")
    return told


def _parts(line: Line) -> dict[str, str]:
    """What a line says, by what it is called; its place among the others is not part of it."""
    return {
        "contract line": line.commitment_line.code if line.commitment_line else "",
        "cost code": line.cost_code.code,
        "category": line.category.name,
        "sub job": line.sub_job,
        "description": line.description,
        "description for the ERP": line.erp_description,
        "quantity": "" if line.quantity is None else f"{line.quantity.normalize():f}",
        "unit": line.unit,
        "unit cost": "" if line.unit_cost is None else f"{line.unit_cost.normalize():f}",
        "amount": f"{line.amount:,.2f}",
    }


def _parts_changed(old: Line, new: Line) -> list[str]:
    was, now = _parts(old), _parts(new)
    return [
        f"{name} {was[name] or '(empty)'} → {now[name] or '(empty)'}"
        for name in was
        if was[name] != now[name]
    ]


def _words(line: Line) -> str:
    return f"{line.cost_code.code} {line.category.name} {line.description} {line.amount:,.2f}"


def _attachments_changed(old: Document, new: Document) -> list[str]:
    names_old, names_new = (
        {one.id: one.name for one in document.attachments} for document in (old, new)
    )
    added = [f"Attachment {name} is new" for pk, name in names_new.items() if pk not in names_old]
    gone = [
        f"Attachment {name} was removed" for pk, name in names_old.items() if pk not in names_new
    ]
    return added + gone
