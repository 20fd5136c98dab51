"""A demo company's documents on their way to its ERP: the real steps, the real engine.

Only HTTP is left out: the stand-in is asked and answers in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from approvals import workflow
from approvals.models import Export
from connectors.models import Connection
from connectors.syncing import request_sync
from directory.access import Access, access_to
from directory.models import User
from erpbridge.demo.documents import Entered


class Accounting(Protocol):
    """The ERP of a demo company, played by its stand-in, and the connection to it."""

    connection: Connection

    def link(self, by: Access) -> None:
        """Link what the first pull brought and left to people."""

    def visit(self, *, lose_the_answer: bool = False) -> None:
        """One session. `lose_the_answer`: the ERP does what it is told, and the line goes dead
        before it can say so."""

    def by_hand(self, deeds: Sequence[dict[str, Any]]) -> None:
        """What the bookkeeper does in the ERP past us."""


@dataclass(frozen=True, slots=True)
class Journey:
    """Who sends, who decides, and the books that it ends in."""

    accounting: Accounting
    manager: User
    approvers: Sequence[User]

    def travel(self, entered: Sequence[Entered], meantime: Callable[[], None]) -> None:
        """Bring every document as far as its `way` says. `meantime` is called in the middle: what
        the bookkeeper does while some are on their way."""
        kinds = ("commitment", "change_order", "budget")
        for kind in kinds:
            self._accepted([one for one in entered if one.way == "synced" and _kind(one) == kind])
            self.accounting.visit()
        self._accepted([one for one in entered if one.way in ("failed", "attention")])
        meantime()
        self.accounting.visit()
        for one in entered:
            if one.way in ("sent", "retrieved", "rejected"):
                self._step("send", one, self.manager)
            if one.way == "retrieved":
                self._step("retrieve", one, self.manager)
            if one.way == "rejected":
                self._step("reject", one, self.approvers[-1], note=one.comment)
        self._accepted([one for one in entered if one.way == "lost"])
        self.accounting.visit(lose_the_answer=True)
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

    def pull(self, by: Access) -> None:
        """Bring the ERP's vendors, jobs and items here; what is written the same is linked."""
        request_sync(self.accounting.connection, by)
        self.accounting.visit()


def _kind(one: Entered) -> str:
    return one.document.kind
