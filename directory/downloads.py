"""CSV files for people's spreadsheets, sent while they are made."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.http import StreamingHttpResponse

Cell = str | int | Decimal | date | None

# A spreadsheet takes a text that begins so for a formula, and would run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_download(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """`rows` as the file `name`: UTF-8 with its mark, numbers and dates plain (1234.50,
    2026-03-02), and no text that a spreadsheet would take for a formula."""
    return StreamingHttpResponse(
        _lines(headings, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    write = csv.writer(_Line()).writerow
    yield b"\xef\xbb\xbf"
    yield write(headings).encode()
    for row in rows:
        yield write([_plain(cell) for cell in row]).encode()


def _plain(cell: Cell) -> str | int | Decimal | None:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return cell.isoformat() if isinstance(cell, date) else cell
