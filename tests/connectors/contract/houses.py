"""Each ERP in memory, with the records that the documents of the suite need.

A connector that is registered and has no house here fails the suite.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from connectors.contract import Connector, Document, Kind, Pushed, Receipt, Ref, Site, Terms
from connectors.registry import connector_for
from connectors.spectrum.statements import STATEMENTS
from sandbox.spectrum import SpectrumCompany
from sandbox.spectrum.books import COST_LINE, SUBCONTRACT
from tests.books import CheckedBooks
from tests.connectors.contract.documents import CODES
from tests.connectors.contract.ledgerline_books import KEY, Books
from tests.connectors.spectrum.playing import shown


class House(Protocol):
    """One ERP and what it holds."""

    connector: Connector
    secrets: tuple[str, ...]

    def answer(self, body: str) -> str:
        """The stored reply to a stored message."""

    def busy(self, body: str) -> str:
        """The stored reply of an ERP that does nothing with a message now, and says so."""

    def asked(self, kind: Kind) -> bool:
        """Whether it can be asked if a document of this kind is there."""

    def terms(self, document: Document, parent: Receipt | None) -> Terms:
        """Where a document goes."""

    def effects(self) -> Counter[str]:
        """How often each part of a record was added to the books or changed in them."""

    def close(self) -> None:
        """Let go of it."""


def _terms(erp: str, document: Document, parent: Receipt | None, **values: Any) -> Terms:
    number = connector_for(erp).number(document, parent)
    vendor = values.pop("vendor")
    return Terms(
        erp=erp,
        company_file="a company",
        number=number,
        vendor=None if document.kind == "budget" else vendor,
        parent=parent,
        **values,
    )


class QuickBooksHouse:
    """A company file, asked as the Web Connector carries it."""

    secrets: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.connector = connector_for("quickbooks")
        self.books = CheckedBooks.create(company_name="Meridian Builders")
        self.session = self.books.open_session()
        self.vendor = Ref(id=self.books.add_vendor("Ironwood Concrete"), name="Ironwood Concrete")
        job = self.books.add_job(self.books.add_customer("City of Alder"), "Library")
        self.job = Ref(id=job, name="City of Alder:Library")
        self.items = {
            str(code): Ref(id=self.books.add_item(name), name=name)
            for code, (name, _) in CODES.items()
        }

    def answer(self, body: str) -> str:
        return self.books.answer(body, self.session)

    def busy(self, body: str) -> str:
        """3175: somebody has the list or the order open."""
        tags = re.findall(r'<(\w+)Rq requestID="([^"]+)"', body)
        inside = "".join(
            f'<{tag}Rs requestID="{name}" statusCode="3175" statusSeverity="Error" '
            'statusMessage="It is in use."/>'
            for tag, name in tags
        )
        return f"<QBXML><QBXMLMsgsRs>{inside}</QBXMLMsgsRs></QBXML>"

    def asked(self, kind: Kind) -> bool:
        return self.connector.capabilities.can_ask(kind, {})

    def terms(self, document: Document, parent: Receipt | None) -> Terms:
        return _terms(
            "quickbooks", document, parent, vendor=self.vendor, job=self.job, items=self.items
        )

    def effects(self) -> Counter[str]:
        orders = [*self.books.purchase_orders(), *self.books.estimates()]
        lines = [
            (order.ref_number, line.desc, line.amount) for order in orders for line in order.lines
        ]
        return Counter(f"{number} {desc} {amount}" for number, desc, amount in lines)

    def close(self) -> None:
        self.books.close()


class CalledHouse:
    """An ERP that is called: the stored message becomes a call, and its answer is stored."""

    connector: Connector
    secrets: tuple[str, ...]
    books: Any

    def site(self) -> Site:
        """Where it is, with its credentials."""
        raise NotImplementedError

    def asked(self, kind: Kind) -> bool:
        return self.connector.capabilities.can_ask(kind, self.site().settings)

    def terms(self, document: Document, parent: Receipt | None) -> Terms:
        raise NotImplementedError

    def effects(self) -> Counter[str]:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""

    def answer(self, body: str) -> str:
        call = cast(Pushed, self.connector).call(body, self.site())
        status, headers, content = self.books.answer(
            call.method, call.path, dict(call.headers), call.content
        )
        kind = headers.get("Content-Type", "").partition(";")[0]
        return f"HTTP {status} {kind}\n\n{content.decode()}"

    def busy(self, body: str) -> str:
        return "HTTP 429 text/plain\n\nToo Many Requests"


class SpectrumHouse(CalledHouse):
    """The stand-in for Spectrum, where a change request that is repeated doubles."""

    secrets: tuple[str, ...] = ("AUTH-0123456789",)

    def __init__(self) -> None:
        self.connector = connector_for("spectrum")
        self.books = SpectrumCompany(wait=lambda _seconds: None)
        self.books.set(repeats_double=True)
        self.books.authorize(*self.secrets)
        self.books.add_vendor("IRON", "Ironwood Concrete")
        self.books.add_job("24007", "Riverside Library", customer="ALDER")
        for code, words in CODES.values():
            self.books.add_phase("24007", code.replace("-", ""), "S", words)
        self.settings = {
            "company_code": "ABC",
            "gl_account": "5000100",
            "sco_status": "E",
            "cr_status": "PE",
            "price_method": "F",
        }

    def site(self) -> Site:
        secrets = {"authorization_id": self.secrets[0]}
        return Site(address="https://erp.example:8482", settings=self.settings, secrets=secrets)

    def terms(self, document: Document, parent: Receipt | None) -> Terms:
        return _terms(
            "spectrum",
            document,
            parent,
            vendor=Ref(id="IRON", name="Ironwood Concrete"),
            job=Ref(id="24007", name="24007 Riverside Library"),
            items={
                str(code): Ref(id=name.replace("-", ""), name=name)
                for code, (name, _) in CODES.items()
            },
            classes={"5": Ref(id="S", name="Subcontract")},
            settings=self.settings,
        )

    def effects(self) -> Counter[str]:
        told = [one for one in self.books.effects() if one.what != "nothing" and one.call]
        return Counter(f"{one.service} {one.key}" for one in told)

    def close(self) -> None:
        self.books.close()


class InfoLinkHouse(SpectrumHouse):
    """The same where a site has Info-Link, which shows a subcontract and change request of old."""

    def __init__(self) -> None:
        super().__init__()
        old = {"Vendor_Code": "IRON", "Subcontract_Number": "OLD-1"}
        self.books.books.put(SUBCONTRACT, ("IRON", "OLD-1"), old)
        line = {"Change_Request_Amount": "99.50"}
        self.books.books.put(COST_LINE, ("24007", "ALDER", "OLD-1", "0000"), line)
        self.settings |= {
            "infolink": "Y",
            "infolink_address": "sql://data.example:1433",
            "infolink_subcontract": STATEMENTS["subcontract"].example,
            "infolink_known_subcontract": "IRON/OLD-1",
            "infolink_change_request": STATEMENTS["change_request"].example,
            "infolink_known_change_request": "24007/OLD-1",
        }

    def answer(self, body: str) -> str:
        query = cast(Pushed, self.connector).query(body, self.site())
        if query is None:
            return super().answer(body)
        return shown(self.books, query)

    def busy(self, body: str) -> str:
        return "SQL away\n\nNobody is there." if body.startswith("SQL ") else super().busy(body)


@dataclass
class LedgerlineHouse(CalledHouse):
    """The ERP of the connector that comes in a package of its own."""

    books: Books = field(default_factory=Books)
    secrets: tuple[str, ...] = (KEY,)

    def __post_init__(self) -> None:
        self.connector = connector_for("ledgerline")
        for name in self.connector.lists({}):
            self.books.lists[name] = [{"id": "1", "name": "One"}]

    def site(self) -> Site:
        return Site(address="https://erp.example", settings={}, secrets={"api_key": KEY})

    def terms(self, document: Document, parent: Receipt | None) -> Terms:
        return _terms(
            "ledgerline",
            document,
            parent,
            vendor=Ref(id="IRON", name="Ironwood Concrete"),
            job=Ref(id="24007", name="Riverside Library"),
            items={str(code): Ref(id=name, name=name) for code, (name, _) in CODES.items()},
        )

    def effects(self) -> Counter[str]:
        return Counter(self.books.made)


HOUSES: dict[str, type[House]] = {
    "ledgerline": LedgerlineHouse,
    "quickbooks": QuickBooksHouse,
    "spectrum": SpectrumHouse,
    "spectrum with Info-Link": InfoLinkHouse,
}
