"""A person deleted something in QuickBooks and unlinks it here: is it really gone?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.contract import Busy, Gone, Receipt, StillThere
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, budget, change, change_order, commitment
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, THIRD_KEY, hand_feed
from tests.connectors.quickbooks.test_budgets import ROUND_2
from tests.connectors.quickbooks.test_refusals import reply, response

CHANGE = change_order(
    change(1, "1500.00", 1), change(2, "250.25", 1), change(3, "-200.00", 2, description="Less")
)


@pytest.fixture
def order(site: Site) -> Receipt:
    return site.exported(commitment())


@pytest.fixture
def lines(site: Site, order: Receipt) -> Receipt:
    """The receipt of a change order with two lines in that order."""
    return site.exported(CHANGE, OTHER_KEY, order)


def look(site, document, receipt, parent=None) -> Gone | StillThere:
    session = site.session()
    terms = site.terms(document, parent)
    answer = session.run(lambda: connector.still_there(document, terms, receipt))
    assert session.writes() == []
    return answer


def left(site, document, receipt, parent=None) -> tuple[str, ...]:
    """What is told of what is still there."""
    answer = look(site, document, receipt, parent)
    assert isinstance(answer, StillThere)
    return answer.found


# --- commitments -------------------------------------------------------------------------------


def test_a_deleted_order_is_gone(site, order):
    site.company.by_hand.delete_order(order.id)
    assert look(site, commitment(), order) == Gone(
        seen="Purchase order SC-001 is no longer in QuickBooks."
    )


def test_an_order_that_stands_there_is_told_as_it_stands(site, order):
    site.company.by_hand.edit_order(order.id, RefNumber="1044")
    assert look(site, commitment(), order) == StillThere(
        found=(
            "Purchase order 1044 of Ironwood Concrete, dated 2026-03-02, with 2 lines over"
            " 52,500.50.",
        )
    )


def test_another_order_of_the_same_number_is_another_order(site, order):
    site.company.by_hand.delete_order(order.id)
    site.company.by_hand.enter_order(
        "Ironwood Concrete", "SC-001", [("03-300", "", "By hand", Decimal("52500.50"))]
    )
    assert isinstance(look(site, commitment(), order), Gone)


# --- change orders -----------------------------------------------------------------------------


def test_a_change_order_is_there_while_its_lines_are(site, order, lines):
    found = look(site, CHANGE, lines, order)
    assert found == StillThere(
        found=(
            "Purchase order SC-001 has the line 03-300 “CCO 001: Soft soil - Line 1; Line 2”"
            " 1,750.25, that this change order wrote.",
            "Purchase order SC-001 has the line 03-200 “CCO 001: Soft soil - Less” -200.00,"
            " that this change order wrote.",
        )
    )


def test_it_is_gone_with_its_order(site, order, lines):
    site.company.by_hand.delete_order(order.id)
    assert look(site, CHANGE, lines, order) == Gone(
        seen="Purchase order SC-001 is no longer in QuickBooks."
    )


def test_it_is_gone_when_its_lines_are_and_the_order_stands(site, order, lines):
    hand = site.company.by_hand
    hand.delete_line(order.id, 3)
    assert len(left(site, CHANGE, lines, order)) == 1
    hand.delete_line(order.id, 2)
    assert look(site, CHANGE, lines, order) == Gone(
        seen="Purchase order SC-001 holds no line of change order 001."
    )


def test_a_line_of_its_that_was_rewritten_altogether_is_still_its_line(site, order, lines):
    hand = site.company.by_hand
    hand.delete_line(order.id, 3)
    hand.edit_line(order.id, 2, desc="Mine", amount=Decimal("3.00"), item="03-200")
    (told,) = left(site, CHANGE, lines, order)
    assert "“Mine” 3.00, that this change order wrote" in told


def test_a_line_that_was_typed_in_anew_is_still_there(site, order, lines):
    hand = site.company.by_hand
    hand.delete_line(order.id, 3)
    hand.delete_line(order.id, 2)
    hand.add_line(order.id, "03-200", "CCO 001: by phone", Decimal("9.99"))
    hand.add_line(order.id, "03-300", "Deeper", Decimal("1750.25"))
    carries, alike = left(site, CHANGE, lines, order)
    assert "carries the number of this change order" in carries
    assert "of the same item and amount" in alike


def test_lines_that_others_answer_for_are_no_reason(site, order, lines):
    """The commitment's own line, another change order's, and another amount by hand."""
    hand = site.company.by_hand
    hand.delete_line(order.id, 3)
    hand.delete_line(order.id, 2)
    hand.edit_line(order.id, 0, amount=Decimal("1750.25"))
    hand.add_line(order.id, "03-300", "CCO 0012: other", Decimal("1750.25"))
    hand.add_line(order.id, "03-300", "Spacers", Decimal("75.00"))
    assert isinstance(look(site, CHANGE, lines, order), Gone)


# --- budgets -----------------------------------------------------------------------------------


def test_a_budget_is_gone_with_its_estimate_and_all_its_rounds(site):
    first = site.exported(budget(), THIRD_KEY)
    second = site.exported(ROUND_2, KEY, first)
    number = first.number
    assert look(site, ROUND_2, second, first) == StillThere(
        found=(
            f"Estimate {number} of 2026-03-02 over 55,750.00 for City of Alder:Riverside Library.",
        )
    )
    site.company.by_hand.edit_order(first.id, IsActive="false")
    assert left(site, budget(), first)[0].endswith("Riverside Library, inactive.")
    site.company.by_hand.delete_order(first.id)
    gone = Gone(seen=f"Estimate {number} is no longer in QuickBooks.")
    assert look(site, budget(), first) == look(site, ROUND_2, second, first) == gone


# --- no answer is no permission ----------------------------------------------------------------

KINDS = {
    "commitment": (commitment(), "PurchaseOrderQueryRs"),
    "change order": (CHANGE, "PurchaseOrderQueryRs"),
    "budget": (budget(), "EstimateQueryRs"),
}
RECEIPT = Receipt(id="A-1", number="SC-001", lines={"201": "L2"})


@pytest.fixture(params=KINDS)
def ask(site, request):
    """Ask for one kind of document; the answer is written out by hand."""
    document, tag = KINDS[request.param]
    terms = site.terms(document, RECEIPT if document.kind == "change_order" else None)

    def feed(code: int, inside: str = "", **more: str) -> Gone | StillThere:
        said = response(tag, code, inside, **more)
        return hand_feed(connector.still_there(document, terms, RECEIPT), said)[0]

    return feed


@pytest.mark.parametrize("code", [1, 500, 3120])
def test_absence_is_an_answer(ask, code):
    assert isinstance(ask(code), Gone)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (0, "did not answer the question whether"),
        (1000, "could not make sense"),
        (3000, "a value in it was not accepted"),
        (3140, "no longer in QuickBooks"),
        (3170, "cannot be changed"),
        (3175, "open or locked"),
        (3176, "open or locked"),
        (3180, "open or locked"),
        (3220, "may not do this"),
        (3231, "open or locked"),
        (3250, "switched off"),
        (3261, "may not do this"),
        (3999, "code 3999"),
    ],
)
def test_everything_else_is_none(ask, code, sentence):
    with pytest.raises(Busy, match=sentence) as caught:
        ask(code)
    assert caught.value.code == str(code)


def test_a_set_that_was_refused_as_a_whole_is_none(site):
    script = connector.still_there(commitment(), site.terms(commitment()), RECEIPT)
    with pytest.raises(Busy, match="did not say clearly"):
        hand_feed(script, reply("", 'messageSetStatusCode="600"'))


def test_an_answer_about_something_else_is_none(site):
    script = connector.still_there(commitment(), site.terms(commitment()), RECEIPT)
    other = "<PurchaseOrderRet><TxnID>B-2</TxnID></PurchaseOrderRet>"
    with pytest.raises(Busy, match="did not answer"):
        hand_feed(script, response("PurchaseOrderQueryRs", 0, other))
