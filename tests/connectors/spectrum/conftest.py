"""A contractor's Spectrum company, and documents as project managers send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import Document, Line, Named, Receipt, Ref, Terms
from connectors.spectrum import connector
from connectors.spectrum.groups import BILL_DESCRIPTION
from connectors.spectrum.statements import STATEMENTS
from sandbox.spectrum import SpectrumCompany
from sandbox.spectrum.books import COST_LINE, SUBCONTRACT
from tests.connectors.spectrum import playing
from tests.connectors.spectrum.playing import Way

AUTHORIZATION = "AUTH-0123456789"
SETTINGS = {
    "company_code": "ABC",
    "gl_account": "5000100",
    "sco_status": "E",
    "cr_status": "PE",
    "price_method": "F",
}
CODES = {1: ("03300", "Cast-in-place concrete"), 2: ("03200", "Reinforcing steel")}
TYPES = {1: "S", 2: "M"}


OLD_SUBCONTRACT = {
    "Job_Number": "26010",
    "Status_Code": "A",
    "GL_Account": "5000100",
    "Date_Issued": "01/05/2024",
}


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Site:
    """The company of Meridian Builders on Spectrum, and what of it is linked."""

    company: SpectrumCompany
    clock: Clock
    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))

    @property
    def line(self) -> playing.Line:
        return playing.Line(self.company, self.settings, {"authorization_id": AUTHORIZATION})

    def add_info_link(self) -> None:
        """The site has Info-Link from now on, which shows a subcontract and change request of
        old."""
        old = {"Vendor_Code": "MOOR", "Subcontract_Number": "OLD-1"}
        self.company.books.put(SUBCONTRACT, ("MOOR", "OLD-1"), OLD_SUBCONTRACT | old)
        key = ("26010", "ALDER", "OLD-1", "0000")
        self.company.books.put(COST_LINE, key, {"Change_Request_Amount": "99.50"})
        self.settings |= {
            "infolink": "Y",
            "infolink_subcontract": STATEMENTS["subcontract"].example,
            "infolink_known_subcontract": "MOOR/OLD-1",
            "infolink_change_request": STATEMENTS["change_request"].example,
            "infolink_known_change_request": "26010/OLD-1",
        }

    def terms(
        self, document: Document, parent: Receipt | None = None, taken: frozenset[str] = frozenset()
    ) -> Terms:
        return Terms(
            erp="spectrum",
            company_file="spectrum.example:8482/ABC",
            number=connector.number(document, parent, taken),
            vendor=None if document.kind == "budget" else Ref(id="IRON", name="Ironwood Concrete"),
            job=Ref(id="26010", name="26010 Riverside Library"),
            items={str(i): Ref(id=code, name=code) for i, (code, _) in CODES.items()},
            classes={str(i): Ref(id=code, name=code) for i, code in TYPES.items()},
            parent=parent,
            settings=self.settings,
        )

    def way(self, document: Document, parent: Receipt | None = None) -> Way:
        return Way(self.line, document, self.terms(document, parent), self.quarantine)

    def quarantine(self) -> None:
        """Ten minutes go by."""
        self.clock.pass_by(minutes=10)
        self.company.catch_up()

    def exported(self, document: Document, parent: Receipt | None = None) -> Receipt:
        way = self.way(document, parent)
        assert way.settle() == "synced", way.message
        assert way.receipt is not None
        return way.receipt


@pytest.fixture
def site() -> Iterator[Site]:
    made = make_site()
    yield made
    made.company.close()


def make_site() -> Site:
    clock = Clock()
    company = SpectrumCompany(clock=clock, wait=lambda _: None)
    company.authorize(AUTHORIZATION)
    company.add_vendor("IRON", "Ironwood Concrete")
    company.add_vendor("MOOR", "Mooring Electric")
    company.add_job("26010", "Riverside Library", customer="ALDER")
    for code, name in CODES.values():
        for cost_type in TYPES.values():
            company.add_phase("26010", code, cost_type, name)
    return Site(company, clock)


def line(number: int, amount: str, *, code: int = 1, kind: int = 1, **values: object) -> Line:
    """A line; cost code 1 is concrete, 2 is steel; category 1 subcontract, 2 material."""
    defaults: dict[str, object] = {
        "id": 100 + number,
        "number": number,
        "cost_code": Named(id=code, code=CODES[code][0], name=CODES[code][1]),
        "category": Named(id=kind, name={1: "Subcontract", 2: "Material"}[kind]),
        "description": f"Part {number}"[:BILL_DESCRIPTION],
        "amount": Decimal(amount),
    }
    return Line(**{**defaults, **values})  # type: ignore[arg-type]


def commitment(*lines: Line, **values: object) -> Document:
    """A subcontract over these lines (else two of concrete and steel)."""
    lines = lines or (line(1, "24000.00"), line(2, "8150.50", code=2))
    return _document("commitment", lines, {"number": "SC-001", "retainage": Decimal("10")}, values)


def change_order(*lines: Line, **values: object) -> Document:
    """The second change order of that subcontract."""
    lines = lines or (line(1, "1200.00"), line(2, "-300.00", code=2), line(3, "100.00"))
    parent = Named(id=1, code="SC-001", name="Concrete")
    return _document(
        "change_order",
        lines,
        {"number": "002", "title": "Thicker slab", "description": "Soil report", "parent": parent},
        values,
    )


def budget(*lines: Line, **values: object) -> Document:
    """The first round of the job's budget."""
    lines = lines or (line(1, "50000.00"), line(2, "9000.00", kind=2), line(3, "7000.00", code=2))
    return _document("budget", lines, {"number": "1", "title": "Budget"}, values)


def _document(
    kind: str, lines: tuple[Line, ...], own: dict[str, object], values: dict[str, object]
) -> Document:
    defaults: dict[str, object] = {
        "kind": kind,
        "id": 1,
        "title": "Concrete",
        "date": date(2026, 5, 4),
        "project": Named(id=1, code="26-010", name="Riverside Library"),
        "vendor": None if kind == "budget" else Named(id=1, name="Ironwood Concrete"),
        "amount": sum((one.amount for one in lines), Decimal("0.00")),
        "lines": lines,
    }
    return Document(**{**defaults, **own, **values})  # type: ignore[arg-type]
