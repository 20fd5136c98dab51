"""Purchase orders as QuickBooks answers them: asking, reading, recognising our own lines."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

from lxml import etree

from connectors.contract import Request
from connectors.quickbooks import qbxml, schema, words

# The GUID that is ours as an application: the same for every customer, for ever. QuickBooks keeps
# under it which of our connections a company file belongs to.
OWNER_ID = "{6f1c7a52-3b0e-4d58-9a6e-5f2b8c41d7e3}"


class OrderLine(TypedDict):
    """A line; `amount`, `quantity` and `rate` are decimals as text, '' where there are none."""

    id: str
    group: bool
    item: str
    item_name: str
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


class Order(TypedDict):
    """A purchase order; `version` is its EditSequence, `amount` its total as text."""

    id: str
    version: str
    number: str
    vendor: str
    vendor_name: str
    date: str
    memo: str
    message: str
    amount: str
    guid: str
    modified: str
    closed: bool
    received: bool
    lines: list[OrderLine]


class Expected(NamedTuple):
    """A line as we wrote it, to be recognised in what QuickBooks answers.

    `ours` are the ids of our lines that it carries.
    """

    item: str
    item_name: str
    description: str
    amount: Decimal
    ours: tuple[int, ...]


class Recovery(NamedTuple):
    """What QuickBooks remembers of a write whose answer was lost."""

    id: str
    version: str
    guid: str


def order_name(txn_id: str) -> str:
    """The name of the ERP record, for the engine: writes of one order never overlap."""
    return f"po:{txn_id}"


def guid_for(key: str) -> str:
    """The ExternalGUID of the purchase order that is added under `key`: always the same."""
    return f"{{{uuid.uuid5(uuid.UUID(OWNER_ID), key)}}}"


# --- asking ------------------------------------------------------------------------------------


def order_by_id(txn_id: str, *, fresh: bool = False) -> Request:
    """The whole order of that TxnID."""
    selection = [("TxnID", txn_id), ("IncludeLineItems", "true")]
    body = schema.query("PurchaseOrderQueryRq", selection)
    return Request(body=body, record=order_name(txn_id), fresh=fresh)


def orders_by_number(number: str) -> Request:
    """Every order of that RefNumber, whole: QuickBooks does not keep numbers apart."""
    selection = [("RefNumberCaseSensitive", number), ("IncludeLineItems", "true")]
    return Request(body=schema.query("PurchaseOrderQueryRq", selection), fresh=True)


def orders_of_day(vendor: str, day: date) -> Request:
    """The orders of one vendor and one TxnDate, whole: finds one that was given another number."""
    body = (
        "<PurchaseOrderQueryRq><TxnDateRangeFilter>"
        f"<FromTxnDate>{day.isoformat()}</FromTxnDate><ToTxnDate>{day.isoformat()}</ToTxnDate>"
        f"</TxnDateRangeFilter><EntityFilter><ListID>{qbxml.escape(vendor)}</ListID></EntityFilter>"
        "<IncludeLineItems>true</IncludeLineItems></PurchaseOrderQueryRq>"
    )
    return Request(body=body, fresh=True)


# --- reading -----------------------------------------------------------------------------------

_REFS = {"VendorRef": "vendor", "ItemRef": "item", "ItemGroupRef": "item", "CustomerRef": "job"}
_ORDER_TEXTS = {
    "TxnID": "id",
    "EditSequence": "version",
    "RefNumber": "number",
    "TxnDate": "date",
    "Memo": "memo",
    "VendorMsg": "message",
    "TotalAmount": "amount",
    "ExternalGUID": "guid",
    "TimeModified": "modified",
}
_ORDER_FLAGS = {"IsManuallyClosed": "closed", "IsFullyReceived": "received"}
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
_LINES = {"PurchaseOrderLineRet": False, "PurchaseOrderLineGroupRet": True}


def orders(answer: qbxml.Answer) -> list[Order]:
    """The orders of an answer, from a query as well as from a write. Empty where it holds none."""
    if answer.element is None:
        return []
    return [_order(ret) for ret in answer.element.iterchildren("PurchaseOrderRet")]


def recovery(answer: qbxml.Answer) -> Recovery | None:
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


def _order(ret: etree._Element) -> Order:
    order: dict[str, Any] = dict.fromkeys(_ORDER_TEXTS.values(), "")
    order |= {"vendor": "", "vendor_name": "", "closed": False, "received": False}
    lines: list[OrderLine] = []
    _fill(order, ret, _ORDER_TEXTS, _ORDER_FLAGS, lines)
    order["guid"] = order["guid"].lower()
    order["lines"] = lines
    return order  # type: ignore[return-value]


def _fill(
    values: dict[str, Any],
    ret: etree._Element,
    texts: dict[str, str],
    flags: dict[str, str],
    lines: list[OrderLine],
) -> None:
    for child in ret:
        tag = child.tag
        if tag in texts:
            values[texts[tag]] = (child.text or "").strip()
        elif tag in _LINES:
            lines.append(_line(child, group=_LINES[tag]))
        elif tag in flags:
            values[flags[tag]] = qbxml.is_true((child.text or "").strip())
        elif tag in _REFS:
            name = _REFS[tag]
            for part in child:
                if part.tag == "ListID":
                    values[name] = (part.text or "").strip()
                elif part.tag == "FullName":
                    values[name + "_name"] = (part.text or "").strip()


_EMPTY_LINE = OrderLine(
    id="",
    group=False,
    item="",
    item_name="",
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


def _line(ret: etree._Element, *, group: bool) -> OrderLine:
    line: dict[str, Any] = {**_EMPTY_LINE, "group": group}
    # The lines inside a group belong to it: QuickBooks keeps them when the group is named.
    _fill(line, ret, _LINE_TEXTS, _LINE_FLAGS, [])
    return line  # type: ignore[return-value]


# --- reckoning and recognising -----------------------------------------------------------------


def money(text: str) -> Decimal:
    """An amount of QuickBooks; an empty one is 0.00."""
    return Decimal(text or "0").quantize(Decimal("0.01"))


def total(lines: Iterable[OrderLine]) -> Decimal:
    """The sum of the lines, a group counting once."""
    return sum((money(line["amount"]) for line in lines), Decimal("0.00"))


def has_tax(order: Order) -> bool:
    """Whether QuickBooks adds tax to it, so that its total is more than its lines."""
    return any(line["tax"] and money(line["tax"]) for line in order["lines"])


def is_line(line: OrderLine, expected: Expected) -> bool:
    """Whether a line holds exactly what we wrote: item, amount and description.

    A line without a description gets the item's from QuickBooks.
    """
    return (
        not line["group"]
        and line["item"] == expected.item
        and money(line["amount"]) == expected.amount
        and (not expected.description or words.same(expected.description, line["description"]))
    )


def match(expected: Sequence[Expected], lines: Sequence[OrderLine]) -> dict[str, str] | None:
    """Our line id -> TxnLineID, where `lines` are exactly what we wrote; else None.

    Both stand in the order we wrote them in; lines that are alike may have been moved by hand.
    """
    if len(expected) != len(lines):
        return None
    left = list(lines)
    found: dict[str, str] = {}
    for one in expected:
        line = next((line for line in left if is_line(line, one)), None)
        if line is None:
            return None
        left.remove(line)
        found |= {str(ours): line["id"] for ours in one.ours}
    return found


def told(lines: Iterable[OrderLine]) -> str:
    """Lines in words, for the person who has to look."""
    return "; ".join(_told(lines)) or "no lines"


def _told(lines: Iterable[OrderLine]) -> Iterator[str]:
    for line in lines:
        yield f"{line['item_name'] or line['item']} “{line['description']}” {money(line['amount'])}"
