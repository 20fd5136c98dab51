"""Reads what somebody entered for a commitment or change order.

An amount is quantity × unit cost where both are given, rounded half up to the cent. Quantities have
at most ten digits before the point and four behind it, as unit costs do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from commitments.entries import ChangeEntry, CommitmentEntry, LineEntry
from commitments.models import AnyLine, CommitmentLine
from commitments.states import Type
from connectors.contract import Capabilities
from connectors.models import Connection
from directory.entered import CENT, MOST_MONEY, Lookup, Reader
from directory.models import Category, Company, CostCode, Vendor

MOST_LINES = 1000
DESCRIPTION = 10_000

L = TypeVar("L", bound=AnyLine)


def erp_of(company: Company) -> Capabilities | None:
    """What the company's ERP can take; None without a connection."""
    connection = Connection.of(company.pk)
    return connection.capabilities if connection else None


def own_lengths(company: Company, kind: str) -> Mapping[str, int]:
    """How many characters the texts have at most that the company's ERP alone gets, by the field
    whose place they take; of others it takes none."""
    erp = erp_of(company)
    return erp.own_lengths(kind) if erp else {}


def own_text(reader: Reader, name: str, text: str, most: int) -> str:
    """A text that the ERP alone gets; 0: it takes none."""
    if text.strip() and not most:
        reader.fault(name, "The company's accounting system takes no text of its own here.")
    return reader.text(name, text, most or len(text), long=True)


def header(
    reader: Reader,
    entry: CommitmentEntry,
    company: Company,
    vendor_now: int | None,
    own: Mapping[str, int],
) -> dict[str, object]:
    """The fields of a commitment but its lines, by their names on the model; `own`: its lengths
    of texts for the ERP."""
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
        "erp_title": own_text(reader, "erp_title", entry.erp_title, own.get("title", 0)),
        "vendor_id": vendor,
        "retainage": retainage if retainage is not None else Decimal("0.00"),
        "description": reader.text("description", entry.description, DESCRIPTION, long=True),
        "vendor_message": reader.text("vendor_message", entry.vendor_message, 255, long=True),
        "date_created": reader.date("date_created", entry.date_created),
    }


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
    codes = Lookup(CostCode, "code", company, [entry.cost_code for entry in entries])
    categories = Lookup(Category, "name", company, [entry.category for entry in entries])
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


def own_texts(reader: Reader, entries: Sequence[LineEntry], most: int) -> list[str]:
    """What the ERP alone gets in place of the lines' descriptions."""
    read = []
    for number, entry in enumerate(entries, 1):
        reader.line = number
        read.append(own_text(reader, "erp_description", entry.erp_description, most))
    reader.line = None
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
