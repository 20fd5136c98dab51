"""Reports: CustomDetailReportQuery, the list of what was posted, row by row.

SYNTHETIC: no answer of QuickBooks to this request was found anywhere in public. What is written
here has the shape that the published schema asks for, and keeps what recorded reports of other
kinds show: cells without a value are absent, a first column has no title, amounts are plain
decimals, and an item may be followed by its description in brackets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element

from sandbox.quickbooks.answers import Answer, Part, escape, money, part
from sandbox.quickbooks.books import Books, Session
from sandbox.quickbooks.records import Line, Transaction
from sandbox.quickbooks.statuses import NOT_PLAYED, VALUE_INVALID, Refused
from sandbox.quickbooks.transactions import names_entry

POSTING = ("Bill",)

# IncludeColumn -> its type of data
_COLUMNS = {
    "TxnType": "ENUMTYPE",
    "TxnID": "IDTYPE",
    "Date": "DATETYPE",
    "RefNumber": "STRTYPE",
    "Name": "STRTYPE",
    "SourceName": "STRTYPE",
    "Memo": "STRTYPE",
    "Account": "STRTYPE",
    "Item": "STRTYPE",
    "Class": "STRTYPE",
    "Debit": "AMTTYPE",
    "Credit": "AMTTYPE",
    "Amount": "AMTTYPE",
}
_PLAYED = {
    "ReportPostingStatusFilter": {"Posting"},
    "SummarizeRowsBy": {"TotalOnly"},
    "ReportDateMacro": {"All", "Today"},
    "ReportBasis": {"Accrual"},
    "IncludeColumn": set(_COLUMNS),
}
_SUMMED = ("Debit", "Credit", "Amount")


@dataclass(slots=True)
class Posting:
    """One amount on one account; `amount` above zero is a debit."""

    transaction: Transaction
    account: str
    name: str
    item: str
    klass: str
    memo: str
    amount: Decimal


def find(books: Books, session: Session, request: Element) -> Answer:
    """Answer CustomDetailReportQueryRq: what was posted, filtered, with the columns asked for."""
    _only_what_is_played(request)
    for wanted in request.iter("ListID"):
        if books.storage.entry(wanted.text or "") is None:
            raise Refused(VALUE_INVALID, f'There is no list entry "{wanted.text}" to filter by.')
    columns = [element.text or "" for element in request.findall("IncludeColumn")]
    postings = [each for each in _postings(books) if _passes(books, request, each)]
    cells = [_cells(books, each) for each in postings]
    rows = [_row("DataRow", number, columns, cell) for number, cell in enumerate(cells, 1)]
    if rows:
        totals = {
            name: sum((Decimal(cell[name]) for cell in cells if name in cell), Decimal("0.00"))
            for name in _SUMMED
        }
        total = {name: format(money(amount), "f") for name, amount in totals.items()}
        rows.append(_row("TotalRow", len(rows) + 1, columns, {"": "TOTAL", **total}))
    return Answer([_report(request, columns, rows)])


def _only_what_is_played(request: Element) -> None:
    for name, values in _PLAYED.items():
        if not {element.text for element in request.findall(name)} <= values:
            raise Refused(NOT_PLAYED, f"This stand-in for QuickBooks plays no such {name}.")
    if request.find("ReportPostingStatusFilter") is None:
        raise Refused(NOT_PLAYED, "This stand-in for QuickBooks lists only what was posted.")
    filters = ("Item", "Class", "TxnType", "ModifiedDateRange", "DetailLevel")
    if any(request.find(f"Report{name}Filter") is not None for name in filters):
        raise Refused(NOT_PLAYED, "This stand-in for QuickBooks plays no such filter of a report.")


def _postings(books: Books) -> Iterator[Posting]:
    """The two sides of every bill: what it cost, line by line, and what is owed."""
    for kind in POSTING:
        for bill in books.storage.transactions(kind):
            for line in bill.lines:
                yield Posting(
                    bill,
                    _account_of(books, line),
                    line.ref("CustomerRef") or bill.ref("VendorRef") or "",
                    line.ref("ItemRef") or "",
                    line.ref("ClassRef") or "",
                    str(line.fields.get("Desc", "")),
                    line.amount or Decimal(0),
                )
            owed = books.storage.entry_named("Account", "Accounts Payable")
            yield Posting(
                bill,
                owed.list_id if owed else "",
                bill.ref("VendorRef") or "",
                "",
                "",
                bill.text("Memo"),
                -bill.total,
            )


def _account_of(books: Books, line: Line) -> str:
    if account := line.ref("AccountRef"):
        return account
    item = books.storage.entry(line.ref("ItemRef") or "")
    name = item.details.get("account", "Job Costs") if item else "Job Costs"
    entry = books.storage.entry_named("Account", name)
    return entry.list_id if entry else ""


def _passes(books: Books, request: Element, posting: Posting) -> bool:
    for name, list_id in (("Entity", posting.name), ("Account", posting.account)):
        chosen = request.find(f"Report{name}Filter")
        if chosen is None:
            continue
        if not names_entry(books, chosen, list_id):
            return False
    day = posting.transaction.text("TxnDate")
    if request.findtext("ReportDateMacro") == "Today":
        return day == books.today()
    start = request.findtext("ReportPeriod/FromReportDate")
    end = request.findtext("ReportPeriod/ToReportDate")
    return not ((start and day < start) or (end and day > end))


def _cells(books: Books, posting: Posting) -> dict[str, str]:
    """The cells of one row; what is empty is absent."""
    bill = posting.transaction
    cells = {
        "TxnType": bill.kind,
        "TxnID": bill.txn_id,
        "Date": bill.text("TxnDate"),
        "RefNumber": bill.text("RefNumber"),
        "Name": books.full_name(posting.name),
        "SourceName": books.full_name(bill.ref("VendorRef") or ""),
        "Memo": posting.memo,
        "Account": books.full_name(posting.account),
        "Item": _item(books, posting.item),
        "Class": books.full_name(posting.klass) if posting.klass else "",
        "Amount": format(money(posting.amount), "f"),
    }
    side = "Debit" if posting.amount >= 0 else "Credit"
    cells[side] = format(money(abs(posting.amount)), "f")
    return {name: value for name, value in cells.items() if value}


def _item(books: Books, list_id: str) -> str:
    item = books.storage.entry(list_id)
    if item is None:
        return ""
    about = item.details.get("PurchaseDesc", "")
    with_words = books.preference("ReportsShowItemDescriptions") and about
    return f"{item.full_name} ({about})" if with_words else item.full_name


def _row(tag: str, number: int, columns: list[str], cells: dict[str, str]) -> str:
    """A row of a report; columns are counted from 2, for the first has no title."""
    inside = "".join(
        f'<ColData colID="{place}" value="{escape(cells[name])}"/>'
        for place, name in enumerate(["", *columns], 1)
        if name in cells
    )
    return f'<{tag} rowNumber="{number}">{inside}</{tag}>'


def _report(request: Element, columns: list[str], rows: list[str]) -> str:
    parts: list[Part] = [
        part("ReportTitle", "Custom Transaction Detail Report"),
        part("ReportSubtitle", "All Transactions"),
        part("ReportBasis", request.findtext("ReportBasis") or "Accrual"),
        part("NumRows", len(rows)),
        part("NumColumns", len(columns) + 1),
        part("NumColTitleRows", 1),
    ]
    described = [_column(1, "", "Blank", "STRTYPE")]
    for place, name in enumerate(columns, 2):
        described.append(_column(place, name, name, _COLUMNS[name]))
    data = f"<ReportData>{''.join(rows)}</ReportData>" if rows else ""
    inside = "".join(xml for _, xml in parts) + "".join(described) + data
    return f"<ReportRet>{inside}</ReportRet>\n"


def _column(place: int, title: str, kind: str, data: str) -> str:
    value = f' value="{escape(title)}"' if title else ""
    return (
        f'<ColDesc colID="{place}" dataType="{data}"><ColTitle titleRow="1"{value}/>'
        f"<ColType>{kind}</ColType></ColDesc>"
    )
