"""A change order becomes new lines of its commitment's purchase order: `PurchaseOrderMod`.

QuickBooks deletes every line that a change does not name, so all of them are named, in the order of
the document, and none is altered: one new line per commitment line is added at the end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from connectors.contract import (
    Absent,
    Attempt,
    CannotTell,
    Document,
    Finding,
    Found,
    Line,
    Named,
    Receipt,
    Refused,
    Request,
    Script,
    Terms,
    Unclear,
    aggregate,
)
from connectors.quickbooks import commitments, errors, orders, recovery, schema, words
from connectors.quickbooks.orders import Order
from connectors.quickbooks.qbxml import Answer
from connectors.quickbooks.transactions import Expected, TxnLine, has_tax, match, money, told, total


def mark(document: Document) -> str:
    """What the description of each of its lines begins with; no other change order's does."""
    return f"CCO {document.number}:"


def description(document: Document, target: Named, parts: Sequence[Line]) -> str:
    """The description of the new line for one commitment line."""
    said = dict.fromkeys(part.description.strip() for part in parts)
    detail = "; ".join(text for text in said if text) or target.name.strip()
    head = f"{mark(document)} {document.title.strip()}"
    return f"{head} - {detail}" if detail else head


def memo_line(document: Document) -> str:
    """The line of the order's Memo that tells of this change order."""
    told = words.one_line(document.description) or words.one_line(document.title)
    return f"[CCO {document.number} {document.date.isoformat()}] {told}"


def memo(document: Document, standing: str) -> str:
    """What stands in the order's Memo, with our line added, or replaced where it is there."""
    line = words.fit(memo_line(document))
    number = re.escape(words.fit(document.number))
    # up to the end of the line, or to the next one of ours where QuickBooks made one line of them
    ours = re.compile(rf"\[CCO {number} \d{{4}}-\d\d-\d\d\](?:(?!\s*\[CCO )[^\n])*")
    if ours.search(standing):
        return ours.sub(lambda _: line, standing, count=1)
    return f"{standing}\n{line}" if standing else line


def expected_lines(document: Document, terms: Terms) -> list[Expected]:
    """One line per commitment line, amounts summed, in the order of its line numbers."""
    expected = []
    for target, parts, amount in aggregate(document.lines):
        item = terms.items[str(parts[0].cost_code.id)]
        text = description(document, target, parts)
        ids = tuple(part.id for part in parts)
        expected.append(Expected(item.id, item.name, text, amount, ids))
    return expected


def mod_request(document: Document, terms: Terms, order: Order, key: str) -> Request:
    """The write, on the order as it stands. Raises Refused for a value that does not fit."""
    if terms.job is None:
        raise schema.Unfit("The job of this change order is not linked to QuickBooks.")
    new = [
        {
            "ItemRef": line.item,
            "Desc": line.description,
            "Quantity": Decimal(1),
            "Rate": line.amount,
            "Amount": line.amount,
            "CustomerRef": terms.job.id,
            "ServiceDate": document.date,
        }
        for line in expected_lines(document, terms)
    ]
    header = {
        "TxnID": order["id"],
        "EditSequence": order["version"],
        "Memo": memo(document, order["memo"]),
    }
    kept = [(line["id"], line["group"]) for line in order["lines"]]
    body = schema.order_mod(header, kept, new)
    return Request(body=body, writes=True, key=key, record=orders.order_name(order["id"]))


def export(document: Document, terms: Terms, key: str) -> Script[Receipt]:
    """Read the order, then add the lines. Raises Busy, Refused or CannotTell.

    Where somebody saved the order in between, it is read again and the change built anew, at most
    three times. Each goes under a key of its own, for QuickBooks would answer the old key with the
    old refusal; a key of the engine has 20 characters and QuickBooks takes 23.
    """
    if terms.parent is None:
        raise Refused("The commitment of this change order is not in QuickBooks yet.")
    answer: Answer
    for rebuilt in ("", "b", "c", "d"):
        answer = yield orders.order_by_id(terms.parent.id, fresh=bool(rebuilt))
        order = _standing(answer, terms.parent)
        _refuse_what_cannot_be(document, order)
        answer = yield mod_request(document, terms, order, key + rebuilt)
        if errors.done(answer):
            break
        if answer.status != errors.STALE:
            what = f"change order {document.number} on purchase order {terms.parent.number}"
            raise errors.failure(answer, what, commitments.names(terms))
    else:
        raise errors.busy_record(f"purchase order {terms.parent.number}", answer)
    after = next(iter(orders.orders(answer)), None)
    if after is None:
        answer = yield orders.order_by_id(terms.parent.id, fresh=True)
        after = _standing(answer, terms.parent, written=True)
    return _receipt(document, terms, order, after)


def _standing(answer: Answer, parent: Receipt, *, written: bool = False) -> Order:
    """The order in an answer. Raises Refused where it is gone."""
    if answer.status not in errors.GONE and not errors.done(answer):
        raise errors.failure(answer, "the question about the purchase order")
    for order in orders.orders(answer):
        if order["id"] == parent.id:
            return order
    if written:
        raise CannotTell(
            f"QuickBooks took the change and now no longer has purchase order {parent.number}. "
            "Look in QuickBooks (Voided/Deleted Transactions) who removed it."
        )
    raise Refused(
        f"The purchase order is no longer in QuickBooks: {parent.number} was deleted there. Unlink "
        "the commitment and send it again, then retry this change order.",
        code=str(answer.status),
        words=answer.message,
    )


def _refuse_what_cannot_be(document: Document, order: Order) -> None:
    """Raises CannotTell where the change is there already, Refused where it cannot be."""
    there = [line for line in order["lines"] if is_ours(document, line)]
    if there:
        raise CannotTell(
            f"Purchase order {order['number']} already holds lines of change order "
            f"{document.number}: {told(there)}. Nothing was written. If they are this "
            "change order, record it as found; if not, remove them in QuickBooks, then retry."
        )
    if total(order["lines"]) + document.amount < 0:
        raise Refused(
            f"This deduct of {document.amount} would take purchase order {order['number']}, which "
            f"stands at {total(order['lines'])}, below zero. Nothing was written. Reject it "
            "with a comment, or mend the purchase order."
        )
    length = len(words.fit(memo(document, order["memo"])))
    if length > schema.MEMO:
        raise Refused(
            f"The Memo of purchase order {order['number']} would have {length:,} characters; "
            f"QuickBooks takes {schema.MEMO:,}. Shorten the description of the change order, or "
            "the Memo in QuickBooks. Nothing was written."
        )


def is_ours(document: Document, line: TxnLine) -> bool:
    """Whether a line of an order carries this change order's mark."""
    return line["description"].lstrip().startswith(words.fit(mark(document)))


def _receipt(document: Document, terms: Terms, before: Order, after: Order) -> Receipt:
    """The receipt for an order that holds what it held and what was approved. Raises CannotTell."""
    kept = {line["id"] for line in before["lines"]}
    new = [line for line in after["lines"] if line["id"] not in kept]
    lines = match(expected_lines(document, terms), new)
    fault = ""
    if lines is None:
        fault = f"the new lines are {told(new)}"
    elif len(after["lines"]) != len(before["lines"]) + len(new):
        fault = "lines that stood there before are missing"
    elif total(after["lines"]) != total(before["lines"]) + document.amount:
        fault = (
            f"its lines came to {total(before['lines'])} and now come to "
            f"{total(after['lines'])}, which is not {document.amount} more"
        )
    elif not has_tax(after) and money(after["amount"]) != total(after["lines"]):
        fault = f"its total is {money(after['amount'])}, which is not the sum of its lines"
    if fault or lines is None:
        raise CannotTell(
            f"Change order {document.number} was written to purchase order {after['number']}, but "
            f"not as it was approved: {fault}. Compare the two; then record what is true."
        )
    return _receipt_of(after, lines)


def _receipt_of(order: Order, lines: dict[str, str]) -> Receipt:
    return Receipt(
        id=order["id"],
        number=order["number"],
        version=order["version"],
        amount=money(order["amount"]),
        lines=lines,
    )


def find(document: Document, terms: Terms, attempts: Sequence[Attempt]) -> Script[Finding]:
    """Look whether the order holds the lines of this change order. Never writes. Raises Busy.

    That they are not there is proof enough: a change that is still under way carries an
    EditSequence, and the next one makes it stale.
    """
    if terms.parent is None:
        return Absent(seen="The commitment is not in QuickBooks, so no change of it can be.")
    remembered = yield from recovery.check(attempts)
    if remembered is not None and not errors.done(remembered):
        what = f"change order {document.number} on purchase order {terms.parent.number}"
        error = errors.failure(remembered, what, commitments.names(terms))
        return recovery.denied(error, f"Purchase order {terms.parent.number}")
    answer: Answer = yield orders.order_by_id(terms.parent.id, fresh=True)
    order = next(iter(recovery.readable(answer)), None)
    said = f"QuickBooks took change order {document.number}, " if remembered is not None else ""
    if order is None:
        gone = f"purchase order {terms.parent.number} is no longer in QuickBooks."
        if said:
            return Unclear(message=f"{said}and {gone} Look there who removed it.")
        return Absent(seen=gone[0].upper() + gone[1:])
    ours = [line for line in order["lines"] if is_ours(document, line)]
    lines = match(expected_lines(document, terms), ours)
    if lines is not None:
        return Found(receipt=_receipt_of(order, lines))
    if ours:
        return Unclear(
            message=f"Purchase order {order['number']} holds lines of change order "
            f"{document.number}, but not as they were approved: {told(ours)}. Compare the "
            "two; then record what is true."
        )
    if said:
        return Unclear(
            message=f"{said}and purchase order {order['number']} no longer holds its lines: they "
            "were removed or renamed since. Look in QuickBooks; then record what is true."
        )
    return Absent(
        seen=f"Purchase order {order['number']} holds no line of change order {document.number}."
    )
