"""The bookkeeping of the demo company on QuickBooks, played by the stand-in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors import engine
from connectors.models import Connection, Session
from connectors.quickbooks import OWNER_ID
from connectors.setup import create_connection
from connectors.visits import seen, sum_up
from connectors.webconnector import greet
from directory.access import Access
from erpbridge.demo import script
from sandbox.quickbooks import CompanyFile


class QuickBooks:
    """The company file, as the bookkeeper left it before anything of ours arrived."""

    connection: Connection

    def __init__(self, path: Path, contractor: script.OnQuickBooks) -> None:
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        told = contractor.quickbooks
        self.books = CompanyFile.create(path, company_name=told.company_name)
        customers: dict[str, list[str]] = {}
        for customer, job in told.jobs:
            customers.setdefault(customer, []).append(job)
        vendors = [*contractor.lists.vendors, *told.only_there]
        codes = contractor.lists.cost_codes
        self.books.load(
            {
                "vendors": [name for name in vendors if name not in told.not_there],
                "customers": [{"name": name, "jobs": jobs} for name, jobs in customers.items()],
                "items": [{"name": code, "desc": name} for code, name in codes.items()],
            }
        )

    def connect(self, by: Access) -> str:
        """Connect the company; the password of its Web Connector."""
        self.connection, password = create_connection(by.company, "quickbooks", by)
        return password

    def link(self, by: Access) -> None:
        """Nothing: all that shall be linked is written the same in QuickBooks."""

    def visit(self, *, lose_the_answer: bool = False) -> None:
        """One visit of a Web Connector."""
        session = engine.open_session(self.connection.pk)
        if isinstance(session, engine.Silence):
            raise RuntimeError("Another session still has a write out.")
        _introduce(session, self.books)
        opened = self.books.open_session()
        while (message := engine.next_message(session)) is not None:
            answer = self.books.answer(message.body, opened)
            if lose_the_answer and message.writes:
                break
            engine.receive(session, answer)
        engine.close_session(session)
        seen(self.connection)
        sum_up(session)

    def by_hand(self, deeds: Sequence[dict[str, Any]]) -> None:
        """What the bookkeeper does in QuickBooks past us."""
        books = self.books
        for deed in deeds:
            match deed["what"]:
                case "make a vendor inactive":
                    books.by_hand.set_active(books.list_id("Vendor", deed["name"]), False)
                case "make an item inactive":
                    books.by_hand.set_active(books.list_id("Item", deed["name"]), False)
                case "enter an order by hand":
                    line = (deed["item"], deed["job"], deed["text"], deed["amount"])
                    books.by_hand.enter_order(deed["vendor"], deed["number"], [line])
                case "enter a bill":
                    books.by_hand.enter_bill(deed["job"], deed["item"], deed["amount"])
                case unknown:
                    raise ValueError(f"meridian.toml: nobody knows how to {unknown!r}")


def _introduce(session: Session, books: CompanyFile) -> None:
    """What the Web Connector does when it connects: it leaves our FileID, and says who is there."""
    if books.file_id(OWNER_ID) is None:
        books.set_private_data(OWNER_ID, "FileID", session.connection.company_file)
    greet(session, books.host_company_preferences(OWNER_ID))
