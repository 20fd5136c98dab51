"""QuickBooks' reports: rows and columns in an order of their own.

Facts: a cell without a value is absent, so cells are told by their colID; titles are in the
language of QuickBooks and may fill several rows, so columns are told by their ColType; an answer of
status 0 without a report, or with fewer rows than it announces, was cut short.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from lxml import etree

from connectors.contract import Busy
from connectors.quickbooks import errors
from connectors.quickbooks.qbxml import Answer, child_text

Cells = dict[str, str]  # ColType -> value


def data_rows(answer: Answer, doing: str, *, sums: tuple[str, ...] = ()) -> Iterator[Cells]:
    """The data rows of a report, without headings and totals, one at a time.

    `sums` are the columns of money that the report adds up in its last row: they must agree with
    what is read here. Raises Busy where the answer was cut short or does not add up, after the
    last row at the latest, or as `errors.unread` says.
    """
    report = answer.element
    found = report is not None and report.find("ReportRet/*") is not None
    if answer.status == errors.NO_MATCH and report is not None and not found:
        return
    if answer.status not in (0, errors.NO_MATCH):
        raise errors.unread(answer, doing)
    if report is None or not found:
        raise _cut_short(doing, "it holds no report")
    columns = {
        column.get("colID", ""): child_text(column, "ColType")
        for column in report.iterfind("ReportRet/ColDesc")
    }
    last = 0
    there = dict.fromkeys(sums, Decimal("0.00"))
    totals: Cells = {}
    for row in report.iterfind("ReportRet/ReportData/*"):
        last = max(last, int(row.get("rowNumber", "0")))
        cells = dict(_cells(row, columns))
        if row.tag == "DataRow":
            for column in sums:
                there[column] += money(cells.get(column, ""))
            yield cells
        elif row.tag == "TotalRow":
            totals = cells
    rows = report.find("ReportRet/NumRows")
    announced = int((rows.text if rows is not None else "") or "0")
    if last < announced:
        raise _cut_short(doing, f"its rows end at {last:,} of {announced:,}")
    for column, come_to in there.items():
        if column in totals and money(totals[column]) != come_to:
            raise _cut_short(
                doing, f"its rows come to {come_to:,.2f} and it says {totals[column]} itself"
            )


def _cells(row: etree._Element, columns: dict[str, str]) -> Iterator[tuple[str, str]]:
    for cell in row.iterchildren("ColData"):
        kind = columns.get(cell.get("colID", ""))
        if kind:
            yield kind, cell.get("value", "").strip()
    about = row.find("RowData")
    if about is not None and about.get("rowType") == "item":
        # the full name, where a column may show only the last part of it
        yield "Item", about.get("value", "").strip()


def _cut_short(doing: str, why: str) -> Busy:
    return Busy(
        f"QuickBooks' answer to {doing} is not whole: {why}. Nothing was taken from it; it is "
        "asked again in the next session."
    )


def money(text: str) -> Decimal:
    """An amount of a report, '' being 0.00. Raises Busy for what is none."""
    try:
        return Decimal(text.replace(",", "") or "0").quantize(Decimal("0.01"))
    except InvalidOperation:
        raise _cut_short("the report", f"“{text}” is no amount") from None
