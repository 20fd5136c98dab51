"""What ERP Bridge and a connector say to each other.

Plain Python. A connector imports neither Django nor Celery nor our models, does no input or output
and reads no clock: all it may use is handed to it here. What talks to the ERP is written as a
*script*, a generator that yields requests and is sent the answers, so it reads from top to bottom
and can be stopped and begun again between any two of them (see `connectors.engine`).

Money is a `Decimal` in the company's one currency, with two decimals. Dates are calendar dates of
the company, without a time zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeVar

import msgspec

T = TypeVar("T")

Kind = Literal["commitment", "change_order", "budget"]


class Frozen(msgspec.Struct, frozen=True):
    """A value with one canonical text, so that a digest of it means something."""

    def canonical(self) -> str:
        """Its canonical JSON: keys in order, no blanks, decimals as strings."""
        return msgspec.json.encode(self, order="sorted").decode()

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


# --- What is exported: frozen at *send*, knows no ERP ------------------------------------------


class Named(Frozen, frozen=True, kw_only=True):
    """One of our own records: its id, its short code or number where it has one, its name."""

    id: int
    code: str = ""
    name: str


class Line(Frozen, frozen=True, kw_only=True):
    """One line of a schedule of values, of a change order or of a budget.

    `commitment_line` is set on change order lines: the line of the commitment that is changed
    (`code` is its line number). Several lines may name the same one; `aggregate` sums them.
    """

    id: int
    number: int
    cost_code: Named
    category: Named
    sub_job: str = ""
    description: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    unit_cost: Decimal | None = None
    amount: Decimal
    commitment_line: Named | None = None


class Document(Frozen, frozen=True, kw_only=True):
    """A commitment, change order or budget as its project manager sent it."""

    kind: Kind
    id: int
    type: str = ""  # purchase_order, subcontract
    number: str
    revision: int = 0
    title: str
    description: str = ""
    vendor_message: str = ""
    date: date
    project: Named
    vendor: Named | None = None
    retainage: Decimal = Decimal(0)  # per cent
    amount: Decimal
    lines: tuple[Line, ...]
    parent: Named | None = None  # the commitment's Export, its number and title
    attachments: tuple[str, ...] = ()


# --- Where it goes: frozen at *accept* ---------------------------------------------------------


class Ref(Frozen, frozen=True, kw_only=True):
    """A record of the ERP: its id there, and what it is called there."""

    id: str
    name: str


class Receipt(Frozen, frozen=True, kw_only=True):
    """What the ERP confirmed: the record's id and number there, and our line id -> its line id."""

    id: str
    number: str
    version: str = ""  # QuickBooks: EditSequence
    amount: Decimal | None = None  # the whole record's total, as the ERP answered
    lines: dict[str, str] = msgspec.field(default_factory=dict)


class Terms(Frozen, frozen=True, kw_only=True):
    """Where a document goes: every id resolved, as the approver saw it in the preview.

    `items` maps our cost code id (as text) to the ERP's item or phase. `parent` is the receipt of
    the commitment that a change order changes.
    """

    erp: str
    company_file: str  # QuickBooks: FileID of the company file; Spectrum: company code
    number: str
    vendor: Ref | None = None
    job: Ref | None = None
    items: dict[str, Ref] = msgspec.field(default_factory=dict)
    parent: Receipt | None = None
    settings: dict[str, str] = msgspec.field(default_factory=dict)


# --- Asking and answering ----------------------------------------------------------------------


class Request(Frozen, frozen=True, kw_only=True):
    """One question or order to the ERP, in its words, not yet wrapped for the wire.

    `body` is the request itself ('' for a check of an earlier attempt). What `writes` travels
    alone under its `key`, and so does a `check` of that key. `record` names the ERP record that is
    read or written: a question about a record that an answer of this session already holds is
    answered from there, unless it must be `fresh`.
    """

    body: str
    writes: bool = False
    check: bool = False
    key: str = ""
    record: str = ""
    fresh: bool = False

    @property
    def alone(self) -> bool:
        return self.writes or self.check


Script = Generator[Request, Any, T]


class ErpError(Exception):
    """An answer that ends a script. The message is shown to people as it is."""

    def __init__(self, message: str, *, code: str = "", words: str = "") -> None:
        """`message`: what happened, what it means, what to do. `code`, `words`: the ERP's own."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.words = words


class Busy(ErpError):
    """Nothing was written; the same may work later."""


class Refused(ErpError):
    """The ERP read it and said no; nothing was written."""


class CannotTell(ErpError):
    """It may be in the ERP, in part or changed: a person has to look."""


class Found(Frozen, frozen=True, kw_only=True):
    """The lost write is in the ERP."""

    receipt: Receipt


class Denied(Frozen, frozen=True, kw_only=True):
    """The ERP answered the lost write with a refusal."""

    message: str
    code: str = ""
    words: str = ""


class Absent(Frozen, frozen=True, kw_only=True):
    """Provably not in the ERP."""

    seen: str = ""  # what was asked and answered, in words


class Unclear(Frozen, frozen=True, kw_only=True):
    """Neither provably there nor provably not: what was seen."""

    message: str


Finding = Found | Denied | Absent | Unclear


class Attempt(Frozen, frozen=True, kw_only=True):
    """One earlier write of this document: its key, and whether it was answered with a no."""

    key: str
    outcome: Literal["lost", "refused"]


class Problem(Frozen, frozen=True, kw_only=True):
    """Why a document cannot go: a sentence for people, and where to mend it.

    `where` is a name that the page turns into a link: line:3, vendor, job, number, title,
    description, parent, settings.
    """

    code: str
    text: str
    where: str = ""


class PreviewRow(Frozen, frozen=True, kw_only=True):
    """One line of the ERP's record: what stands there and what will stand there.

    `parts` are the lines of ours that are summed here, as (line number, description, amount).
    """

    change: Literal["kept", "new", "changed"]
    item: str
    description: str
    before: Decimal | None
    after: Decimal | None
    parts: tuple[tuple[int, str, Decimal], ...] = ()


class Preview(Frozen, frozen=True, kw_only=True):
    """What exporting will do to the ERP, worked out without asking it.

    `total_before` is None where nothing is known of the record yet. `not_sent` lists what has no
    field in the ERP; `warnings` what the approver should look at first.
    """

    record: str  # "New purchase order SC-001", "Purchase order SC-001"
    fields: tuple[tuple[str, str], ...]
    rows: tuple[PreviewRow, ...]
    total_before: Decimal | None
    total_after: Decimal | None
    change: Decimal
    warnings: tuple[str, ...] = ()
    not_sent: tuple[str, ...] = ()


class Hello(Frozen, frozen=True, kw_only=True):
    """What the ERP said of itself when a session began."""

    company: str
    company_file: str  # '' while the file has never met us
    version: str
    facts: dict[str, str] = msgspec.field(default_factory=dict)  # preferences that matter to us


class Pulled(Frozen, frozen=True, kw_only=True):
    """One page of the ERP's vendors, jobs or cost codes, and where the next page begins.

    Rows are plain dictionaries: id, name, active, parent, and `problem` where it cannot be linked.
    """

    rows: tuple[dict[str, Any], ...]
    more: str = ""


class Capabilities(Frozen, frozen=True, kw_only=True):
    """What an ERP can do, and how it and its records are called."""

    name: str  # as written in titles: QuickBooks® Desktop
    short: str  # as written in sentences: QuickBooks
    transport: Literal["poll", "push"]
    can_find: bool
    number_length: dict[str, int]
    order_word: str  # purchase order, subcontract
    # How many characters other texts may have, by kind of document and field: counted while typing.
    text_length: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)


class Connector(Protocol):
    """One ERP. Everything here is pure or a script; see each method."""

    capabilities: Capabilities

    def number(self, document: Document, parent: Receipt | None) -> str:
        """The number that the document gets in the ERP."""

    def record(self, document: Document, terms: Terms) -> str:
        """The ERP record that it writes: two exports of one record never overlap."""

    def repeats_safely(self, document: Document) -> bool:
        """Whether the very same write, sent again under its key, cannot add anything."""

    def problems(self, document: Document, terms: Terms | None) -> list[Problem]:
        """Every reason why it cannot go, at once. `terms` is None while it is not yet accepted."""

    def preview(
        self,
        document: Document,
        terms: Terms,
        known: Mapping[str, Any] | None,
        facts: Mapping[str, str] | None = None,
    ) -> Preview:
        """What will change, also while something is still to be linked.

        `known` is the ERP record as last seen (one value of `records`), `facts` what the ERP last
        said of itself (`Hello.facts`); both only serve to show and to warn.
        """

    def export(self, document: Document, terms: Terms, key: str) -> Script[Receipt]:
        """Write it, once, under `key`. Raises Busy, Refused or CannotTell."""

    def find(
        self, document: Document, terms: Terms, attempts: Sequence[Attempt]
    ) -> Script[Finding]:
        """Look whether one of the attempts arrived. Never writes. Raises Busy."""

    def pull(self, what: str, cursor: str) -> Script[Pulled]:
        """One page of `vendors`, `jobs` or `cost_codes`; `cursor` is '' for the first."""

    def hello(self, greeting: str) -> Hello:
        """Read what the ERP says of itself as a session begins. Raises Refused if unreadable."""

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        """The message for the wire: request id -> request. `clear`: a settled key to forget."""

    def unwrap(self, reply: str, requests: Mapping[str, Request]) -> Mapping[str, Any]:
        """Request id -> what the script is sent. Ids without an answer are left out.

        Raises ValueError when the reply cannot be read.
        """

    def records(self, answer: Any) -> Mapping[str, Mapping[str, Any]]:
        """The ERP records that an answer holds whole, by record name, as plain JSON values."""


def aggregate(lines: Sequence[Line]) -> list[tuple[Named, list[Line], Decimal]]:
    """Change order lines by the commitment line they change, in the order of its number.

    Gives (commitment line, its parts, their sum). An ERP takes one change per contract line and
    change order; a sum of 0.00 stays. Raises ValueError for a line that names none.
    """
    groups: dict[int, tuple[Named, list[Line]]] = {}
    for line in lines:
        if line.commitment_line is None:
            raise ValueError(f"Line {line.number} names no line of the commitment")
        groups.setdefault(line.commitment_line.id, (line.commitment_line, []))[1].append(line)
    ordered = sorted(groups.values(), key=lambda group: (int(group[0].code or 0), group[0].id))
    return [
        (target, parts, sum((part.amount for part in parts), Decimal("0.00")))
        for target, parts in ordered
    ]
