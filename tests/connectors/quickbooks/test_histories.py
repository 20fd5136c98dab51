"""Whatever happens on the way, everything approved stands in the books once, to the cent.

A history is a few steps of people: a change order, a round of the budget, an edit at the screen, a
bill, a change order that is taken back. Each export goes through mishaps of its own. In the end the
order, the estimate and the job's costs hold what was approved and what was typed in, and nothing
else. 10,000 histories with ERPBRIDGE_FULL set, a hundred without.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from connectors.contract import (
    Attempt,
    CannotTell,
    Document,
    Found,
    Gone,
    Receipt,
    Script,
    StillThere,
    Terms,
    Unclear,
)
from connectors.quickbooks import connector
from sandbox.quickbooks import OrderView
from tests.connectors.quickbooks.conftest import (
    Site,
    budget,
    change,
    change_order,
    commitment,
    line,
    make_site,
)
from tests.connectors.quickbooks.playing import Lost, Session

EXAMPLES = 10_000 if os.environ.get("ERPBRIDGE_FULL") else 100
ITEMS = {1: "03-300", 2: "03-200"}
Sums = defaultdict[str, Decimal]  # amounts by item

amounts = st.integers(-500_00, 9_000_00).map(lambda number: Decimal(number).scaleb(-2))
mishaps = st.lists(
    st.sampled_from(
        [
            "request lost",
            "request late",
            "answer lost",
            "memory lost",
            "saved in between",
            "edited in between",
        ]
    ),
    max_size=3,
)
parts = st.lists(st.tuples(st.sampled_from([1, 2]), amounts), min_size=1, max_size=5)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("change order"), parts, mishaps),
        st.tuples(st.just("round"), parts, mishaps),
        st.tuples(st.just("taken back"), parts, mishaps),
        st.tuples(st.just("typed in"), parts, st.none()),
        st.tuples(st.just("bills"), parts, st.none()),
    ),
    max_size=6,
)


def once(document: Document, terms: Terms, attempts: list[Attempt], key: str) -> Script[Receipt]:
    """What the engine does: look first, always, then write."""
    if attempts:
        finding = yield from connector.find(document, terms, attempts)
        if isinstance(finding, Found):
            return finding.receipt
        if isinstance(finding, Unclear):
            raise CannotTell(finding.message)
        if connector.repeats_safely(document):
            key = attempts[-1].key
    return (yield from connector.export(document, terms, key))


@dataclass
class Books:
    """A site, and what its order, its estimate and its job's costs should hold by now."""

    site: Site
    order: Receipt | None = None
    estimate: Receipt | None = None
    changes: int = 0
    rounds: int = 0
    keys: int = 0
    synced: list[tuple[Document, Terms, Receipt]] = field(default_factory=list)
    in_order: Sums = field(default_factory=lambda: Sums(Decimal))
    in_estimate: Sums = field(default_factory=lambda: Sums(Decimal))
    spent: Sums = field(default_factory=lambda: Sums(Decimal))
    typed_in: int = 0

    def send(self, document: Document, parent: Receipt | None, happens: list[str]) -> Receipt:
        terms = self.site.terms(document, parent)
        receipt = self._carry(document, terms, happens)
        self.synced.append((document, terms, receipt))
        return receipt

    def _carry(self, document: Document, terms: Terms, happens: list[str]) -> Receipt:
        """Export a document through every mishap, as the engine and a person would."""
        attempts: list[Attempt] = []
        late: list[str] = []
        for mishap in [*happens, "none"]:
            session = self.site.session()
            self.keys += 1
            key = f"EB{self.keys:018}"
            self._prepare(mishap, terms, session, late)
            lose = "request" if mishap in ("request lost", "request late") else ""
            lose = "answer" if mishap == "answer lost" else lose
            try:
                return session.run(
                    lambda: once(document, terms, attempts, key),  # noqa: B023
                    lose=lose,
                )
            except Lost as lost:
                event(f"{mishap} of a {document.kind}")
                attempts.append(lost.attempt())
                if mishap == "request late":
                    late.append(session.sent[-1])
            except CannotTell:
                return self._recorded(document, terms)
        raise AssertionError("The last try loses nothing")

    def _prepare(self, mishap: str, terms: Terms, session: Session, late: list[str]) -> None:
        """Arrange for what happens during one try."""
        hand, company = self.site.company.by_hand, self.site.company
        if mishap == "memory lost":
            hand.forget_message_sets()
        if late and terms.parent is not None:
            # the lost change arrives after all, just before the next one is written
            overdue = [late.pop()]
            session.before = lambda request: (
                company.answer(overdue.pop()) if request.writes and overdue else None
            )
        parent = terms.parent
        if parent is None or mishap not in ("saved in between", "edited in between"):
            return
        todo: list[Callable[[], None]] = [lambda: hand.edit_order(parent.id, FOB="saved")]
        if mishap == "edited in between":
            todo = [lambda: self._type_in(parent, 1, Decimal("12.34"))]
        session.before = lambda request: todo.pop()() if request.writes and todo else None

    def _recorded(self, document: Document, terms: Terms) -> Receipt:
        """A person looks, finds the very document there, and records it."""
        event("recorded by a person")
        offered = self.site.session().run(lambda: connector.look_up(document, terms, ""))
        (found,) = [one for one in offered if not one.problem and not one.differences]
        return found.receipt

    def _type_in(self, record: Receipt, code: int, amount: Decimal) -> None:
        self.typed_in += 1
        text = f"By hand {self.typed_in}"
        job = self.site.job.name
        self.site.company.by_hand.add_line(record.id, ITEMS[code], text, amount, customer=job)
        which = self.in_order if record.id == (self.order and self.order.id) else self.in_estimate
        which[ITEMS[code]] += amount

    # --- the steps of a history ---

    def change_order(self, lines: list[tuple[int, Decimal]], happens: list[str]) -> None:
        self.changes += 1
        document = self._change(lines)
        receipt = self.send(document, self.order, happens)
        _add(self.in_order, lines)
        held = self.site.company.purchase_order("SC-001")
        mine = [one for one in held.lines if one.desc.startswith(f"CCO {document.number}:")]
        assert len(mine) == len({target for target, _ in lines})
        assert sum(one.amount for one in mine) == document.amount
        assert set(receipt.lines.values()) == {one.txn_line_id for one in mine}

    def _change(self, lines: list[tuple[int, Decimal]]) -> Document:
        made = [change(place, str(amount), target) for place, (target, amount) in enumerate(lines)]
        return change_order(*made, number=f"{self.changes:03}", id=20 + self.changes)

    def round(self, lines: list[tuple[int, Decimal]], happens: list[str]) -> None:
        if self.estimate is None:
            lines = [(code, abs(amount)) for code, amount in lines]
        self.rounds += 1
        made = [
            line(place, str(amount), code=code, id=1000 * self.rounds + place)
            for place, (code, amount) in enumerate(lines)
        ]
        document = budget(*made, number=str(self.rounds), id=30 + self.rounds)
        if self.estimate is not None and sum(self.in_estimate.values()) + document.amount < 0:
            self.rounds -= 1  # refused beforehand: an estimate below zero
            return
        self.estimate = self.send(document, self.estimate, happens)
        _add(self.in_estimate, lines)

    def taken_back(self, lines: list[tuple[int, Decimal]], happens: list[str]) -> None:
        """A change order is exported, deleted in QuickBooks, unlinked, changed and sent anew."""
        self.change_order(lines, happens)
        document, terms, receipt = self.synced.pop()
        assert isinstance(self._look(document, terms, receipt), StillThere)
        for line_id in set(receipt.lines.values()):
            self.site.company.by_hand.delete_line(receipt.id, line_id)
        _add(self.in_order, lines, -1)
        answer = self._look(document, terms, receipt)
        if isinstance(answer, StillThere):
            event("only a person can tell")
            # somebody typed in a line of the same item and amount: only a person can tell
            assert all("nothing tells where it comes from" in told for told in answer.found)
            return
        again = [(target, amount + Decimal("0.01")) for target, amount in lines]
        self.changes -= 1
        self.change_order(again, happens)

    def _look(self, document: Document, terms: Terms, receipt: Receipt) -> Gone | StillThere:
        return self.site.session().run(lambda: connector.still_there(document, terms, receipt))

    def type_in(self, lines: list[tuple[int, Decimal]]) -> None:
        for code, amount in lines:
            for record in (self.order, self.estimate):
                if record is not None:
                    self._type_in(record, code, abs(amount))

    def bills(self, lines: list[tuple[int, Decimal]]) -> None:
        for code, amount in lines:
            self.site.company.by_hand.enter_bill(self.site.job.name, ITEMS[code], amount)
            self.spent[ITEMS[code]] += amount

    # --- what must be so in the end ---

    def check(self) -> None:
        (order,) = self.site.company.purchase_orders()
        assert _held(order) == _nonzero(self.in_order)
        estimates = self.site.company.estimates()
        assert len(estimates) == (self.estimate is not None)
        assert all(_held(each) == _nonzero(self.in_estimate) for each in estimates)
        costs = self.site.session().run(lambda: connector.job_costs(self.site.job, {}))
        estimated = {row.name: row.estimate for row in costs.rows if row.estimate}
        assert estimated == _nonzero(self.in_estimate)
        assert {row.name: row.actual for row in costs.rows if row.actual} == _nonzero(self.spent)
        night = self.site.session()
        for document, terms, receipt in self.synced:
            compared = night.run(lambda: connector.compare(document, terms, receipt, terms))  # noqa: B023
            assert compared.receipt is not None
            assert {one.where for one in compared.differences} <= {"added"}
            assert all("By hand" in one.theirs for one in compared.differences)
            assert isinstance(self._look(document, terms, receipt), StillThere)


def _add(sums: Sums, lines: list[tuple[int, Decimal]], sign: int = 1) -> None:
    for code, amount in lines:
        sums[ITEMS[code]] += sign * amount


def _held(record: OrderView) -> dict[str, Decimal]:
    sums = Sums(Decimal)
    for one in record.lines:
        sums[one.item] += one.amount
    return _nonzero(sums)


def _nonzero(sums: Sums) -> dict[str, Decimal]:
    return {item: amount for item, amount in sums.items() if amount}


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(steps, mishaps)
def test_any_history_ends_with_what_was_approved_and_typed_in(history, first):
    books = Books(make_site())
    document = commitment()
    books.order = books.send(document, None, first)
    _add(books.in_order, [(1, Decimal("40000.00")), (2, Decimal("12500.50"))])
    for what, lines, happens in history:
        match what:
            case "change order":
                books.change_order(lines, happens)
            case "taken back":
                books.taken_back(lines, happens)
            case "round":
                books.round(lines, happens)
            case "typed in":
                books.type_in(lines)
            case "bills":
                books.bills(lines)
    books.check()
    books.site.company.close()
