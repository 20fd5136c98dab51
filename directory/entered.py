"""Reads what somebody entered or uploaded. Every fault is found, none is mended silently.

Money has two decimals and at most 13 digits before the point; the point is the decimal mark,
commas may only stand between thousands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import zip_longest
from typing import Generic, TypeVar

from django.db.models import Q
from django.http import QueryDict

from directory.compiled import CompiledQuery
from directory.models import Category, Company, CostCode

Number = Decimal | str | None

CENT = Decimal("0.01")
MOST_MONEY = Decimal(10) ** 13
# They show what follows in another order: what is read is not what is sent.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# 1234.5, 1,234.50, -0.07, (1,234.50) and $ as spreadsheets write them.
_NUMBER = re.compile(r"[+-]?\$?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?", re.ASCII)
# 1.234,56 and 1234,5: the comma before the decimals.
_DECIMAL_COMMA = re.compile(r"[+-]?\d[\d.]*,\d+", re.ASCII)

R = TypeVar("R", CostCode, Category)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, in a sentence for people.

    `field` is the entry's (or its line's) field; `line` counts the lines as they were given, from
    1; both are empty for what concerns the whole.
    """

    field: str
    message: str
    line: int | None = None


@dataclass(eq=False)
class Invalid(Exception):
    """Refused at the door, with every fault. Nothing was changed."""

    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join(
            f"Line {fault.line}: {fault.message}" if fault.line else fault.message
            for fault in self.faults
        )


def unreadable(text: str, *, long: bool = False) -> str:
    """'' if all of `text` is read as it is written, else what is wrong with it, in words.

    `long` texts may have several lines.
    """
    allowed = "\n\t" if long else ""
    if any(
        (unicodedata.category(c) in ("Cc", "Cs") and c not in allowed) or c in TURNING for c in text
    ):
        return "This holds a control character or a line break. Type it anew."
    if text.strip() and not _shows(text):
        return "There is nothing to see in this. Type it anew."
    return ""


def _shows(text: str) -> bool:
    return any(c.isprintable() and not c.isspace() for c in text)


@dataclass
class Reader:
    """Collects the faults of one entry while it is read. `line` is the line being read."""

    faults: list[Fault] = field(default_factory=list)
    line: int | None = None

    def fault(self, name: str, message: str) -> None:
        self.faults.append(Fault(name, message, self.line))

    def refuse(self) -> None:
        """Raises Invalid if there is any fault."""
        if self.faults:
            raise Invalid(self.faults)

    def text(
        self, name: str, value: str, most: int, *, required: str = "", long: bool = False
    ) -> str:
        """A text without blanks around it. `long` ones may have several lines."""
        value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if required and not _shows(value):
            self.fault(name, required)
        elif why := unreadable(value, long=long):
            self.fault(name, why)
        if len(value) > most:
            self.fault(name, f"This has {len(value):,} characters; {most:,} are possible.")
        return value

    def number(self, name: str, value: Number, places: int, most: Decimal) -> Decimal | None:
        """A number with at most `places` decimals, below `most`; None for an empty cell."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        read = value if isinstance(value, Decimal) else _number(value)
        if read is None or not read.is_finite():
            self.fault(name, _no_number(str(value).strip()))
            return None
        if abs(read) >= most:
            self.fault(name, f"This is too large: below {most:,.0f} is possible.")
            return None
        exact = read.quantize(Decimal(1).scaleb(-places))
        if exact != read:
            self.fault(name, f"This has more than {places} decimals.")
            return None
        return exact + 0  # no -0.00

    def date(self, name: str, value: date | str) -> date | None:
        """A calendar date; of a text as YYYY-MM-DD."""
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value.strip())
            except ValueError:
                self.fault(name, "Enter a date as YYYY-MM-DD.")
                return None
        if not 1950 <= value.year <= 2100:
            self.fault(name, f"The year {value.year} cannot be right.")
            return None
        return value


def _number(text: str) -> Decimal | None:
    text = text.strip().replace("−", "-").replace("\u00a0", "")
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1]}"
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", "").replace("$", ""))
    except InvalidOperation:
        return None


def _no_number(text: str) -> str:
    if text.startswith("="):
        return f"“{text[:40]}” is a formula. Enter its value."
    if _DECIMAL_COMMA.fullmatch(text):
        return f"“{text[:40]}”: write a point before the decimals, like 1,234.50."
    return f"“{text[:40]}” is not a number like 1,234.50."


@cache
def _wanted(model: type[R], written: str) -> CompiledQuery[R]:
    return CompiledQuery(
        lambda ids, texts, company: model._default_manager.filter(
            Q(pk__in=ids) | Q(**{f"{written}__in": texts}), company=company
        ),
        list[int],
        list[str],
        int,
    )


class Lookup(Generic[R]):
    """Rows of one of the company's lists, found by id or by what people write; one query."""

    def __init__(
        self,
        model: type[R],
        written: str,
        company: Company,
        wanted: Iterable[int | str | None],
    ) -> None:
        wanted = list(wanted)
        ids = [one for one in wanted if isinstance(one, int) and 0 < one < 2**63]
        texts = {one.strip() for one in wanted if isinstance(one, str) and "\0" not in one}
        self.found: dict[int | str, R] = {}
        for row in _wanted(model, written).all(ids, list(texts), company.pk):
            self.found[row.pk] = self.found[getattr(row, written)] = row

    def find(self, reader: Reader, name: str, wanted: int | str | None, what: str) -> R | None:
        """The row, or a fault of `name`: `what` is 'a cost code' or 'a category'."""
        if isinstance(wanted, str):
            wanted = wanted.strip()
        if not wanted:
            reader.fault(name, f"Choose {what}.")
            return None
        row = self.found.get(wanted)
        if row is None:
            shown = f" “{wanted[:40]}”" if isinstance(wanted, str) else ""
            reader.fault(
                name, f"There is no such {what.split(' ', 1)[1]}{shown}. Choose one of the list."
            )
        return row


def posted_rows(posted: QueryDict, cells: Sequence[str]) -> list[dict[str, str]]:
    """The lines of a form, by the names of their cells, without those that hold no text."""
    columns = [posted.getlist(f"line-{name}") for name in cells]
    rows = [dict(zip(cells, row, strict=True)) for row in zip_longest(*columns, fillvalue="")]
    return [row for row in rows if any(text.strip() for text in row.values())]


def id_of(text: str) -> int | None:
    """The id in a hidden field or of a list's choice, None for an empty text; 0, which nothing has,
    for any other."""
    text = text.strip()
    if not text:
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0
