"""Documents that every ERP takes, as project managers send them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.contract import Document, Kind, Line, Named

CODES = {1: ("03-300", "Cast-in-place concrete"), 2: ("03-200", "Reinforcing steel")}
AMOUNTS = (("40000.00", 1), ("12500.50", 2))


def document(kind: Kind, **values: object) -> Document:
    """A subcontract over two lines, its first change order, or the budget's first round."""
    lines = tuple(_line(kind, number, *of) for number, of in enumerate(_amounts(kind), 1))
    own: dict[Kind, dict[str, object]] = {
        "commitment": {"number": "SC-001", "title": "Concrete works", "type": "subcontract"},
        "change_order": {
            "number": "001",
            "title": "Soft soil",
            "parent": Named(id=3, code="SC-001", name="Concrete works"),
        },
        "budget": {"number": "1", "title": "Budget", "vendor": None},
    }
    every: dict[str, object] = {
        "kind": kind,
        "id": {"commitment": 11, "change_order": 21, "budget": 31}[kind],
        "date": date(2026, 5, 4),
        "project": Named(id=7, code="24-07", name="Riverside Library"),
        "vendor": Named(id=9, name="Ironwood Concrete"),
        "amount": sum((line.amount for line in lines), Decimal("0.00")),
        "lines": lines,
    }
    return Document(**{**every, **own[kind], **values})  # type: ignore[arg-type]


def _amounts(kind: Kind) -> tuple[tuple[str, int], ...]:
    return (("1500.00", 1), ("-300.00", 2)) if kind == "change_order" else AMOUNTS


def _line(kind: Kind, number: int, amount: str, code: int) -> Line:
    name, words = CODES[code]
    own = 100 + number
    return Line(
        id=own + (100 if kind == "change_order" else 0),
        number=number,
        cost_code=Named(id=code, code=name, name=words),
        category=Named(id=5, code="S", name="Subcontract"),
        description=f"Part {number}",
        amount=Decimal(amount),
        commitment_line=(
            Named(id=own, code=str(number), name=f"Part {number}")
            if kind == "change_order"
            else None
        ),
    )
