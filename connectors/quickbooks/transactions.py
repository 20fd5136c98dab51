"""What purchase orders and estimates have in common: their lines, and recognising our own."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple, TypedDict

from lxml import etree

from connectors.contract import Line, Ref, Refused, Terms
from connectors.quickbooks import qbxml, words

# The GUID that is ours as an application: the same for every customer, for ever. QuickBooks keeps
# under it which of our connections a company file belongs to.
OWNER_ID = "{6f1c7a52-3b0e-4d58-9a6e-5f2b8c41d7e3}"


class TxnLine(TypedDict):
    """A line; `amount`, `quantity` and `rate` are decimals as text, '' where there are none.

    A group of items is one line, with its total. Text alone has no item, and a subtotal no amount.
    """

    id: str
    group: bool
    item: str
    item_name: str
    klass: str
    klass_name: str
    description: str
    quantity: str
    rate: str
    amount: str
    job: str
    job_name: str
    date: str
    received: str
    billed: bool
    closed: bool
    tax: str


class Record(TypedDict):
    """A transaction; `version` is its EditSequence, `amount` its total as text."""

    id: str
    version: str
    number: str
    date: str
    memo: str
    amount: str
    guid: str
    modified: str
    tax: str
    lines: list[TxnLine]


class Expected(NamedTuple):
    """A line as we wrote it, to be recognised in what QuickBooks answers.

    `ours` are the ids of our lines that it carries. A line of an estimate has to `cost` its amount
    too, without a mark-up.
    """

    item: str
    item_name: str
    description: str
    amount: Decimal
    ours: tuple[int, ...]
    cost: bool = False
    klass: Ref | None = None

    @property
    def called(self) -> str:
        """The item, with its class where it has one."""
        return f"{self.item_name} [{self.klass.name}]" if self.klass else self.item_name


def expect(
    terms: Terms,
    lines: Sequence[Line],
    description: str,
    amount: Decimal,
    *,
    cost: bool = False,
) -> Expected:
    """One line of QuickBooks for these lines of ours, which have one cost code and category.

    Raises Refused where that is not linked.
    """
    item, category = terms.item_of(lines[0]), str(lines[0].category.id)
    if item is None:
        raise Refused(f"Cost code {lines[0].cost_code.code} is linked to no item of QuickBooks.")
    ours = tuple([line.id for line in lines])
    klass = terms.classes.get(category)
    return Expected(item.id, item.name, description, amount, ours, cost, klass)


class Recovery(NamedTuple):
    """What QuickBooks remembers of a write whose answer was lost."""

    id: str
    version: str
    guid: str


def guid_for(key: str) -> str:
    """The ExternalGUID of what is added under `key`: always the same."""
    return f"{{{uuid.uuid5(uuid.UUID(OWNER_ID), key)}}}"


# --- reading -----------------------------------------------------------------------------------

_REFS = {
    "VendorRef": "vendor",
    "ItemRef": "item",
    "ItemGroupRef": "item",
    "CustomerRef": "job",
    "ClassRef": "klass",
}
_TEXTS = {
    "TxnID": "id",
    "EditSequence": "version",
    "RefNumber": "number",
    "TxnDate": "date",
    "Memo": "memo",
    "VendorMsg": "message",
    "TotalAmount": "amount",
    "ExternalGUID": "guid",
    "TimeModified": "modified",
    "SalesTaxTotal": "tax",
}
_FLAGS = {"IsManuallyClosed": "closed", "IsFullyReceived": "received", "IsActive": "active"}
_LINE_TEXTS = {
    "TxnLineID": "id",
    "Desc": "description",
    "Quantity": "quantity",
    "Rate": "rate",
    "Amount": "amount",
    "TotalAmount": "amount",
    "ServiceDate": "date",
    "ReceivedQuantity": "received",
    "TaxAmount": "tax",
}
_LINE_FLAGS = {"IsBilled": "billed", "IsManuallyClosed": "closed"}
_LINES = {
    "PurchaseOrderLineRet": False,
    "PurchaseOrderLineGroupRet": True,
    "EstimateLineRet": False,
    "EstimateLineGroupRet": True,
}
_EMPTY_LINE = TxnLine(
    id="",
    group=False,
    item="",
    item_name="",
    klass="",
    klass_name="",
    description="",
    quantity="",
    rate="",
    amount="",
    job="",
    job_name="",
    date="",
    received="",
    billed=False,
    closed=False,
    tax="",
)


def read(ret: etree._Element, empty: Mapping[str, Any]) -> dict[str, Any]:
    """A PurchaseOrderRet or EstimateRet. `empty` has every key of its kind, for what is absent."""
    values: dict[str, Any] = dict(empty)
    lines: list[TxnLine] = []
    _fill(values, ret, _TEXTS, _FLAGS, lines)
    values["guid"] = values["guid"].lower()
    values["lines"] = lines
    if values["amount"] and not has_tax(values):
        values["lines"] = _with_own_amounts(lines, money(values["amount"]))
    return values


def _with_own_amounts(lines: list[TxnLine], amount: Decimal) -> list[TxnLine]:
    """The lines of a record that comes to `amount`; those that only sum up others without theirs.

    A line does not say that it is a subtotal. It shows what came since the one before it, or
    everything so far, and no quantity or rate; so may a lump sum, but that counts.
    """
    if total(lines) == amount:
        return lines
    own: list[TxnLine] = []
    since, so_far = _NOTHING, _NOTHING
    for line in lines:
        shown = money(line["amount"])
        is_bare = line["item"] and not (line["group"] or line["quantity"] or line["rate"])
        if is_bare and shown in (since, so_far):
            own.append({**line, "amount": ""})
            since = _NOTHING
        else:
            own.append(line)
            since, so_far = since + shown, so_far + shown
    return own if total(own) == amount else lines


def line_of(ret: etree._Element, *, group: bool = False) -> TxnLine:
    """A line of a transaction, or a group of them as one line."""
    line: dict[str, Any] = {**_EMPTY_LINE, "group": group}
    # The lines inside a group belong to it: QuickBooks keeps them when the group is named.
    _fill(line, ret, _LINE_TEXTS, _LINE_FLAGS, [])
    return line  # type: ignore[return-value]


def _fill(
    values: dict[str, Any],
    ret: etree._Element,
    texts: Mapping[str, str],
    flags: Mapping[str, str],
    lines: list[TxnLine],
) -> None:
    for child in ret:
        tag = child.tag
        if tag in texts:
            values[texts[tag]] = (child.text or "").strip()
        elif tag in _LINES:
            lines.append(line_of(child, group=_LINES[tag]))
        elif tag in flags:
            values[flags[tag]] = qbxml.is_true((child.text or "").strip())
        elif tag in _REFS:
            name = _REFS[tag]
            for part in child:
                if part.tag == "ListID":
                    values[name] = (part.text or "").strip()
                elif part.tag == "FullName":
                    values[name + "_name"] = (part.text or "").strip()


def memory_of(answer: qbxml.Answer) -> Recovery | None:
    """What a repeated or checked write tells of the record, instead of the record itself."""
    if answer.element is None:
        return None
    memory = answer.element.find("ErrorRecovery")
    if memory is None:
        return None
    return Recovery(
        qbxml.child_text(memory, "TxnID"),
        qbxml.child_text(memory, "EditSequence"),
        qbxml.child_text(memory, "ExternalGUID").lower(),
    )


# --- reckoning and recognising -----------------------------------------------------------------


_CENT, _NOTHING = Decimal("0.01"), Decimal("0.00")


def money(text: str) -> Decimal:
    """An amount of QuickBooks; an empty one is 0.00."""
    return Decimal(text or "0").quantize(_CENT)


def total(lines: Iterable[TxnLine]) -> Decimal:
    """The sum of the lines, a group counting once."""
    return sum((money(line["amount"]) for line in lines), _NOTHING)


def cost(line: TxnLine) -> Decimal:
    """What a line of an estimate costs, before its mark-up: quantity times rate."""
    if not line["rate"]:
        return money(line["amount"])
    quantity = Decimal(line["quantity"] or "1")
    return (quantity * Decimal(line["rate"])).quantize(_CENT, ROUND_HALF_UP)


def shows_lines(record: Record) -> bool:
    """Whether the lines are told that its total is the sum of: QuickBooks leaves them out at will,
    and to change a record without naming them would delete them."""
    return bool(record["lines"]) or not money(record["amount"])


def counts(line: TxnLine) -> bool:
    """Whether a line is more than text and no subtotal: those have neither amount nor quantity."""
    return bool(line["amount"] or line["quantity"])


def has_tax(record: Record | Mapping[str, Any]) -> bool:
    """Whether QuickBooks adds tax to it, so that its total is more than its lines."""
    return any(money(tax) for tax in (record["tax"], *(line["tax"] for line in record["lines"])))


def is_line(line: TxnLine, expected: Expected) -> bool:
    """Whether a line holds exactly what we wrote: item, class, amount and description.

    A line without a description gets the item's from QuickBooks.
    """
    return (
        not line["group"]
        and line["item"] == expected.item
        and money(line["amount"]) == expected.amount
        and (not expected.cost or cost(line) == expected.amount)
        and (expected.klass is None or line["klass"] == expected.klass.id)
        and (not expected.description or words.same(expected.description, line["description"]))
    )


def match(expected: Sequence[Expected], lines: Sequence[TxnLine]) -> dict[str, str] | None:
    """Our line id -> TxnLineID, where `lines` are exactly what we wrote; else None.

    Both stand in the order we wrote them in; lines that are alike may have been moved by hand.
    """
    if len(expected) != len(lines):
        return None
    left = list(lines)
    found: dict[str, str] = {}
    # a line without a description is like any other of its item and amount: it chooses last
    for one in sorted(expected, key=lambda one: not one.description):
        line = next((line for line in left if is_line(line, one)), None)
        if line is None:
            return None
        left.remove(line)
        found |= {str(ours): line["id"] for ours in one.ours}
    return found


def told(lines: Iterable[TxnLine]) -> str:
    """Lines in words, for the person who has to look."""
    return "; ".join(one_told(line) for line in lines) or "no lines"


def one_told(line: TxnLine) -> str:
    """A line in words: its item, description and amount."""
    amount = f"{money(line['amount']):,.2f}" if counts(line) else ""
    said = (line["item_name"] or line["item"], f"“{line['description']}”", amount)
    return " ".join(filter(None, said))
