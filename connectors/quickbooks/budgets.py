"""A budget becomes one estimate of its job: `EstimateAdd`, and `EstimateMod` for later rounds.

The first round is an estimate of its own, one line per cost code. Each later round carries the
modifications since, and adds them to that estimate as new lines, so that what was budgeted when
can be read there and nothing that a person changed by hand is overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from connectors.contract import (
    Absent,
    Attempt,
    CannotTell,
    Document,
    Finding,
    Found,
    Gone,
    Line,
    Named,
    Receipt,
    Refused,
    Request,
    Script,
    Terms,
    Unclear,
    pair,
)
from connectors.quickbooks import (
    additions,
    categories,
    commitments,
    errors,
    estimates,
    qbxml,
    recovery,
    schema,
)
from connectors.quickbooks.additions import Addition, receipt_of
from connectors.quickbooks.estimates import Estimate
from connectors.quickbooks.qbxml import Answer
from connectors.quickbooks.transactions import (
    Expected,
    TxnLine,
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

MEMO = "Job budget, do not invoice"
_CODES = "SalesTaxPreferences/DefaultNonTaxableSalesTaxCodeRef/ListID"
_ANY_MARK = re.compile(r"\s*Budget change [^:]{1,12}:")
_SWITCH = "JobsAndEstimatesPreferences/IsUsingEstimates"


def is_first(document: Document) -> bool:
    """Whether it is the round that makes the estimate."""
    return document.number.strip() in ("", "1")


def mark(document: Document) -> str:
    """What each line of a later round begins with; those of the first have no mark."""
    return f"Budget change {document.number}:"


def is_marked(line: TxnLine) -> bool:
    """Whether a line carries the mark of some later round."""
    return _ANY_MARK.match(line["description"]) is not None


def summed(
    document: Document, terms: Terms | None = None
) -> list[tuple[Named, list[Line], Decimal]]:
    """(cost code, its lines, their sum), in the order of their first lines; 0.00 stays.

    Lines of different categories stand apart where `terms` tell these apart.
    """
    groups: dict[str, tuple[Named, list[Line]]] = {}
    apart = categories.matter(terms)
    for line in document.lines:
        key = pair(line) if apart else str(line.cost_code.id)
        groups.setdefault(key, (line.cost_code, []))[1].append(line)
    return [
        (code, lines, sum((line.amount for line in lines), Decimal("0.00")))
        for code, lines in groups.values()
    ]


def description(document: Document, code: Named, lines: Sequence[Line]) -> str:
    """The description of the one line of a cost code."""
    said = dict.fromkeys(line.description.strip() for line in lines)
    detail = "; ".join(text for text in said if text) or code.name.strip()
    return detail if is_first(document) else f"{mark(document)} {detail}"


def expected_lines(document: Document, terms: Terms) -> list[Expected]:
    """One line per cost code (and category, where it matters), amounts summed."""
    return [
        expect(terms, lines, description(document, code, lines), amount, cost=True)
        for code, lines, amount in summed(document, terms)
    ]


def _values(document: Document, terms: Terms, tax_code: str) -> list[dict[str, Any]]:
    """The lines to write: they cost what they are, whatever mark-up the company is used to."""
    return [
        {
            "ItemRef": line.item,
            "Desc": line.description or None,
            "Quantity": Decimal(1),
            "Rate": line.amount,
            "ClassRef": line.klass.id if line.klass else None,
            "Amount": line.amount,
            "SalesTaxCodeRef": tax_code or None,
            "MarkupRatePercent": Decimal(0),
        }
        for line in expected_lines(document, terms)
    ]


def add_request(document: Document, terms: Terms, tax_code: str, key: str) -> Request:
    """The write of the first round. Raises Refused for a value that does not fit."""
    job = _job(terms)
    header = {
        "CustomerRef": job,
        "TxnDate": document.date,
        "Memo": MEMO,
        "ExternalGUID": guid_for(key),
    }
    lines = [schema.ESTIMATE_LINE_ADD.write(line) for line in _values(document, terms, tax_code)]
    body = schema.ESTIMATE_ADD.write(header, lines)
    return Request(body=body, writes=True, key=key, record=estimates.list_name(job))


def mod_request(
    document: Document, terms: Terms, tax_code: str, estimate: Estimate, key: str
) -> Request:
    """The write of a later round, on the estimate as it stands. Raises Refused."""
    if not estimate["active"]:
        raise Refused(
            f"Estimate {estimate['number']} is inactive in QuickBooks, so what is added to it "
            "would count nowhere. Nothing was written. Make it active again there, then retry."
        )
    if total(estimate["lines"]) + document.amount < 0:
        raise Refused(
            f"A change of {document.amount:,.2f} would take estimate {estimate['number']}, which "
            f"stands at {total(estimate['lines']):,.2f}, below zero. Nothing was written. Reject "
            "it with a comment, or mend the estimate."
        )
    header = {"TxnID": estimate["id"], "EditSequence": estimate["version"]}
    kept = [(line["id"], line["group"]) for line in estimate["lines"]]
    body = schema.estimate_mod(header, kept, _values(document, terms, tax_code))
    return Request(body=body, writes=True, key=key, record=estimates.estimate_name(estimate["id"]))


def _job(terms: Terms) -> str:
    if terms.job is None:
        raise schema.Unfit("The job of this budget is not linked to QuickBooks.")
    return terms.job.id


def addition(document: Document, terms: Terms, tax_code: str = "") -> Addition[Estimate]:
    """The new lines of a later round. Raises Refused while there is no estimate."""
    parent = terms.parent
    if parent is None:
        raise Refused("The round before of this budget is not in QuickBooks.")
    return Addition(
        parent=parent,
        record=f"estimate {parent.number}",
        change=f"round {document.number} of the budget",
        mark=mark(document),
        lines=expected_lines(document, terms),
        amount=document.amount,
        gone=f"The estimate is no longer in QuickBooks: {parent.number} was deleted there. Unlink "
        "the budget and send it again, from its first round on.",
        feature="estimates",
        names=_names(terms),
        ask=lambda fresh: estimates.estimate_by_id(parent.id, fresh=fresh),
        read=estimates.estimates,
        write=lambda estimate, key: mod_request(document, terms, tax_code, estimate, key),
    )


def _names(terms: Terms) -> dict[str, str]:
    called = commitments.names(terms)
    if terms.parent is not None:
        called[terms.parent.id] = f"the estimate {terms.parent.number}"
    return called


# --- exporting ---------------------------------------------------------------------------------


def export(document: Document, terms: Terms, key: str) -> Script[Receipt]:
    """Ask what is switched on, look at the job's estimates, then add. Raises as the others do."""
    tax_code = yield from _preferences()
    if not is_first(document):
        return (yield from additions.export(addition(document, terms, tax_code), key))
    add = add_request(document, terms, tax_code, key)
    heads: Answer = yield estimates.estimates_of(_job(terms))
    standing = estimates.estimates(heads)
    if not errors.answered(heads, standing):
        doing = "the question about the job's estimates"
        raise errors.failure(heads, doing, feature="estimates")
    ours = [one for one in standing if one["guid"] == guid_for(key)]
    if ours:
        whole = yield estimates.estimate_by_id(ours[0]["id"], fresh=True)
        return _written(document, terms, whole)
    _refuse_what_adds_up(terms, heads)
    answer: Answer = yield add
    if not errors.done(answer):
        raise errors.failure(answer, "the budget", _names(terms), feature="estimates")
    if not estimates.estimates(answer):
        memory = memory_of(answer)
        if memory is None or not memory.id:
            raise CannotTell(
                "QuickBooks took the budget but did not say which estimate it became. Look at the "
                "job's estimates in QuickBooks before anything else is done."
            )
        answer = yield estimates.estimate_by_id(memory.id, fresh=True)
    return _written(document, terms, answer)


def _preferences() -> Script[str]:
    """The ListID of the non-taxable code, '' where there is none. Raises where estimates are off.

    A line without a code gets the item's own, and tax would come on top of the budget.
    """
    answer: Answer = yield Request(body="<PreferencesQueryRq></PreferencesQueryRq>")
    if answer.status != 0 or answer.element is None:
        raise errors.failure(answer, "the question about its preferences")
    said = answer.element.find("PreferencesRet")
    if said is None:
        said = etree.Element("PreferencesRet")
    switch = qbxml.child_text(said, _SWITCH)
    if switch and not qbxml.is_true(switch):
        raise Refused(
            "Estimates are switched off in QuickBooks, so the budget cannot be entered. Nothing "
            f"was written. {errors.SWITCH_ON['estimates']}, then retry.",
            code=str(errors.FEATURE_OFF),
        )
    return qbxml.child_text(said, _CODES)


def others(terms: Terms, seen: Sequence[Estimate]) -> list[Estimate]:
    """The active estimates of the job that the approver has not agreed to."""
    return [one for one in seen if one["active"] and one["id"] not in terms.confirmed]


def _refuse_what_adds_up(terms: Terms, heads: Answer) -> None:
    beside = others(terms, estimates.estimates(heads))
    if beside:
        raise Refused(
            "The job has other active estimates in QuickBooks, and they would add up with the "
            f"budget: {'; '.join(estimates.told(one) for one in beside)}. Nothing was written. "
            "Make them inactive in QuickBooks, or confirm them when you accept the budget."
        )


def _written(document: Document, terms: Terms, answer: Answer) -> Receipt:
    for estimate in recovery.read_back(answer, estimates.estimates, "the budget"):
        return receipt(document, terms, estimate)
    raise CannotTell(
        "QuickBooks took the budget and now no longer has its estimate. Look in QuickBooks "
        "(Reports, Accountant & Taxes, Voided/Deleted Transactions) who removed it."
    )


def receipt(document: Document, terms: Terms, estimate: Estimate) -> Receipt:
    """The receipt for an estimate that holds exactly the first round. Raises CannotTell if not."""
    lines = match(expected_lines(document, terms), list(filter(counts, estimate["lines"])))
    sum_of_lines = total(estimate["lines"])
    fault = ""
    if terms.job is not None and estimate["job"] != terms.job.id:
        fault = f"its job is {estimate['job_name'] or estimate['job']}, not {terms.job.name}"
    elif sum_of_lines != document.amount:
        fault = f"its lines come to {sum_of_lines:,.2f}, not {document.amount:,.2f}"
    elif not has_tax(estimate) and money(estimate["amount"]) != document.amount:
        fault = f"its total is {money(estimate['amount']):,.2f}, not {document.amount:,.2f}"
    if fault or lines is None:
        raise CannotTell(
            f"Estimate {estimate['number']} is in QuickBooks, but not as the budget was approved: "
            f"{fault or 'its lines differ'}. It holds {told(estimate['lines'])}. Compare the two; "
            "then record what is true."
        )
    return receipt_of(estimate, lines)


# --- finding -----------------------------------------------------------------------------------


def find(document: Document, terms: Terms, attempts: Sequence[Attempt]) -> Script[Finding]:
    """Look for the estimate, or the lines, that one of the attempts made. Never writes."""
    if not is_first(document):
        if terms.parent is None:
            return Absent(seen="The round before is not in QuickBooks, so this one cannot be.")
        return (yield from additions.find(addition(document, terms), attempts))
    remembered, _ = yield from recovery.check(attempts)
    if remembered is not None and not errors.done(remembered):
        error = errors.failure(remembered, "the budget", _names(terms), feature="estimates")
        if (no := recovery.denied(error, "The job", attempts)) is not None:
            return no
    memory = memory_of(remembered) if remembered is not None else None
    whole = estimates.estimates(remembered) if remembered is not None else []
    txn_id = whole[0]["id"] if whole else memory.id if memory is not None else ""
    if not txn_id:
        answer: Answer = yield estimates.estimates_of(_job(terms))
        ours = {guid_for(attempt.key) for attempt in attempts}
        heads = recovery.readable(answer, estimates.estimates)
        seen = [one for one in heads if one["guid"] in ours]
        if len(seen) > 1:
            return Unclear(
                message=f"QuickBooks has {len(seen)} estimates that were made for this budget: "
                f"{', '.join(one['number'] for one in seen)}. Delete the ones too many."
            )
        if not seen and remembered is None:
            return Absent(seen="The job has no estimate of ours in QuickBooks.")
        txn_id = seen[0]["id"] if seen else ""
    there: Sequence[Estimate] = []
    if txn_id:
        answer = yield estimates.estimate_by_id(txn_id, fresh=True)
        there = recovery.readable(answer, estimates.estimates)
    if not there:
        removed = "QuickBooks took the budget, and its estimate has been removed since."
        if recovery.is_disowned(attempts):
            return Gone(seen=removed)
        return Unclear(
            message=f"{removed} If it was removed on purpose, record that it is not in QuickBooks, "
            "then retry."
        )
    try:
        return Found(receipt=receipt(document, terms, there[0]))
    except CannotTell as error:
        return Unclear(message=error.message)
