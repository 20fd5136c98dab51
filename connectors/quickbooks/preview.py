"""What an export will do to QuickBooks, told from what is known, without asking it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

import msgspec

from connectors.contract import Document, Preview, PreviewRow, Ref, Terms, aggregate, pair
from connectors.quickbooks import budgets, categories, change_orders, commitments, estimates, schema
from connectors.quickbooks.additions import has_mark
from connectors.quickbooks.estimates import Estimate
from connectors.quickbooks.orders import Order
from connectors.quickbooks.transactions import Record, counts, has_tax, money, told, total
from connectors.quickbooks.words import changed, fit

_UNSEEN = {"\t": "a tab", "\n": "a line break", " ": "a blank"}


def preview(
    document: Document,
    terms: Terms,
    known: Mapping[str, Any] | None,
    facts: Mapping[str, str],
) -> Preview:
    """The delta that is approved; before and after where the order is known.

    `facts` as in `hello.read`. A cost code without an item is shown as such; `problems` says what
    to do about it.
    """
    codes = {line.cost_code.id: line.cost_code for line in document.lines}
    unlinked = {str(i): Ref(id="", name=f"{code.code} (no item)") for i, code in codes.items()}
    terms = msgspec.structs.replace(terms, items={**unlinked, **_pairs(document, terms)})
    if document.kind == "commitment":
        return _commitment(document, terms, facts)
    if document.kind == "budget":
        return _budget(document, terms, known, facts)
    return _change_order(document, terms, cast(Order, known) if known else None, facts)


def _pairs(document: Document, terms: Terms) -> dict[str, Ref]:
    """The items of `terms`, and for a sub-item that is missing its name."""
    items = dict(terms.items)
    for line in document.lines:
        item = terms.items.get(str(line.cost_code.id))
        if item is not None and pair(line) not in items:
            name = categories.item_name(item.name, line.category.name, terms.settings)
            if name != item.name:
                items[pair(line)] = Ref(id="", name=f"{name} (no item)")
    return items


def _commitment(document: Document, terms: Terms, facts: Mapping[str, str]) -> Preview:
    rows = tuple(
        PreviewRow(
            change="new",
            item=expected.called,
            description=fit(expected.description),
            before=None,
            after=line.amount,
            parts=((line.number, line.description, line.amount),),
        )
        for line, expected in zip(
            document.lines, commitments.expected_lines(document, terms), strict=True
        )
    )
    fields = [
        ("Vendor", terms.vendor.name if terms.vendor else ""),
        ("Job", terms.job.name if terms.job else ""),
        ("Number", fit(document.number)),
        ("Date", document.date.isoformat()),
        ("Memo", fit(commitments.memo(document))),
        ("Message to the vendor", fit(document.vendor_message.strip())),
    ]
    lump = [
        f"Line {line.number}: its quantity and unit cost do not give its amount to the cent, so it "
        f"goes as one lump sum of {line.amount:,.2f}."
        for line in document.lines
        if line.quantity is not None
        and line.unit_cost is not None
        and commitments.priced(line) != (line.quantity, line.unit_cost)
    ]
    return Preview(
        record=f"New purchase order {fit(document.number)}",
        fields=tuple((name, value) for name, value in fields if value),
        rows=rows,
        total_before=Decimal("0.00"),
        total_after=document.amount,
        change=document.amount,
        warnings=(*_switched(document.date.isoformat(), facts), *lump, *_spelled(document)),
        not_sent=tuple(_not_sent(document, terms)),
    )


def _change_order(
    document: Document, terms: Terms, order: Order | None, facts: Mapping[str, str]
) -> Preview:
    number = (
        terms.parent.number if terms.parent else (document.parent.code if document.parent else "")
    )
    kept = _kept(order)
    new = tuple(
        PreviewRow(
            change="new",
            item=expected.called,
            description=fit(expected.description),
            before=None,
            after=amount,
            parts=tuple((part.number, part.description, part.amount) for part in parts),
        )
        for (_, parts, amount), expected in zip(
            aggregate(document.lines), change_orders.expected_lines(document, terms), strict=True
        )
    )
    before = total(order["lines"]) if order else None
    memo = (
        change_orders.memo(document, order["memo"]) if order else change_orders.memo_line(document)
    )
    return Preview(
        record=f"Purchase order {order['number'] if order else number}",
        fields=(
            ("Job", terms.job.name if terms.job else ""),
            ("Date of the new lines", document.date.isoformat()),
            ("Memo", fit(memo)),
        ),
        rows=kept + new,
        total_before=before,
        total_after=None if before is None else before + document.amount,
        change=document.amount,
        warnings=(
            *(_standing(document, terms, order, memo) if order else ()),
            *_switched(order["date"] if order else "", facts),
            *_spelled(document),
        ),
        not_sent=tuple(_not_sent(document, terms)),
    )


def _kept(record: Record | None) -> tuple[PreviewRow, ...]:
    return tuple(
        PreviewRow(
            change="kept",
            item=line["item_name"] or line["item"],
            description=line["description"],
            before=money(line["amount"]) if line["amount"] else None,
            after=money(line["amount"]) if line["amount"] else None,
        )
        for line in (record["lines"] if record else ())
    )


def _budget(
    document: Document, terms: Terms, known: Mapping[str, Any] | None, facts: Mapping[str, str]
) -> Preview:
    """A new estimate with what stands beside it, or the one of the round before and its lines."""
    first = budgets.is_first(document)
    standing = cast(Estimate, known) if known and not first else None
    heads: list[Estimate] = list(known["estimates"]) if known and first else []
    beside = [one for one in heads if one["active"]]
    rows = tuple(
        PreviewRow(
            change="new",
            item=expected.called,
            description=fit(expected.description),
            before=None,
            after=expected.amount,
            parts=tuple((line.number, line.description, line.amount) for line in lines),
        )
        for (_, lines, _), expected in zip(
            budgets.summed(document, terms), budgets.expected_lines(document, terms), strict=True
        )
    )
    before = Decimal("0.00") if first else total(standing["lines"]) if standing else None
    day = document.date.isoformat() if first else standing["date"] if standing else ""
    fields = [("Job", terms.job.name if terms.job else "")]
    if first:
        fields += [("Date", day), ("Memo", budgets.MEMO)]
    number = standing["number"] if standing else terms.parent.number if terms.parent else ""
    return Preview(
        record="New estimate" if first else f"Estimate {number}".strip(),
        fields=tuple((name, value) for name, value in fields if value),
        rows=_kept(standing) + rows,
        total_before=before,
        total_after=None if before is None else before + document.amount,
        change=document.amount,
        warnings=(
            *(_other_estimates(beside) if known or not first else _NOT_ASKED),
            *(_standing_estimate(terms, standing) if standing else ()),
            *_switched(day, facts, "estimate"),
            *_spelled(document),
        ),
        not_sent=tuple(_not_sent(document, terms)),
        confirm=tuple(Ref(id=one["id"], name=estimates.told(one)) for one in beside),
    )


_NOT_ASKED = (
    "QuickBooks has not been asked yet whether the job has other estimates, which would add up "
    "with this one. It will be asked before anything is written.",
)


def _other_estimates(beside: list[Estimate]) -> Iterator[str]:
    for one in beside:
        yield (
            f"The job already has {estimates.told(one)} in QuickBooks. It is active, so the two "
            "add up in QuickBooks' reports."
        )


def _standing_estimate(terms: Terms, estimate: Estimate) -> Iterator[str]:
    if not estimate["active"]:
        yield (
            "The estimate is inactive in QuickBooks and counts in no report. Make it active again "
            "there; until then it will be refused."
        )
    parent = terms.parent
    now = money(estimate["amount"])
    if parent is not None and parent.amount not in (None, now):
        yield (
            f"The estimate was changed by hand in QuickBooks: it came to {parent.amount:,.2f} "
            f"after the round before and now comes to {now:,.2f}. What is there stays."
        )


def _standing(document: Document, terms: Terms, order: Order, memo: str) -> Iterator[str]:
    """What is to be seen in the order as it was last read."""
    if order["closed"]:
        yield "The purchase order is closed in QuickBooks. The new lines will stand open in it."
    elif order["received"]:
        yield "Everything on the purchase order has been received in QuickBooks."
    there = [line for line in order["lines"] if has_mark(line, change_orders.mark(document))]
    if there:
        yield (
            "The purchase order already holds lines of a change order of this number: "
            f"{told(there)}. Nothing will be written while they stand there."
        )
    after = total(order["lines"]) + document.amount
    if after < 0:
        yield f"It would take the purchase order to {after:,.2f}, below zero: it will be refused."
    length = len(fit(memo))
    if length > schema.MEMO:
        yield f"The Memo would have {length:,} characters; QuickBooks takes {schema.MEMO:,}."
    parent = terms.parent
    if parent is None:
        return
    there_ids = {line["id"] for line in order["lines"]}
    gone = [line_id for line_id in parent.lines.values() if line_id not in there_ids]
    if gone:
        were = "was" if len(gone) == 1 else "were"
        yield f"{len(gone)} of the lines that were exported {were} removed by hand in QuickBooks."
    ours = set(parent.lines.values())
    now = total(line for line in order["lines"] if line["id"] in ours)
    if ours and not gone and parent.amount not in (None, now) and not has_tax(order):
        yield (
            f"Lines that were exported were changed by hand in QuickBooks: they came to "
            f"{parent.amount:,.2f} and now come to {now:,.2f}."
        )
    foreign = [
        line
        for line in order["lines"]
        if counts(line) and line["id"] not in ours and not line["description"].startswith("CCO ")
    ]
    if foreign:
        yield f"Added by hand in QuickBooks, and kept: {told(foreign)}."
    for target, parts, amount in aggregate(document.lines):
        line_id = parent.lines.get(str(target.id))
        line = next((line for line in order["lines"] if line["id"] == line_id), None)
        if line is not None and line["billed"] and amount < 0:
            numbers = ", ".join(str(part.number) for part in parts)
            yield f"Line {numbers} deducts {-amount:,.2f} from a line that has been billed already."


def _switched(day: str, facts: Mapping[str, str], what: str = "purchase order") -> Iterator[str]:
    """What the preferences of the company file forbid, for an order or estimate dated `day`."""
    closing = facts.get("closing_date", "")
    if closing and day and day <= closing:
        yield (
            f"The {what} is dated {day}, on or before the closing date {closing} of the books. "
            "QuickBooks may refuse it: exclude estimates and purchase orders from the closing "
            "date, or have the period opened."
        )
    if what == "purchase order" and facts.get("purchase_orders") == "off":
        yield "Purchase orders are switched off in QuickBooks (Preferences, Items & Inventory)."
    if what == "estimate" and facts.get("estimates") == "off":
        yield "Estimates are switched off in QuickBooks (Preferences, Jobs & Estimates)."


def _spelled(document: Document) -> Iterator[str]:
    """The characters that QuickBooks does not have, and what it will show instead."""
    texts = {}
    if document.kind != "budget":
        texts = {
            "the number": document.number,
            "the title": document.title,
            "the description": document.description,
            "the message to the vendor": document.vendor_message,
        }
    for line in document.lines:
        texts[f"line {line.number}"] = line.description
        if line.commitment_line is not None:
            texts[f"the commitment's line {line.commitment_line.code}"] = line.commitment_line.name
    for where, value in texts.items():
        pairs = changed(value)
        if pairs:
            told = ", ".join(
                f"{_named(one)} becomes {_named(near)}" if near else f"{_named(one)} goes"
                for one, near in pairs
            )
            yield f"QuickBooks does not have every character of {where}: {told}."


def _named(text: str) -> str:
    """Characters as they are written, or what they are called where they show nothing."""
    if text.isprintable() and text.strip():
        return repr(text)
    return _UNSEEN.get(text) or unicodedata.name(text, "a control character").lower()


def _not_sent(document: Document, terms: Terms) -> Iterator[str]:
    """What has no field in a purchase order."""
    if document.retainage:
        yield f"Default retainage {document.retainage.normalize():f} %"
    units = {line.unit for line in document.lines if line.unit}
    if units:
        yield f"Units of measure ({', '.join(sorted(units))})"
    alone = [
        str(line.number)
        for line in document.lines
        if (line.quantity is None) is not (line.unit_cost is None)
    ]
    if document.kind == "commitment" and alone:
        go = "line {} goes as a lump sum" if len(alone) == 1 else "lines {} go as lump sums"
        yield f"Quantities or unit costs that stand alone ({go.format(', '.join(alone))})"
    if document.kind == "budget":
        yield "Title and description (an estimate has no field for them)"
    if document.kind != "commitment" and any(
        line.quantity is not None or line.unit_cost is not None for line in document.lines
    ):
        yield "Quantities and unit costs (each new line has the quantity 1)"
    named = {line.category.name for line in document.lines}
    if named and not categories.matter(terms):
        yield f"Categories ({', '.join(sorted(named))})"
    if document.revision:
        yield f"Revision {document.revision}"
    if document.attachments:
        yield f"Attachments ({len(document.attachments)})"
