"""QuickBooks' books, watched: what every write really did there, and whose it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sandbox.quickbooks import CompanyFile, OrderView
from sandbox.quickbooks.books import Session

_KEY = re.compile(r'newMessageSetID="([^"]+)"')
_WRITE = re.compile(r"<(PurchaseOrder|Estimate)(Add|Mod)Rq\b")
Orders = Mapping[str, OrderView]


@dataclass(frozen=True, slots=True)
class Written:
    """One write that changed the books: under which key, and which lines of which order are new.

    `lost`: lines that stood there before and do not any more; `altered`: those that now differ.
    """

    key: str
    order: OrderView
    lines: frozenset[str]
    is_new: bool
    lost: frozenset[str]
    altered: frozenset[str]
    after: int = 0  # the number of the history's event before it

    @property
    def amount(self) -> Decimal:
        lines = [line for line in self.order.lines if line.txn_line_id in self.lines]
        return sum((line.amount for line in lines), Decimal("0.00"))

    def stands_in(self, orders: Orders) -> bool:
        """Whether anything of it is still in the books."""
        order = orders.get(self.order.txn_id)
        if order is None:
            return False
        return self.is_new or any(line.txn_line_id in self.lines for line in order.lines)


class WatchedBooks(CompanyFile):
    """A company file that tells `seen` of each write that was asked for and of what it did."""

    seen: Callable[[str, str, list[Written]], None] = staticmethod(lambda key, body, done: None)
    watched: str = "PurchaseOrder"  # or "Estimate"

    def answer(self, qbxml: str | bytes, session: Session | None = None) -> str:
        text = qbxml if isinstance(qbxml, str) else qbxml.decode()
        if _WRITE.search(text) is None:
            return super().answer(qbxml, session)
        before = self.orders()
        answer = super().answer(qbxml, session)
        after = self.orders()
        key = key_of(text)
        done = [
            _written(key, before.get(pk), order)
            for pk, order in after.items()
            if before.get(pk) != order
        ]
        self.seen(key, text, done)
        return answer

    def orders(self) -> dict[str, OrderView]:
        """The purchase orders, or estimates, by their TxnID."""
        return {order.txn_id: order for order in self._views(self.watched)}

    def image(self) -> bytes:
        """A backup, in memory."""
        return self.books.storage.image()

    def become(self, image: bytes) -> None:
        """Go back to a backup."""
        self.books.storage.become(image)


def key_of(qbxml: str) -> str:
    """The key that a write goes under; '' if it has none."""
    found = _KEY.search(qbxml)
    return found[1] if found else ""


def _written(key: str, before: OrderView | None, after: OrderView) -> Written:
    was = {line.txn_line_id: line for line in before.lines} if before else {}
    now = {line.txn_line_id: line for line in after.lines}
    return Written(
        key=key,
        order=after,
        lines=frozenset(now.keys() - was.keys()),
        is_new=before is None,
        lost=frozenset(was.keys() - now.keys()),
        altered=frozenset(pk for pk in was.keys() & now.keys() if was[pk] != now[pk]),
    )
