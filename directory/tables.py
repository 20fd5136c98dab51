"""Tables that programs send: read first, with every fault, and then kept whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec

from directory.api_requests import one_of
from directory.entered import Fault, Invalid
from directory.sheets import Row, Sheet

Change = Annotated[str, one_of(["new", "changed", "same"])]


class TableBody(msgspec.Struct):
    """`table`: the text of a CSV file, or cells as a spreadsheet copies them; its first row names
    the columns. Without `save` it is only read. Lines that are there stay."""

    version: int
    table: str
    save: bool = False


class TableRow(msgspec.Struct):
    """`row` is its number in the spreadsheet, `cells` its texts by the names of the columns."""

    row: int
    cells: dict[str, str]
    change: Change


class TableFault(msgspec.Struct):
    """`row` is null for what concerns the whole."""

    row: int | None
    field: str
    text: str


class TableRead(msgspec.Struct):
    """What a table does to the lines. With faults nothing of it can be saved. `ignored` are
    headings that no column has; `version` is the one to go on with."""

    rows: list[TableRow]
    faults: list[TableFault]
    ignored: list[str]
    saved: bool
    version: int


def refuse_with(faults: Sequence[Fault], rows: Sequence[Row]) -> None:
    """Raises Invalid if there is any fault, each under its row: /table/rows/7/amount."""
    named = [
        replace(one, field=f"table/rows/{rows[one.line - 1].number}/{one.field}", line=None)
        if one.line
        else one
        for one in faults
    ]
    if named:
        raise Invalid(named)


def table_read(
    sheet: Sheet, changes: Iterable[str], faults: Sequence[Fault], *, saved: bool, version: int
) -> TableRead:
    """What a program is told; the `line` of a fault counts the rows of `sheet` from 1."""
    rows = sheet.rows
    return TableRead(
        rows=[
            TableRow(row.number, row.cells, change)
            for row, change in zip(rows, changes, strict=True)
        ],
        faults=[
            TableFault(rows[one.line - 1].number if one.line else None, one.field, one.message)
            for one in faults
        ],
        ignored=list(sheet.ignored),
        saved=saved,
        version=version,
    )
