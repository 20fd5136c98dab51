"""What was exported, held against what stands in QuickBooks now; every difference with advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from connectors.contract import Compared, Difference, Document, Receipt, Ref, Script, Terms
from connectors.quickbooks import budgets, change_orders, commitments, errors, estimates, orders
from connectors.quickbooks.additions import has_mark
from connectors.quickbooks.estimates import Estimate
from connectors.quickbooks.orders import Order
from connectors.quickbooks.qbxml import Answer
from connectors.quickbooks.transactions import (
    Expected,
    Record,
    TxnLine,
    cost,
    counts,
    is_line,
    money,
    one_told,
)
from connectors.quickbooks.words import fit, same

_SET_BACK = (
    "Set it back in QuickBooks. A change of what was agreed belongs into a change order here."
)
_MERGED = (
    "If the two were merged there, link the one that is left here; the next comparison then finds "
    "nothing."
)
_BUDGET_SET_BACK = "Set it back in QuickBooks. A change of the budget belongs into the budget here."


class Pair(NamedTuple):
    """A line of ours and the line of QuickBooks that it is, if there is one."""

    where: str
    ours: Expected
    theirs: TxnLine | None


def compare(document: Document, terms: Terms, receipt: Receipt, now: Terms) -> Script[Compared]:
    """Read the order or estimate and hold it against the document. Raises Busy and Refused.

    An order is read once in a session, however many change orders of it are compared.
    """
    record: Order | Estimate | None
    feature: errors.Feature = "estimates" if document.kind == "budget" else "orders"
    if document.kind == "budget":
        answer: Answer = yield estimates.estimate_by_id(receipt.id)
        what = f"estimate {receipt.number}"
        record = next(iter(estimates.estimates(answer)), None)
    else:
        answer = yield orders.order_by_id(receipt.id)
        what = f"purchase order {receipt.number}"
        record = next(iter(orders.orders(answer)), None)
    if record is None and (answer.status not in errors.GONE or answer.element is None):
        raise errors.unread(answer, f"the question about {what}", feature=feature)
    if record is None:
        return _gone(f"The {what} is not in QuickBooks any more.")
    terms = _with_links_anew(terms, now, record)
    pairs = paired(document, terms, record["lines"], receipt.lines)
    is_part = not _is_whole(document)
    if is_part and not any(pair.theirs for pair in pairs) and not _added(document, record, pairs):
        return _gone(f"The {what} holds no line of it any more.")
    differences = tuple(held_against(document, terms, record, pairs, receipt.number))
    standing = {str(i): pair.theirs["id"] for pair in pairs if pair.theirs for i in pair.ours.ours}
    current = msgspec.structs.replace(
        receipt,
        number=record["number"],
        version=record["version"],
        lines={**receipt.lines, **standing},
    )
    return Compared(receipt=current, differences=differences)


def _with_links_anew(terms: Terms, now: Terms, record: Order | Estimate) -> Terms:
    """The terms, but under what is linked now where the record stands under that, and not under
    what was linked before: it was merged into another one there."""
    heads = {record["vendor"]} if "vendor" in record else {record["job"]}
    there = {line[name] for line in record["lines"] for name in ("item", "klass", "job")} | heads

    def anew(was: Ref, linked: Ref | None) -> Ref:
        moved = linked is not None and linked.id in there and was.id not in there
        return linked if linked is not None and moved else was

    return msgspec.structs.replace(
        terms,
        vendor=terms.vendor and anew(terms.vendor, now.vendor),
        job=terms.job and anew(terms.job, now.job),
        items={key: anew(was, now.items.get(key)) for key, was in terms.items.items()},
        classes={key: anew(was, now.classes.get(key)) for key, was in terms.classes.items()},
    )


def _is_whole(document: Document) -> bool:
    """Whether it is a record of its own; a change order or a later round is lines of another's."""
    return document.kind == "commitment" or (
        document.kind == "budget" and budgets.is_first(document)
    )


def _gone(theirs: str) -> Compared:
    difference = Difference(
        where="record",
        ours="Synced",
        theirs=theirs,
        advice="If it was deleted on purpose, unlink it here. If not, find out in QuickBooks who "
        "deleted it (Reports, Accountant & Taxes, Voided/Deleted Transactions), then unlink it "
        "and send it again.",
    )
    return Compared(receipt=None, differences=(difference,))


# --- which line is which -----------------------------------------------------------------------


def expected(document: Document, terms: Terms) -> list[tuple[str, Expected]]:
    """What the document wrote, each with the line of ours that it is told by."""
    if document.kind == "commitment":
        lines = commitments.expected_lines(document, terms)
    elif document.kind == "change_order":
        lines = change_orders.expected_lines(document, terms)
    else:
        lines = budgets.expected_lines(document, terms)
    numbers = {line.id: line.number for line in document.lines}
    return [(f"line:{min(numbers[i] for i in line.ours)}", line) for line in lines]


def paired(
    document: Document, terms: Terms, lines: Sequence[TxnLine], known: Mapping[str, str]
) -> list[Pair]:
    """Our lines and what they are in QuickBooks: by TxnLineID, or typed in anew just the same."""
    left = list(lines)
    wanted = expected(document, terms)
    found: dict[int, TxnLine] = {}
    for place, (_, ours) in enumerate(wanted):
        ids = {known.get(str(i)) for i in ours.ours}
        _take(found, place, left, [line for line in left if line["id"] in ids])
    for place, (_, ours) in enumerate(wanted):
        if place not in found:
            _take(found, place, left, [line for line in left if is_line(line, ours)])
    return [Pair(where, ours, found.get(place)) for place, (where, ours) in enumerate(wanted)]


def _take(
    found: dict[int, TxnLine], place: int, left: list[TxnLine], fitting: list[TxnLine]
) -> None:
    if fitting:
        found[place] = fitting[0]
        left.remove(fitting[0])


def _added(document: Document, record: Record, pairs: Sequence[Pair]) -> list[TxnLine]:
    """Lines of the record that are nobody else's and not what was exported either.

    A change order and a later round of a budget answer for the lines with their mark; a commitment
    and a first round for every line that carries no mark at all. Text and subtotals are no matter.
    """
    ours = {pair.theirs["id"] for pair in pairs if pair.theirs is not None}
    rest = [line for line in record["lines"] if line["id"] not in ours and counts(line)]
    if document.kind == "change_order":
        return [line for line in rest if has_mark(line, change_orders.mark(document))]
    if document.kind == "commitment":
        return [line for line in rest if not change_orders.is_marked(line)]
    if budgets.is_first(document):
        return [line for line in rest if not budgets.is_marked(line)]
    return [line for line in rest if has_mark(line, budgets.mark(document))]


# --- the differences ---------------------------------------------------------------------------


def held_against(
    document: Document,
    terms: Terms,
    record: Order | Estimate,
    pairs: Sequence[Pair],
    number: str,
) -> Iterator[Difference]:
    """Every difference between what was exported and the record as it stands.

    `number` is the one that the record had.
    """
    yield from _head(document, terms, record, number)
    set_back = _BUDGET_SET_BACK if document.kind == "budget" else _SET_BACK
    for pair in pairs:
        yield from _line(document, terms, pair, set_back)
    for line in _added(document, record, pairs):
        yield Difference(
            where="added",
            ours="",
            theirs=one_told(line),
            advice="It was added by hand. Delete the line in QuickBooks, or leave it: it is kept, "
            "and counts there but not here.",
        )
    now = sum(money(pair.theirs["amount"]) for pair in pairs if pair.theirs)
    if now != document.amount:
        yield Difference(
            where="total", ours=f"{document.amount:,.2f}", theirs=f"{now:,.2f}", advice=set_back
        )


def _head(
    document: Document, terms: Terms, record: Order | Estimate, number: str
) -> Iterator[Difference]:
    if "vendor" in record and terms.vendor is not None and record["vendor"] != terms.vendor.id:
        yield Difference(
            where="vendor",
            ours=terms.vendor.name,
            theirs=record["vendor_name"] or record["vendor"],
            advice="Set the vendor back in QuickBooks. If the company has changed, delete the "
            f"order there, unlink it here and send it again. {_MERGED}",
        )
    if "active" in record:
        if terms.job is not None and record["job"] != terms.job.id:
            yield _other_job(terms.job.name, record["job_name"] or record["job"])
        if not record["active"]:
            yield Difference(
                where="record",
                ours="active",
                theirs="inactive",
                advice="Make the estimate active again in QuickBooks: while it is not, no report "
                "counts it.",
            )
    if number and record["number"] != number:
        yield Difference(
            where="number",
            ours=number,
            theirs=record["number"],
            advice="Nothing has to be done: ERP Bridge goes by QuickBooks' own id.",
        )
    if _is_whole(document) and record["date"] != document.date.isoformat():
        yield Difference(
            where="date",
            ours=document.date.isoformat(),
            theirs=record["date"],
            advice="Set the date back in QuickBooks if it was changed by mistake.",
        )


def _line(document: Document, terms: Terms, pair: Pair, set_back: str) -> Iterator[Difference]:
    where, ours, theirs = pair
    wrote = f"{ours.called} “{fit(ours.description)}” {ours.amount:,.2f}"
    if theirs is None:
        yield Difference(
            where=where,
            ours=wrote,
            theirs="not there",
            advice="It was deleted by hand. Enter it again in QuickBooks just as it was; or delete "
            "the rest there too, unlink it here and send it again.",
        )
        return
    stands = one_told(theirs)
    if theirs["item"] != ours.item:
        yield Difference(
            where=where,
            ours=wrote,
            theirs=stands,
            advice="It stands under another item, so its costs count for another cost code. Set "
            f"the item back in QuickBooks. {_MERGED}",
        )
    if ours.klass is not None and theirs["klass"] != ours.klass.id:
        yield Difference(
            where=where,
            ours=f"class {ours.klass.name}",
            theirs=f"class {theirs['klass_name']}" if theirs["klass"] else "no class",
            advice="It stands under another class, so its costs count for another category. Set "
            "the class back in QuickBooks.",
        )
    if money(theirs["amount"]) != ours.amount:
        yield Difference(where=where, ours=wrote, theirs=stands, advice=set_back)
    elif ours.cost and cost(theirs) != ours.amount:
        yield Difference(
            where=where,
            ours=wrote,
            theirs=f"{stands}, at a cost of {cost(theirs):,.2f}",
            advice="It has a mark-up in QuickBooks. Set the mark-up to 0 there.",
        )
    if document.kind != "budget" and terms.job is not None and theirs["job"] != terms.job.id:
        yield _other_job(terms.job.name, theirs["job_name"] or "no job", where)
    if ours.description and not same(ours.description, theirs["description"]):
        yield Difference(
            where=where,
            ours=fit(ours.description),
            theirs=theirs["description"],
            advice="Only the words differ. Set them back in QuickBooks if they matter: a change "
            "order is known by how its lines begin.",
        )


def _other_job(ours: str, theirs: str, where: str = "job") -> Difference:
    return Difference(
        where=where,
        ours=ours,
        theirs=theirs,
        advice="Set the job back in QuickBooks: costs count for the job that stands there. "
        f"{_MERGED}",
    )
