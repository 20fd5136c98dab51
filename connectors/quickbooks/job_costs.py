"""What a job costs: estimated by its estimates, spent by what was posted on it.

The estimates are read line by line, so that each item is known by its id, and not from a report:
QuickBooks' reports on jobs tell estimated and actual cost apart by their titles only. What was
spent is a report of every posting on the job's name and on an account of costs. Not verified on a
live QuickBooks: no recording of that report was found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from connectors.contract import CostRow, Estimate, JobCosts, Ref, Request, Script
from connectors.quickbooks import errors, estimates, reports, schema
from connectors.quickbooks.qbxml import Answer, child_text, escape
from connectors.quickbooks.transactions import cost

ACCOUNTS = "accounts of costs"  # the ERP record: asked for once in a session
_COST_TYPES = ("CostOfGoodsSold", "Expense", "OtherExpense")
_COLUMNS = ("TxnID", "TxnType", "Item", "Debit", "Credit")
_ZERO = Decimal("0.00")


def job_costs(job: Ref) -> Script[JobCosts]:
    """Ask for the accounts, the estimates, the postings and the items. Raises Busy and Refused."""
    what = f"the costs of {job.name}"
    accounts: Answer = yield _accounts_of_costs()
    _must_be_read(accounts, f"the question about accounts, for {what}")
    answer: Answer = yield estimates.estimates_of(job.id, lines=True)
    if answer.status != errors.FEATURE_OFF:
        _must_be_read(answer, f"the question about the estimates of {job.name}")
    names: dict[str, str] = {}
    estimated = _estimates(answer, names)
    spent: Mapping[str, Decimal] = {}
    ids = list_ids(accounts)
    if ids:
        report: Answer = yield _postings(job, ids)
        spent = _spent(report, what)
    by_name: Mapping[str, tuple[str, str]] = {}
    called = sorted({candidate for name in spent if name for candidate in _candidates(name)})
    if called:
        items: Answer = yield _items_named(called)
        _must_be_read(items, f"the question about items, for {what}")
        by_name = _items(items)
    return JobCosts(
        job=job, rows=tuple(_rows(estimated, spent, by_name, names)), estimates=tuple(estimated)
    )


def _must_be_read(answer: Answer, doing: str) -> None:
    if answer.element is None or (answer.status != 0 and answer.status not in errors.GONE):
        raise errors.unread(answer, doing, feature="estimates")


# --- asking ------------------------------------------------------------------------------------


def _accounts_of_costs() -> Request:
    """Every account that costs are posted to, inactive ones too: old costs stand there."""
    selection = [("ActiveStatus", "All")]
    selection += [("AccountType", kind) for kind in _COST_TYPES]
    selection.append(("IncludeRetElement", "ListID"))
    return Request(body=schema.query("AccountQueryRq", selection), record=ACCOUNTS)


def _postings(job: Ref, accounts: Iterable[str]) -> Request:
    """All that was ever posted on these accounts under the job's name, as costs arise."""
    filters = "".join(f"<ListID>{escape(account)}</ListID>" for account in accounts)
    columns = "".join(f"<IncludeColumn>{column}</IncludeColumn>" for column in _COLUMNS)
    body = (
        "<CustomDetailReportQueryRq>"
        "<CustomDetailReportType>CustomTxnDetail</CustomDetailReportType>"
        "<DisplayReport>false</DisplayReport><ReportDateMacro>All</ReportDateMacro>"
        f"<ReportAccountFilter>{filters}</ReportAccountFilter>"
        f"<ReportEntityFilter><ListID>{escape(job.id)}</ListID></ReportEntityFilter>"
        "<ReportPostingStatusFilter>Posting</ReportPostingStatusFilter>"
        f"<SummarizeRowsBy>TotalOnly</SummarizeRowsBy>{columns}"
        "<ReportBasis>Accrual</ReportBasis></CustomDetailReportQueryRq>"
    )
    return Request(body=body, fresh=True)


def _items_named(names: Iterable[str]) -> Request:
    return Request(body=schema.query("ItemQueryRq", [("FullName", name) for name in names]))


# --- reading -----------------------------------------------------------------------------------


def list_ids(answer: Answer) -> list[str]:
    """The ids of the accounts of an answer."""
    if answer.element is None:
        return []
    return [child_text(account, "ListID") for account in answer.element.iterfind("AccountRet")]


def _estimates(answer: Answer, names: dict[str, str]) -> list[Estimate]:
    """The estimates of the job; `names` takes what their items are called."""
    found = []
    for estimate, lines in estimates.priced_lines(answer):
        costs: dict[str, Decimal] = {}
        for line in lines:
            if line["item"]:
                costs[line["item"]] = costs.get(line["item"], _ZERO) + cost(line)
                names[line["item"]] = line["item_name"]
        found.append(
            Estimate(
                id=estimate["id"],
                number=estimate["number"],
                active=estimate["active"],
                costs=costs,
            )
        )
    return found


def _spent(report: Answer, what: str) -> Mapping[str, Decimal]:
    """Item as the report calls it ('' for none) -> debits less credits."""
    spent: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for row in reports.data_rows(report, what, sums=("Debit", "Credit")):
        debit, credit = reports.money(row.get("Debit", "")), reports.money(row.get("Credit", ""))
        spent[row.get("Item", "")] += debit - credit
    return spent


def _candidates(name: str) -> list[str]:
    """The full names that an item of a report may have: “03-300 (Concrete)” is also “03-300”.

    By a preference of QuickBooks, reports call an item by its name, its description, or both.
    """
    parts = name.split(" (")
    return [" (".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _items(answer: Answer) -> Mapping[str, tuple[str, str]]:
    """Full name in small letters -> (id, full name)."""
    found = {}
    for item in () if answer.element is None else answer.element.iterfind("*"):
        name = child_text(item, "FullName") or child_text(item, "Name")
        found[name.casefold()] = (child_text(item, "ListID"), name)
    return found


def _rows(
    estimated: Iterable[Estimate],
    spent: Mapping[str, Decimal],
    by_name: Mapping[str, tuple[str, str]],
    names: Mapping[str, str],
) -> list[CostRow]:
    """One row per item, by name; costs under no item, or under one that is gone, keep a name."""
    planned: dict[str, Decimal] = {}
    for estimate in estimated:
        for item, amount in estimate.costs.items() if estimate.active else ():
            planned[item] = planned.get(item, _ZERO) + amount
    actual: dict[tuple[str, str], Decimal] = {(item, names[item]): _ZERO for item in planned}
    for called, amount in spent.items():
        known = [
            by_name[one.casefold()] for one in _candidates(called) if one.casefold() in by_name
        ]
        item, name = known[0] if known else ("", called)
        name = names.get(item, name)
        actual[item, name] = actual.get((item, name), _ZERO) + amount
    return [
        CostRow(item=item, name=name, estimate=planned.get(item), actual=amount)
        for (item, name), amount in sorted(actual.items(), key=lambda one: one[0][1].casefold())
    ]
