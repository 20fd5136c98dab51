"""What the bookkeeper made of an order or an estimate stays as it is when lines are added to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from connectors.contract import CannotTell, Document, Found, Receipt, Terms
from connectors.quickbooks import connector, orders
from sandbox.quickbooks import LineView, OrderView
from sandbox.quickbooks.by_hand import ByHand
from tests.connectors.quickbooks.conftest import Site, change, change_order, commitment
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, Lost, hand_feed
from tests.connectors.quickbooks.test_budgets import ROUND_1, ROUND_2

Deed = Callable[[ByHand, str], object]
CHANGE = change_order(change(1, "1500.00", 1), change(2, "-75.25", 2), change(3, "0.00", 2))


@dataclass
class Work:
    """Lines that are to be added to a record that stands there."""

    site: Site
    document: Document
    parent: Receipt

    @property
    def hand(self) -> ByHand:
        return self.site.company.by_hand

    @property
    def terms(self) -> Terms:
        return self.site.terms(self.document, self.parent)

    def record(self) -> OrderView:
        [record] = [*self.site.company.purchase_orders(), *self.site.company.estimates()]
        return record

    def export(self, deed: Deed | None = None) -> Receipt:
        """`deed`: what the bookkeeper does after we have read the record, before we write."""
        session, todo = self.site.session(), [deed] if deed else []
        session.before = lambda request: (
            todo.pop()(self.hand, self.parent.id) if request.writes and todo else None
        )
        return session.run(lambda: connector.export(self.document, self.terms, OTHER_KEY))


@pytest.fixture
def order(site: Site) -> Work:
    site.company.add_item("Subtotal", kind="subtotal")
    return Work(site, CHANGE, site.exported(commitment()))


@pytest.fixture(params=["change order", "later round"])
def work(site: Site, request) -> Work:
    if request.param == "change order":
        return request.getfixturevalue("order")
    site.company.add_item("Subtotal", kind="subtotal")
    return Work(site, ROUND_2, site.exported(ROUND_1))


def receive_all(hand: ByHand, record: str) -> None:
    hand.receive(record, 0)
    hand.receive(record, 1)


DEEDS: dict[str, Deed] = {
    "text first": lambda hand, record: hand.add_text(record, 0, "Phase 1"),
    "an empty line between": lambda hand, record: hand.add_text(record, 1),
    "text last": lambda hand, record: hand.add_text(record, 2, "CCO 001: see the drawing"),
    "a subtotal between": lambda hand, record: hand.add_subtotal(record, 1),
    "a subtotal last": lambda hand, record: hand.add_subtotal(record, 2),
    "a subtotal of nothing": lambda hand, record: hand.add_subtotal(record, 0),
    "two subtotals": lambda hand, record: (
        hand.add_subtotal(record, 1),
        hand.add_subtotal(record, 3),
    ),
    "all of them": lambda hand, record: (
        hand.add_text(record, 0, "Phase 1"),
        hand.add_subtotal(record, 2),
        hand.add_text(record, 3),
        hand.add_subtotal(record, 5),
        hand.add_text(record, 6, "End"),
    ),
    "a line deleted": lambda hand, record: hand.delete_line(record, 0),
    "lines moved": lambda hand, record: hand.move_line(record, 1, 0),
    "a line closed": lambda hand, record: hand.close_line(record, 0),
    "a line received in part": lambda hand, record: hand.receive(record, 0, Decimal("0.5")),
    "a line received": lambda hand, record: hand.receive(record, 0),
    "all received": receive_all,
    "closed": lambda hand, record: hand.close_order(record),
    "other words": lambda hand, record: hand.edit_line(record, 0, desc="As Joe drew it"),
    "other numbers": lambda hand, record: hand.edit_line(record, 0, amount=Decimal("39999.99")),
}
OF_ORDERS = {
    "a line closed",
    "a line received in part",
    "a line received",
    "all received",
    "closed",
}


@pytest.mark.parametrize("when", ["before we read", "before we write"])
@pytest.mark.parametrize("deed", DEEDS)
def test_everything_stays_as_it_is_and_the_new_lines_stand_behind(
    work: Work, deed: str, when: str
) -> None:
    if work.document is ROUND_2 and deed in OF_ORDERS:
        return  # nothing is received or closed of an estimate
    seen: list[OrderView] = []

    def do(hand: ByHand, record: str) -> None:
        DEEDS[deed](hand, record)
        seen.append(work.record())

    if when == "before we read":
        do(work.hand, work.parent.id)
    receipt = work.export(do if when == "before we write" else None)
    [before], after = seen, work.record()
    kept = len(before.lines)
    assert after.lines[:kept] == before.lines
    new: tuple[LineView, ...] = after.lines[kept:]
    assert {one.txn_line_id for one in new} == set(receipt.lines.values())
    assert after.total == before.total + work.document.amount
    assert after.is_closed == before.is_closed
    assert receipt.amount == after.total


def structured(work: Work) -> None:
    """The bookkeeper orders the lines for whoever reads them; no amount is changed."""
    work.hand.add_text(work.parent.id, 0, "Phase 1")
    work.hand.add_subtotal(work.parent.id, 2)
    work.hand.add_text(work.parent.id, 3)
    work.hand.add_subtotal(work.parent.id, 5)


def test_what_is_only_told_counts_nowhere(order: Work) -> None:
    structured(order)
    session = order.site.session()
    written = commitment()
    terms = order.site.terms(written)
    compared = session.run(lambda: connector.compare(written, terms, order.parent, terms))
    assert compared.differences == ()
    [found] = session.run(lambda: connector.look_up(written, terms, "SC-001"))
    assert (found.problem, found.differences) == ("", ())
    assert found.receipt.lines == order.parent.lines
    [known] = session.known.values()
    record = connector.records(known)[f"po:{order.parent.id}"]
    shown = connector.preview(CHANGE, order.terms, record)
    assert (shown.total_before, shown.total_after) == (Decimal("52500.50"), Decimal("53925.25"))
    assert [row.before for row in shown.rows if row.change == "kept"] == [
        None,
        Decimal("40000.00"),
        None,
        None,
        Decimal("12500.50"),
        None,
    ]
    assert not any("by hand" in warning for warning in shown.warnings)


@pytest.mark.parametrize("document", [commitment(), ROUND_1], ids=["commitment", "first round"])
def test_a_lost_record_that_was_structured_is_found(site: Site, document: Document) -> None:
    site.company.add_item("Subtotal", kind="subtotal")
    terms = site.terms(document)
    with pytest.raises(Lost) as lost:
        site.session().run(lambda: connector.export(document, terms, KEY), lose="answer")
    [record] = [*site.company.purchase_orders(), *site.company.estimates()]
    site.company.by_hand.add_text(record.txn_id, 0, "Phase 1")
    site.company.by_hand.add_subtotal(record.txn_id, 3)
    attempts = [lost.value.attempt()]
    finding = site.session().run(lambda: connector.find(document, terms, attempts))
    assert isinstance(finding, Found), finding


def test_a_subtotal_of_an_estimate_is_no_cost(site: Site) -> None:
    site.company.add_item("Subtotal", kind="subtotal")
    work = Work(site, ROUND_2, site.exported(ROUND_1))
    structured(work)
    costs = site.session().run(lambda: connector.job_costs(site.job, {}))
    planned = {row.name: row.estimate for row in costs.rows if row.estimate}
    assert planned == {"03-300": Decimal("42500.00"), "03-200": Decimal("12500.50")}


def test_a_line_that_looks_like_a_subtotal_and_counts_is_none(order: Work) -> None:
    """Entered as a lump sum, without quantity and rate, of just what stands above it."""
    before = order.record()
    order.hand.add_line(order.parent.id, "03-300", "The same again", before.total)
    order.hand.edit_line(order.parent.id, 2, lump_sum=True)
    order.export()
    assert order.record().total == 2 * before.total + CHANGE.amount


def test_a_line_that_is_not_as_it_was_needs_a_person(order: Work) -> None:
    """No QuickBooks is known to touch a line that a change only names."""
    asked = connector.wrap({"c1-0": orders.order_by_id(order.parent.id)})
    before = order.site.company.answer(asked)
    order.export()
    order.hand.close_line(order.parent.id, 1)
    after = order.site.company.answer(asked)
    after = after.replace("QueryRs", "ModRs").replace("c1-0", OTHER_KEY)
    script = connector.export(CHANGE, order.terms, OTHER_KEY)
    with pytest.raises(CannotTell, match="not as they were: 03-200 “Rebar”"):
        hand_feed(script, before, after)


GROUP = (
    "<PurchaseOrderLineGroupRet><TxnLineID>9-9</TxnLineID><ItemGroupRef><ListID>9</ListID>"
    "<FullName>Kit</FullName></ItemGroupRef><Desc>Kit</Desc><TotalAmount>30.00</TotalAmount>"
    "<PurchaseOrderLineRet><TxnLineID>9-A</TxnLineID><Amount>30.00</Amount></PurchaseOrderLineRet>"
    "</PurchaseOrderLineGroupRet>"
)


def with_group(order: Work, answer: str) -> str:
    """The stand-in keeps no groups: one between the two first lines of its answer."""
    total = order.record().total
    first, end, rest = answer.partition("</PurchaseOrderLineRet>")
    shown = first.replace(f"<TotalAmount>{total}", f"<TotalAmount>{total + 30}")
    return f"{shown}{end}{GROUP}{rest}"


def test_a_group_among_the_lines_is_named_where_it_stands(order: Work) -> None:
    asked = connector.wrap({"c1-0": orders.order_by_id(order.parent.id)})
    before = with_group(order, order.site.company.answer(asked))
    order.export()
    after = with_group(order, order.site.company.answer(asked))
    after = after.replace("QueryRs", "ModRs").replace("c1-0", OTHER_KEY)
    script = connector.export(CHANGE, order.terms, OTHER_KEY)
    receipt, (_, write) = hand_feed(script, before, after)
    assert receipt.amount == order.record().total + 30
    footings, rebar = order.parent.lines.values()
    named = re.findall(r"<(\w+)><TxnLineID>([^<]+)</TxnLineID>", write.body)
    assert named == [
        ("PurchaseOrderLineMod", footings),
        ("PurchaseOrderLineGroupMod", "9-9"),
        ("PurchaseOrderLineMod", rebar),
        ("PurchaseOrderLineMod", "-1"),
        ("PurchaseOrderLineMod", "-1"),
    ]
