"""A toy ERP: we call it, it cannot be asked what it holds, and whoever accepts chooses the numbers
of change orders. Each line of a document is one call. Nothing real is like it; it keeps to the
contract, and that is all that approvals may know of any ERP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from connectors import engine
from connectors.contract import (
    Again,
    Attempt,
    CannotTell,
    Capabilities,
    Document,
    Finding,
    Line,
    Planned,
    Preview,
    PreviewRow,
    Problem,
    Receipt,
    Refused,
    Reply,
    Request,
    Script,
    Terms,
    digest_of,
)


class Ledger:
    """The connector."""

    capabilities = Capabilities(
        name="The Ledger® of Tests",
        short="Ledger",
        transport="push",
        can_find=False,
        number_length={"commitment": 10},
        order_word="subcontract",
        budget_word="estimate",
        chosen_numbers={"change_order": 8},
        judges_terms_at_send=True,
        questions_at_once=1,
    )

    def number(
        self, document: Document, parent: Receipt | None, taken: frozenset[str] = frozenset()
    ) -> str:
        """The change order's own number behind a C, then C2- and so on."""
        if document.kind != "change_order":
            return document.number
        tries = (f"C{n if n > 1 else ''}-{document.number}" for n in count(1))
        return next(number for number in tries if number not in taken)

    def record(self, _document: Document, terms: Terms) -> str:
        return f"entry:{terms.parent.id if terms.parent else terms.number}"

    def held_as(self, _kind: str, erp_id: str) -> str:
        return f"entry:{erp_id}"

    def repeats_safely(self, _document: Document) -> bool:
        return True

    def wants(self, _document: Document, terms: Terms) -> tuple[str, ...]:
        return (f"codes:{terms.job.id}",) if terms.job else ()

    def problems(
        self, document: Document, terms: Terms | None, facts: Mapping[str, Any] | None = None
    ) -> list[Problem]:
        """A cost code that is closed on the job; and a vendor that is linked to none."""
        if terms is None:
            return []
        found = []
        if terms.vendor is None:
            found.append(Problem(code="vendor", where="vendor", text="No vendor of Ledger."))
        job = terms.job.id if terms.job else ""
        closed = (facts or {}).get(f"codes:{job}", {}).get("closed", [])
        return found + [
            Problem(
                code="code",
                where=f"line:{line.number}",
                text=f"Line {line.number}: {line.cost_code.code} is closed in Ledger.",
            )
            for line in document.lines
            if line.cost_code.code in closed
        ]

    def preview(
        self,
        document: Document,
        terms: Terms,
        _known: Mapping[str, Any] | None,
        _facts: Mapping[str, Any] | None = None,
    ) -> Preview:
        return Preview(
            record=f"Entry {terms.number}",
            fields=(("Number", terms.number),),
            rows=tuple(
                PreviewRow(
                    change="new",
                    item=line.cost_code.code,
                    description=line.description,
                    before=None,
                    after=line.amount,
                )
                for line in document.lines
            ),
            total_before=None,
            total_after=None,
            change=document.amount,
        )

    def export(
        self,
        document: Document,
        terms: Terms,
        key: str,
        done: frozenset[str] = frozenset(),
        lost: frozenset[str] = frozenset(),
    ) -> Script[Receipt]:
        """A call for each line that is not done."""
        record = self.record(document, terms)
        for place, (line, body) in enumerate(_bodies(document, terms)):
            if digest_of(body) not in done:
                request = Request(body=body, writes=True, key=f"{key}{place:03}", record=record)
                answer = yield request
                if answer != "taken":
                    why = f"Line {line.number} is not: {answer}"
                    if place:
                        raise CannotTell(f"Partly in Ledger: {place} of its lines are.\n{why}")
                    raise Refused("Ledger refused it.", words=answer)
        return self.attested(document, terms)

    def find(
        self,
        _document: Document,
        _terms: Terms,
        _attempts: Sequence[Attempt],
        *,
        asked: bool = False,
    ) -> Script[Finding]:
        yield from ()
        return Again(why="Every line says what it is part of.")

    def calls(
        self, document: Document, terms: Terms, _facts: Mapping[str, Any] | None = None
    ) -> tuple[Planned, ...]:
        return tuple(
            Planned(what=f"line {line.number}", digests=frozenset({digest_of(body)}))
            for line, body in _bodies(document, terms)
        )

    def attested(self, document: Document, terms: Terms) -> Receipt:
        return Receipt(
            id=f"L/{terms.number}",
            number=terms.number,
            amount=document.amount,
            lines={str(line.id): line.cost_code.code for line in document.lines},
        )

    def lists(self, _settings: Mapping[str, str]) -> tuple[str, ...]:
        return ("vendors", "jobs", "cost_codes")

    def item_name(self, item: str, _category: str, _settings: Mapping[str, str]) -> str:
        return item

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        [request] = requests.values()
        return request.body

    def unwrap(self, reply: Reply, requests: Mapping[str, Request]) -> Mapping[str, Reply]:
        return dict.fromkeys(requests, reply)

    def records(self, _answer: Any) -> Mapping[str, Mapping[str, Any]]:
        return {}


def _bodies(document: Document, terms: Terms) -> list[tuple[Line, str]]:
    """What is said of each line."""
    return [
        (line, f"{terms.number} {line.cost_code.code} {line.amount}") for line in document.lines
    ]


connector = Ledger()


@dataclass
class Books:
    """What stands in the ledger: a line for each call that was taken."""

    lines: list[str] = field(default_factory=list)
    refuses: str = ""  # the cost code that it does not take
    asked: int = 0

    def answer(self, body: str) -> str:
        self.asked += 1
        if self.refuses and f" {self.refuses} " in body:
            return f"no such code {self.refuses}"
        self.lines.append(body)
        return "taken"

    def visit(self, connection: int) -> None:
        """Everything that waits for the ledger is called, one thing after the other."""
        session = engine.open_session(connection)
        assert not isinstance(session, engine.Silence)
        while (message := engine.next_message(session)) is not None:
            if engine.receive(session, self.answer(message.body)) == 100:
                break
        engine.close_session(session)
