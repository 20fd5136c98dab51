"""Estimates: EstimateAdd, EstimateMod and how an estimate is written."""

from __future__ import annotations

from decimal import Decimal
from xml.etree.ElementTree import Element

from sandbox.quickbooks.answers import Answer, Part, group, money, part
from sandbox.quickbooks.books import Books, Session
from sandbox.quickbooks.records import Line, Transaction
from sandbox.quickbooks.statuses import ELEMENT_MISSING, Refused
from sandbox.quickbooks.transactions import (
    cents,
    modified_lines,
    query,
    read_line,
    write_fields,
    write_identity,
    written,
)

KIND = "Estimate"
_NOT_HEADER = (
    "TxnID EditSequence ExternalGUID CreateChangeOrder EstimateLineAdd EstimateLineGroupAdd"
    " EstimateLineMod EstimateLineGroupMod"
)
_BEFORE_TOTAL = (
    "CustomerRef ClassRef TemplateRef TxnDate RefNumber BillAddress ShipAddress IsActive PONumber"
    " TermsRef DueDate SalesRepRef FOB"
)
_AFTER_TOTAL = "Memo CustomerMsgRef IsToBeEmailed IsTaxIncluded CustomerSalesTaxCodeRef Other"


def add(books: Books, session: Session, request: Element) -> Answer:
    """Answer EstimateAddRq: a new estimate for a customer or job; there may be several."""
    books.require("IsUsingEstimates", "An estimate")
    element = request[0]
    now = books.now()
    estimate = Transaction(
        KIND,
        books.new_txn_id(),
        books.storage.next_number("txn number"),
        books.new_edit_sequence(),
        now,
        now,
        external_guid=element.findtext("ExternalGUID"),
        fields={"TxnDate": books.today(), "IsActive": "true"},
    )
    books.read_fields(element, "EstimateAdd", estimate.fields, _NOT_HEADER)
    estimate.fields.setdefault("RefNumber", str(books.storage.next_number("estimate number")))
    _check(books, estimate)
    for child in element:
        if child.tag.startswith("EstimateLine"):
            line = Line(books.new_txn_id())
            read_line(books, child, child.tag, line)
            _mark_up(books, child, line)
            estimate.lines.append(line)
    books.storage.save_transaction(estimate)
    return written(books, request, estimate, "EstimateRet", write)


def modify(books: Books, session: Session, request: Element) -> Answer:
    """Answer EstimateModRq: the header alone, or the header and all lines."""
    element = request[0]
    estimate = books.to_change(
        KIND, element.findtext("TxnID") or "", element.findtext("EditSequence") or ""
    )
    books.require("IsUsingEstimates", "An estimate")
    books.read_fields(element, "EstimateMod", estimate.fields, _NOT_HEADER)
    _check(books, estimate)
    if elements := [child for child in element if child.tag.startswith("EstimateLine")]:
        estimate.lines = modified_lines(books, estimate, elements, "EstimateLineMod")
        for child, line in zip(elements, estimate.lines, strict=True):
            if len(child) > 1:
                _mark_up(books, child, line)
    estimate.edit_sequence, estimate.time_modified = books.new_edit_sequence(), books.now()
    books.storage.save_transaction(estimate)
    return written(books, request, estimate, "EstimateRet", write)


def find(books: Books, session: Session, request: Element) -> Answer:
    """Answer EstimateQueryRq."""
    return query(books, session, request, KIND, write)


def _check(books: Books, estimate: Transaction) -> None:
    for name in ("CustomerRef", "TxnDate"):
        if name not in estimate.fields:
            raise Refused(ELEMENT_MISSING, f"An estimate needs a {name}.")
    books.require_open_period(KIND, estimate.text("TxnDate"))


def _mark_up(books: Books, element: Element, line: Line) -> None:
    """Put the mark-up on a line's amount, the company's default unless the line has its own.

    Quantity × Rate is the cost of an estimate line, its amount the price. That the default acts on
    lines sent without a mark-up is not verified on a live QuickBooks; a caller must send 0.
    """
    if element.findtext("Amount") or line.rate is None:
        return
    if line.fields.get("MarkupRate"):
        return
    percent = line.fields.get("MarkupRatePercent")
    if not isinstance(percent, str):
        percent = str(books.preference("DefaultMarkup"))
        if Decimal(percent):
            line.fields["MarkupRatePercent"] = percent
    cost = line.rate * line.ordered
    line.amount = cents(cost * (1 + Decimal(percent) / 100))


def write(books: Books, estimate: Transaction, with_lines: bool) -> list[Part]:
    """The parts of an EstimateRet."""
    parts = [
        *write_identity(estimate),
        *write_fields(books, estimate.fields, _BEFORE_TOTAL),
        part("Subtotal", money(estimate.total)),
        part("SalesTaxTotal", Decimal("0.00")),
        part("TotalAmount", money(estimate.total)),
        *write_fields(books, estimate.fields, _AFTER_TOTAL),
    ]
    if estimate.external_guid:
        parts.append(part("ExternalGUID", estimate.external_guid))
    if with_lines:
        lines = zip(estimate.lines, estimate.amounts(), strict=True)
        parts += [group("EstimateLineRet", _line(books, *shown)) for shown in lines]
    return parts


def _line(books: Books, line: Line, amount: Decimal | None) -> list[Part]:
    parts = [part("TxnLineID", line.txn_line_id)]
    parts += write_fields(books, line.fields, "ItemRef Desc")
    if line.quantity is not None:
        parts.append(part("Quantity", line.quantity.normalize() + 0))
    parts += write_fields(books, line.fields, "UnitOfMeasure")
    if line.rate is not None:
        parts.append(part("Rate", line.rate))
    parts += write_fields(books, line.fields, "ClassRef")
    if amount is not None:
        parts.append(part("Amount", money(amount)))
    return parts + write_fields(
        books, line.fields, "TaxAmount SalesTaxCodeRef MarkupRate MarkupRatePercent Other1 Other2"
    )
