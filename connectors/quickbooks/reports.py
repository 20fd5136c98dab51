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


def data_rows(answer: Answer, doing: str, *, sums: tuple[str, ...] = ()) -> list[Cells]:
    """The data rows of a report, without headings and totals.

    `sums` are the columns of money that the report adds up in its last row: they must agree with
    what is read here. Raises Busy where the answer was cut short or does not add up, or as
    `errors.unread` says.
    """
    report = None if answer.element is None else answer.element.find("ReportRet")
    if answer.status == errors.NO_MATCH and answer.element is not None and report is None:
        return []
    if answer.status not in (0, errors.NO_MATCH):
        raise errors.unread(answer, doing)
    if report is None:
        raise _cut_short(doing, "it holds no report")
    columns = {
        column.get("colID", ""): child_text(column, "ColType") for column in report.iter("ColDesc")
    }
    rows, last = list[Cells](), 0
    totals: Cells = {}
    for row in report.iterfind("ReportData/*"):
        last = max(last, int(row.get("rowNumber", "0")))
        cells = dict(_cells(row, columns))
        if row.tag == "DataRow":
            rows.append(cells)
        elif row.tag == "TotalRow":
            totals = cells
    announced = int(child_text(report, "NumRows") or "0")
    if last < announced:
        raise _cut_short(doing, f"it announces {announced:,} rows and holds {last:,}")
    for column in sums:
        there = sum((money(row.get(column, "")) for row in rows), Decimal("0.00"))
        if column in totals and money(totals[column]) != there:
            raise _cut_short(
                doing, f"its rows come to {there:,.2f} and it says {totals[column]} itself"
            )
    return rows


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
