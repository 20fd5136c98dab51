"""The nightly look: is what we exported still there, unchanged? And what to do where it is not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.contract import Busy, Compared, Document, Receipt, Refused
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, budget, change, change_order, commitment
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, THIRD_KEY, hand_feed
from tests.connectors.quickbooks.test_budgets import ROUND_2
from tests.connectors.quickbooks.test_refusals import response

CHANGE = change_order(
    change(1, "1500.00", 1), change(2, "250.25", 1), change(3, "-200.00", 2, description="Less")
)


@pytest.fixture
def order(site: Site) -> Receipt:
    return site.exported(commitment())


@pytest.fixture
def lines(site: Site, order: Receipt) -> Receipt:
    return site.exported(CHANGE, OTHER_KEY, order)


def compare(
    site: Site, document: Document, receipt: Receipt, parent: Receipt | None = None
) -> Compared:
    session = site.session()
    terms = site.terms(document, parent)
    answer = session.run(lambda: connector.compare(document, terms, receipt, terms))
    assert session.writes() == []
    assert len(session.sent) == 1
    return answer


def differences(compared: Compared) -> list[tuple[str, str, str]]:
    assert all(one.advice.endswith((".", "begin.")) for one in compared.differences)
    return [(one.where, one.ours, one.theirs) for one in compared.differences]


def test_what_nobody_touched_is_unchanged(site, order, lines):
    now = site.company.purchase_order("SC-001")
    first = compare(site, commitment(), order)
    assert first.differences == ()
    assert first.receipt is not None
    assert (first.receipt.version, first.receipt.lines) == (now.edit_sequence, order.lines)
    assert compare(site, CHANGE, lines, order).differences == ()


def test_a_line_changed_by_hand_is_shown_with_what_to_do(site, order):
    site.company.by_hand.edit_line(order.id, 0, amount=Decimal("41000.00"))
    compared = compare(site, commitment(), order)
    assert differences(compared) == [
        ("line:1", "03-300 “Footings” 40,000.00", "03-300 “Footings” 41,000.00"),
        ("total", "52,500.50", "53,500.50"),
    ]
    assert "Set it back in QuickBooks" in compared.differences[0].advice
    assert "belongs into a change order" in compared.differences[0].advice


def test_everything_that_a_person_can_change_in_an_order(site, order):
    site.company.add_vendor("Halden Steel")
    site.company.add_job(site.company.list_id("Customer", "City of Alder"), "Pool")
    hand = site.company.by_hand
    hand.edit_order(order.id, VendorRef="Halden Steel", RefNumber="1044", TxnDate="2026-03-05")
    hand.edit_line(order.id, 0, desc="Footings, as agreed", customer="City of Alder:Pool")
    hand.edit_line(order.id, 1, item="03-300")
    hand.add_line(order.id, "03-200", "Spacers", Decimal("75.00"))
    compared = compare(site, commitment(), order)
    assert differences(compared) == [
        ("vendor", "Ironwood Concrete", "Halden Steel"),
        ("number", "SC-001", "1044"),
        ("date", "2026-03-02", "2026-03-05"),
        ("line:1", "City of Alder:Riverside Library", "City of Alder:Pool"),
        ("line:1", "Footings", "Footings, as agreed"),
        ("line:2", "03-200 “Rebar” 12,500.50", "03-300 “Rebar” 12,500.50"),
        ("added", "", "03-200 “Spacers” 75.00"),
    ]
    assert compared.receipt is not None
    assert compared.receipt.number == "1044"


def test_a_deleted_line_is_shown_and_one_typed_in_anew_is_known_again(site, order):
    hand = site.company.by_hand
    hand.delete_line(order.id, 0)
    gone = compare(site, commitment(), order)
    assert differences(gone) == [
        ("line:1", "03-300 “Footings” 40,000.00", "not there"),
        ("total", "52,500.50", "12,500.50"),
    ]
    anew = hand.add_line(
        order.id, "03-300", "Footings", Decimal("40000.00"), customer=site.job.name
    )
    again = compare(site, commitment(), order)
    assert again.differences == ()
    assert again.receipt is not None
    assert again.receipt.lines["101"] == anew


def test_the_lines_of_change_orders_are_no_change_of_the_commitment(site, order, lines):
    assert compare(site, commitment(), order).differences == ()


def test_a_change_order_that_was_changed_by_hand(site, order, lines):
    hand = site.company.by_hand
    hand.edit_line(order.id, 2, amount=Decimal("1800.00"))
    hand.delete_line(order.id, 3)
    hand.add_line(order.id, "03-200", "CCO 001: more", Decimal("1.00"), customer=site.job.name)
    assert differences(compare(site, CHANGE, lines, order)) == [
        (
            "line:1",
            "03-300 “CCO 001: Soft soil - Line 1; Line 2” 1,750.25",
            "03-300 “CCO 001: Soft soil - Line 1; Line 2” 1,800.00",
        ),
        ("line:3", "03-200 “CCO 001: Soft soil - Less” -200.00", "not there"),
        ("added", "", "03-200 “CCO 001: more” 1.00"),
        ("total", "1,550.25", "1,800.00"),
    ]


def test_what_was_deleted_is_gone(site, order, lines):
    hand = site.company.by_hand
    hand.delete_line(order.id, 3)
    hand.delete_line(order.id, 2)
    gone = compare(site, CHANGE, lines, order)
    assert gone.receipt is None
    assert differences(gone) == [
        ("record", "Synced", "The purchase order SC-001 holds no line of it any more.")
    ]
    assert "unlink it here" in gone.differences[0].advice
    hand.delete_order(order.id)
    for document, receipt, parent in ((commitment(), order, None), (CHANGE, lines, order)):
        gone = compare(site, document, receipt, parent)
        assert gone.receipt is None
        assert "not in QuickBooks any more" in gone.differences[0].theirs


def test_a_budget_and_its_rounds(site):
    first = site.exported(budget(), THIRD_KEY)
    second = site.exported(ROUND_2, KEY, first)
    assert compare(site, budget(), first).differences == ()
    assert compare(site, ROUND_2, second, first).differences == ()
    hand = site.company.by_hand
    hand.edit_order(first.id, IsActive="false")
    hand.mark_up(first.id, 0, Decimal(10))
    hand.edit_line(first.id, 2, amount=Decimal("1.00"))
    hand.add_line(first.id, "03-300", "Contingency", Decimal("5.00"))
    active = ("record", "active", "inactive")
    assert differences(compare(site, budget(), first)) == [
        active,
        ("line:1", "03-300 “Footings; Slabs” 42,500.00", "03-300 “Footings; Slabs” 46,750.00"),
        ("added", "", "03-300 “Contingency” 5.00"),
        ("total", "55,000.50", "59,250.50"),
    ]
    later = compare(site, ROUND_2, second, first)
    assert differences(later) == [
        active,
        (
            "line:1",
            "03-300 “Budget change 2: Soft soil” 1,250.00",
            "03-300 “Budget change 2: Soft soil” 1.00",
        ),
        ("total", "749.50", "-499.50"),
    ]
    assert "belongs into the budget here" in later.differences[1].advice


def test_a_mark_up_that_leaves_the_amount_is_seen_in_the_cost(site):
    first = site.exported(budget(), THIRD_KEY)
    hand = site.company.by_hand
    hand.edit_line(first.id, 0, amount=Decimal("40000.00"))
    hand.mark_up(first.id, 0, Decimal("6.25"))
    (one,) = compare(site, budget(), first).differences
    assert (one.where, one.theirs) == (
        "line:1",
        "03-300 “Footings; Slabs” 42,500.00, at a cost of 40,000.00",
    )


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (0, Busy, "did not answer"),
        (1000, Refused, "could not make sense"),
        (3175, Busy, "open or locked"),
        (3180, Busy, "open or locked"),
        (3250, Refused, "switched off"),
        (3261, Refused, "may not do this"),
        (-1, Busy, "did not say clearly"),
    ],
)
def test_without_an_answer_nothing_is_said(site, order, code, kind, sentence):
    terms = site.terms(commitment())
    script = connector.compare(commitment(), terms, order, terms)
    with pytest.raises(kind, match=sentence):
        hand_feed(script, response("PurchaseOrderQueryRs", code))


@pytest.mark.parametrize("code", [1, 500, 3120])
def test_absence_is_an_answer(site, order, code):
    terms = site.terms(commitment())
    script = connector.compare(commitment(), terms, order, terms)
    assert hand_feed(script, response("PurchaseOrderQueryRs", code))[0].receipt is None


def test_what_was_merged_cannot_be_set_back_and_need_not_be(site, order):
    company = site.company
    customer = company.list_id("Customer", "City of Alder")
    for gone, left in (
        (site.vendor.id, company.add_vendor("Ironwood Concrete, LLC")),
        (site.items["1"].id, company.add_item("03-310")),
        (site.job.id, company.add_job(customer, "Library")),
    ):
        company.by_hand.merge(gone, left)
    compared = compare(site, commitment(), order)
    job = ("City of Alder:Riverside Library", "City of Alder:Library")
    assert differences(compared) == [
        ("vendor", "Ironwood Concrete", "Ironwood Concrete, LLC"),
        ("line:1", "03-300 “Footings” 40,000.00", "03-310 “Footings” 40,000.00"),
        ("line:1", *job),
        ("line:2", *job),
    ]
    assert all("If the two were merged there" in one.advice for one in compared.differences)
