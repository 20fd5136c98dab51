"""Purchase orders: PurchaseOrderAdd, PurchaseOrderMod and how an order is written."""

from __future__ import annotations

from decimal import Decimal
from xml.etree.ElementTree import Element

from sandbox.quickbooks.answers import Answer, Part, group, money, part
from sandbox.quickbooks.books import Books, Session, is_true
from sandbox.quickbooks.records import Line, Transaction
from sandbox.quickbooks.statuses import CANNOT_SAVE, ELEMENT_MISSING, Refused
from sandbox.quickbooks.transactions import (
    modified_lines,
    query,
    read_line,
    write_fields,
    write_identity,
    written,
)

KIND = "PurchaseOrder"
_NOT_HEADER = (
    "TxnID EditSequence ExternalGUID PurchaseOrderLineAdd PurchaseOrderLineGroupAdd"
    " PurchaseOrderLineMod PurchaseOrderLineGroupMod"
)
_BEFORE_TOTAL = (
    "VendorRef ClassRef InventorySiteRef ShipToEntityRef TemplateRef TxnDate RefNumber"
    " VendorAddress ShipAddress TermsRef DueDate ExpectedDate ShipMethodRef FOB"
)
_AFTER_TOTAL = (
    "Memo VendorMsg IsToBePrinted IsToBeEmailed IsTaxIncluded SalesTaxCodeRef Other1 Other2"
)
_LINE_BEFORE_NUMBERS = "ItemRef ManufacturerPartNumber Desc"
_LINE_AFTER_NUMBERS = "TaxAmount CustomerRef ServiceDate SalesTaxCodeRef"


def add(books: Books, session: Session, request: Element) -> Answer:
    """Answer PurchaseOrderAddRq: a new order, numbered by QuickBooks if it brings no number."""
    books.require("IsUsingInventory", "A purchase order")
    element = request[0]
    now = books.now()
    order = Transaction(
        KIND,
        books.new_txn_id(),
        books.storage.next_number("txn number"),
        books.new_edit_sequence(),
        now,
        now,
        external_guid=element.findtext("ExternalGUID"),
        fields={"TxnDate": books.today(), "IsManuallyClosed": "false"},
    )
    books.read_fields(element, "PurchaseOrderAdd", order.fields, _NOT_HEADER)
    order.fields.setdefault("RefNumber", str(books.storage.next_number("purchase order number")))
    _check(books, order)
    for child in element:
        if child.tag.startswith("PurchaseOrderLine"):
            line = Line(books.new_txn_id())
            read_line(books, child, child.tag, line)
            order.lines.append(line)
    books.storage.save_transaction(order)
    return written(books, request, order, "PurchaseOrderRet", write)


def modify(books: Books, session: Session, request: Element) -> Answer:
    """Answer PurchaseOrderModRq: the header alone, or the header and all lines."""
    element = request[0]
    order = books.to_change(
        KIND, element.findtext("TxnID") or "", element.findtext("EditSequence") or ""
    )
    books.require("IsUsingInventory", "A purchase order")
    if order.is_fully_received and element.findtext("IsManuallyClosed") in ("false", "0"):
        raise Refused(CANNOT_SAVE, "The order is fully received and cannot be opened again.")
    books.read_fields(element, "PurchaseOrderMod", order.fields, _NOT_HEADER)
    _check(books, order)
    if lines := [child for child in element if child.tag.startswith("PurchaseOrderLine")]:
        order.lines = modified_lines(books, order, lines, "PurchaseOrderLineMod")
    order.edit_sequence, order.time_modified = books.new_edit_sequence(), books.now()
    books.storage.save_transaction(order)
    return written(books, request, order, "PurchaseOrderRet", write)


def find(books: Books, session: Session, request: Element) -> Answer:
    """Answer PurchaseOrderQueryRq."""
    return query(books, session, request, KIND, write)


def _check(books: Books, order: Transaction) -> None:
    """What the header must hold. That an order needs a vendor is seen in practice, not said by
    the format."""
    for name in ("VendorRef", "TxnDate"):
        if name not in order.fields:
            raise Refused(ELEMENT_MISSING, f"A purchase order needs a {name}.")
    books.require_open_period(KIND, order.text("TxnDate"))


def write(books: Books, order: Transaction, with_lines: bool) -> list[Part]:
    """The parts of a PurchaseOrderRet."""
    closed = is_true(order.text("IsManuallyClosed"))
    parts = [
        *write_identity(order),
        *write_fields(books, order.fields, _BEFORE_TOTAL),
        part("TotalAmount", money(order.total)),
        part("IsManuallyClosed", closed),
        part("IsFullyReceived", order.is_fully_received),
        *write_fields(books, order.fields, _AFTER_TOTAL),
    ]
    if order.external_guid:
        parts.append(part("ExternalGUID", order.external_guid))
    if with_lines:
        lines = zip(order.lines, order.amounts(), strict=True)
        parts += [group("PurchaseOrderLineRet", _line(books, *shown)) for shown in lines]
    return parts


def _line(books: Books, line: Line, amount: Decimal | None) -> list[Part]:
    parts = [part("TxnLineID", line.txn_line_id)]
    parts += write_fields(books, line.fields, _LINE_BEFORE_NUMBERS)
    if line.quantity is not None:
        parts.append(part("Quantity", line.quantity.normalize() + 0))
    parts += write_fields(books, line.fields, "UnitOfMeasure")
    if line.rate is not None:
        parts.append(part("Rate", line.rate))
    parts += write_fields(books, line.fields, "ClassRef")
    if amount is not None:
        parts.append(part("Amount", money(amount)))
    parts += write_fields(books, line.fields, _LINE_AFTER_NUMBERS)
    if line.ref("ItemRef") and not line.is_subtotal:
        parts += [
            part("ReceivedQuantity", line.received),
            part("UnbilledQuantity", line.ordered - line.received),
            part("IsBilled", line.received >= line.ordered),
            part("IsManuallyClosed", line.is_manually_closed),
        ]
    return parts + write_fields(books, line.fields, "Other1 Other2")
