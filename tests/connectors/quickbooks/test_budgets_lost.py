"""A budget went out and no answer came: one estimate, and each round once in it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.contract import (
    Absent,
    Attempt,
    CannotTell,
    Denied,
    Finding,
    Found,
    Receipt,
    Unclear,
)
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, THIRD_KEY, Lost
from tests.connectors.quickbooks.test_budgets import ROUND_1, ROUND_2, exported


@pytest.fixture
def first(site: Site) -> Receipt:
    """The receipt of a first round that is in QuickBooks."""
    return exported(site, ROUND_1)


def find(site, document, parent=None, *keys, session=None) -> Finding:
    terms = site.terms(document, parent)
    attempts = [Attempt(key=key, outcome="lost") for key in keys]
    return (session or site.session()).run(lambda: connector.find(document, terms, attempts))


@pytest.mark.parametrize("memory", ["ids", "whole", "forgotten"])
def test_a_first_round_whose_answer_was_lost_is_found(site, memory):
    site.company.by_hand.set_preference("ErrorRecoveryOnly", memory == "ids")
    with pytest.raises(Lost):
        exported(site, ROUND_1, lose="answer")
    if memory == "forgotten":
        site.company.by_hand.forget_message_sets()
    finding = find(site, ROUND_1, None, KEY)
    (estimate,) = site.company.estimates()
    assert isinstance(finding, Found)
    assert (finding.receipt.id, finding.receipt.version) == (
        estimate.txn_id,
        estimate.edit_sequence,
    )
    assert set(finding.receipt.lines) == {"101", "102", "103"}


@pytest.mark.parametrize("memory", ["ids", "whole", "forgotten"])
def test_a_later_round_whose_answer_was_lost_is_found(site, first, memory):
    site.company.by_hand.set_preference("ErrorRecoveryOnly", memory == "ids")
    with pytest.raises(Lost):
        exported(site, ROUND_2, first, OTHER_KEY, lose="answer")
    if memory == "forgotten":
        site.company.by_hand.forget_message_sets()
    finding = find(site, ROUND_2, first, OTHER_KEY)
    assert isinstance(finding, Found)
    assert set(finding.receipt.lines) == {"201", "202", "203"}


def test_a_first_round_that_never_arrived_goes_again_in_the_same_bytes(site):
    terms = site.terms(ROUND_1)
    lost, again = site.session(), site.session()
    with pytest.raises(Lost):
        lost.run(lambda: connector.export(ROUND_1, terms, KEY), lose="request")
    assert isinstance(find(site, ROUND_1, None, KEY), Absent)
    again.run(lambda: connector.export(ROUND_1, terms, KEY))
    assert again.writes() == lost.writes()
    site.company.answer(lost.writes()[0])
    assert len(site.company.estimates()) == 1


def test_a_first_round_that_arrives_late_is_taken_once(site):
    """The lost request was only late: QuickBooks knows the repeat by its id."""
    terms = site.terms(ROUND_1)
    lost, again = site.session(), site.session()
    with pytest.raises(Lost):
        lost.run(lambda: connector.export(ROUND_1, terms, KEY), lose="request")
    again.before = lambda request: site.company.answer(lost.writes()[0]) if request.writes else None
    receipt = again.run(lambda: connector.export(ROUND_1, terms, KEY))
    (estimate,) = site.company.estimates()
    assert receipt.id == estimate.txn_id
    assert site.session().run(lambda: connector.export(ROUND_1, terms, KEY)) == receipt


def test_a_later_round_that_never_arrived_can_no_longer_arrive(site, first):
    terms = site.terms(ROUND_2, first)
    lost = site.session()
    with pytest.raises(Lost):
        lost.run(lambda: connector.export(ROUND_2, terms, OTHER_KEY), lose="request")
    assert isinstance(find(site, ROUND_2, first, OTHER_KEY), Absent)
    exported(site, ROUND_2, first, THIRD_KEY)
    assert 'statusCode="3200"' in site.company.answer(lost.writes()[0])
    assert site.company.estimates()[0].total == Decimal("55750.00")


def test_a_lost_refusal_is_told(site):
    session = site.session()
    terms = site.terms(ROUND_1)
    session.before = lambda request: (
        site.company.by_hand.set_preference("IsUsingEstimates", False) if request.writes else None
    )
    with pytest.raises(Lost):
        session.run(lambda: connector.export(ROUND_1, terms, KEY), lose="answer")
    finding = find(site, ROUND_1, None, KEY)
    assert isinstance(finding, Denied)
    assert finding.code == "3250"
    assert "Do you create estimates" in finding.message


def test_an_estimate_changed_before_it_was_found_needs_a_person(site):
    with pytest.raises(Lost):
        exported(site, ROUND_1, lose="answer")
    (estimate,) = site.company.estimates()
    site.company.by_hand.edit_line(estimate.txn_id, 0, amount=Decimal("1.00"))
    finding = find(site, ROUND_1, None, KEY)
    assert isinstance(finding, Unclear)
    assert "come to 12,501.50, not 55,000.50" in finding.message


@pytest.mark.parametrize("forgotten", [False, True])
def test_an_estimate_removed_before_it_was_found(site, forgotten):
    with pytest.raises(Lost):
        exported(site, ROUND_1, lose="answer")
    (estimate,) = site.company.estimates()
    site.company.by_hand.delete_order(estimate.txn_id)
    if forgotten:
        site.company.by_hand.forget_message_sets()
    finding = find(site, ROUND_1, None, KEY)
    assert isinstance(finding, Absent if forgotten else Unclear)


def test_a_round_that_is_there_already_is_not_added_again(site, first):
    exported(site, ROUND_2, first, OTHER_KEY)
    with pytest.raises(CannotTell, match="already holds lines of round 2 of the budget"):
        exported(site, ROUND_2, first, THIRD_KEY)


def test_searching_never_writes(site, first):
    session = site.session()
    find(site, ROUND_1, None, KEY, session=session)
    find(site, ROUND_2, first, OTHER_KEY, session=session)
    assert session.sent
    assert session.writes() == []
