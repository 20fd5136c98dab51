"""A lost change of which QuickBooks remembers nothing: what the lines that stand there tell.

The order and the estimate, a change order and a later round of the budget, are looked at alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec
import pytest

from connectors.contract import Absent, Attempt, Document, Finding, Gone, Receipt, Unclear
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, change, change_order, commitment
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, Lost
from tests.connectors.quickbooks.test_budgets import ROUND_1, ROUND_2

CHANGE = change_order(change(1, "1500.00", 1), change(2, "-75.25", 2))


@dataclass
class Change:
    """A document on its way into a record that stands there, and what is done there meanwhile."""

    site: Site
    document: Document
    parent: Receipt
    kept: int  # lines of the record before it

    def lose(self, what: Literal["request", "answer"], outcome: Literal["lost", "disowned"]):
        terms = self.site.terms(self.document, self.parent)
        session = self.site.session()
        with pytest.raises(Lost) as lost:
            session.run(lambda: connector.export(self.document, terms, OTHER_KEY), lose=what)
        return lost.value.attempt(outcome)

    def find(self, *attempts: Attempt, document: Document | None = None) -> Finding:
        document = document or self.document
        terms = self.site.terms(document, self.parent)
        session = self.site.session()
        finding: Finding = session.run(lambda: connector.find(document, terms, attempts))
        assert session.writes() == []
        return finding

    def edit(self, line: int, **values) -> None:
        """Change one of the new lines by hand."""
        self.site.company.by_hand.edit_line(self.parent.id, self.kept + line, **values)

    def add(self, item: str, amount: str) -> None:
        self.site.company.by_hand.add_line(self.parent.id, item, "By hand", Decimal(amount))

    def forget(self) -> None:
        self.site.company.by_hand.forget_message_sets()


@pytest.fixture(params=["change order", "later round"])
def work(site: Site, request) -> Change:
    site.company.add_item("01-500")
    if request.param == "change order":
        return Change(site, CHANGE, site.exported(commitment()), 2)
    return Change(site, ROUND_2, site.exported(ROUND_1), 2)


def rewritten(work: Change) -> None:
    work.edit(0, desc="As Joe drew it")
    work.edit(1, desc="")


def with_other_amounts(work: Change) -> None:
    work.edit(0, desc="As Joe drew it", amount=Decimal(1))
    work.edit(1, desc="Less", amount=Decimal(2))


def under_other_items(work: Change) -> None:
    work.edit(0, desc="As Joe drew it", item="01-500")
    work.edit(1, desc="Less", item="01-500")


def with_another_mark(work: Change) -> None:
    work.edit(0, desc="CCO 1: Soft soil")
    work.edit(1, desc="Budget change 7: Less")


DEEDS = [rewritten, with_other_amounts, under_other_items, with_another_mark]


@pytest.mark.parametrize("deed", DEEDS)
def test_what_may_be_ours_in_other_words_needs_a_person(work, deed: Callable[[Change], None]):
    attempt = work.lose("answer", "lost")
    deed(work)
    work.forget()
    finding = work.find(attempt)
    assert isinstance(finding, Unclear)
    assert "does not remember whether it took" in finding.message
    assert f"{work.site.items['1'].name if deed is not under_other_items else '01-500'} “" in (
        finding.message
    )


def test_a_line_typed_in_for_the_same_item_needs_a_person_and_their_word_counts(work):
    attempt = work.lose("request", "lost")
    work.add("03-300", "75.00")
    finding = work.find(attempt)
    assert isinstance(finding, Unclear)
    assert "03-300 “By hand” 75.00" in finding.message
    assert isinstance(work.find(msgspec.structs.replace(attempt, outcome="disowned")), Absent)


def test_a_line_of_another_item_and_amount_is_not_ours(work):
    attempt = work.lose("request", "lost")
    work.add("01-500", "75.00")
    assert isinstance(work.find(attempt), Absent)


def test_edits_of_what_stood_there_need_nobody(work):
    attempt = work.lose("request", "lost")
    hand = work.site.company.by_hand
    hand.edit_order(work.parent.id, Memo="Ask Joe first")
    hand.edit_line(work.parent.id, 0, amount=Decimal("1500.00"), desc="As Joe drew it")
    assert isinstance(work.find(attempt), Absent)
    hand.delete_line(work.parent.id, 1)
    assert isinstance(work.find(attempt), Absent)


def test_a_write_that_was_surely_not_carried_out_needs_nobody(work):
    """The bookkeeper typed in a line, and QuickBooks remembers that it refused ours for that."""
    terms = work.site.terms(work.document, work.parent)
    session = work.site.session()
    session.before = lambda request: work.add("03-300", "75.00") if request.writes else None
    with pytest.raises(Lost) as lost:
        session.run(lambda: connector.export(work.document, terms, OTHER_KEY), lose="answer")
    assert isinstance(work.find(lost.value.attempt()), Absent)


def test_lines_that_were_removed_are_not_there(work):
    attempt = work.lose("answer", "lost")
    for _ in range(2):
        work.site.company.by_hand.delete_line(work.parent.id, work.kept)
    assert isinstance(work.find(attempt), Unclear)  # it remembers that it took them
    assert isinstance(work.find(msgspec.structs.replace(attempt, outcome="disowned")), Absent)
    work.forget()
    assert isinstance(work.find(attempt), Absent)


def test_only_the_latest_write_can_still_be_there(work):
    """The one before was looked for as this one began, and this one was refused."""
    earlier = work.lose("request", "lost")
    work.add("03-300", "75.00")
    assert isinstance(work.find(earlier, Attempt(key=KEY, outcome="refused")), Absent)


def test_the_word_of_a_person_does_not_count_for_what_stands_there_as_it_was_written(site):
    """It got another number since, and nobody saw the lines of the old one."""
    work = Change(site, CHANGE, site.exported(commitment()), 2)
    attempt = work.lose("answer", "disowned")
    renumbered = msgspec.structs.replace(CHANGE, number="002")
    for _ in range(2):
        finding = work.find(attempt, document=renumbered)
        assert isinstance(finding, Unclear)
        assert "“CCO 001: Soft soil - Line 1” 1,500.00" in finding.message
        work.forget()
    for _ in range(2):
        site.company.by_hand.delete_line(work.parent.id, work.kept)
    assert isinstance(work.find(attempt, document=renumbered), Absent)


@pytest.mark.parametrize("document", [commitment(), ROUND_1], ids=["commitment", "first round"])
def test_a_record_that_was_removed_is_gone_once_a_person_says_so(site, document):
    terms = site.terms(document)
    with pytest.raises(Lost) as lost:
        site.session().run(lambda: connector.export(document, terms, KEY), lose="answer")
    for made in (*site.company.purchase_orders(), *site.company.estimates()):
        site.company.by_hand.delete_order(made.txn_id)
    assert isinstance(_found(site, document, lost.value.attempt("lost")), Unclear)
    assert isinstance(_found(site, document, lost.value.attempt("disowned")), Gone)


def _found(site: Site, document: Document, attempt: Attempt) -> Finding:
    terms = site.terms(document)
    return site.session().run(lambda: connector.find(document, terms, [attempt]))
