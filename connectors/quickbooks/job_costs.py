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
from connectors.quickbooks import categories, errors, estimates, reports, schema
from connectors.quickbooks.qbxml import Answer, child_text, escape
from connectors.quickbooks.transactions import cost

# The ERP records: asked for once in a session.
ACCOUNTS = "accounts of costs"
CLASSES = "classes"
# (item, class) as a report calls them, '' for none; and what they are: (item id, its name, class
# id), '' for what is not known.
Spent = tuple[str, str]
Key = tuple[str, str, str]
_COST_TYPES = ("CostOfGoodsSold", "Expense", "OtherExpense")
_COLUMNS = ("TxnID", "TxnType", "Item", "Debit", "Credit")
# Where categories are classes. qbXML has the columns in any order.
_WITH_CLASS = (*_COLUMNS, "Class")
_ZERO = Decimal("0.00")


def job_costs(job: Ref, settings: Mapping[str, str]) -> Script[JobCosts]:
    """Ask for the accounts, the estimates, the postings and the items. Raises Busy and Refused."""
    by_class = categories.setting(settings) == categories.CLASS
    what = f"the costs of {job.name}"
    accounts: Answer = yield _accounts_of_costs()
    _must_be_read(accounts, f"the question about accounts, for {what}")
    answer: Answer = yield estimates.estimates_of(job.id, lines=True)
    if answer.status != errors.FEATURE_OFF:
        _must_be_read(answer, f"the question about the estimates of {job.name}")
    names: dict[str, str] = {}
    planned, estimated = _estimates(answer, names, by_class=by_class)
    spent: Mapping[Spent, Decimal] = {}
    ids = list_ids(accounts)
    if ids:
        report: Answer = yield _postings(job, ids, _WITH_CLASS if by_class else _COLUMNS)
        spent = _spent(report, what)
    by_name: Mapping[str, tuple[str, str]] = {}
    called = sorted({candidate for name, _ in spent if name for candidate in _candidates(name)})
    if called:
        items: Answer = yield _items_named(called)
        _must_be_read(items, f"the question about items, for {what}")
        by_name = _entries(items)
    classes: Mapping[str, tuple[str, str]] = {}
    if any(klass for _, klass in spent):
        listed: Answer = yield Request(
            body=schema.query("ClassQueryRq", [("ActiveStatus", "All")]), record=CLASSES
        )
        _must_be_read(listed, f"the question about classes, for {what}")
        classes = _entries(listed)
    actual: dict[Key, Decimal] = {}
    for (item_called, class_called), amount in spent.items():
        key = _key(item_called, class_called, by_name, classes, names)
        actual[key] = actual.get(key, _ZERO) + amount
    return JobCosts(job=job, rows=tuple(_rows(planned, actual)), estimates=tuple(estimated))


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


def _postings(job: Ref, accounts: Iterable[str], columns: Iterable[str]) -> Request:
    """All that was ever posted on these accounts under the job's name, as costs arise."""
    filters = "".join(f"<ListID>{escape(account)}</ListID>" for account in accounts)
    asked = "".join(f"<IncludeColumn>{column}</IncludeColumn>" for column in columns)
    body = (
        "<CustomDetailReportQueryRq>"
        "<CustomDetailReportType>CustomTxnDetail</CustomDetailReportType>"
        "<DisplayReport>false</DisplayReport><ReportDateMacro>All</ReportDateMacro>"
        f"<ReportAccountFilter>{filters}</ReportAccountFilter>"
        f"<ReportEntityFilter><ListID>{escape(job.id)}</ListID></ReportEntityFilter>"
        "<ReportPostingStatusFilter>Posting</ReportPostingStatusFilter>"
        f"<SummarizeRowsBy>TotalOnly</SummarizeRowsBy>{asked}"
        "<ReportBasis>Accrual</ReportBasis></CustomDetailReportQueryRq>"
    )
    return Request(body=body, fresh=True)


def _items_named(names: Iterable[str]) -> Request:
    return Request(body=schema.query("ItemQueryRq", [("FullName", name) for name in names]))


# --- reading -----------------------------------------------------------------------------------


def list_ids(answer: Answer, kind: str = "Account") -> list[str]:
    """The ids of the accounts, or classes, of an answer."""
    if answer.element is None:
        return []
    return [child_text(account, "ListID") for account in answer.element.iterfind(f"{kind}Ret")]


def remembered(answer: Answer) -> dict[str, dict[str, list[str]]]:
    """What need not be asked again in a session: the accounts of costs, and the classes."""
    ids = list_ids(answer, "Class" if answer.record == CLASSES else "Account")
    return {answer.record: {"ids": ids}} if ids and answer.record in (ACCOUNTS, CLASSES) else {}


def _estimates(
    answer: Answer, names: dict[str, str], *, by_class: bool
) -> tuple[dict[Key, Decimal], list[Estimate]]:
    """What the active ones plan, and each estimate of the job; `names` takes what their items are
    called."""
    found = []
    planned: dict[Key, Decimal] = {}
    for estimate, lines in estimates.priced_lines(answer):
        costs: dict[str, Decimal] = {}
        for line in lines:
            if not line["item"]:
                continue
            names[line["item"]] = line["item_name"]
            key = (line["item"], line["item_name"], line["klass"] if by_class else "")
            row = _row(key, None, _ZERO).key
            costs[row] = costs.get(row, _ZERO) + cost(line)
            if estimate["active"]:
                planned[key] = planned.get(key, _ZERO) + cost(line)
        found.append(
            Estimate(
                id=estimate["id"],
                number=estimate["number"],
                active=estimate["active"],
                costs=costs,
            )
        )
    return planned, found


def _spent(report: Answer, what: str) -> Mapping[Spent, Decimal]:
    """Debits less credits."""
    spent: dict[Spent, Decimal] = defaultdict(lambda: _ZERO)
    for row in reports.data_rows(report, what, sums=("Debit", "Credit")):
        debit, credit = reports.money(row.get("Debit", "")), reports.money(row.get("Credit", ""))
        spent[row.get("Item", ""), row.get("Class", "")] += debit - credit
    return spent


def _candidates(name: str) -> list[str]:
    """The full names that an item of a report may have: “03-300 (Concrete)” is also “03-300”.

    By a preference of QuickBooks, reports call an item by its name, its description, or both.
    """
    parts = name.split(" (")
    return [" (".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _entries(answer: Answer) -> Mapping[str, tuple[str, str]]:
    """Full name in small letters -> (id, full name), of items or classes."""
    found = {}
    for entry in () if answer.element is None else answer.element.iterfind("*"):
        name = child_text(entry, "FullName") or child_text(entry, "Name")
        found[name.casefold()] = (child_text(entry, "ListID"), name)
    return found


def _key(
    item_called: str,
    class_called: str,
    items: Mapping[str, tuple[str, str]],
    classes: Mapping[str, tuple[str, str]],
    names: Mapping[str, str],
) -> Key:
    """What a row of the report stands for. An item or class that is gone keeps a name, or none."""
    known = [items[one.casefold()] for one in _candidates(item_called) if one.casefold() in items]
    item, name = known[0] if known else ("", item_called)
    klass, _ = classes.get(class_called.casefold(), ("", ""))
    return item, names.get(item, name), klass


def _rows(planned: Mapping[Key, Decimal], actual: Mapping[Key, Decimal]) -> list[CostRow]:
    """One row per item and class, by name."""
    keys = {**planned, **actual}
    return [
        _row(key, planned.get(key), actual.get(key, _ZERO))
        for key in sorted(keys, key=lambda key: (key[1].casefold(), key[2]))
    ]


def _row(key: Key, estimate: Decimal | None, actual: Decimal) -> CostRow:
    item, name, klass = key
    return CostRow(item=item, name=name, category=klass, estimate=estimate, actual=actual)
