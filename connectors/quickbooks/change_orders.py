"""A change order becomes new lines of its commitment's purchase order: `PurchaseOrderMod`.

One new line per commitment line is added at the end; see `additions` for what stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from connectors.contract import (
    Absent,
    Attempt,
    Document,
    Finding,
    Line,
    Named,
    Receipt,
    Refused,
    Request,
    Script,
    Terms,
    aggregate,
)
from connectors.quickbooks import additions, commitments, orders, schema, words
from connectors.quickbooks.additions import Addition
from connectors.quickbooks.orders import Order
from connectors.quickbooks.transactions import Expected, TxnLine, expect, total

_ANY_MARK = re.compile(r"\s*CCO [^:]{1,12}:")


def mark(document: Document) -> str:
    """What the description of each of its lines begins with; no other change order's does."""
    return f"CCO {document.number}:"


def is_marked(line: TxnLine) -> bool:
    """Whether a line carries the mark of some change order."""
    return _ANY_MARK.match(line["description"]) is not None


def description(document: Document, target: Named, parts: Sequence[Line]) -> str:
    """The description of the new line for one commitment line."""
    return _described(_head(document), target, parts)


def _head(document: Document) -> str:
    return f"{mark(document)} {document.title.strip()}"


def _described(head: str, target: Named, parts: Sequence[Line]) -> str:
    if len(parts) == 1:
        detail = parts[0].description.strip()
    else:
        said = dict.fromkeys(part.description.strip() for part in parts)
        detail = "; ".join(filter(None, said))
    detail = detail or target.name.strip()
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
    expected, head = [], _head(document)
    for target, parts, amount in aggregate(document.lines):
        expected.append(expect(terms, parts, _described(head, target, parts), amount))
    return expected


def mod_request(document: Document, terms: Terms, order: Order, key: str) -> Request:
    """The write, on the order as it stands. Raises Refused for a change that cannot be."""
    if terms.job is None:
        raise schema.Unfit("The job of this change order is not linked to QuickBooks.")
    _refuse_what_cannot_be(document, terms, order)
    new = [
        {
            "ItemRef": line.item,
            "Desc": line.description,
            "Rate": line.amount,
            "Amount": line.amount,
            **({"ClassRef": line.klass.id} if line.klass else {}),
        }
        for line in expected_lines(document, terms)
    ]
    common = {
        "Quantity": Decimal(1),
        "CustomerRef": terms.job.id,
        "ServiceDate": document.date,
    }
    header = {
        "TxnID": order["id"],
        "EditSequence": order["version"],
        "Memo": memo(document, order["memo"]),
    }
    kept = [(line["id"], line["group"]) for line in order["lines"]]
    body = schema.order_mod(header, kept, new, common)
    return Request(body=body, writes=True, key=key, record=orders.order_name(order["id"]))


def _refuse_what_cannot_be(document: Document, terms: Terms, order: Order) -> None:
    if terms.vendor is not None and order["vendor"] != terms.vendor.id:
        raise Refused(
            f"Purchase order {order['number']} is {order['vendor_name'] or order['vendor']}'s in "
            f"QuickBooks, and this change order was accepted for {terms.vendor.name}. Nothing was "
            "written. Mend the link of the vendor here, or the vendor of the order there."
        )
    if total(order["lines"]) + document.amount < 0:
        raise Refused(
            f"This deduct of {document.amount:,.2f} would take purchase order {order['number']}, "
            f"which stands at {total(order['lines']):,.2f}, below zero. Nothing was written. "
            "Reject it with a comment, or mend the purchase order."
        )
    length = len(words.fit(memo(document, order["memo"])))
    if length > schema.MEMO:
        raise Refused(
            f"The Memo of purchase order {order['number']} would have {length:,} characters; "
            f"QuickBooks takes {schema.MEMO:,}. Shorten the description of the change order, or "
            "the Memo in QuickBooks. Nothing was written."
        )


def addition(document: Document, terms: Terms) -> Addition[Order]:
    """The new lines and the order that takes them. Raises Refused while there is no order."""
    parent = terms.parent
    if parent is None:
        raise Refused("The commitment of this change order is not in QuickBooks yet.")
    return Addition(
        parent=parent,
        record=f"purchase order {parent.number}",
        change=f"change order {document.number}",
        mark=mark(document),
        lines=expected_lines(document, terms),
        amount=document.amount,
        gone=f"The purchase order is no longer in QuickBooks: {parent.number} was deleted there. "
        "Unlink the commitment and send it again, then retry this change order.",
        feature="orders",
        names=commitments.names(terms),
        ask=lambda fresh: orders.order_by_id(parent.id, fresh=fresh),
        read=orders.orders,
        write=lambda order, key: mod_request(document, terms, order, key),
    )


def export(document: Document, terms: Terms, key: str) -> Script[Receipt]:
    """Add the lines. Raises Busy, Refused, Unfinished or CannotTell."""
    return (yield from additions.export(addition(document, terms), key))


def find(document: Document, terms: Terms, attempts: Sequence[Attempt]) -> Script[Finding]:
    """Look whether the order holds the lines of this change order. Never writes. Raises Busy."""
    if terms.parent is None:
        return Absent(seen="The commitment is not in QuickBooks, so no change of it can be.")
    return (yield from additions.find(addition(document, terms), attempts))
