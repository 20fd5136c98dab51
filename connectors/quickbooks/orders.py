"""Purchase orders: asking for them, and reading them."""

from __future__ import annotations

from datetime import date
from typing import cast, final

from connectors.contract import Request
from connectors.quickbooks import qbxml, schema, transactions
from connectors.quickbooks.transactions import Record


@final
class Order(Record):
    """A purchase order."""

    vendor: str
    vendor_name: str
    message: str
    closed: bool
    received: bool


_EMPTY = Order(
    id="",
    version="",
    number="",
    date="",
    memo="",
    amount="",
    guid="",
    modified="",
    tax="",
    lines=[],
    vendor="",
    vendor_name="",
    message="",
    closed=False,
    received=False,
)


def order_name(txn_id: str) -> str:
    """The name of the ERP record, for the engine: writes of one order never overlap."""
    return f"po:{txn_id}"


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


def orders(answer: qbxml.Answer) -> list[Order]:
    """The orders of an answer, from a query as well as from a write. Empty where it holds none."""
    if answer.element is None:
        return []
    rets = answer.element.iterfind("PurchaseOrderRet")
    return [cast(Order, transactions.read(ret, _EMPTY)) for ret in rets]
