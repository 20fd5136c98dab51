"""A commitment becomes a purchase order of its own: `PurchaseOrderAdd`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.contract import (
    Absent,
    Attempt,
    CannotTell,
    Document,
    Finding,
    Found,
    Gone,
    Line,
    Receipt,
    Request,
    Script,
    Terms,
    Unclear,
)
from connectors.quickbooks import errors, orders, recovery, schema
from connectors.quickbooks.additions import receipt_of
from connectors.quickbooks.orders import Order
from connectors.quickbooks.qbxml import Answer
from connectors.quickbooks.transactions import (
    Expected,
    counts,
    expect,
    guid_for,
    has_tax,
    match,
    memory_of,
    money,
    told,
    total,
)


def memo(document: Document) -> str:
    """The order's Memo: title and description, which have no fields of their own."""
    return "\n".join(
        part for part in (document.title.strip(), document.description.strip()) if part
    )


def priced(line: Line) -> tuple[Decimal, Decimal]:
    """Quantity and rate of a line. Where they would not give its amount to the cent: one, for all.

    QuickBooks multiplies; the amount is what was agreed.
    """
    quantity, cost = line.quantity, line.unit_cost
    if quantity is not None and cost is not None and quantity > 0:
        exact = schema.fits_rate(quantity) and schema.fits_rate(cost)
        product = (quantity * cost).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if exact and product == line.amount:
            return quantity, cost
    return Decimal(1), line.amount


def expected_lines(document: Document, terms: Terms) -> list[Expected]:
    """One line per line of the schedule of values, in its order."""
    return [
        expect(terms, (line,), line.description.strip(), line.amount) for line in document.lines
    ]


def add_request(document: Document, terms: Terms, key: str) -> Request:
    """The write. The same document, terms and key give the same bytes, always.

    Raises Refused for a value that does not fit.
    """
    vendor, job = terms.vendor, terms.job
    if vendor is None or job is None:
        raise schema.Unfit("The vendor or the job of this commitment is not linked to QuickBooks.")
    header: dict[str, Any] = {
        "VendorRef": vendor.id,
        "TxnDate": document.date,
        "RefNumber": document.number,
        "Memo": memo(document) or None,
        "VendorMsg": document.vendor_message.strip() or None,
        "ExternalGUID": guid_for(key),
    }
    lines = []
    for line, expected in zip(document.lines, expected_lines(document, terms), strict=True):
        quantity, rate = priced(line)
        values = {
            "ItemRef": expected.item,
            "Desc": expected.description or None,
            "Quantity": quantity,
            "Rate": rate,
            "ClassRef": expected.klass.id if expected.klass else None,
            "Amount": line.amount,
            "CustomerRef": job.id,
        }
        lines.append(schema.ORDER_LINE_ADD.write(values))
    body = schema.ORDER_ADD.write(header, lines)
    return Request(body=body, writes=True, key=key, record=number_name(document.number))


def number_name(number: str) -> str:
    """The record that a commitment writes: its number, for the order has no id yet."""
    return f"po-number:{number}"


def export(document: Document, terms: Terms, key: str) -> Script[Receipt]:
    """Ask for the number first, then add the order.

    Raises Busy, Refused, Unfinished or CannotTell.
    """
    add = add_request(document, terms, key)
    there: Answer = yield orders.orders_by_number(document.number)
    standing = orders.orders(there)
    if not errors.answered(there, standing):
        raise errors.failure(there, "the question about the purchase order's number")
    for order in standing:
        if order["guid"] != guid_for(key):
            raise CannotTell(
                f"QuickBooks already has a purchase order {order['number']} of "
                f"{order['vendor_name'] or 'no vendor'}, dated {order['date']}, over "
                f"{money(order['amount']):,.2f}. Is it this one (then look it up and link to "
                "it), or does this one need another number? Nothing was written."
            )
        return receipt(document, terms, order)
    answer: Answer = yield add
    if not errors.done(answer):
        raise errors.failure(answer, f"the purchase order {document.number}", names(terms))
    for order in orders.orders(answer):
        return receipt(document, terms, order)
    memory = memory_of(answer)
    if memory is None or not memory.id:
        raise CannotTell(
            f"QuickBooks took the purchase order {document.number} but did not say what it made "
            "of it. Look for it in QuickBooks before anything else is done."
        )
    whole: Answer = yield orders.order_by_id(memory.id, fresh=True)
    for order in recovery.read_back(whole, orders.orders, f"the purchase order {document.number}"):
        return receipt(document, terms, order)
    raise CannotTell(
        f"QuickBooks took the purchase order {document.number} and now no longer has it. Look in "
        "QuickBooks (Reports, Accountant & Taxes, Voided/Deleted Transactions) who removed it."
    )


def receipt(document: Document, terms: Terms, order: Order) -> Receipt:
    """The receipt for an order that holds exactly what was approved. Raises CannotTell if not."""
    fault = contradiction(document, terms, order)
    lines = match(expected_lines(document, terms), list(filter(counts, order["lines"])))
    if fault or lines is None:
        raise CannotTell(
            f"Purchase order {order['number']} is in QuickBooks, but not as it was approved: "
            f"{fault or 'its lines differ'}. It holds {told(order['lines'])}. Compare the "
            "two; then record what is true."
        )
    return receipt_of(order, lines)


def contradiction(document: Document, terms: Terms, order: Order) -> str:
    """In what an order differs from the document, in words; '' where it does not."""
    if terms.vendor is not None and order["vendor"] != terms.vendor.id:
        return f"its vendor is {order['vendor_name'] or order['vendor']}, not {terms.vendor.name}"
    if total(order["lines"]) != document.amount:
        return f"its lines come to {total(order['lines']):,.2f}, not {document.amount:,.2f}"
    if not has_tax(order) and money(order["amount"]) != document.amount:
        return f"its total is {money(order['amount']):,.2f}, not {document.amount:,.2f}"
    return ""


def names(terms: Terms) -> dict[str, str]:
    """Every id and name that a write uses, and what it is, for telling which one is missing."""
    refs = [("item", ref) for ref in terms.items.values()]
    refs += [("class", ref) for ref in terms.classes.values()]
    refs += [(what, ref) for what, ref in (("vendor", terms.vendor), ("job", terms.job)) if ref]
    called = {key: f"the {what} “{ref.name}”" for what, ref in refs for key in (ref.id, ref.name)}
    if terms.parent is not None:
        called[terms.parent.id] = f"the purchase order {terms.parent.number}"
    return called


def find(document: Document, terms: Terms, attempts: Sequence[Attempt]) -> Script[Finding]:
    """Look for an order that one of the attempts made. Never writes. Raises Busy."""
    ours = {guid_for(attempt.key) for attempt in attempts}
    remembered, _ = yield from recovery.check(attempts)
    if remembered is not None and not errors.done(remembered):
        error = errors.failure(remembered, f"the purchase order {document.number}", names(terms))
        if (
            no := recovery.denied(error, f"Purchase order {document.number}", attempts)
        ) is not None:
            return no
    memory = memory_of(remembered) if remembered is not None else None
    told = [order["id"] for order in orders.orders(remembered)] if remembered is not None else []
    txn_id = told[0] if told else memory.id if memory is not None else ""
    if txn_id:
        answer: Answer = yield orders.order_by_id(txn_id, fresh=True)
        seen = recovery.readable(answer, orders.orders)
        if not seen:
            removed = (
                f"QuickBooks took the purchase order {document.number}, and it has been "
                "removed since."
            )
            if recovery.is_disowned(attempts):
                return Gone(seen=removed)
            return Unclear(
                message=f"{removed} If it was removed on purpose, record that it is not in "
                "QuickBooks, then retry."
            )
        return _judged(document, terms, seen)
    answer = yield orders.orders_by_number(document.number)
    seen = [order for order in recovery.readable(answer, orders.orders) if order["guid"] in ours]
    if not seen and terms.vendor is not None:
        # It may have been given another number meanwhile.
        answer = yield orders.orders_of_day(terms.vendor.id, document.date)
        seen = [
            order for order in recovery.readable(answer, orders.orders) if order["guid"] in ours
        ]
    if not seen and remembered is not None:
        nowhere = (
            f"QuickBooks says that it took the purchase order {document.number}, but no "
            "order of it can be found."
        )
        if recovery.is_disowned(attempts):
            return Gone(seen=nowhere)
        return Unclear(message=f"{nowhere} Look in QuickBooks before anything else is done.")
    if not seen:
        return Absent(seen=f"No purchase order {document.number} of ours is in QuickBooks.")
    return _judged(document, terms, seen)


def _judged(document: Document, terms: Terms, seen: Sequence[Order]) -> Finding:
    if len(seen) > 1:
        return Unclear(
            message=f"QuickBooks has {len(seen)} purchase orders that were made for this "
            f"commitment: {', '.join(order['number'] for order in seen)}. Delete the ones too many."
        )
    try:
        return Found(receipt=receipt(document, terms, seen[0]))
    except CannotTell as error:
        return Unclear(message=error.message)
