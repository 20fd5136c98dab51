"""The SOAP envelope of the QuickBooks Web Connector: bytes to a call, a result to bytes.

SOAP 1.1, document/literal. Read in pieces, so that an answer of 100 MB needs no memory of that
size, and only from somebody whose ticket is known, which comes before it; a document type
definition is refused before anything of it is understood. Results have the plainest shape there is
(`<string>` without a prefix): the Web Connector fails on any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from xml.parsers import expat

import msgspec

from connectors.quickbooks.qbxml import escape

NAMESPACE = "http://developer.intuit.com/"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE_12 = "http://www.w3.org/2003/05/soap-envelope"
CONTENT_TYPE = "text/xml; charset=utf-8"
MB = 1024 * 1024
LIMIT = 100 * MB  # of a message that brings an answer of QuickBooks
STRANGERS_LIMIT = 2 * MB  # of any other: the longest brings a greeting

# The eight operations and their arguments; those in _NUMBERS are integers.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "serverVersion": ("strVersion",),  # older clients give none
    "clientVersion": ("strVersion",),
    "authenticate": ("strUserName", "strPassword"),
    "sendRequestXML": (
        "ticket",
        "strHCPResponse",
        "strCompanyFileName",
        "qbXMLCountry",
        "qbXMLMajorVers",
        "qbXMLMinorVers",
    ),
    "receiveResponseXML": ("ticket", "response", "hresult", "message"),
    "connectionError": ("ticket", "hresult", "message"),
    "getLastError": ("ticket",),
    "closeConnection": ("ticket",),
}
_NUMBERS = frozenset({"qbXMLMajorVers", "qbXMLMinorVers"})
_LONGEST = {"response": STRANGERS_LIMIT, "strHCPResponse": MB}
_SHORT = 64 * 1024
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_DEPTH = 20
_ELEMENTS = 200


class BadSoap(ValueError):
    """What came is no call of the Web Connector. The message is a sentence for its user."""


class TooLarge(BadSoap):
    """More than the limit came."""


class Call(msgspec.Struct, frozen=True):
    """One call. `texts` and `numbers` have every argument of it, '' or 0 where none came."""

    operation: str
    texts: Mapping[str, str]
    numbers: Mapping[str, int]

    def __repr__(self) -> str:
        """Without what may be a password or a ticket: it may end in a log."""
        return f"Call({self.operation})"


class Sink(Protocol):
    """Where a long answer is put piece by piece: anything with `write`, such as an open file."""

    def write(self, text: str, /) -> object:
        """Take the next piece."""


def read(pieces: Iterable[bytes], sink_for: Callable[[str], Sink | None] | None = None) -> Call:
    """The call in the body that comes in `pieces`.

    `sink_for` is asked once, with the ticket, when a `response` begins. What it gives takes that
    argument, which is '' in the call then, and the message may be as long as LIMIT. Raises BadSoap
    for what is no call, TooLarge for one that is too long.
    """
    reading = _Reading(sink_for)
    for piece in pieces:
        reading.feed(piece)
    return reading.end()


def refuse_too_large(size: int, *, known: bool) -> None:
    """Raise TooLarge for a message of `size` bytes that may not be so long. `known`: its ticket."""
    limit = LIMIT if known else STRANGERS_LIMIT
    if size > limit:
        whose = "" if known else ", and no ticket in it is known"
        raise TooLarge(f"The message is larger than {limit // MB} MB{whose}.")


class _Reading:
    """Follows the elements: Envelope, Body, operation, argument; keeps the texts of arguments."""

    def __init__(self, sink_for: Callable[[str], Sink | None] | None) -> None:
        self.sink_for = sink_for
        self.sink: Sink | None = None
        self.path: list[str] = []
        self.elements = 0
        self.operation = ""
        self.argument = ""
        self.texts: dict[str, list[str]] = {}
        self.length = 0  # of the argument
        self.size = 0  # of the message
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = 1 << 18
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        self.parser = parser

    def feed(self, piece: bytes) -> None:
        self.size += len(piece)
        refuse_too_large(self.size, known=self.sink is not None)
        self._parse(piece, final=False)
        # What is not understood yet is begun again with each piece.
        if self.size - self.parser.CurrentByteIndex > MB:
            raise BadSoap("The message holds a longer tag than any call of the Web Connector.")

    def end(self) -> Call:
        self._parse(b"", final=True)
        if not self.operation:
            raise BadSoap("The message holds no call of the Web Connector.")
        names = OPERATIONS[self.operation]
        given = {name: "".join(self.texts.get(name, ())) for name in names}
        numbers = {name: _number(name, given.pop(name)) for name in names if name in _NUMBERS}
        return Call(self.operation, given, numbers)

    def _parse(self, piece: bytes, *, final: bool) -> None:
        try:
            self.parser.Parse(piece, final)
        except expat.ExpatError as error:
            raise BadSoap(f"The message is not well-formed XML: {error}.") from None
        except (LookupError, UnicodeError):
            raise BadSoap("The message is in a character encoding that is not known.") from None

    def _doctype(self, *_: object) -> None:
        raise BadSoap("The message holds a document type definition, which is never read.")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self.path.append(name)
        self.elements += 1
        if len(self.path) > _DEPTH or self.elements > _ELEMENTS:
            raise BadSoap("The message has more elements than any call of the Web Connector.")
        namespace, _, local = name.rpartition(" ")
        depth = len(self.path)
        if depth == 1 and not (local == "Envelope" and namespace in (ENVELOPE, ENVELOPE_12)):
            raise BadSoap(f"The message is no SOAP envelope: it begins with <{local}>.")
        if self.path[1:2] not in ([f"{ENVELOPE} Body"], [f"{ENVELOPE_12} Body"]):
            return
        if depth == 3:
            if self.operation or namespace != NAMESPACE or local not in OPERATIONS:
                raise BadSoap(f"“{local[:50]}” is no operation of the Web Connector.")
            self.operation = local
        elif depth == 4 and local in OPERATIONS[self.operation]:
            if local in self.texts:
                raise BadSoap(f"The argument {local} came twice.")
            self.argument, self.length, self.texts[local] = local, 0, []
            if local == "response" and self.sink_for:
                self.sink = self.sink_for("".join(self.texts.get("ticket", ())))
        elif depth > 4 and self.argument:
            raise BadSoap(f"The argument {self.argument} is not plain text.")

    def _end(self, _name: str) -> None:
        self.path.pop()
        if len(self.path) == 3:
            self.argument = ""

    def _text(self, text: str) -> None:
        if not self.argument:
            return
        self.length += len(text)
        if self.argument == "response" and self.sink:
            self.sink.write(text)
            return
        if self.length > _LONGEST.get(self.argument, _SHORT):
            raise BadSoap(f"The argument {self.argument} is too long.")
        self.texts[self.argument].append(text)


def _number(name: str, text: str) -> int:
    text = text.strip()
    if not text:
        return 0
    if not text.isascii() or not text.lstrip("+-").isdigit() or len(text) > 10:
        raise BadSoap(f"The argument {name} is no number.")
    return int(text)


def result(operation: str, value: str | int | list[str]) -> bytes:
    """The answer to a call: text, a number (receiveResponseXML) or several texts (authenticate)."""
    if isinstance(value, list):
        inner = "".join(f"<string>{_legal(one)}</string>" for one in value)
    else:
        inner = _legal(str(value))
    return _envelope(
        f'<{operation}Response xmlns="{NAMESPACE}"><{operation}Result>{inner}</{operation}Result>'
        f"</{operation}Response>"
    )


def fault(sentence: str, *, client: bool = True) -> bytes:
    """A SOAP fault that says in words what was wrong with the message (goes with status 500)."""
    code = "soap:Client" if client else "soap:Server"
    return _envelope(
        f"<soap:Fault><faultcode>{code}</faultcode><faultstring>{_legal(sentence)}</faultstring>"
        "</soap:Fault>"
    )


def _legal(text: str) -> str:
    """Escaped, without the control characters that no XML may hold."""
    return escape(_ILLEGAL.sub("", text))


def _envelope(body: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>{body}</soap:Body></soap:Envelope>'
    ).encode("ascii")
