"""Estimates: asking for them, and reading them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, final

from lxml import etree

from connectors.contract import Request
from connectors.quickbooks import qbxml, schema, transactions
from connectors.quickbooks.transactions import Record, TxnLine


@final
class Estimate(Record):
    """An estimate. One that is not active does not count in QuickBooks' reports."""

    job: str
    job_name: str
    active: bool


_EMPTY = Estimate(
    id="",
    version="",
    number="",
    date="",
    memo="",
    amount="",
    guid="",
    modified="",
    tax="",
    lines=[],
    job="",
    job_name="",
    active=True,
)


def estimate_name(txn_id: str) -> str:
    """The name of the ERP record of one estimate."""
    return f"estimate:{txn_id}"


def list_name(job: str) -> str:
    """The name of the ERP record that the estimates of one job are together."""
    return f"estimates:{job}"


def estimate_by_id(txn_id: str, *, fresh: bool = False) -> Request:
    """The whole estimate of that TxnID."""
    selection = [("TxnID", txn_id), ("IncludeLineItems", "true")]
    body = schema.query("EstimateQueryRq", selection)
    return Request(body=body, record=estimate_name(txn_id), fresh=fresh)


def estimates_of(job: str, *, lines: bool = False) -> Request:
    """Every estimate of one job, active or not; with their `lines`, or their heads only.

    QuickBooks finds no estimate by its ExternalGUID, nor by anything else that only we know.
    """
    body = (
        f"<EstimateQueryRq><EntityFilter><ListID>{qbxml.escape(job)}</ListID></EntityFilter>"
        f"{'<IncludeLineItems>true</IncludeLineItems>' if lines else ''}</EstimateQueryRq>"
    )
    return Request(body=body, record=list_name(job), fresh=True)


def estimates(answer: qbxml.Answer) -> list[Estimate]:
    """The estimates of an answer, from a query as well as from a write. Empty where it has none."""
    return [cast(Estimate, transactions.read(ret, _EMPTY)) for ret in _rets(answer)]


def priced_lines(answer: qbxml.Answer) -> list[tuple[Estimate, list[TxnLine]]]:
    """The estimates of an answer, each with every line that has a price: inside groups as well."""
    found = []
    for ret in _rets(answer):
        estimate = cast(Estimate, transactions.read(ret, _EMPTY))
        own = {line["id"]: line for line in estimate["lines"]}
        lines = [transactions.line_of(line) for line in ret.iter("EstimateLineRet")]
        found.append((estimate, [own.get(line["id"], line) for line in lines]))
    return found


def _rets(answer: qbxml.Answer) -> Iterator[etree._Element]:
    return iter(()) if answer.element is None else answer.element.iterfind("EstimateRet")


def known(answer: qbxml.Answer) -> dict[str, Estimate | dict[str, list[Estimate]]]:
    """What an answer tells for previews: estimates with their lines, and all estimates of a job.

    That a job has none is worth knowing too.
    """
    seen = [estimate for estimate in estimates(answer) if estimate["id"]]
    found: dict[str, Estimate | dict[str, list[Estimate]]] = {
        estimate_name(estimate["id"]): estimate for estimate in seen if estimate["lines"]
    }
    if answer.record.startswith(list_name("")) and answer.status in (0, 1):
        found[answer.record] = {"estimates": seen}
    return found


def told(estimate: Estimate) -> str:
    """An estimate in words, for the person who has to look."""
    number = f"estimate {estimate['number']}" if estimate["number"] else "an estimate"
    amount = transactions.money(estimate["amount"])
    return f"{number} of {estimate['date']} over {amount:,.2f}"
