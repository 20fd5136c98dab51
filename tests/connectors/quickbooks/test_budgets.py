"""A budget becomes one estimate of the job, and its later rounds are added to that estimate."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from connectors.contract import (
    Busy,
    Receipt,
    Refused,
)
from connectors.quickbooks import connector
from connectors.quickbooks.transactions import guid_for
from tests.connectors.quickbooks.conftest import Site, budget, line
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY

ROUND_1 = budget()
ROUND_2 = budget(
    line(1, "1000.00", id=201, description="Soft soil"),
    line(2, "-500.50", id=202, code=2),
    line(3, "250.00", id=203, description=""),
    number="2",
)


@pytest.fixture
def first(site: Site) -> Receipt:
    """The receipt of a first round that is in QuickBooks."""
    return exported(site, ROUND_1)


def exported(site, document, parent=None, key=KEY, **kwargs) -> Receipt:
    terms = site.terms(document, parent)
    return site.session().run(lambda: connector.export(document, terms, key), **kwargs)


def seen(site):
    """(item, description, quantity, rate, amount) of each line of the one estimate."""
    (estimate,) = site.company.estimates()
    return [(one.item, one.desc, one.quantity, one.rate, one.amount) for one in estimate.lines]


def test_the_first_round_is_one_line_per_cost_code(site):
    receipt = exported(site, ROUND_1)
    (estimate,) = site.company.estimates()
    assert (estimate.name, estimate.txn_date, estimate.memo) == (
        "City of Alder:Riverside Library",
        "2026-03-02",
        "Job budget, do not invoice",
    )
    assert estimate.external_guid == guid_for(KEY)
    concrete, steel = Decimal("42500.00"), Decimal("12500.50")
    assert seen(site) == [
        ("03-300", "Footings; Slabs", Decimal(1), concrete, concrete),
        ("03-200", "Steel", Decimal(1), steel, steel),
    ]
    lines = [one.txn_line_id for one in estimate.lines]
    assert receipt == Receipt(
        id=estimate.txn_id,
        number=estimate.ref_number,
        version=estimate.edit_sequence,
        amount=Decimal("55000.50"),
        lines={"101": lines[0], "102": lines[0], "103": lines[1]},
    )


def test_a_mark_up_that_the_company_is_used_to_does_not_touch_it(site):
    site.company.by_hand.set_preference("DefaultMarkup", "15")
    assert exported(site, ROUND_1).amount == Decimal("55000.50")
    assert [rate for *_, rate, _ in seen(site)] == [Decimal("42500.00"), Decimal("12500.50")]


def test_its_lines_are_not_taxable(site):
    session = site.session()
    terms = site.terms(ROUND_1)
    session.run(lambda: connector.export(ROUND_1, terms, KEY))
    code = site.company.list_id("SalesTaxCode", "Non")
    (write,) = session.writes()
    assert write.count(f"<SalesTaxCodeRef><ListID>{code}</ListID></SalesTaxCodeRef>") == 2
    assert write.count("<MarkupRatePercent>0</MarkupRatePercent>") == 2


def test_a_code_that_comes_to_nothing_is_there_all_the_same(site):
    exported(site, budget(line(1, "10.00"), line(2, "0.00", code=2)))
    assert [amount for *_, amount in seen(site)] == [Decimal("10.00"), Decimal("0.00")]


def test_a_later_round_is_added_to_the_same_estimate(site, first):
    before = site.company.estimates()[0]
    receipt = exported(site, ROUND_2, first, OTHER_KEY)
    (after,) = site.company.estimates()
    assert after.lines[:2] == before.lines
    assert seen(site)[2:] == [
        ("03-300", "Budget change 2: Soft soil", 1, Decimal("1250.00"), Decimal("1250.00")),
        ("03-200", "Budget change 2: Line 2", 1, Decimal("-500.50"), Decimal("-500.50")),
    ]
    assert after.total == Decimal("55750.00")
    assert (receipt.id, receipt.number, receipt.amount) == (first.id, first.number, after.total)
    new = [one.txn_line_id for one in after.lines[2:]]
    assert receipt.lines == {"201": new[0], "203": new[0], "202": new[1]}


def test_what_was_changed_by_hand_stays(site, first):
    hand = site.company.by_hand
    hand.edit_line(first.id, 0, amount=Decimal("42000.00"))
    hand.add_line(first.id, "03-200", "Contingency", Decimal("75.00"))
    exported(site, ROUND_2, first, OTHER_KEY)
    assert [amount for *_, amount in seen(site)][:3] == [
        Decimal("42000.00"),
        Decimal("12500.50"),
        Decimal("75.00"),
    ]


def test_rounds_follow_each_other_in_one_session(site):
    session = site.session()
    terms = site.terms(ROUND_1)
    first = session.run(lambda: connector.export(ROUND_1, terms, KEY))
    later = site.terms(ROUND_2, first)
    session.run(lambda: connector.export(ROUND_2, later, OTHER_KEY))
    assert len(session.writes()) == 2
    assert site.company.estimates()[0].total == Decimal("55750.00")


# --- other estimates ---------------------------------------------------------------------------


@pytest.fixture
def bid(site) -> str:
    """The estimate that the customer was sent long ago."""
    return site.company.by_hand.enter_estimate(
        site.job.name, [("03-300", "Bid", Decimal("61000.00"))], number="B-7", txn_date="2026-01-05"
    )


def test_another_active_estimate_has_to_be_confirmed(site, bid):
    terms = site.terms(ROUND_1)
    session = site.session()
    with pytest.raises(Refused, match=r"add up .*: estimate B-7 of 2026-01-05 over 61,000\.00"):
        session.run(lambda: connector.export(ROUND_1, terms, KEY))
    assert session.writes() == []
    agreed = msgspec.structs.replace(terms, confirmed=(bid,))
    site.session().run(lambda: connector.export(ROUND_1, agreed, KEY))
    assert len(site.company.estimates()) == 2


def test_an_inactive_one_does_not_count(site, bid):
    site.company.by_hand.edit_order(bid, IsActive="false")
    assert exported(site, ROUND_1).amount == Decimal("55000.50")


def test_the_preview_lists_it_for_confirmation(site, bid):
    terms = site.terms(ROUND_1)
    session = site.session()
    session.run(lambda: connector.find(ROUND_1, terms, []))
    name = connector.record(ROUND_1, terms)
    known = connector.records(session.known[name])[name]
    preview = connector.preview(ROUND_1, terms, known)
    assert [(one.id, one.name) for one in preview.confirm] == [
        (bid, "estimate B-7 of 2026-01-05 over 61,000.00")
    ]
    assert "the two add up" in preview.warnings[0]


# --- preview and problems ----------------------------------------------------------------------


def test_that_a_job_has_no_estimate_is_known_once_it_was_asked(site):
    terms = site.terms(ROUND_1)
    (warning,) = connector.preview(ROUND_1, terms, None).warnings
    assert "has not been asked yet" in warning
    session = site.session()
    session.run(lambda: connector.look_up(ROUND_1, terms, ""))
    name = connector.record(ROUND_1, terms)
    known = connector.records(session.known[name])[name]
    preview = connector.preview(ROUND_1, terms, known)
    assert (preview.warnings, preview.confirm) == ((), ())
    session.run(lambda: connector.export(ROUND_1, terms, KEY))
    assert connector.records(session.known[name])[name] == {"estimates": []}


def test_the_preview_of_the_first_round_is_what_will_stand_there(site):
    preview = connector.preview(ROUND_1, site.terms(ROUND_1), {"estimates": []})
    exported(site, ROUND_1)
    assert preview.record == "New estimate"
    assert dict(preview.fields) == {
        "Job": "City of Alder:Riverside Library",
        "Date": "2026-03-02",
        "Memo": "Job budget, do not invoice",
    }
    assert [(row.item, row.description, row.after) for row in preview.rows] == [
        (item, desc, amount) for item, desc, _, _, amount in seen(site)
    ]
    assert preview.rows[0].parts == (
        (1, "Footings", Decimal("40000.00")),
        (2, "Slabs", Decimal("2500.00")),
    )
    assert (preview.total_before, preview.total_after) == (Decimal("0.00"), Decimal("55000.50"))
    assert preview.warnings == ()
    assert preview.confirm == ()
    assert "Categories (Subcontract)" in preview.not_sent


def test_the_preview_of_a_later_round_shows_what_stands_there(site, first):
    site.company.by_hand.edit_line(first.id, 0, amount=Decimal("42000.00"))
    session = site.session()
    terms = site.terms(ROUND_2, first)
    session.run(lambda: connector.find(ROUND_2, terms, []))
    name = connector.record(ROUND_2, terms)
    known = connector.records(session.known[name])[name]
    preview = connector.preview(ROUND_2, terms, known)
    assert preview.record == f"Estimate {first.number}"
    assert [row.change for row in preview.rows] == ["kept", "kept", "new", "new"]
    assert (preview.total_before, preview.total_after) == (
        Decimal("54500.50"),
        Decimal("55250.00"),
    )
    assert preview.warnings == (
        "The estimate was changed by hand in QuickBooks: it came to 55,000.50 after the round "
        "before and now comes to 54,500.50. What is there stays.",
    )


def test_the_preview_warns_of_what_will_be_refused(site, first):
    site.company.by_hand.edit_order(first.id, IsActive="false")
    session = site.session()
    terms = site.terms(ROUND_2, first)
    session.run(lambda: connector.find(ROUND_2, terms, []))
    name = connector.record(ROUND_2, terms)
    known = connector.records(session.known[name])[name]
    facts = {"estimates": "off", "closing_date": "2026-12-31", "purchase_orders": "off"}
    warnings = connector.preview(ROUND_2, terms, known, facts).warnings
    assert [warning.split(" ")[1] for warning in warnings] == ["estimate", "estimate", "are"]
    assert "Make it active again" in warnings[0]
    assert "on or before the closing date" in warnings[1]
    assert warnings[2].startswith("Estimates are switched off")


def test_all_that_keeps_a_budget_from_going_is_told_at_once(site):
    document = budget(
        line(1, "1.00", sub_job="A", description="x" * 3000),
        line(2, "2.00", description="y" * 3000),
        line(3, "-40.00", code=2),
    )
    terms = msgspec.structs.replace(site.terms(document), job=None, items={})
    found = connector.problems(document, terms, {"estimates": "off"})
    assert [(one.code, one.where) for one in found] == [
        ("estimates", "settings"),
        ("line_long", "line:1"),
        ("sub_job", "line:1"),
        ("amount", "lines"),
        ("job", "job"),
        ("item", "line:1"),
        ("item", "line:3"),
    ]


def test_rounds_go_in_their_order(site, first):
    (again,) = connector.problems(ROUND_1, site.terms(ROUND_1, first))
    (early,) = connector.problems(ROUND_2, site.terms(ROUND_2))
    assert "first round cannot go again" in again.text
    assert "The round before is not in QuickBooks" in early.text
    assert connector.problems(ROUND_2, None) == []
    assert connector.problems(ROUND_2, site.terms(ROUND_2, first), {"estimates": "on"}) == []


def test_names_of_numbers_and_records(site, first):
    terms = site.terms(ROUND_2, first)
    assert connector.number(ROUND_1, None) == ""
    assert connector.number(ROUND_2, first) == first.number
    assert connector.record(ROUND_1, site.terms(ROUND_1)) == f"estimates:{site.job.id}"
    assert connector.record(ROUND_2, terms) == f"estimate:{first.id}"
    assert connector.repeats_safely(ROUND_1)
    assert not connector.repeats_safely(ROUND_2)


# --- what can stand in the way -----------------------------------------------------------------


def test_estimates_switched_off_says_where_to_switch_them_on(site):
    site.company.by_hand.set_preference("IsUsingEstimates", False)
    session = site.session()
    terms = site.terms(ROUND_1)
    with pytest.raises(Refused, match="Do you create estimates") as caught:
        session.run(lambda: connector.export(ROUND_1, terms, KEY))
    assert caught.value.code == "3250"
    assert session.writes() == []


def test_an_estimate_that_is_open_on_a_screen_is_tried_later(site, first):
    site.company.by_hand.open_on_screen(first.id)
    with pytest.raises(Busy, match="open or locked"):
        exported(site, ROUND_2, first, OTHER_KEY)


def test_an_estimate_saved_in_between_is_read_again(site, first):
    session = site.session()
    saves = iter(["once", "twice"])
    session.before = lambda request: (
        site.company.by_hand.edit_order(first.id, Memo=memo)
        if request.writes and (memo := next(saves, None))
        else None
    )
    terms = site.terms(ROUND_2, first)
    session.run(lambda: connector.export(ROUND_2, terms, OTHER_KEY))
    assert len(session.writes()) == 3
    assert site.company.estimates()[0].total == Decimal("55750.00")


def test_an_estimate_that_was_deleted_is_told_in_words(site, first):
    site.company.by_hand.delete_order(first.id)
    with pytest.raises(Refused, match="The estimate is no longer in QuickBooks"):
        exported(site, ROUND_2, first, OTHER_KEY)


def test_an_inactive_estimate_takes_nothing(site, first):
    site.company.by_hand.edit_order(first.id, IsActive="false")
    with pytest.raises(Refused, match="inactive in QuickBooks"):
        exported(site, ROUND_2, first, OTHER_KEY)


def test_a_change_below_zero_is_refused_before_anything_is_written(site, first):
    document = budget(line(1, "-99999.00", id=201), number="2")
    with pytest.raises(Refused, match="below zero"):
        exported(site, document, first, OTHER_KEY)


def test_a_vanished_job_is_called_by_its_name(site):
    document = ROUND_1
    site.company.by_hand.set_active(site.job.id, False)
    with pytest.raises(Refused, match="the job “City of Alder:Riverside Library” is no longer"):
        exported(site, document)
