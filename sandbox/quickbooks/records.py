"""What a company file holds: entries of lists, and transactions with their lines.

A field is kept as qbXML sends it: text, or named parts (an address; a reference as its ListID).
Money, quantities and rates are Decimals, in the company's one currency.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal

Field = str | dict[str, str]


@dataclass(slots=True)
class ListEntry:
    """A vendor, a customer or job, an item, a class, an account and so on.

    `kind` is the list (Vendor, Customer, Item, Class, Account, Terms, SalesTaxCode), `details`
    what only this list has: for an item ``type`` (ItemService …) and ``sides``.
    """

    kind: str
    list_id: str
    name: str
    full_name: str
    parent: str | None
    is_active: bool
    edit_sequence: str
    time_created: str
    time_modified: str
    details: dict[str, str] = field(default_factory=dict)

    @property
    def level(self) -> int:
        """How deep it stands: 0 for a customer, 1 for a job of it."""
        return self.full_name.count(":")


@dataclass(slots=True)
class Line:
    """A line of a transaction. Without a quantity, the rate is the amount (a lump sum).

    One without an item is text alone; a subtotal has no numbers of its own.
    """

    txn_line_id: str
    quantity: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    received: Decimal = Decimal(0)
    is_manually_closed: bool = False
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def is_subtotal(self) -> bool:
        """Whether it only sums up the lines above it, from the subtotal before it on."""
        return "Subtotal" in self.fields

    @property
    def ordered(self) -> Decimal:
        """The quantity that can be received; a line without one is received as a whole."""
        return Decimal(1) if self.quantity is None else self.quantity

    def ref(self, name: str) -> str | None:
        """The ListID that the reference called `name` points to."""
        value = self.fields.get(name)
        return value["ListID"] if isinstance(value, dict) else None


@dataclass(slots=True)
class Transaction:
    """A purchase order, an estimate or a bill (`kind`: PurchaseOrder, Estimate, Bill)."""

    kind: str
    txn_id: str
    txn_number: int
    edit_sequence: str
    time_created: str
    time_modified: str
    external_guid: str | None = None
    fields: dict[str, Field] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """The sum of the lines' amounts."""
        return sum((line.amount or Decimal(0) for line in self.lines), Decimal("0.00"))

    @property
    def is_fully_received(self) -> bool:
        """Whether something was ordered and all of it has come."""
        return bool(self.lines) and all(
            line.received >= line.ordered
            for line in self.lines
            if line.ref("ItemRef") and not line.is_subtotal
        )

    def amounts(self) -> list[Decimal | None]:
        """What each line shows as its amount."""
        shown: list[Decimal | None] = []
        running = Decimal("0.00")
        for line in self.lines:
            shown.append(running if line.is_subtotal else line.amount)
            running = Decimal("0.00") if line.is_subtotal else running + (line.amount or 0)
        return shown

    def text(self, name: str) -> str:
        """The text of a header field, '' when it is empty."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    def ref(self, name: str) -> str | None:
        """The ListID that the header's reference called `name` points to."""
        value = self.fields.get(name)
        return value.get("ListID") if isinstance(value, dict) else None


def dump(transaction: Transaction) -> str:
    """The part of a transaction that is stored as JSON: everything but its columns."""
    return json.dumps(
        {
            "guid": transaction.external_guid,
            "fields": transaction.fields,
            "lines": [
                [
                    line.txn_line_id,
                    *(
                        None if number is None else str(number)
                        for number in (line.quantity, line.rate, line.amount)
                    ),
                    str(line.received),
                    line.is_manually_closed,
                    line.fields,
                ]
                for line in transaction.lines
            ],
        },
        separators=(",", ":"),
    )


def load_into(transaction: Transaction, text: str) -> Transaction:
    """Give a transaction made from its columns what `dump` stored."""
    stored = json.loads(text)
    transaction.external_guid = stored["guid"]
    transaction.fields = stored["fields"]
    for txn_line_id, quantity, rate, amount, received, closed, fields in stored["lines"]:
        transaction.lines.append(
            Line(
                txn_line_id,
                _number(quantity),
                _number(rate),
                _number(amount),
                Decimal(received),
                closed,
                fields,
            )
        )
    return transaction


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
