"""What was asked of the ERP about one export, and what it answered, made readable.

The texts come from outside: they are parsed without entities, DTD or network, and only so much of
them is read as a person can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import F
from django.db.models.functions import Left, Length
from django.http import Http404
from lxml import etree

from approvals.models import Export
from connectors.contract import Request
from connectors.models import Exchange
from connectors.replies import reply_of

CONVERSATIONS = 50
SHOWN = 200_000  # characters of one answer

PURPOSES = {
    "export": "Export",
    "find": "Search for a write that was not answered",
    "unlink": "Check that it is gone",
    "compare": "Comparison",
}
OUTCOMES = {
    "done": "done",
    "seen": "looked; nothing was written",
    "refused": "refused",
    "unclear": "not clear; a person has to look",
    "put_back": "put back, nothing was written",
    "stopped": "stopped between two calls, and goes on later",
    "lost": "no answer",
    "dropped": "taken out of the line",
    "": "under way",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """That only the beginning of a reply stands here: how long it is, and whose reply."""

    message: int
    size: str  # 75,825,365 bytes


@dataclass(frozen=True, slots=True)
class Said:
    """One request and its answer."""

    writes: bool
    sent_at: datetime
    request: str
    replied_at: datetime | None
    reply: str
    fault: str
    borrowed: bool  # answered out of an earlier message of the same session
    cut: Cut | None


@dataclass(frozen=True, slots=True)
class Talk:
    """One run of one script: a conversation with the ERP."""

    purpose: str
    outcome: str
    began_at: datetime | None
    fault: str
    said: list[Said]


def talks(export: Export) -> list[Talk]:
    """The conversations about an export, newest first; one query."""
    rows = (
        Exchange.objects.filter(
            conversation__connection__company=export.company_id,
            conversation__subject=str(export.pk),
        )
        .order_by("-conversation_id", "position")
        .values(
            "conversation_id",
            "message_id",
            "request_id",
            "request",
            "writes",
            "borrowed",
            purpose=F("conversation__purpose"),
            outcome=F("conversation__outcome"),
            began_at=F("conversation__began_at"),
            conversation_fault=F("conversation__fault"),
            sent_at=F("message__sent_at"),
            replied_at=F("message__replied_at"),
            reply=Left("message__reply", SHOWN),
            reply_length=Length("message__reply"),
            reply_bytes=F("message__reply_bytes"),
            fault=F("message__fault"),
        )
    )
    found: dict[int, Talk] = {}
    for row in rows.iterator():
        if row["conversation_id"] not in found:
            if len(found) == CONVERSATIONS:
                break
            found[row["conversation_id"]] = Talk(
                PURPOSES.get(row["purpose"] or "", "Conversation"),
                OUTCOMES.get(row["outcome"] or "", "closed"),
                row["began_at"],
                row["conversation_fault"],
                [],
            )
        cut = _cut(row)
        said = Said(
            writes=row["writes"],
            sent_at=row["sent_at"],
            request=_question(row["request"]),
            replied_at=row["replied_at"],
            reply=(row["reply"] or "") if cut else _answer(row["reply"] or "", row["request_id"]),
            fault=row["fault"],
            borrowed=row["borrowed"],
            cut=cut,
        )
        found[row["conversation_id"]].said.append(said)
    return list(found.values())


def _question(stored: str) -> str:
    """What was asked, without the envelope of its message."""
    request = msgspec.json.decode(stored, type=Request)
    if not request.body:
        return f"Is anything remembered of the write under {request.key}?"
    return _shown(request.body)


def whole_reply(export: Export, message: int) -> Iterator[bytes]:
    """All of a reply that was about an export, in pieces. Raises Http404 where there is none."""
    about = Exchange.objects.filter(
        conversation__connection__company=export.company_id,
        conversation__subject=str(export.pk),
        message=message,
        message__reply__isnull=False,
    )
    found = about.select_related("message").first()
    if found is None:
        raise Http404
    reply = reply_of(found.message)
    return iter([reply.encode()]) if isinstance(reply, str) else reply.read()


def _cut(row: Mapping[str, Any]) -> Cut | None:
    if row["reply_bytes"] is not None:
        return Cut(row["message_id"], f"{row['reply_bytes']:,} bytes")
    length = row["reply_length"] or 0
    return Cut(row["message_id"], f"{length:,} characters") if length > SHOWN else None


def _answer(reply: str, request_id: str) -> str:
    """The part of a reply that answers one request; the whole where it cannot be told apart."""
    root = _parsed(reply)
    if root is None:
        return _shown(reply)
    own = list(_with_id(root, request_id))
    return "\n".join(_indented(element) for element in own or [root])


def _shown(text: str) -> str:
    """A message as people read it. Of one that went over HTTP, whose head stands before an empty
    line, the fields that say something, one on a line; what cannot be read stays as it is."""
    head, _, content = text.partition("\n\n")
    if head.startswith("<"):
        root = _parsed(text)
        return text if root is None else _indented(root)
    root = _parsed(content)
    if root is None:
        return text
    fields = [
        f"{etree.QName(element).localname}: {element.text}"
        for element in root.iter(etree.Element)
        if element.text and element.text.strip()
    ]
    return "\n".join([head, "", *(fields or ["(nothing in it)"])])


def _with_id(root: etree._Element, request_id: str) -> Iterator[etree._Element]:
    for element in root.iter(etree.Element):
        if element.get("requestID") == request_id:
            yield element


def _parsed(text: str) -> etree._Element | None:
    if "<!DOCTYPE" in text:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _indented(element: etree._Element) -> str:
    etree.indent(element)
    return etree.tostring(element, encoding="unicode", with_tail=False).strip()
