"""An ERP that answers at once, and a connector for it: one exchange for each export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors import registry
from connectors.contract import (
    Absent,
    Attempt,
    Capabilities,
    Document,
    Finding,
    Problem,
    Receipt,
    Reply,
    Request,
    Script,
    Terms,
)

NAME = "instant"


class Instant:
    """What the engine asks of a connector while it exports."""

    capabilities = Capabilities(
        name="An ERP that answers at once",
        short="the ERP",
        transport="push",
        questions_at_once=1,  # as of every ERP that we call: exports begin one after the other
        can_find=True,
        number_length={},
        order_word="order",
        budget_word="budget",
    )

    def number(
        self, document: Document, _parent: Receipt | None, _taken: frozenset[str] = frozenset()
    ) -> str:
        return document.number

    def record(self, document: Document, _terms: Terms) -> str:
        return f"order:{document.id}"

    def repeats_safely(self, _document: Document) -> bool:
        return True

    def wants(self, _document: Document, _terms: Terms) -> tuple[str, ...]:
        return ()

    def problems(
        self,
        _document: Document,
        _terms: Terms | None,
        _facts: Mapping[str, Any] | None = None,
    ) -> list[Problem]:
        return []

    def export(
        self,
        document: Document,
        terms: Terms,
        key: str,
        _done: frozenset[str] = frozenset(),
        _lost: frozenset[str] = frozenset(),
    ) -> Script[Receipt]:
        """One write, one answer."""
        body = f"{document.number} {document.amount}"
        order = yield Request(body=body, writes=True, key=key, record=self.record(document, terms))
        return Receipt(id=f"T{order}", number=document.number, amount=document.amount)

    def find(
        self,
        _document: Document,
        _terms: Terms,
        _attempts: Sequence[Attempt],
        *,
        asked: bool = False,
    ) -> Script[Finding]:
        """Never there."""
        yield from ()
        return Absent()

    def lists(self, _settings: Mapping[str, str]) -> tuple[str, ...]:
        return ()

    def item_name(self, item: str, _category: str, _settings: Mapping[str, str]) -> str:
        return item

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        return "\n".join(f"{name} {clear} {request.body}" for name, request in requests.items())

    def unwrap(self, reply: Reply, requests: Mapping[str, Request]) -> Mapping[str, Reply]:
        return dict.fromkeys((request.key or name for name, request in requests.items()), reply)

    def records(self, _answer: Any) -> Mapping[str, Mapping[str, Any]]:
        return {}


connector = Instant()


def register() -> None:
    """Let this process know the connector."""
    registry.OURS[NAME] = "bench.instant:connector"
