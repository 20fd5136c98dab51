"""QuickBooks has it already: which record could it be, and may it be linked?"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from connectors.contract import Busy, Candidate, Document, Receipt, Refused
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, budget, change, change_order, commitment
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, hand_feed
from tests.connectors.quickbooks.test_budgets import ROUND_2
from tests.connectors.quickbooks.test_refusals import response

JOB = "City of Alder:Riverside Library"
LINES = [
    ("03-300", JOB, "Footings", Decimal("40000.00")),
    ("03-200", JOB, "Rebar", Decimal("12500.50")),
]


def look_up(
    site: Site, document: Document, number: str = "", parent: Receipt | None = None
) -> tuple[Candidate, ...]:
    session = site.session()
    terms = site.terms(document, parent)
    found = session.run(lambda: connector.look_up(document, terms, number))
    assert session.writes() == []
    return found


def enter(site: Site, number: str = "1044", lines=LINES, vendor: str = "Ironwood Concrete") -> str:
    day = "2026-03-02"
    txn_id: str = site.company.by_hand.enter_order(vendor, number, lines, txn_date=day)
    return txn_id


# --- commitments -------------------------------------------------------------------------------


def test_an_order_that_was_typed_in_can_be_linked(site):
    txn_id = enter(site)
    (found,) = look_up(site, commitment(), "1044")
    held = site.company.purchase_order("1044")
    assert found.problem == ""
    assert found.receipt == Receipt(
        id=txn_id,
        number="1044",
        version=held.edit_sequence,
        amount=Decimal("52500.50"),
        lines={"101": held.lines[0].txn_line_id, "102": held.lines[1].txn_line_id},
    )
    assert found.description == (
        "Purchase order 1044 of Ironwood Concrete, dated 2026-03-02, over 52,500.50; 2 lines:"
        " 03-300 “Footings” 40,000.00; 03-200 “Rebar” 12,500.50"
    )
    assert [(one.where, one.ours, one.theirs) for one in found.differences] == [
        ("number", "SC-001", "1044")
    ]


def test_what_is_linked_is_as_good_as_exported(site):
    enter(site, "SC-001")
    (found,) = look_up(site, commitment())
    assert found.differences == ()
    terms = site.terms(commitment())
    session = site.session()
    compared = session.run(lambda: connector.compare(commitment(), terms, found.receipt, terms))
    assert compared.differences == ()
    receipt = site.exported(change_order(), OTHER_KEY, found.receipt)
    assert receipt.amount == Decimal("54000.50")


def test_other_words_and_other_amounts_are_shown_but_do_not_stand_in_the_way(site):
    odd = [
        ("03-300", JOB, "Footings and slabs", Decimal("40000.01")),
        ("03-200", JOB, "Rebar", Decimal("12500.49")),
    ]
    enter(site, lines=odd)
    (found,) = look_up(site, commitment(number="1044"))
    assert found.problem == ""
    assert set(found.receipt.lines) == {"101", "102"}
    assert [(one.where, one.theirs) for one in found.differences] == [
        ("line:1", "03-300 “Footings and slabs” 40,000.01"),
        ("line:1", "Footings and slabs"),
        ("line:2", "03-200 “Rebar” 12,500.49"),
    ]


@pytest.mark.parametrize(
    ("vendor", "lines", "problem"),
    [
        ("Halden Steel", LINES, "Its vendor is Halden Steel, not Ironwood Concrete."),
        (
            "Ironwood Concrete",
            [LINES[0], ("03-200", "City of Alder", "Rebar", Decimal("12500.50"))],
            f"It has lines for City of Alder, not for {JOB}.",
        ),
        (
            "Ironwood Concrete",
            [LINES[0], ("03-200", "", "Rebar", Decimal("12500.50"))],
            f"It has lines for no job, not for {JOB}.",
        ),
        ("Ironwood Concrete", LINES[:1], "It comes to 40,000.00, not 52,500.50."),
    ],
)
def test_another_vendor_job_or_total_stands_in_the_way(site, vendor, lines, problem):
    site.company.add_vendor("Halden Steel")
    enter(site, lines=lines, vendor=vendor)
    (found,) = look_up(site, commitment(), "1044")
    assert found.problem == problem
    assert found.differences


def test_every_order_of_the_number_is_shown(site):
    enter(site)
    enter(site, lines=LINES[:1])
    assert [bool(one.problem) for one in look_up(site, commitment(), "1044")] == [False, True]
    assert look_up(site, commitment(), "7") == ()


# --- change orders -----------------------------------------------------------------------------


@pytest.fixture
def order(site: Site) -> Receipt:
    return site.exported(commitment())


CHANGE = change_order(change(1, "1500.00", 1), change(2, "-200.00", 2))


def test_lines_that_were_typed_in_by_hand_can_be_linked(site, order):
    hand = site.company.by_hand
    hand.add_line(order.id, "03-200", "Fewer bars", Decimal("-200.00"), customer=JOB)
    hand.add_line(order.id, "03-200", "Something else", Decimal("75.00"), customer=JOB)
    steel = site.company.purchase_order("SC-001").lines[2].txn_line_id
    concrete = hand.add_line(order.id, "03-300", "Deeper", Decimal("1500.00"), customer=JOB)
    (found,) = look_up(site, CHANGE, "", order)
    assert found.problem == ""
    assert found.receipt.lines == {"201": concrete, "202": steel}
    assert found.description == (
        "In purchase order SC-001: 03-300 “Deeper” 1,500.00; 03-200 “Fewer bars” -200.00"
    )
    assert [one.where for one in found.differences] == ["line:1", "line:2"]


def test_lines_that_carry_its_number_come_first(site, order):
    hand = site.company.by_hand
    hand.add_line(order.id, "03-300", "CCO 001: deeper", Decimal("1500.00"), customer=JOB)
    hand.add_line(order.id, "03-200", "CCO 001: less", Decimal("-150.00"))
    (found,) = look_up(site, CHANGE, "", order)
    assert found.problem == (
        f"It has lines for no job, not for {JOB}. They come to 1,350.00, not 1,300.00."
    )


def test_the_commitments_own_lines_are_never_offered(site, order):
    document = change_order(change(1, "40000.00", 1))
    assert look_up(site, document, "", order) == ()


def test_half_of_it_is_not_it(site, order):
    site.company.by_hand.add_line(order.id, "03-300", "Deeper", Decimal("1500.00"), customer=JOB)
    assert look_up(site, CHANGE, "", order) == ()


def test_without_its_commitment_there_is_nothing_to_look_in(site):
    with pytest.raises(Refused, match="commitment is not in QuickBooks"):
        look_up(site, CHANGE)


# --- budgets -----------------------------------------------------------------------------------


def test_the_estimates_of_the_job_are_offered(site):
    hand = site.company.by_hand
    good = hand.enter_estimate(
        JOB,
        [
            ("03-200", "Steel", Decimal("12500.50")),
            ("03-300", "Footings; Slabs", Decimal("42500.00")),
        ],
        txn_date="2026-03-02",
    )
    hand.enter_estimate(JOB, [("03-300", "Bid", Decimal("61000.00"))])
    idle = hand.enter_estimate(JOB, [("03-300", "All", Decimal("55000.50"))])
    hand.edit_order(idle, IsActive="false")
    site.company.by_hand.enter_estimate("City of Alder", [("03-300", "Other", Decimal("1.00"))])
    found = look_up(site, budget())
    assert [one.problem for one in found] == [
        "",
        "It comes to 61,000.00, not 55,000.50.",
        "It is inactive in QuickBooks: make it active there first.",
    ]
    assert found[0].receipt.id == good
    assert found[0].differences == ()
    assert set(found[0].receipt.lines) == {"101", "102", "103"}
    assert found[0].description.startswith("Estimate ")


def test_a_later_round_is_looked_for_in_its_estimate(site):
    first = site.exported(budget(), KEY)
    assert look_up(site, ROUND_2, "", first) == ()
    second = site.exported(ROUND_2, OTHER_KEY, first)
    (found,) = look_up(site, ROUND_2, "", first)
    assert found.problem == ""
    assert found.receipt == second
    with pytest.raises(Refused, match="round before"):
        look_up(site, ROUND_2)


# --- no answer ---------------------------------------------------------------------------------

PARENT = Receipt(id="A-1", number="SC-001")
KINDS = {
    "commitment": (commitment(), None, "PurchaseOrderQueryRs"),
    "change order": (CHANGE, PARENT, "PurchaseOrderQueryRs"),
    "budget": (budget(), None, "EstimateQueryRs"),
    "later round": (ROUND_2, PARENT, "EstimateQueryRs"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (1000, Refused, "could not make sense"),
        (3176, Busy, "open or locked"),
        (3250, Refused, "switched off"),
        (3260, Refused, "may not do this"),
    ],
)
def test_without_an_answer_the_person_is_told_why(site, name, code, kind, sentence):
    document, parent, tag = KINDS[name]
    script = connector.look_up(document, site.terms(document, parent), "SC-001")
    with pytest.raises(kind, match=sentence):
        hand_feed(script, response(tag, code))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("code", [0, 1, 500, 3120])
def test_nothing_there_is_an_answer(site, name, code):
    document, parent, tag = KINDS[name]
    script = connector.look_up(document, site.terms(document, parent), "SC-001")
    assert hand_feed(script, response(tag, code))[0] == ()


def test_what_is_not_linked_cannot_be_looked_for(site):
    terms = msgspec.structs.replace(site.terms(budget()), job=None)
    with pytest.raises(Refused, match="not linked to a QuickBooks job"):
        next(connector.look_up(budget(), terms, ""))
