"""Tables that people paste from a spreadsheet or upload as a CSV file.

The first row names the columns; what follows is kept as text for `directory.entered` to read, with
the number that the row has in the spreadsheet. Nothing is calculated: a formula is a text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from directory.entered import Fault

MOST_BYTES = 5 * 1024 * 1024
MOST_COLUMNS = 100
_SHOWN = 60  # characters of a heading

# 1,234 where a semicolon separates: thousands to one spreadsheet, decimals to the other.
_AMBIGUOUS = re.compile(r"[+-]?\$?\d{1,3},\d{3}", re.ASCII)
_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons"}


@dataclass(frozen=True)
class Column:
    """A column that can be read. `heading` names it for people, `also` what others call it."""

    name: str
    heading: str
    also: Sequence[str] = ()
    required: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the spreadsheet, and its texts by the names of the columns."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a table holds, without its blank rows.

    `faults` are of single cells or rows; their `line` counts `rows` from 1. `ignored` are headings
    that no column has.
    """

    rows: Sequence[Row]
    faults: Sequence[Fault] = ()
    ignored: Sequence[str] = field(default_factory=list)


class Unreadable(Exception):
    """The whole table cannot be read: why, and what to do, in words."""


def read_sheet(content: bytes | str, columns: Sequence[Column], most_rows: int) -> Sheet:
    """The table in `content`: of a file (UTF-8 with or without its mark, else Windows-1252; UTF-16
    with its mark) or of pasted text, separated by tabs, commas or semicolons.

    Raises Unreadable when it is too large, is no table, or lacks a required column.
    """
    refuse_size(len(content))
    text = content if isinstance(content, str) else _decoded(content)
    if "\0" in text:
        raise Unreadable("This is no CSV file. In the spreadsheet, choose Save as … CSV UTF-8.")
    separator, places, ignored = _heading(text, columns)
    rows: list[Row] = []
    faults: list[Fault] = []
    table = _table(text, separator)
    next(table)  # the headings
    for number, cells in table:
        if len(rows) == most_rows:
            raise Unreadable(
                f"This has more than {most_rows:,} rows; {most_rows:,} are possible. Divide it."
            )
        row = Row(number, {name: _cell(cells, place) for name, place in places.items()})
        rows.append(row)
        faults += _row_faults(row, len(rows), cells, columns, places, ignored, separator)
    if not rows:
        raise Unreadable("There is no row below the headings.")
    return Sheet(rows, faults, [heading for heading in ignored.values() if heading])


def refuse_size(size: int) -> None:
    """Raises Unreadable if a table has too many bytes; ask before reading it into memory."""
    if size > MOST_BYTES:
        raise Unreadable(
            f"This has {size / 1024**2:,.0f} MB; {MOST_BYTES // 1024**2} MB are possible. "
            "Remove what does not belong to the table, or divide it."
        )


def _decoded(content: bytes) -> str:
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return content.decode("cp1252")
        except UnicodeDecodeError:
            raise Unreadable(
                "The characters of this file are neither UTF-8 nor Windows-1252. In the "
                "spreadsheet, choose Save as … CSV UTF-8."
            ) from None


def _table(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, with their numbers from 1. Raises Unreadable."""
    number = 0
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        for number, cells in enumerate(rows, 1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        if "field limit" in str(error):
            raise Unreadable(
                f"Row {number + 1} has a cell of more than {csv.field_size_limit():,} characters. "
                "That is no table of lines, or a quotation mark is not closed: look at that row."
            ) from None
        raise Unreadable(
            f"Row {number + 1} cannot be read: a cell begins with a quotation mark that is not "
            "closed, or goes on after it. Double the marks within it, or take them away."
        ) from None


def _heading(text: str, columns: Sequence[Column]) -> tuple[str, dict[str, int], dict[int, str]]:
    """The separator under which most columns are named; their places; what stands beside them."""
    known = {_plain(word): one.name for one in columns for word in (one.heading, *one.also)}
    best: tuple[str, list[str]] | None = None
    why = ""
    for separator in _SEPARATORS:
        try:
            _, cells = next(_table(text, separator), (0, []))
        except Unreadable as error:
            why = why or str(error)
            continue
        if best is None or _named(cells, known) > _named(best[1], known):
            best = separator, cells
    if best is None or not any(cell.strip() for cell in best[1]):
        raise Unreadable(why or "There is nothing in it.")
    separator, cells = best
    places: dict[str, int] = {}
    ignored: dict[int, str] = {}
    twice = []
    for place, cell in enumerate(cells[:MOST_COLUMNS]):
        name = known.get(_plain(cell))
        if name is None:
            ignored[place] = " ".join(cell.split())[:_SHOWN]
        elif name in places:
            twice.append(f"{_shown(cells[places[name]])} and {_shown(cell)}")
        else:
            places[name] = place
    if twice:
        raise Unreadable(
            f"In the first row, {'; '.join(twice)} name the same column. Keep one of them; "
            "the other gets a name that no column has, and is not taken over."
        )
    if missing := [one.heading for one in columns if one.required and one.name not in places]:
        raise Unreadable(
            f"The first row has to name the columns; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing there. "
            f"Known are: {', '.join(one.heading for one in columns)}."
        )
    return separator, places, ignored


def _named(cells: Sequence[str], known: dict[str, str]) -> int:
    return len({known[plain] for cell in cells if (plain := _plain(cell)) in known})


def _shown(heading: str) -> str:
    return f"“{' '.join(heading.split())[:_SHOWN]}”"


def _plain(heading: str) -> str:
    """As headings are compared: 'Unit  cost ($)' is 'unit cost'."""
    return " ".join(re.sub(r"[\W_]+", " ", heading.casefold()).split())


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def _row_faults(
    row: Row,
    line: int,
    cells: Sequence[str],
    columns: Sequence[Column],
    places: dict[str, int],
    ignored: dict[int, str],
    separator: str,
) -> Iterator[Fault]:
    headings = len(places) + len(ignored)
    if any(cell.strip() for cell in cells[headings:]):
        hint = (
            " An amount with commas needs quotation marks around it: “1,234.50”."
            if separator == ","
            else ""
        )
        yield Fault("", f"This row has more cells than there are headings.{hint}", line)
    if separator == ";":
        for one in columns:
            text = row.cells.get(one.name, "")
            if one.number and _AMBIGUOUS.fullmatch(text):
                plain = text.replace(",", "")
                yield Fault(
                    one.name,
                    f"“{text}” could mean {plain} or {text.replace(',', '.')}, as semicolons "
                    "separate the cells here. Write it without a comma.",
                    line,
                )
