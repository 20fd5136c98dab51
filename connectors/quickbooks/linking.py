"""Records that QuickBooks has already and that a document could be linked to, read and compared.

Linking needs the same vendor, the same job and the same total; what else differs is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.contract import Candidate, Document, Refused, Script, Terms
from connectors.quickbooks import budgets, change_orders, comparing, errors, estimates, orders
from connectors.quickbooks.additions import capital, has_mark, receipt_of
from connectors.quickbooks.comparing import Pair
from connectors.quickbooks.estimates import Estimate
from connectors.quickbooks.orders import Order
from connectors.quickbooks.qbxml import Answer
from connectors.quickbooks.transactions import (
    TxnLine,
    counts,
    has_tax,
    money,
    one_told,
    told,
    total,
)


def look_up(document: Document, terms: Terms, number: str) -> Script[tuple[Candidate, ...]]:
    """A commitment by its order's number, anything else in its own record or job.

    Raises Busy and Refused.
    """
    if document.kind == "commitment":
        number = number.strip() or document.number
        answer: Answer = yield orders.orders_by_number(number)
        _must_be_read(answer, f"the question about purchase order {number}")
        return tuple(_whole(document, terms, order) for order in orders.orders(answer))
    if document.kind == "change_order":
        return (yield from _lines_of_order(document, terms))
    if not budgets.is_first(document):
        return (yield from _lines_of_estimate(document, terms))
    if terms.job is None:
        raise Refused("The project is not linked to a QuickBooks job, so no estimate can be its.")
    answer = yield estimates.estimates_of(terms.job.id, lines=True)
    _must_be_read(answer, f"the question about the estimates of {terms.job.name}", "estimates")
    return tuple(_whole(document, terms, one) for one in estimates.estimates(answer))


def _must_be_read(answer: Answer, doing: str, feature: errors.Feature = "orders") -> None:
    if answer.element is None or (answer.status != 0 and answer.status not in errors.GONE):
        raise errors.unread(answer, doing, feature=feature)


def _whole(document: Document, terms: Terms, record: Order | Estimate) -> Candidate:
    """An order or estimate as a whole, for a commitment or a first round."""
    pairs = _closest(comparing.paired(document, terms, record["lines"], {}), record["lines"])
    number = document.number if document.kind == "commitment" else ""
    return Candidate(
        receipt=receipt_of(record, _map(pairs)),
        description=_described(record),
        differences=tuple(comparing.held_against(document, terms, record, pairs, number)),
        problem=" ".join(_why_not_whole(document, terms, record)),
    )


def _why_not_whole(document: Document, terms: Terms, record: Order | Estimate) -> Iterator[str]:
    if "vendor" in record:
        yield from _not_the_vendor(terms, record)
        yield from _not_the_job(terms, record["lines"])
    else:
        if terms.job is None or record["job"] != terms.job.id:
            yield f"It is for {record['job_name'] or 'another job'}."
        if not record["active"]:
            yield "It is inactive in QuickBooks: make it active there first."
    now = total(record["lines"])
    if now != document.amount:
        yield f"It comes to {now:,.2f}, not {document.amount:,.2f}."
    elif not has_tax(record) and money(record["amount"]) != now:
        yield f"Its total is {money(record['amount']):,.2f}, which is not the sum of its lines."


def _not_the_vendor(terms: Terms, order: Order) -> Iterator[str]:
    if terms.vendor is None:
        yield "The contract company is not linked to a QuickBooks vendor."
    elif order["vendor"] != terms.vendor.id:
        yield f"Its vendor is {order['vendor_name'] or 'none'}, not {terms.vendor.name}."


def _not_the_job(terms: Terms, lines: Sequence[TxnLine]) -> Iterator[str]:
    if terms.job is None:
        yield "The project is not linked to a QuickBooks job."
        return
    elsewhere = [line for line in lines if counts(line) and line["job"] != terms.job.id]
    others = {line["job_name"] or "no job" for line in elsewhere}
    if others:
        yield f"It has lines for {', '.join(sorted(others))}, not for {terms.job.name}."


def _described(record: Order | Estimate) -> str:
    count = len(record["lines"])
    lines = f"{count} {'line' if count == 1 else 'lines'}: {told(record['lines'])}"
    if "vendor" in record:
        head = f"purchase order {record['number']} of {record['vendor_name'] or 'no vendor'}"
        head += f", dated {record['date']}, over {money(record['amount']):,.2f}"
    else:
        head = estimates.told(record)
    return f"{capital(head)}; {lines}"


# --- lines that could be a change order, or a later round --------------------------------------


def _lines_of_order(document: Document, terms: Terms) -> Script[tuple[Candidate, ...]]:
    parent = terms.parent
    if parent is None:
        raise Refused("Its commitment is not in QuickBooks, so no change of it can be.")
    answer: Answer = yield orders.order_by_id(parent.id, fresh=True)
    _must_be_read(answer, f"the question about purchase order {parent.number}")
    found: list[Candidate] = []
    for order in orders.orders(answer):
        mark, known = change_orders.mark(document), set(parent.lines.values())
        marked = [line for line in order["lines"] if has_mark(line, mark)]
        bare = [
            line
            for line in order["lines"]
            if line["id"] not in known and not change_orders.is_marked(line) and not line["group"]
        ]
        for lines in (marked, bare):
            found += _some(document, terms, order, lines, must_fit=lines is bare)
    return tuple(found)


def _lines_of_estimate(document: Document, terms: Terms) -> Script[tuple[Candidate, ...]]:
    parent = terms.parent
    if parent is None:
        raise Refused("The round before is not in QuickBooks, so this one cannot be.")
    answer: Answer = yield estimates.estimate_by_id(parent.id, fresh=True)
    _must_be_read(answer, f"the question about estimate {parent.number}", "estimates")
    found: list[Candidate] = []
    for estimate in estimates.estimates(answer):
        mark = budgets.mark(document)
        marked = [line for line in estimate["lines"] if has_mark(line, mark)]
        found += _some(document, terms, estimate, marked, must_fit=False)
    return tuple(found)


def _some(
    document: Document,
    terms: Terms,
    record: Order | Estimate,
    lines: Sequence[TxnLine],
    *,
    must_fit: bool,
) -> Iterator[Candidate]:
    """Some lines of a record as one candidate. `must_fit`: only those of the same item and amount,
    and only if there is one for each."""
    pairs = _closest(comparing.paired(document, terms, lines, {}), lines, exact=must_fit)
    chosen = [pair.theirs for pair in pairs if pair.theirs] if must_fit else list(lines)
    if not chosen or (must_fit and len(chosen) < len(pairs)):
        return
    now = total(chosen)
    problems: list[str] = []
    if "vendor" in record:
        problems += _not_the_vendor(terms, record)
        problems += _not_the_job(terms, chosen)
    if now != document.amount:
        problems.append(f"They come to {now:,.2f}, not {document.amount:,.2f}.")
    what = "purchase order" if "vendor" in record else "estimate"
    yield Candidate(
        receipt=receipt_of(record, _map(pairs)),
        description=f"In {what} {record['number']}: {'; '.join(one_told(line) for line in chosen)}",
        differences=tuple(comparing.held_against(document, terms, record, pairs, "")),
        problem=" ".join(problems),
    )


def _closest(pairs: Sequence[Pair], lines: Sequence[TxnLine], *, exact: bool = False) -> list[Pair]:
    """The same pairs; what has no line yet gets the one that is nearest.

    Nearest is the same item and amount in other words, then the same item (unless `exact`).
    """
    taken = {pair.theirs["id"] for pair in pairs if pair.theirs}
    found = list(pairs)
    for by_amount in (True,) if exact else (True, False):
        for place, pair in enumerate(found):
            if pair.theirs is not None:
                continue
            for line in lines:
                fits = line["item"] == pair.ours.item and not line["group"]
                same = money(line["amount"]) == pair.ours.amount or not by_amount
                if line["id"] not in taken and fits and same:
                    found[place] = pair._replace(theirs=line)
                    taken.add(line["id"])
                    break
    return found


def _map(pairs: Sequence[Pair]) -> dict[str, str]:
    return {str(i): pair.theirs["id"] for pair in pairs if pair.theirs for i in pair.ours.ours}
