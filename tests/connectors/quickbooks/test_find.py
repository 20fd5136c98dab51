"""A write went out and no answer came: what is found out before anything is written again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from connectors.contract import (
    Absent,
    Attempt,
    CannotTell,
    Denied,
    Document,
    Finding,
    Found,
    Receipt,
    Terms,
    Unclear,
)
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, change, change_order, commitment
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, THIRD_KEY, Lost, Session, hand_feed


@dataclass
class Work:
    """A document on its way, and the site it goes to."""

    site: Site
    document: Document
    terms: Terms

    def lose(self, what: str, key: str) -> None:
        session = self.site.session()
        with pytest.raises(Lost):
            session.run(lambda: connector.export(self.document, self.terms, key), lose=what)

    def find(self, *keys: str, session: Session | None = None) -> Finding:
        attempts = [Attempt(key=key, outcome="lost") for key in keys]
        session = session or self.site.session()
        return session.run(lambda: connector.find(self.document, self.terms, attempts))

    def export(self, key: str) -> Receipt:
        return self.site.session().run(lambda: connector.export(self.document, self.terms, key))


@pytest.fixture
def new_order(site) -> Work:
    document = commitment()
    return Work(site, document, site.terms(document))


@pytest.fixture
def new_lines(site) -> Work:
    parent = site.exported(commitment())
    document = change_order(change(1, "1500.00", 1), change(2, "200.00", 1), change(3, "-75.25", 2))
    return Work(site, document, site.terms(document, parent))


@pytest.mark.parametrize("memory", ["ids", "whole", "forgotten"])
def test_an_order_whose_answer_was_lost_is_found(new_order, memory):
    new_order.site.company.by_hand.set_preference("ErrorRecoveryOnly", memory == "ids")
    new_order.lose("answer", KEY)
    if memory == "forgotten":
        new_order.site.company.by_hand.forget_message_sets()
    finding = new_order.find(KEY)
    order = new_order.site.company.purchase_order("SC-001")
    assert finding == Found(
        receipt=Receipt(
            id=order.txn_id,
            number="SC-001",
            version=order.edit_sequence,
            amount=Decimal("52500.50"),
            lines={"101": order.lines[0].txn_line_id, "102": order.lines[1].txn_line_id},
        )
    )


def test_an_order_renumbered_meanwhile_is_found(new_order):
    new_order.lose("answer", KEY)
    company = new_order.site.company
    company.by_hand.edit_order(company.purchase_order("SC-001").txn_id, RefNumber="1044")
    company.by_hand.forget_message_sets()
    finding = new_order.find(KEY)
    assert isinstance(finding, Found)
    assert finding.receipt.number == "1044"


def test_an_order_that_never_arrived_goes_out_again_in_the_same_bytes(new_order):
    lost = new_order.site.session()
    with pytest.raises(Lost):
        lost.run(lambda: connector.export(new_order.document, new_order.terms, KEY), lose="request")
    assert isinstance(new_order.find(KEY), Absent)
    again = new_order.site.session()
    again.run(lambda: connector.export(new_order.document, new_order.terms, KEY))
    assert again.writes() == lost.writes()
    assert len(new_order.site.company.purchase_orders()) == 1


def test_an_order_that_arrives_twice_is_entered_once(new_order):
    """The lost request was only late: QuickBooks knows the repeat by its id."""
    lost = new_order.site.session()
    with pytest.raises(Lost):
        lost.run(lambda: connector.export(new_order.document, new_order.terms, KEY), lose="request")
    again = new_order.site.session()
    again.before = lambda request: (
        new_order.site.company.answer(lost.writes()[0]) if request.writes else None
    )
    receipt = again.run(lambda: connector.export(new_order.document, new_order.terms, KEY))
    order = new_order.site.company.purchase_order("SC-001")
    assert (receipt.id, receipt.version) == (order.txn_id, order.edit_sequence)
    assert len(receipt.lines) == 2


def test_somebody_elses_order_of_that_number_is_not_ours(new_order):
    new_order.lose("request", KEY)
    new_order.site.company.by_hand.enter_order(
        "Ironwood Concrete",
        "SC-001",
        [("03-300", "", "Footings", Decimal("52500.50"))],
        txn_date="2026-03-02",
    )
    assert isinstance(new_order.find(KEY), Absent)
    with pytest.raises(CannotTell, match="Is it this one"):
        new_order.export(KEY)


def test_an_order_changed_by_hand_before_it_was_found_needs_a_person(new_order):
    new_order.lose("answer", KEY)
    company = new_order.site.company
    company.by_hand.edit_line(
        company.purchase_order("SC-001").txn_id, 0, amount=Decimal("39000.00")
    )
    finding = new_order.find(KEY)
    assert isinstance(finding, Unclear)
    assert "its lines come to 51,500.50, not 52,500.50" in finding.message


def test_an_order_removed_before_it_was_found_needs_a_person(new_order):
    new_order.lose("answer", KEY)
    company = new_order.site.company
    company.by_hand.delete_order(company.purchase_order("SC-001").txn_id)
    finding = new_order.find(KEY)
    assert isinstance(finding, Unclear)
    assert "removed since" in finding.message


def test_a_lost_refusal_is_told(new_order):
    new_order.site.company.by_hand.set_preference("IsUsingInventory", False)
    new_order.lose("answer", KEY)
    finding = new_order.find(KEY)
    assert isinstance(finding, Denied)
    assert finding.code == "3250"
    assert "Inventory and purchase orders are active" in finding.message


def test_a_refusal_that_was_answered_is_not_asked_for_again(new_order):
    """QuickBooks remembers a refusal under its id: asking for it would refuse every retry."""
    attempts = [Attempt(key=KEY, outcome="refused")]
    session = new_order.site.session()
    finding = session.run(lambda: connector.find(new_order.document, new_order.terms, attempts))
    assert isinstance(finding, Absent)
    assert not any("oldMessageSetID" in message for message in session.sent)


@pytest.mark.parametrize("memory", ["ids", "whole", "forgotten"])
def test_lines_whose_answer_was_lost_are_found(new_lines, memory):
    new_lines.site.company.by_hand.set_preference("ErrorRecoveryOnly", memory == "ids")
    new_lines.lose("answer", OTHER_KEY)
    if memory == "forgotten":
        new_lines.site.company.by_hand.forget_message_sets()
    finding = new_lines.find(OTHER_KEY)
    order = new_lines.site.company.purchase_order("SC-001")
    concrete, steel = order.lines[2].txn_line_id, order.lines[3].txn_line_id
    assert isinstance(finding, Found)
    assert finding.receipt.lines == {"201": concrete, "202": concrete, "203": steel}
    assert finding.receipt.version == order.edit_sequence


def test_lines_that_never_arrived_are_absent_and_the_old_write_can_no_longer_arrive(new_lines):
    lost = new_lines.site.session()
    with pytest.raises(Lost):
        lost.run(
            lambda: connector.export(new_lines.document, new_lines.terms, OTHER_KEY), lose="request"
        )
    assert isinstance(new_lines.find(OTHER_KEY), Absent)
    new_lines.export(THIRD_KEY)
    reply = new_lines.site.company.answer(lost.writes()[0])
    assert 'statusCode="3200"' in reply
    assert len(new_lines.site.company.purchase_order("SC-001").lines) == 4


def test_a_lost_refusal_of_a_stale_change_is_no_refusal_of_the_change(new_lines):
    parent = new_lines.terms.parent
    assert parent is not None
    session = new_lines.site.session()
    session.before = lambda request: (
        new_lines.site.company.by_hand.edit_order(parent.id, Memo="x") if request.writes else None
    )
    with pytest.raises(Lost):
        session.run(
            lambda: connector.export(new_lines.document, new_lines.terms, OTHER_KEY), lose="answer"
        )
    assert isinstance(new_lines.find(OTHER_KEY), Absent)
    new_lines.export(THIRD_KEY)
    assert len(new_lines.site.company.purchase_order("SC-001").lines) == 4


def test_an_old_write_that_arrives_after_the_search_is_noticed(new_lines):
    lost = new_lines.site.session()
    with pytest.raises(Lost):
        lost.run(
            lambda: connector.export(new_lines.document, new_lines.terms, OTHER_KEY), lose="request"
        )
    assert isinstance(new_lines.find(OTHER_KEY), Absent)
    new_lines.site.company.answer(lost.writes()[0])
    with pytest.raises(CannotTell, match="already holds lines of change order 001"):
        new_lines.export(THIRD_KEY)
    assert len(new_lines.site.company.purchase_order("SC-001").lines) == 4


def test_found_lines_that_were_changed_by_hand_need_a_person(new_lines):
    new_lines.lose("answer", OTHER_KEY)
    parent = new_lines.terms.parent
    assert parent is not None
    new_lines.site.company.by_hand.edit_line(parent.id, 2, amount=Decimal("1.00"))
    finding = new_lines.find(OTHER_KEY)
    assert isinstance(finding, Unclear)
    assert "1.00" in finding.message


def test_lines_removed_before_they_were_found_need_a_person(new_lines):
    new_lines.lose("answer", OTHER_KEY)
    parent = new_lines.terms.parent
    assert parent is not None
    hand = new_lines.site.company.by_hand
    hand.delete_line(parent.id, 3)
    hand.delete_line(parent.id, 2)
    finding = new_lines.find(OTHER_KEY)
    assert isinstance(finding, Unclear)
    assert "no longer holds its lines" in finding.message


def test_the_order_is_gone_so_the_lines_are(new_lines):
    new_lines.lose("request", OTHER_KEY)
    parent = new_lines.terms.parent
    assert parent is not None
    new_lines.site.company.by_hand.delete_order(parent.id)
    finding = new_lines.find(OTHER_KEY)
    assert finding == Absent(seen="Purchase order SC-001 is no longer in QuickBooks.")


def test_searching_never_writes(new_order, new_lines):
    for work in (new_order, new_lines):
        session = work.site.session()
        work.find(KEY, session=session)
        assert session.sent
        assert session.writes() == []


def test_an_answer_out_of_the_ordinary_leaves_the_matter_open(new_lines):
    """The user of the Web Connector may not see purchase orders: nothing is known, so nothing
    is done."""
    reply = (
        '<?xml version="1.0" ?><QBXML><QBXMLMsgsRs><PurchaseOrderQueryRs requestID="ID?"'
        ' statusCode="3261" statusSeverity="Error" statusMessage="No permission"/>'
        "</QBXMLMsgsRs></QBXML>"
    )
    attempts = [Attempt(key=KEY, outcome="refused")]
    finding, _ = hand_feed(connector.find(new_lines.document, new_lines.terms, attempts), reply)
    assert isinstance(finding, Unclear)
    assert "may not do this" in finding.message
