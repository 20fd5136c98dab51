"""A contractor's company file, and documents as project managers send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from connectors.contract import Document, Line, Named, Receipt, Ref, Terms
from connectors.quickbooks import connector
from sandbox.quickbooks import CompanyFile
from tests.connectors.quickbooks.playing import KEY, Session

FILE_ID = "{2d8f0c4e-51b7-4c3a-8a80-0c5f3b0d9a11}"


@dataclass
class Site:
    """The company file of Meridian Builders, and what of it is linked."""

    company: CompanyFile
    vendor: Ref
    job: Ref
    items: dict[str, Ref]

    def session(self) -> Session:
        return Session(self.company)

    def terms(self, document: Document, parent: Receipt | None = None) -> Terms:
        return Terms(
            erp="quickbooks",
            company_file=FILE_ID,
            number=connector.number(document, parent),
            vendor=self.vendor,
            job=self.job,
            items=self.items,
            parent=parent,
        )

    def exported(
        self, document: Document, key: str = KEY, parent: Receipt | None = None
    ) -> Receipt:
        """The receipt of a document that is in QuickBooks."""
        terms = self.terms(document, parent)
        return self.session().run(lambda: connector.export(document, terms, key))


@pytest.fixture
def site() -> Iterator[Site]:
    made = make_site()
    yield made
    made.company.close()


def make_site() -> Site:
    company = CompanyFile.create(company_name="Meridian Builders")
    vendor = company.add_vendor("Ironwood Concrete")
    job = company.add_job(company.add_customer("City of Alder"), "Riverside Library")
    items = {
        "1": Ref(id=company.add_item("03-300", desc="Cast-in-place concrete"), name="03-300"),
        "2": Ref(id=company.add_item("03-200", desc="Reinforcing steel"), name="03-200"),
    }
    return Site(
        company,
        Ref(id=vendor, name="Ironwood Concrete"),
        Ref(id=job, name="City of Alder:Riverside Library"),
        items,
    )


def line(number: int, amount: str, **values: object) -> Line:
    """A line; cost code 1 is concrete, 2 is steel."""
    code = int(str(values.pop("code", 1)))
    name = {1: "03-300", 2: "03-200"}[code]
    defaults: dict[str, object] = {
        "id": 100 + number,
        "cost_code": Named(id=code, code=name, name="Concrete" if code == 1 else "Steel"),
        "category": Named(id=5, code="S", name="Subcontract"),
        "description": f"Line {number}",
    }
    return Line(number=number, amount=Decimal(amount), **{**defaults, **values})  # type: ignore[arg-type]


def commitment(*lines: Line, **values: object) -> Document:
    lines = lines or (
        line(1, "40000.00", description="Footings"),
        line(
            2,
            "12500.50",
            code=2,
            description="Rebar",
            quantity=Decimal(5),
            unit="t",
            unit_cost=Decimal("2500.10"),
        ),
    )
    defaults: dict[str, object] = {
        "kind": "commitment",
        "id": 11,
        "type": "subcontract",
        "number": "SC-001",
        "title": "Concrete works",
        "description": "Footings and slabs",
        "vendor_message": "Call before delivery",
        "date": date(2026, 3, 2),
        "project": Named(id=7, code="24-07", name="Riverside Library"),
        "vendor": Named(id=9, name="Ironwood Concrete"),
        "amount": sum((one.amount for one in lines), Decimal("0.00")),
        "lines": lines,
    }
    return Document(**{**defaults, **values})  # type: ignore[arg-type]


def change(number: int, amount: str, target: int, **values: object) -> Line:
    """A change order's line that changes the commitment's line `target` (1 or 2)."""
    name = {1: "Footings", 2: "Rebar"}[target]
    target_line = Named(id=100 + target, code=str(target), name=name)
    return line(number, amount, id=200 + number, code=target, commitment_line=target_line, **values)


def change_order(*lines: Line, **values: object) -> Document:
    lines = lines or (change(1, "1500.00", 1, description="Deeper footings"),)
    defaults: dict[str, object] = {
        "kind": "change_order",
        "id": 21,
        "number": "001",
        "title": "Soft soil",
        "description": "Footings go 60 cm deeper",
        "date": date(2026, 4, 10),
        "parent": Named(id=3, code="SC-001", name="Concrete works"),
    }
    return commitment(*lines, **{**defaults, **values})


def budget(*lines: Line, **values: object) -> Document:
    """A budget: its first round unless `number` says another."""
    lines = lines or (
        line(1, "40000.00", description="Footings"),
        line(2, "2500.00", description="Slabs"),
        line(3, "12500.50", code=2, description=""),
    )
    defaults: dict[str, object] = {
        "kind": "budget",
        "id": 31,
        "type": "",
        "number": "1",
        "title": "Budget",
        "description": "",
        "vendor_message": "",
        "vendor": None,
    }
    return commitment(*lines, **{**defaults, **values})
