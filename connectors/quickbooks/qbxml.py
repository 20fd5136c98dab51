"""qbXML on the wire: the envelope around requests, and reading what comes back.

Facts: requests are pure ASCII with character references, for code page 1252 is read in several ways
by the versions of QuickBooks; `onError` is obligatory; a message set id has at most 23 characters;
answers carry the requestID of their request, and that alone says what they answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from lxml import etree

from connectors.contract import Reply, Request
from connectors.quickbooks import long_replies

VERSION = "13.0"
KEY_LENGTH = 23

_HEAD = f'<?xml version="1.0" encoding="utf-8"?><?qbxml version="{VERSION}"?><QBXML>'
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,50}")
_FIRST_TAG = re.compile(r"<([A-Z][A-Za-z]*Rq)((?: [A-Za-z]+=\"[^\"<>]*\")*)>")
_NEEDS_ESCAPE = re.compile(r"[&<>\"]|[^\x20-\x7e\n]")
UNREADABLE = -1


class Response(Protocol):
    """A response to one request: an element of lxml, or one that is read piece by piece."""

    @property
    def tag(self) -> str:
        """PurchaseOrderQueryRs, and so on."""

    def get(self, key: str, default: str, /) -> str:
        """An attribute."""

    def find(self, path: str, /) -> etree._Element | None:
        """The first element at `path`: plain names and `*`, with slashes between them."""

    def iterfind(self, path: str, /) -> Iterator[etree._Element]:
        """All elements at `path`. There may be more of them than can be kept."""


class Answer(NamedTuple):
    """What QuickBooks answered to one request.

    `status` is its statusCode (0 done, 1 no match), or the messageSetStatusCode where a set was
    refused as a whole or checked; -1 where it was no number. `element` is the response, or None.
    `record` is that of the question.
    """

    status: int
    severity: str
    message: str
    element: Response | None
    record: str = ""


def escape(text: str) -> str:
    """`text` for the inside of an element or a quoted attribute, in pure ASCII."""
    if not _NEEDS_ESCAPE.search(text):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace('"', "&quot;")
    return text if text.isascii() else text.encode("ascii", "xmlcharrefreplace").decode()


def wrap(requests: Mapping[str, Request], *, clear: str = "") -> str:
    """One message set: questions together, a write or the check of an earlier write alone.

    `clear` is the key of a settled write that QuickBooks may now forget; it travels with a write.
    Raises ValueError for what must never go out: two writes in one set, an unfit key or id.
    """
    alone = next((request for request in requests.values() if request.alone), None)
    if alone is None:
        if clear or not requests:
            raise ValueError("A set of questions asks something and clears nothing")
        bodies = "".join(_named(request.body, name) for name, request in requests.items())
        return _envelope('onError="continueOnError"', bodies)
    if len(requests) != 1 or (alone.writes and alone.check):
        raise ValueError("A write and a check travel alone")
    key = _fit_key(alone.key)
    if alone.check:
        if clear:
            raise ValueError("A check clears nothing")
        return _envelope(f'onError="stopOnError" newMessageSetID="{key}" oldMessageSetID="{key}"')
    forget = f' oldMessageSetID="{_fit_key(clear)}"' if clear else ""
    attributes = f'onError="stopOnError" newMessageSetID="{key}"{forget}'
    return _envelope(attributes, _named(alone.body, key))


def unwrap(reply: Reply, requests: Mapping[str, Request]) -> dict[str, Answer]:
    """The answers in `reply` by request id; an unknown id is ignored, a missing one left out.

    So is one that came twice, as it cannot be told which of the two is true, and one to a write
    that answers a request of another kind. Raises ValueError where the reply is no qbXML
    message set that can be read.
    """
    status, responses = _short(reply) if isinstance(reply, str) else long_replies.read(reply)
    set_status = _number(status)
    wanted = {(request.key if request.alone else name): name for name, request in requests.items()}
    found: dict[str, Answer] = {}
    unclear: set[str] = set()
    for response in responses:
        name = wanted.get(response.get("requestID", ""))
        if name is not None:
            if name in found or not _is_kind(response.tag, requests[name]):
                unclear.add(name)
            found[name] = Answer(
                _number(response.get("statusCode", "")),
                response.get("statusSeverity", ""),
                response.get("statusMessage", ""),
                response,
                "" if requests[name].writes else requests[name].record,
            )
    for name, request in requests.items():
        if name not in found and (request.check or set_status != 0):
            # The set as a whole was refused, or an earlier one was asked for and is not there.
            found[name] = Answer(set_status, "Error" if set_status else "Info", "", None)
    return {name: answer for name, answer in found.items() if name not in unclear}


def _is_kind(tag: str, request: Request) -> bool:
    """Whether a response of that tag answers the request. Only of writes: a check is answered with
    what it was, and a question may take the record from the answer to a write."""
    asked = _FIRST_TAG.match(request.body) if request.writes else None
    return asked is None or tag == asked[1].removesuffix("Rq") + "Rs"


def _short(reply: str) -> tuple[str, Iterable[Response]]:
    root = parse(reply)
    answers = root if root.tag == long_replies.MESSAGE_SET else root.find(long_replies.MESSAGE_SET)
    if answers is None:
        raise ValueError(f"The answer is no qbXML message set: it begins with <{root.tag}>")
    return answers.get(long_replies.STATUS, "0"), answers.iterchildren()


def parse(document: str | bytes) -> etree._Element:
    """The root of XML from outside: no DTD, no entities, no network, nothing guessed.

    Raises ValueError with a sentence.
    """
    if isinstance(document, bytes):
        document = document.decode("utf-8")
    if "<!DOCTYPE" in document:
        raise ValueError("The answer holds a document type definition, which is never read")
    text = document.lstrip("\ufeff \r\n\t").encode()
    try:
        return _parsed(text)
    except etree.XMLSyntaxError as error:
        cleaned = long_replies.ILLEGAL.sub(b"", text)
        if cleaned == text:
            raise ValueError(f"The answer is not well-formed XML: {error}") from None
    try:
        return _parsed(cleaned)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"The answer is not well-formed XML: {error}") from None


def _parsed(text: bytes) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        recover=False,
        huge_tree=False,  # so that libxml2 bounds depth, names and texts
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(text, parser)


def child_text(element: etree._Element, path: str) -> str:
    """The text of the first child at `path`, without blanks around it; '' where there is none."""
    return (element.findtext(path) or "").strip()


def is_true(value: str) -> bool:
    """A qbXML boolean: true or 1."""
    return value in ("true", "1")


def _envelope(attributes: str, bodies: str = "") -> str:
    return f"{_HEAD}<QBXMLMsgsRq {attributes}>{bodies}</QBXMLMsgsRq></QBXML>"


def _named(body: str, name: str) -> str:
    """`body` with its requestID, which is written here and nowhere else."""
    head = _FIRST_TAG.match(body)
    if head is None or " requestID=" in head[2]:
        raise ValueError("A request begins with the tag of a qbXML request, still without an id")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no request id: letters, digits, dots and dashes, at most 50")
    if not body.isascii():
        raise ValueError("A request is pure ASCII")
    return f'<{head[1]} requestID="{name}"{head[2]}>{body[head.end() :]}'


def _fit_key(key: str) -> str:
    if not _NAME.fullmatch(key) or len(key) > KEY_LENGTH:
        raise ValueError(f"{key!r} is no message set id: at most {KEY_LENGTH} plain characters")
    return key


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        return UNREADABLE
