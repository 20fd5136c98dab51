"""What Spectrum answered: read tolerantly, and never for more than it says.

Evidence: a read answers one `response` per row, each with `Error_Code`, `Error_Description` and
`Error_Column` (Trimble's help, and a live server); a write answers one `response` per complaint
with `error_code`, `desc` and `column` (Trimble's help). A, I, M and E say no, W warns, S and G say
yes. Long answers came without their last tags, and lists ended at about 500 rows, some with a row
that says so (public clients). What a write that went well answers is documented nowhere:
assumed is an answer of the service that says nothing else than these rows do, and no complaint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from lxml import etree

from connectors.contract import Reply, Request
from connectors.spectrum.services import VENDORS

MOST_BYTES = 20_000_000  # of an answer that is looked at
MOST_PARTS = 400_000  # tags, or lists and objects; taken apart, each takes hundreds of bytes
ROW_CAP = 500
MOST_WORDS = 2000  # characters
_ROW = "response"
_ROW_END = re.compile(r"</(?:[\w.-]+:)?response\s*>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CODE, _WORDS, _COLUMN = "error_code", ("error_description", "desc"), ("error_column", "column")
_TIMED_OUT = "time out has occurred"
_CAPPED = "exceeds max"

Row = Mapping[str, str]


class Said(NamedTuple):
    """One complaint, warning or confirmation: its letter, its words, the field it is about."""

    code: str
    words: str
    column: str

    def __str__(self) -> str:
        return f"{self.column}: {self.words}" if self.column else self.words


class Answer(NamedTuple):
    """What came back to one call.

    `status` is that of HTTP. `rows` are the records, their columns in small letters; `said` what
    stands in their error columns. `fault` holds the words of a SOAP fault, `unread` why the rest
    could not be read, `cut` whether its end is missing. `asked` is the question that it answers.
    """

    status: int
    rows: tuple[Row, ...] = ()
    said: tuple[Said, ...] = ()
    fault: str = ""
    unread: str = ""
    cut: bool = False
    asked: Request | None = None

    @property
    def refusals(self) -> list[Said]:
        """What says no."""
        return [one for one in self.said if one.code in ("A", "I", "M", "E")]

    @property
    def unauthorized(self) -> bool:
        """Whether it is ERP Bridge that may not; a read says E where a write says A."""
        return any(
            one.code == "A" or one.column.casefold() == "authorization_id" for one in self.refusals
        )

    @property
    def strange(self) -> list[Said]:
        """What has a letter that is documented nowhere."""
        return [one for one in self.said if one.code not in ("A", "I", "M", "E", "W", "S", "G", "")]

    @property
    def words(self) -> str:
        """Spectrum's own words in it, as many as people read."""
        told = [str(one) for one in self.said if one.words or one.column]
        words = "; ".join(dict.fromkeys(filter(None, [self.fault, *told])))
        return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…"

    @property
    def timed_out(self) -> bool:
        """Whether it is the GUID that Spectrum does not want any more; then nothing was done.

        Whoever else speaks of a time-out, of a record or of a database, may have done something.
        """
        told = {one.words.strip(" .").casefold() for one in self.said}
        return self.understood and told == {_TIMED_OUT}

    @property
    def understood(self) -> bool:
        """Whether Spectrum itself answered, and the answer came to its end."""
        return self.status == 200 and not (self.fault or self.unread or self.cut)

    @property
    def whole(self) -> bool:
        """Whether the rows are all there is."""
        warned = any(one.code == "W" or _CAPPED in one.words.casefold() for one in self.said)
        return self.understood and not warned and len(self.rows) < ROW_CAP


def unwrap(reply: Reply, requests: Mapping[str, Request]) -> dict[str, Answer]:
    """The answer to the one request of a message. Raises ValueError where no reply is stored."""
    status, text = opened(reply)
    return {name: _read(status, text, request) for name, request in requests.items()}


def opened(reply: Reply) -> tuple[int, str]:
    """The status of HTTP and the text of a stored reply, as much of it as is looked at."""
    if isinstance(reply, str):
        text = reply
    else:
        held, size = [], 0
        for piece in reply.read():
            held.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                break
        text = b"".join(held).decode(errors="replace")
    head, _, rest = text.partition("\n\n")
    found = re.match(r"HTTP (\d{3})\b", head)
    if found is None:
        raise ValueError("A stored reply begins with its status")
    return int(found[1]), rest


def parse(text: str) -> etree._Element:
    """The root of XML: no DTD, no entities, no network, nothing guessed. Raises ValueError."""
    try:
        root = _parsed(text, recover=False)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"It is not well-formed XML: {error}") from None
    if root is None:
        raise ValueError("There is no XML in it.")
    return root


def _read(status: int, text: str, request: Request) -> Answer:
    empty = Answer(status, asked=request)
    if status != 200 and "Fault" not in text:
        return empty._replace(unread=f"HTTP {status}")
    if len(text) > MOST_BYTES:
        return empty._replace(unread="It is larger than anything that Spectrum answers.")
    if max(text.count("<"), text.count("{") + text.count("[")) > MOST_PARTS:
        return empty._replace(unread="It has more parts than anything that Spectrum answers.")
    try:
        if request.body.startswith(f"GET {VENDORS}"):
            return _from_json(empty, text)
        return _from_xml(empty, text)
    except ValueError as error:
        return empty._replace(unread=str(error))


# --- XML ---------------------------------------------------------------------------------------


def _from_xml(empty: Answer, text: str) -> Answer:
    root, cut = _whole_or_cut(text)
    if root is None or _local(root) != "Envelope":
        raise ValueError("It is no answer of Spectrum.")
    fault = next(_named(root, "Fault"), None)
    if fault is not None:
        words = " ".join(" ".join(str(part) for part in fault.itertext()).split())
        return empty._replace(fault=words or "Fault", cut=cut)
    if cut and not _ROW_END.search(text):
        return empty._replace(cut=True)
    if not any(
        isinstance(one.tag, str) and _local(one).endswith("Response") for one in root.iter()
    ):
        raise ValueError("It is an envelope without an answer of the service.")
    found = [_columns(one) for one in _named(root, _ROW)]
    if empty.asked and empty.asked.writes:
        _must_be_said_as_documented(root, found)
    return _sorted(empty._replace(cut=cut), found)


def _must_be_said_as_documented(root: etree._Element, found: Sequence[Row]) -> None:
    """Raises ValueError where the answer to a write says more than the rows that were `found`, or
    one there complains without a letter: it may be a refusal that nobody here can read."""
    words = " ".join(" ".join(str(part) for part in root.itertext()).split())
    read = "".join(text for row in found for text in row.values())
    is_all_read = "".join(words.split()) == "".join(read.split())
    if not is_all_read or not all(
        row.get(_CODE) or (_CODE in row and not any(map(row.get, (*_WORDS, *_COLUMN))))
        for row in found
        if any(row.values())
    ):
        raise ValueError(f"It is said in a way that is documented nowhere: “{words[:150]}”")


def _whole_or_cut(text: str) -> tuple[etree._Element | None, bool]:
    """The root, and whether its end is missing: then only rows that are closed are left in it."""
    try:
        return _parsed(text, recover=False), False
    except etree.XMLSyntaxError:
        ends = [found.end() for found in _ROW_END.finditer(text)]
    try:
        return _parsed(text[: ends[-1]] if ends else text, recover=True), True
    except etree.XMLSyntaxError:
        return None, True


def _parsed(text: str, *, recover: bool) -> etree._Element | None:
    plain = _ILLEGAL.sub("", text.lstrip("\ufeff \r\n\t"))
    if "<!DOCTYPE" in plain or "<!ENTITY" in plain:
        raise ValueError("It holds a document type definition, which is never read.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        recover=recover,
        huge_tree=False,  # so that libxml2 bounds depth, names and texts
        remove_comments=True,
        remove_pis=True,
    )
    declared = re.sub(r"^<\?xml[^>]*\?>", "", plain, count=1)
    return etree.fromstring(declared.encode(errors="replace"), parser)


def _local(element: etree._Element) -> str:
    """Its name without a namespace; of what was cut in the middle of a name, what is left of it."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _named(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Every element of that name, whatever its namespace."""
    return (one for one in root.iter() if isinstance(one.tag, str) and _local(one) == name)


def _columns(row: etree._Element) -> dict[str, str]:
    return {
        _local(one).casefold(): "".join(str(part) for part in one.itertext()).strip()
        for one in row
        if isinstance(one.tag, str)
    }


# --- JSON --------------------------------------------------------------------------------------


def _from_json(empty: Answer, text: str) -> Answer:
    """A list of records, or an object that holds one. Which it is, is documented nowhere."""
    try:
        said = msgspec.json.decode(text)
    except RecursionError:
        raise ValueError("It is nested more deeply than anything Spectrum answers.") from None
    except msgspec.DecodeError as error:
        begun = text.lstrip()[:1]
        if begun not in ("[", "{"):
            raise ValueError(f"It is no JSON: {error}") from None
        return empty._replace(cut=True)
    records = said if isinstance(said, list) else _first_list(said)
    if records is None:
        raise ValueError("It holds no list of records.")
    found = [
        {str(name).casefold(): _text(value) for name, value in one.items()}
        for one in records
        if isinstance(one, dict)
    ]
    return _sorted(empty, found)


def _first_list(said: Any) -> list[Any] | None:
    if not isinstance(said, dict):
        return None
    return next((value for value in said.values() if isinstance(value, list)), None)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


# --- Rows --------------------------------------------------------------------------------------


def _sorted(answer: Answer, found: Iterable[dict[str, str]]) -> Answer:
    """The records, and what the error columns of the rows say."""
    rows, said = [], []
    for row in found:
        code = row.pop(_CODE, "").upper()
        words = " ".join(filter(None, [row.pop(name, "") for name in _WORDS]))
        column = "".join([row.pop(name, "") for name in _COLUMN])
        if code or words:
            said.append(Said(code, words, column))
        if any(row.values()) and code not in ("A", "E"):
            rows.append(row)
    return answer._replace(rows=tuple(rows), said=tuple(said))
