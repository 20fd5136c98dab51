"""Reads what somebody entered. Every fault is found, none is mended silently.

Money has two decimals and at most 13 digits before the point, quantities and unit costs four and
ten. An amount is quantity × unit cost where both are given, rounded half up to the cent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Generic, TypeVar

from django.db.models import Q

from commitments.entries import ChangeEntry, CommitmentEntry, Fault, LineEntry, Number
from commitments.models import AnyLine, CommitmentLine, Type
from directory.models import Category, Company, CostCode, Vendor

CENT = Decimal("0.01")
MOST_MONEY = Decimal(10) ** 13
MOST_LINES = 1000
DESCRIPTION = 10_000
# They show what follows in another order: what is read is not what is sent.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# 1234.5, 1,234.50, -0.07, (1,234.50) and $ as spreadsheets write them.
_NUMBER = re.compile(r"[+-]?\$?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?", re.ASCII)

L = TypeVar("L", bound=AnyLine)
R = TypeVar("R", CostCode, Category)


@dataclass
class Reader:
    """Collects the faults of one entry while it is read. `line` is the line being read."""

    faults: list[Fault] = field(default_factory=list)
    line: int | None = None

    def fault(self, name: str, message: str) -> None:
        self.faults.append(Fault(name, message, self.line))

    def text(
        self, name: str, value: str, most: int, *, required: str = "", long: bool = False
    ) -> str:
        """A text without blanks around it. `long` ones may have several lines."""
        value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if required and not any(c.isprintable() and not c.isspace() for c in value):
            self.fault(name, required)
        if len(value) > most:
            self.fault(name, f"This has {len(value):,} characters; {most:,} are possible.")
        allowed = "\n\t" if long else ""
        if any(
            (unicodedata.category(c) in ("Cc", "Cs") and c not in allowed) or c in TURNING
            for c in value
        ):
            self.fault(name, "This holds a control character or a line break. Type it anew.")
        return value

    def number(self, name: str, value: Number, places: int, most: Decimal) -> Decimal | None:
        """A number with at most `places` decimals, below `most`; None for an empty cell."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        read = value if isinstance(value, Decimal) else _number(value)
        if read is None or not read.is_finite():
            self.fault(name, f"“{str(value)[:40]}” is not a number like 1,234.50.")
            return None
        if abs(read) >= most:
            self.fault(name, f"This is too large: below {most:,.0f} is possible.")
            return None
        exact = read.quantize(Decimal(1).scaleb(-places))
        if exact != read:
            self.fault(name, f"This has more than {places} decimals.")
            return None
        return exact + 0  # no -0.00


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


def header(
    reader: Reader, entry: CommitmentEntry, company: Company, vendor_now: int | None
) -> dict[str, object]:
    """The fields of a commitment but its lines, by their names on the model."""
    if entry.type not in Type.values:
        reader.fault("type", "Choose Purchase Order or Subcontract.")
    retainage = reader.number("retainage", entry.retainage, 2, Decimal(1000))
    if retainage is not None and not 0 <= retainage <= 100:
        reader.fault("retainage", "Retainage is between 0 and 100 per cent.")
    vendor = entry.vendor
    if (
        vendor not in (None, vendor_now)
        and not Vendor.objects.filter(pk=vendor, company=company).exists()
    ):
        reader.fault("vendor", f"{company} has no such vendor.")
    return {
        "type": entry.type,
        "number": reader.text("number", entry.number, 40, required="Give it a number."),
        "title": reader.text("title", entry.title, 255, required="Give it a title."),
        "vendor_id": vendor,
        "retainage": retainage if retainage is not None else Decimal("0.00"),
        "description": reader.text("description", entry.description, DESCRIPTION, long=True),
        "vendor_message": reader.text("vendor_message", entry.vendor_message, 255, long=True),
        "date_created": _date(reader, entry.date_created),
    }


def _date(reader: Reader, value: date | str) -> date | None:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            reader.fault("date_created", "Enter a date as YYYY-MM-DD.")
            return None
    if not 1950 <= value.year <= 2100:
        reader.fault("date_created", f"The year {value.year} cannot be right.")
        return None
    return value


def lines(
    reader: Reader,
    entries: Sequence[LineEntry],
    company: Company,
    model: type[L],
    stored: Iterable[L],
) -> list[L]:
    """The lines, numbered from 1 in their order; those with an id of `stored` keep it.

    Lines with faults are left out: use the result only if `reader` has none.
    """
    if len(entries) > MOST_LINES:
        reader.fault("lines", f"At most {MOST_LINES:,} lines are possible.")
        return []
    codes = _Lookup(CostCode, "code", company, [entry.cost_code for entry in entries])
    categories = _Lookup(Category, "name", company, [entry.category for entry in entries])
    known = {line.pk for line in stored}
    seen: set[int] = set()
    read = []
    for number, entry in enumerate(entries, 1):
        reader.line = number
        if entry.id is not None and (entry.id not in known or entry.id in seen):
            reader.fault("id", "This line is no longer there. Remove it, or enter it as a new one.")
        seen.add(entry.id or 0)
        cost_code = codes.find(reader, "cost_code", entry.cost_code, "a cost code")
        category = categories.find(reader, "category", entry.category, "a category")
        values = {
            "sub_job": reader.text("sub_job", entry.sub_job, 60),
            "description": reader.text("description", entry.description, 1000, long=True),
            "unit": reader.text("unit", entry.unit, 20),
            **_money(reader, entry),
        }
        if cost_code is not None and category is not None and values["amount"] is not None:
            line = model(pk=entry.id, company=company, number=number, **values)
            line.cost_code, line.category = cost_code, category
            read.append(line)
    reader.line = None
    if abs(sum((line.amount for line in read), Decimal(0))) >= MOST_MONEY:
        reader.fault("lines", f"The total is too large: below {MOST_MONEY:,.0f} is possible.")
    return read


def _money(reader: Reader, entry: LineEntry) -> dict[str, Decimal | None]:
    before = len(reader.faults)
    quantity = reader.number("quantity", entry.quantity, 4, Decimal(10) ** 10)
    unit_cost = reader.number("unit_cost", entry.unit_cost, 4, Decimal(10) ** 10)
    amount = reader.number("amount", entry.amount, 2, MOST_MONEY)
    if len(reader.faults) == before:
        if quantity is not None and unit_cost is not None:
            product = (quantity * unit_cost).quantize(CENT, ROUND_HALF_UP) + 0
            if abs(product) >= MOST_MONEY:
                reader.fault("amount", f"Quantity × unit cost is too large: {product:,.2f}.")
            elif amount is not None and amount != product:
                reader.fault(
                    "amount",
                    f"Quantity × unit cost is {product:,.2f}, not {amount:,.2f}. Leave the amount "
                    "empty, or mend one of the three.",
                )
            amount = product
        elif amount is None:
            reader.fault("amount", "Enter an amount, or both a quantity and a unit cost.")
    return {"quantity": quantity, "unit_cost": unit_cost, "amount": amount}


class _Lookup(Generic[R]):
    """Rows of one of the company's lists, found by id or by what people write."""

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
        rows = model._default_manager.filter(
            Q(pk__in=ids) | Q(**{f"{written}__in": texts}), company=company
        )
        self.found: dict[int | str, R] = {}
        for row in rows:
            self.found[row.pk] = self.found[getattr(row, written)] = row

    def find(self, reader: Reader, name: str, wanted: int | str | None, what: str) -> R | None:
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


def targets(
    reader: Reader, entries: Sequence[ChangeEntry], known: Mapping[int, CommitmentLine]
) -> list[ChangeEntry]:
    """The change order's lines, each with its commitment line checked.

    `known` holds the commitment's lines by id. A line that names one and no cost code gets that
    one's.
    """
    read = []
    for number, entry in enumerate(entries, 1):
        reader.line = number
        target = entry.commitment_line
        if target is None and not entry.new_scope:
            reader.fault(
                "commitment_line", "Choose the line of the commitment it changes, or New scope."
            )
        elif target is not None and entry.new_scope:
            reader.fault("commitment_line", "Either an existing line or a new scope, not both.")
        elif target is not None and target not in known:
            reader.fault("commitment_line", "The commitment has no such line (any more).")
        elif target is not None and not entry.cost_code:
            entry = replace(entry, cost_code=known[target].cost_code_id)
        read.append(entry)
    reader.line = None
    return read
