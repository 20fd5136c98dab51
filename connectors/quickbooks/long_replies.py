"""Replies that are too long to be held: read through once, then response by response.

The first reading checks that all of it is well-formed and notes where each response stands. What
is asked of a response later is read from there, one element at a time, which is let go as soon as
the next one is asked for. Bounded in depth by hand, in the length of names and texts by libxml2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from lxml import etree

from connectors.contract import Pieces

MESSAGE_SET = "QBXMLMsgsRs"
STATUS = "messageSetStatusCode"
# QuickBooks hands out what was once typed into it, control characters included, which no XML
# may hold.
ILLEGAL = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
    rb"|[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
)
DEEPEST = 100
_FED = 1 << 16
_AROUND = "response"
_LONGEST_REFERENCE = 20
_LONGEST_TAG = 1 << 21
_BEFORE_THE_FIRST = b"\xef\xbb\xbf \r\n\t"


@dataclass(slots=True)
class LongResponse:
    """One response of a long reply: its attributes, and where it stands.

    `get`, `find` and `iterfind` are those of lxml, for paths of plain names and `*`; each call of
    the last two reads the response anew.
    """

    reply: Pieces
    tag: str
    attributes: dict[str, str]
    start: int  # of its first tag, in bytes
    end: int  # of its last tag; the same as `start` where there is nothing in it

    def get(self, key: str, default: str) -> str:
        return self.attributes.get(key, default)

    def find(self, path: str) -> etree._Element | None:
        return next(self.iterfind(path), None)

    def iterfind(self, path: str) -> Iterator[etree._Element]:
        """The elements at `path`, in their order. Keep none of them: they are many.

        Raises ValueError beyond the limits of libxml2.
        """
        if self.start == self.end:
            return
        steps = [self.tag, *path.split("/")]
        parser = etree.XMLPullParser(
            events=("start",),
            tag=_AROUND,
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
        )
        root: Any = None
        for text in self._text():
            try:
                parser.feed(text)
            except etree.XMLSyntaxError as error:
                raise ValueError(f"The answer cannot be read: {error}") from None
            if root is None:
                root = next((element for _, element in parser.read_events()), None)
            else:
                yield from _grown(root, steps, whole=False)
        yield from _grown(parser.close(), steps, whole=True)

    def _text(self) -> Iterator[bytes]:
        # So that the parser never begins with less than it needs: a piece may hold one byte.
        yield f"<{_AROUND}>".encode()
        left = self.end - self.start
        for piece in self.reply.read(self.start):
            for place in range(0, min(left, len(piece)), _FED):
                yield piece[place : min(place + _FED, left)]
            left -= len(piece)
            if left <= 0:
                break
        yield f"</{self.tag}></{_AROUND}>".encode()


def _grown(above: etree._Element, steps: Sequence[str], *, whole: bool) -> Iterator[etree._Element]:
    """What there is at `steps` below an element; all that was looked at is taken out of it.

    Unless it is `whole`, more will be read into its last child.
    """
    children = list(above)
    growing = None if whole or not children else children.pop()
    for child in children:
        above.remove(child)
        if steps[0] in ("*", child.tag):
            if len(steps) == 1:
                yield child
            else:
                yield from _grown(child, steps[1:], whole=True)
    if growing is None or (len(steps) == 1 and steps[0] in ("*", growing.tag)):
        return
    if steps[0] in ("*", growing.tag):
        yield from _grown(growing, steps[1:], whole=False)
    else:
        _forget(growing)


def _forget(growing: etree._Element) -> None:
    """Let go of what nobody asks for, but for the branch that is still being read."""
    while len(growing):
        *before, last = growing
        for child in before:
            growing.remove(child)
        growing = last


def read(reply: Pieces) -> tuple[str, list[LongResponse]]:
    """The status of the reply's message set, and its responses.

    Raises ValueError with a sentence where it is no qbXML message set that can be read.
    """
    try:
        return _looked_through(reply)
    except expat.ExpatError:
        pass
    try:
        return _looked_through(_Legal(reply))
    except expat.ExpatError as error:
        raise ValueError(f"The answer is not well-formed XML: {error}") from None


def _looked_through(reply: Pieces) -> tuple[str, list[LongResponse]]:
    parser = expat.ParserCreate("utf-8")
    attributes: dict[str, str] | None = None
    found: list[LongResponse] = []
    root = ""
    depth = inside = skipped = 0  # inside: the depth of the responses, while in the message set

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal attributes, depth, inside, root
        depth += 1
        if depth > 4:
            if depth > DEEPEST:
                raise ValueError("The answer is nested deeper than any of QuickBooks")
        elif depth == inside + 1 > 1:
            found[-1].end = parser.CurrentByteIndex + skipped  # there is something in it
        elif depth == inside:
            place = parser.CurrentByteIndex + skipped
            found.append(LongResponse(reply, name, given, place, place))
        elif depth < 3:
            root = root or name
            if name == MESSAGE_SET and attributes is None:
                attributes, inside = given, depth + 1

    def end(_name: str) -> None:
        nonlocal depth, inside
        if depth == inside and found[-1].end > found[-1].start:
            found[-1].end = parser.CurrentByteIndex + skipped
        elif depth == inside - 1:
            inside = 0
        depth -= 1

    def refuse(*_: object) -> None:
        raise ValueError("The answer holds a document type definition, which is never read")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    read = 0
    for piece in reply.read():
        if not read:
            text = piece.lstrip(_BEFORE_THE_FIRST)
            skipped += len(piece) - len(text)
            piece = text
        parser.Parse(piece, False)
        read += len(piece)
        if read - parser.CurrentByteIndex > _LONGEST_TAG:
            raise ValueError("The answer holds a longer tag than any of QuickBooks")
    parser.Parse(b"", True)
    if attributes is None:
        raise ValueError(f"The answer is no qbXML message set: it begins with <{root}>")
    return attributes.get(STATUS, "0"), found


@dataclass(frozen=True, slots=True)
class _Legal:
    """A reply without the control characters that QuickBooks lets through."""

    reply: Pieces

    def read(self, start: int = 0) -> Iterator[bytes]:
        for piece in self._cleaned():
            yield piece[start:]
            start = max(0, start - len(piece))

    def _cleaned(self) -> Iterator[bytes]:
        rest = b""
        for piece in self.reply.read():
            piece = rest + piece
            # A reference that the end of the piece cuts in two waits for its other half.
            cut = piece.rfind(b"&", -_LONGEST_REFERENCE)
            cut = len(piece) if cut < 0 else cut
            rest = piece[cut:]
            yield ILLEGAL.sub(b"", piece[:cut])
        yield ILLEGAL.sub(b"", rest)
