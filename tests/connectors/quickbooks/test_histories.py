"""Whatever happens on the way, each change order stands in the order once, to the cent."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import (
    Attempt,
    CannotTell,
    Document,
    Found,
    Receipt,
    Script,
    Terms,
    Unclear,
)
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, change, change_order, commitment, make_site
from tests.connectors.quickbooks.playing import Lost

amounts = st.integers(-500_00, 9_000_00).map(lambda number: Decimal(number).scaleb(-2))
parts = st.lists(st.tuples(st.sampled_from([1, 2]), amounts), min_size=1, max_size=5)
mishaps = st.lists(
    st.sampled_from(["request lost", "answer lost", "memory lost", "saved in between"]), max_size=3
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


def carry(site: Site, document: Document, terms: Terms, happens: list[str], name: str) -> Receipt:
    """Export a document through every mishap, as the engine would."""
    attempts: list[Attempt] = []
    for number, mishap in enumerate([*happens, "none"]):
        session = site.session()
        key = f"EB{name}{number}".ljust(20, "0")
        if mishap == "memory lost":
            site.company.by_hand.forget_message_sets()
        if mishap == "saved in between" and terms.parent is not None:
            parent = terms.parent.id
            todo = [parent]

            def save(request, todo=todo):
                if request.writes and todo:
                    site.company.by_hand.edit_order(todo.pop(), VendorMsg="saved")

            session.before = save
        lose = {"request lost": "request", "answer lost": "answer"}.get(mishap, "")
        try:
            return session.run(
                lambda: once(document, terms, attempts, key),  # noqa: B023
                lose=lose,
            )
        except Lost as lost:
            attempts.append(Attempt(key=lost.key, outcome="lost"))
    raise AssertionError("The last try loses nothing")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(parts, mishaps), max_size=4), mishaps)
def test_any_history_ends_with_what_was_approved(changes, first):
    site = make_site()
    order = commitment()
    parent = carry(site, order, site.terms(order), first, "o")
    sums = {"03-300": Decimal("40000.00"), "03-200": Decimal("12500.50")}
    for number, (lines, happens) in enumerate(changes, start=1):
        made = [change(place, str(amount), target) for place, (target, amount) in enumerate(lines)]
        document = change_order(*made, number=f"{number:03}", id=20 + number)
        for target, amount in lines:
            sums["03-300" if target == 1 else "03-200"] += amount
        receipt = carry(site, document, site.terms(document, parent), happens, f"c{number}")
        held = site.company.purchase_order("SC-001")
        mine = [one for one in held.lines if one.desc.startswith(f"CCO {number:03}:")]
        assert len(mine) == len({target for target, _ in lines})
        assert sum(one.amount for one in mine) == document.amount
        assert set(receipt.lines.values()) == {one.txn_line_id for one in mine}
        assert receipt.version == held.edit_sequence
    held = site.company.purchase_order("SC-001")
    for item, amount in sums.items():
        assert sum(one.amount for one in held.lines if one.item == item) == amount
    assert len(site.company.purchase_orders()) == 1
    site.company.close()
