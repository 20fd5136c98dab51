"""The demo's documents on their way to QuickBooks: the real steps, the real engine.

Only HTTP is left out: the stand-in's company file is asked and answers in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from approvals import workflow
from approvals.models import Export
from connectors import engine
from connectors.models import Connection, Session
from connectors.pulls import request_sync
from connectors.quickbooks import OWNER_ID
from connectors.visits import seen, sum_up
from connectors.webconnector import greet
from directory.access import Access, access_to
from directory.models import User
from erpbridge.demo.documents import Entered
from sandbox.quickbooks import CompanyFile


@dataclass(frozen=True, slots=True)
class Journey:
    """Who sends, who decides, and the books that it ends in."""

    connection: Connection
    books: CompanyFile
    manager: User
    approvers: Sequence[User]

    def travel(self, entered: Sequence[Entered], meantime: Callable[[], None]) -> None:
        """Bring every document as far as its `way` says. `meantime` is called in the middle: what
        the bookkeeper does while some are on their way."""
        kinds = ("commitment", "change_order", "budget")
        for kind in kinds:
            self._accepted([one for one in entered if one.way == "synced" and _kind(one) == kind])
            self.visit()
        self._accepted([one for one in entered if one.way in ("failed", "attention")])
        meantime()
        self.visit()
        for one in entered:
            if one.way in ("sent", "retrieved", "rejected"):
                self._step("send", one, self.manager)
            if one.way == "retrieved":
                self._step("retrieve", one, self.manager)
            if one.way == "rejected":
                self._step("reject", one, self.approvers[-1], note=one.comment)
        self._accepted([one for one in entered if one.way == "lost"])
        self.visit(lose_the_answer=True)
        self._accepted([one for one in entered if one.way == "accepted"])

    def _accepted(self, entered: Sequence[Entered]) -> None:
        for one in entered:
            self._step("send", one, self.manager)
        for one in entered:
            self._step("accept", one, self.approvers[0])

    def _step(self, name: str, one: Entered, by: User, note: str = "") -> None:
        export = Export.objects.select_related("company", "project").get(pk=one.document.export_id)
        access = access_to(by, export.company, export.project)
        workflow.take(name, export, by=access, version=export.version, note=note)

    def visit(self, *, lose_the_answer: bool = False) -> None:
        """One visit of a Web Connector. `lose_the_answer`: QuickBooks does what it is told, and the
        line goes dead before it can say so."""
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

    def pull(self, by: Access) -> None:
        """Bring QuickBooks' vendors, jobs and items here; what is written the same is linked."""
        request_sync(self.connection, by)
        self.visit()


def _introduce(session: Session, books: CompanyFile) -> None:
    """What the Web Connector does when it connects: it leaves our FileID, and says who is there."""
    if books.file_id(OWNER_ID) is None:
        books.set_private_data(OWNER_ID, "FileID", session.connection.company_file)
    greet(session, books.host_company_preferences(OWNER_ID))


def _kind(one: Entered) -> str:
    return one.document.kind


def by_hand(books: CompanyFile, deeds: Sequence[dict[str, Any]]) -> None:
    """What the bookkeeper does in QuickBooks past us."""
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
                raise ValueError(f"company.toml: nobody knows how to {unknown!r}")
