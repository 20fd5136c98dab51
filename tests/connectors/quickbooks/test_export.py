"""What Ann accepted is in QuickBooks afterwards, to the cent, and nothing else has moved."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from connectors.contract import Busy, CannotTell, Receipt, Ref, Refused
from connectors.quickbooks import connector
from connectors.quickbooks.transactions import guid_for
from tests.connectors.quickbooks.conftest import Site, change, change_order, commitment, line
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY


@pytest.fixture
def parent(site: Site) -> Receipt:
    return site.exported(commitment())


def test_a_commitment_becomes_a_purchase_order(site):
    document = commitment()
    terms = site.terms(document)
    receipt = site.session().run(lambda: connector.export(document, terms, KEY))

    order = site.company.purchase_order("SC-001")
    assert (order.name, order.total, order.txn_date) == (
        "Ironwood Concrete",
        Decimal("52500.50"),
        "2026-03-02",
    )
    assert order.memo == "Concrete works\nFootings and slabs"
    assert order.vendor_msg == "Call before delivery"
    assert order.external_guid == guid_for(KEY)
    footings, rebar = order.lines
    assert (footings.item, footings.desc, footings.quantity, footings.rate, footings.amount) == (
        "03-300",
        "Footings",
        Decimal(1),
        Decimal(40000),
        Decimal("40000.00"),
    )
    assert (rebar.quantity, rebar.rate, rebar.amount) == (
        Decimal(5),
        Decimal("2500.10"),
        Decimal("12500.50"),
    )
    assert {one.customer for one in order.lines} == {"City of Alder:Riverside Library"}
    assert receipt.id == order.txn_id
    assert receipt.version == order.edit_sequence
    assert receipt.amount == Decimal("52500.50")
    assert receipt.lines == {"101": footings.txn_line_id, "102": rebar.txn_line_id}


def test_several_changes_to_one_line_arrive_as_one_new_line(site, parent):
    document = change_order(
        change(1, "1500.00", 1, description="Deeper footings"),
        change(2, "-200.00", 2, description="Less rebar"),
        change(3, "250.25", 1, description="Extra pump"),
    )
    terms = site.terms(document, parent)
    before = site.company.purchase_order("SC-001")
    receipt = site.session().run(lambda: connector.export(document, terms, OTHER_KEY))

    order = site.company.purchase_order("SC-001")
    assert order.lines[:2] == before.lines
    assert [
        (one.item, one.desc, one.quantity, one.rate, one.amount) for one in order.lines[2:]
    ] == [
        (
            "03-300",
            "CCO 001: Soft soil - Deeper footings; Extra pump",
            Decimal(1),
            Decimal("1750.25"),
            Decimal("1750.25"),
        ),
        (
            "03-200",
            "CCO 001: Soft soil - Less rebar",
            Decimal(1),
            Decimal("-200.00"),
            Decimal("-200.00"),
        ),
    ]
    assert {one.service_date for one in order.lines[2:]} == {"2026-04-10"}
    assert {one.customer for one in order.lines[2:]} == {"City of Alder:Riverside Library"}
    assert order.total == before.total + document.amount
    assert order.memo == (
        "Concrete works\nFootings and slabs\n[CCO 001 2026-04-10] Footings go 60 cm deeper"
    )
    assert receipt.id == parent.id
    assert receipt.number == "SC-001"
    concrete, steel = order.lines[2].txn_line_id, order.lines[3].txn_line_id
    assert receipt.lines == {"201": concrete, "203": concrete, "202": steel}


def test_changes_that_cancel_out_are_sent_as_zero(site, parent):
    document = change_order(change(1, "900.00", 1), change(2, "-900.00", 1))
    terms = site.terms(document, parent)
    site.session().run(lambda: connector.export(document, terms, OTHER_KEY))
    order = site.company.purchase_order("SC-001")
    assert [one.amount for one in order.lines[2:]] == [Decimal("0.00")]
    assert order.total == Decimal("52500.50")


def test_what_was_changed_by_hand_in_quickbooks_stays(site, parent):
    hand = site.company.by_hand
    hand.edit_line(parent.id, 0, amount=Decimal("41000.00"), desc="Footings, as agreed by phone")
    hand.add_line(parent.id, "03-200", "Spacers", Decimal("75.00"))
    hand.edit_order(parent.id, Memo="Ask Joe first")
    document = change_order()
    terms = site.terms(document, parent)
    site.session().run(lambda: connector.export(document, terms, OTHER_KEY))
    order = site.company.purchase_order("SC-001")
    assert [(one.desc, one.amount) for one in order.lines] == [
        ("Footings, as agreed by phone", Decimal("41000.00")),
        ("Rebar", Decimal("12500.50")),
        ("Spacers", Decimal("75.00")),
        ("CCO 001: Soft soil - Deeper footings", Decimal("1500.00")),
    ]
    assert order.memo == "Ask Joe first\n[CCO 001 2026-04-10] Footings go 60 cm deeper"


@pytest.mark.parametrize(
    ("standing", "then"),
    [
        ("", "[CCO 001 2026-04-10] Footings go 60 cm deeper"),
        (
            "Mine\n[CCO 001 2026-01-01] Old words\n[CCO 002 2026-01-02] Two",
            "Mine\n[CCO 001 2026-04-10] Footings go 60 cm deeper\n[CCO 002 2026-01-02] Two",
        ),
        (
            "Mine [CCO 001 2026-01-01] Old words [CCO 002 2026-01-02] Two",
            "Mine [CCO 001 2026-04-10] Footings go 60 cm deeper [CCO 002 2026-01-02] Two",
        ),
        (
            "[CCO 0012 2026-01-01] Other",
            "[CCO 0012 2026-01-01] Other\n[CCO 001 2026-04-10] Footings go 60 cm deeper",
        ),
    ],
)
def test_the_memo_keeps_all_words_but_those_of_this_change_order(site, parent, standing, then):
    site.company.by_hand.edit_order(parent.id, Memo=standing)
    document = change_order()
    terms = site.terms(document, parent)
    site.session().run(lambda: connector.export(document, terms, OTHER_KEY))
    assert site.company.purchase_order("SC-001").memo == then


def test_a_memo_that_would_grow_too_long_is_refused_before_anything_is_written(site, parent):
    site.company.by_hand.edit_order(parent.id, Memo="x" * 4090)
    document = change_order()
    terms = site.terms(document, parent)
    session = site.session()
    with pytest.raises(Refused, match="The Memo of purchase order SC-001 would have 4,1"):
        session.run(lambda: connector.export(document, terms, OTHER_KEY))
    assert session.writes() == []


def test_a_chain_of_change_orders_needs_one_question(site, parent):
    session = site.session()
    for number in range(1, 6):
        document = change_order(number=f"{number:03}", id=20 + number)
        terms = site.terms(document, parent)
        key = f"EB0000000000000000{number:02}"
        session.run(lambda: connector.export(document, terms, key))  # noqa: B023
    assert len(session.sent) == 6
    assert len(session.writes()) == 5
    assert site.company.purchase_order("SC-001").total == Decimal("60000.50")


def test_a_change_order_right_after_its_commitment_needs_no_question(site):
    session = site.session()
    document = commitment()
    terms = site.terms(document)
    parent = session.run(lambda: connector.export(document, terms, KEY))
    change_terms = site.terms(change_order(), parent)
    session.run(lambda: connector.export(change_order(), change_terms, OTHER_KEY))
    assert len(session.sent) == 3


def test_an_order_saved_in_between_is_read_again(site, parent):
    session = site.session()
    edits = iter(["first", "second"])

    def somebody_saves(request):
        if request.writes and (memo := next(edits, None)):
            site.company.by_hand.edit_order(parent.id, Memo=memo)

    session.before = somebody_saves
    document = change_order()
    terms = site.terms(document, parent)
    session.run(lambda: connector.export(document, terms, OTHER_KEY))
    order = site.company.purchase_order("SC-001")
    assert order.memo.startswith("second\n[CCO 001")
    assert len(order.lines) == 3
    keys = [message.split('newMessageSetID="')[1].split('"')[0] for message in session.writes()]
    assert keys == [OTHER_KEY, OTHER_KEY + "b", OTHER_KEY + "c"]


def test_somebody_who_keeps_saving_is_waited_for(site, parent):
    session = site.session()
    session.before = lambda request: (
        site.company.by_hand.edit_order(parent.id, Memo="again") if request.writes else None
    )
    document = change_order()
    terms = site.terms(document, parent)
    with pytest.raises(Busy, match="Somebody is working on purchase order SC-001"):
        session.run(lambda: connector.export(document, terms, OTHER_KEY))
    assert len(session.writes()) == 4
    assert len(site.company.purchase_order("SC-001").lines) == 2


def test_an_order_that_is_open_on_a_screen_is_tried_later(site, parent):
    site.company.by_hand.open_on_screen(parent.id)
    document = change_order()
    terms = site.terms(document, parent)
    with pytest.raises(Busy, match="open or locked") as caught:
        site.session().run(lambda: connector.export(document, terms, OTHER_KEY))
    assert caught.value.code == "3176"


def test_a_number_that_quickbooks_has_already_asks_a_person(site):
    site.company.by_hand.enter_order(
        "Ironwood Concrete", "SC-001", [("03-300", "", "Typed in by Ann", Decimal(10))]
    )
    document = commitment()
    terms = site.terms(document)
    session = site.session()
    with pytest.raises(CannotTell, match="Is it this one"):
        session.run(lambda: connector.export(document, terms, KEY))
    assert session.writes() == []


def test_the_lines_of_a_change_order_are_never_written_beside_others_of_its_number(site, parent):
    site.company.by_hand.add_line(
        parent.id, "03-300", "CCO 001: typed in by hand", Decimal("1500.00")
    )
    document = change_order()
    terms = site.terms(document, parent)
    session = site.session()
    with pytest.raises(CannotTell, match="already holds lines of change order 001"):
        session.run(lambda: connector.export(document, terms, OTHER_KEY))
    assert session.writes() == []


def test_a_deleted_order_is_told_in_words(site, parent):
    site.company.by_hand.delete_order(parent.id)
    document = change_order()
    terms = site.terms(document, parent)
    with pytest.raises(Refused, match="The purchase order is no longer in QuickBooks: SC-001"):
        site.session().run(lambda: connector.export(document, terms, OTHER_KEY))


def test_a_deduct_below_zero_is_refused_before_anything_is_written(site, parent):
    document = change_order(change(1, "-52500.51", 1))
    terms = site.terms(document, parent)
    session = site.session()
    with pytest.raises(Refused, match="below zero"):
        session.run(lambda: connector.export(document, terms, OTHER_KEY))
    assert session.writes() == []


def test_purchase_orders_switched_off_says_where_to_switch_them_on(site):
    site.company.by_hand.set_preference("IsUsingInventory", False)
    document = commitment()
    terms = site.terms(document)
    with pytest.raises(Refused, match="Inventory and purchase orders are active") as caught:
        site.session().run(lambda: connector.export(document, terms, KEY))
    assert caught.value.code == "3250"
    assert caught.value.words


def test_a_closed_period_says_what_to_do(site):
    site.company.by_hand.close_period("2026-03-31")
    document = commitment()
    terms = site.terms(document)
    with pytest.raises(Refused, match="exclude estimates and purchase orders from the"):
        site.session().run(lambda: connector.export(document, terms, KEY))


def test_a_line_whose_price_does_not_multiply_goes_as_a_lump_sum(site):
    odd = line(1, "100.00", quantity=Decimal(3), unit_cost=Decimal("33.33"))
    document = commitment(odd)
    site.exported(document)
    written = site.company.purchase_order("SC-001").lines[0]
    assert (written.quantity, written.rate, written.amount) == (
        Decimal(1),
        Decimal("100.00"),
        Decimal("100.00"),
    )


def test_half_a_cent_is_rounded_as_it_was_entered(site):
    """2.5 at 0.05 is 0.13 here and in QuickBooks; a 0.12 would not multiply there."""
    document = commitment(
        line(1, "0.13", quantity=Decimal("2.5"), unit_cost=Decimal("0.05")),
        line(2, "0.12", code=2, quantity=Decimal("2.5"), unit_cost=Decimal("0.05")),
    )
    site.exported(document)
    written = [(one.quantity, one.rate) for one in site.company.purchase_order("SC-001").lines]
    assert written == [(Decimal("2.5"), Decimal("0.05")), (Decimal(1), Decimal("0.12"))]


def test_a_change_order_does_not_go_to_another_vendors_order(site, parent):
    """Our vendor was linked elsewhere since the order was written: it was accepted for them."""
    other = site.company.add_vendor("Alder Steel")
    document = change_order()
    linked = Ref(id=other, name="Alder Steel")
    terms = msgspec.structs.replace(site.terms(document, parent), vendor=linked)
    session = site.session()
    with pytest.raises(Refused, match="is Ironwood Concrete's in QuickBooks"):
        session.run(lambda: connector.export(document, terms, OTHER_KEY))
    assert session.writes() == []
