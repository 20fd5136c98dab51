"""Is anything of a document left in QuickBooks? Nothing is unlinked on a guess.

A person deletes in QuickBooks first, and then unlinks here. Whatever is not a clear answer is no
answer, and no answer is no permission.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from connectors.contract import Document, Gone, Receipt, Script, StillThere, Terms
from connectors.quickbooks import change_orders, errors, estimates, orders
from connectors.quickbooks.additions import capital, has_mark
from connectors.quickbooks.orders import Order
from connectors.quickbooks.qbxml import Answer
from connectors.quickbooks.transactions import Record, money, one_told, shows_lines

R = TypeVar("R", bound=Record)


def still_there(document: Document, terms: Terms, receipt: Receipt) -> Script[Gone | StillThere]:
    """Look at the order's or the estimate's TxnID, and for a change order at its lines.

    Raises Busy wherever QuickBooks did not answer clearly.
    """
    if document.kind == "budget":
        answer: Answer = yield estimates.estimate_by_id(receipt.id, fresh=True)
        what = f"estimate {receipt.number}"
        seen = estimates.estimates(answer)
        estimate = _standing(answer, seen, receipt.id, what, "estimates")
        if estimate is None:
            return _gone(what)
        state = "" if estimate["active"] else ", inactive"
        said = f"{capital(estimates.told(estimate))} for {estimate['job_name']}{state}."
        return StillThere(found=(said,))
    txn_id = terms.parent.id if terms.parent is not None else receipt.id
    what = f"purchase order {receipt.number}"
    answer = yield orders.order_by_id(txn_id, fresh=True)
    order = _standing(answer, orders.orders(answer), txn_id, what)
    if order is None:
        return _gone(what)
    if document.kind == "commitment":
        return StillThere(found=(_told(order),))
    found = tuple(_left(document, terms, receipt, order))
    if found:
        return StillThere(found=found)
    return Gone(seen=f"{capital(what)} holds no line of change order {document.number}.")


def _standing(
    answer: Answer, seen: list[R], txn_id: str, what: str, feature: errors.Feature = "orders"
) -> R | None:
    """The record of that TxnID, None where QuickBooks says that there is none. Raises Busy."""
    for record in seen:
        if record["id"] == txn_id and shows_lines(record):
            return record
    if answer.status in errors.GONE and answer.element is not None:
        return None
    raise errors.no_answer(answer, f"the question whether {what} is still there", feature=feature)


def _gone(what: str) -> Gone:
    return Gone(seen=f"{capital(what)} is no longer in QuickBooks.")


def _told(order: Order) -> str:
    lines = len(order["lines"])
    return (
        f"Purchase order {order['number']} of {order['vendor_name'] or 'no vendor'}, dated "
        f"{order['date']}, with {lines} {'line' if lines == 1 else 'lines'} over "
        f"{money(order['amount']):,.2f}."
    )


def _left(document: Document, terms: Terms, receipt: Receipt, order: Order) -> Iterator[str]:
    """What of a change order is left in its order: a sentence for each line."""
    ours = set(receipt.lines.values())
    of_the_order = set(terms.parent.lines.values()) if terms.parent is not None else set()
    alike = {(line.item, line.amount) for line in change_orders.expected_lines(document, terms)}
    for line in order["lines"]:
        told = f"Purchase order {order['number']} has the line {one_told(line)}"
        if line["id"] in ours:
            yield f"{told}, that this change order wrote."
        elif has_mark(line, change_orders.mark(document)):
            yield f"{told}, which carries the number of this change order."
        elif (
            (line["item"], money(line["amount"])) in alike
            and not line["group"]
            and line["id"] not in of_the_order
            and not change_orders.is_marked(line)
        ):
            yield f"{told}, of the same item and amount, and nothing tells where it comes from."
