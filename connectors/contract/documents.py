"""What is exported and where it goes: plain values, frozen with a digest.

Money is a `Decimal` in the company's one currency, with two decimals. Dates are calendar dates of
the company, without a time zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["commitment", "change_order", "budget"]


def digest_of(text: str) -> str:
    """SHA-256 of a canonical text, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


class Frozen(msgspec.Struct, frozen=True):
    """A value with one canonical text, so that a digest of it means something."""

    def canonical(self) -> str:
        """Its canonical JSON: keys in order, no blanks, decimals as strings."""
        return msgspec.json.encode(self, order="sorted").decode()

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
        return digest_of(self.canonical())


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
    `erp_description`: see `Document`.
    """

    id: int
    number: int
    cost_code: Named
    category: Named
    sub_job: str = ""
    description: str = ""
    erp_description: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    unit_cost: Decimal | None = None
    amount: Decimal
    commitment_line: Named | None = None

    @property
    def description_for_erp(self) -> str:
        """What an ERP that takes texts of its own is told."""
        return self.erp_description or self.description


class Attached(Frozen, frozen=True, kw_only=True):
    """A file that was attached when the document was sent."""

    id: int
    name: str
    type: str  # pdf, png, jpeg
    size: int  # bytes
    sha256: str


class Document(Frozen, frozen=True, kw_only=True):
    """A commitment, change order or budget as its project manager sent it.

    A budget's `number` is its round: 1 carries the original amounts, each later one the
    modifications since. `erp_title` and `erp_description` are what the ERP alone gets in place of
    `title` and `description`, where those are too long for it (`Capabilities.own_texts`).
    """

    kind: Kind
    id: int
    type: str = ""  # purchase_order, subcontract
    number: str
    revision: int = 0
    title: str
    erp_title: str = ""
    description: str = ""
    erp_description: str = ""
    vendor_message: str = ""
    date: date
    project: Named
    vendor: Named | None = None
    retainage: Decimal = Decimal(0)  # per cent
    amount: Decimal
    lines: tuple[Line, ...]
    parent: Named | None = None  # the commitment's Export, its number and title
    attachments: tuple[Attached, ...] = ()

    @property
    def title_for_erp(self) -> str:
        """What an ERP that takes texts of its own is told."""
        return self.erp_title or self.title

    @property
    def description_for_erp(self) -> str:
        """What an ERP that takes texts of its own is told."""
        return self.erp_description or self.description


# --- Where it goes: frozen at *accept* ---------------------------------------------------------


class Ref(Frozen, frozen=True, kw_only=True):
    """A record of the ERP: its id there, and what it is called there."""

    id: str
    name: str


class Receipt(Frozen, frozen=True, kw_only=True):
    """What the ERP confirmed: the record's id and number there, and our line id -> its line id."""

    id: str
    number: str
    version: str = ""  # QuickBooks: EditSequence; Spectrum: a subcontract's job, a job's estimates
    amount: Decimal | None = None  # the whole record's total, as the ERP answered
    lines: dict[str, str] = msgspec.field(default_factory=dict)


class Terms(Frozen, frozen=True, kw_only=True):
    """Where a document goes: every id resolved, as the approver saw it in the preview.

    `items` maps our cost code id (as text) to the ERP's item or phase; where each category of a
    cost code is an item of its own, “code id:category id” to that one. `classes` maps our category
    id to the ERP's own record of it, where it has such. `parent` is the receipt of the commitment
    that a change order changes, or of the round before of a budget (None: its first). `confirmed`
    are the ids of the records beside it that the approver agreed to (`Preview.confirm`).
    """

    erp: str
    company_file: str  # QuickBooks: FileID of the company file; Spectrum: company code
    number: str
    vendor: Ref | None = None
    job: Ref | None = None
    items: dict[str, Ref] = msgspec.field(default_factory=dict)
    classes: dict[str, Ref] = msgspec.field(default_factory=dict)
    parent: Receipt | None = None
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    confirmed: tuple[str, ...] = ()

    def item_of(self, line: Line) -> Ref | None:
        """The item of a line: that of its cost code and category, else that of its cost code."""
        return self.items.get(pair(line)) or self.items.get(str(line.cost_code.id))


def pair(line: Line) -> str:
    """How `Terms.items` names a cost code together with a category."""
    return f"{line.cost_code.id}:{line.category.id}"


_NOTHING = Decimal("0.00")


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
        (target, parts, sum([part.amount for part in parts], _NOTHING)) for target, parts in ordered
    ]
