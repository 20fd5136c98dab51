"""Whatever happens on the way, everything approved stands in Spectrum once, to the cent.

A history is a subcontract, its change orders and two rounds of the budget, with mishaps strewn over
its calls, and an accountant who looks into Spectrum whenever she is asked. The site doubles a
change request that is sent twice. 10,000 histories with ERPBRIDGE_FULL set, a hundred without.
"""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from connectors.contract import Line, Receipt
from connectors.spectrum import Spectrum
from tests.connectors.spectrum.conftest import (
    CODES,
    TYPES,
    Site,
    budget,
    change_order,
    commitment,
    line,
    make_site,
)
from tests.connectors.spectrum.playing import Way

EXAMPLES = 10_000 if os.environ.get("ERPBRIDGE_FULL") else 100
MISHAPS = [
    "answer_lost",
    "applied_late",
    "request_lost",
    "error_500",
    "error_500_applied",
    "soap_fault",
    "soap_fault_applied",
    "refused",
    "two_errors",
    "cut",
    "too_many",
    "unavailable",
    "unauthorized",
    "timed_out",
    "dtd",
    "redirect",
]
cents = st.integers(-50_000, 900_000).map(lambda number: Decimal(number).scaleb(-2))
parts = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.sampled_from([1, 2]), cents), min_size=1, max_size=5
)
mishaps = st.lists(st.tuples(st.sampled_from(MISHAPS), st.integers(1, 8)), max_size=4)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    agreed=parts,
    changes=st.lists(parts, max_size=2),
    planned=parts,
    modified=parts,
    happens=st.lists(mishaps, min_size=5, max_size=5),
    can=st.sampled_from(["repeat", "look", "ask"]),
)
def test_what_was_approved_stands_there_once(
    agreed: list[tuple[int, int, Decimal]],
    changes: list[list[tuple[int, int, Decimal]]],
    planned: list[tuple[int, int, Decimal]],
    modified: list[tuple[int, int, Decimal]],
    happens: list[list[tuple[str, int]]],
    can: str,
) -> None:
    """After a lost answer a change request may be repeated here, a person looks, or Info-Link is
    asked."""
    site = make_site()
    site.company.set(repeats_double=can != "repeat")
    site.settings["repeat_change_requests"] = "Y" if can == "repeat" else "N"
    if can == "ask":
        site.add_info_link()
    agreed = [(code, kind, abs(amount)) for code, kind, amount in agreed]
    order = commitment(*_lines(agreed))
    contract = _through(site, site.way(order), happens[0])
    for number, (changed, wrong) in enumerate(zip(changes, happens[1:], strict=False), 1):
        change = change_order(*_lines(changed), number=f"{number:03}")
        _through(site, site.way(change, contract), wrong)
    first = _through(site, site.way(budget(*_lines(planned))), happens[3])
    later = budget(*_lines(modified), number="2")
    _through(site, site.way(later, first), happens[4])

    site.company.catch_up(at_once=True)
    held = site.company.subcontract("SC-001")
    assert {(p.phase, p.cost_type): p.amount for p in held.phases} == _sums(agreed)
    assert sorted(one.number for one in held.change_orders) == [
        f"S001-{number:03}" for number in range(1, len(changes) + 1)
    ]
    for one, changed in zip(
        sorted(held.change_orders, key=lambda one: one.number), changes, strict=True
    ):
        assert {(p.phase, p.cost_type): p.amount for p in one.lines} == _sums(changed)
    estimates = {
        (p.phase, p.cost_type): p.current_estimate for p in site.company.job_phases("26010")
    }
    wanted = _sums([*planned, *modified])
    assert {pair: amount for pair, amount in estimates.items() if pair in wanted} == wanted
    once = Counter((one.service, one.key) for one in site.company.writes("UpdateSubcontract"))
    assert set(once.values()) == {1}
    assert not [one for one in site.company.effects() if one.what == "added again"]
    site.company.close()


def _through(site: Site, way: Way, wrong: list[tuple[str, int]]) -> Receipt:
    """A document on its way to Spectrum, with an accountant who looks where she is asked to. Where
    there is Info-Link, she is never asked."""
    for kind, call in wrong:
        site.company.faults.add(kind, call=call, seconds=60)
    for _ in range(40):
        way.settle()
        event(way.status)
        if way.status == "synced":
            site.company.faults.clear()
            assert way.receipt is not None
            return way.receipt
        site.quarantine()
        if "did not say whether" in way.message:
            assert not way.asked, way.message
            _look(site, way)
        way.status = way.status if way.status == "synced" else "accepted"
    raise AssertionError(way.message)


def _look(site: Site, way: Way) -> None:
    """The accountant looks at the change order log, as the message tells her to."""
    held = site.company.subcontract("SC-001").change_orders
    there = [one for one in held if one.number == way.terms.number]
    if (
        there
        and there[0].amount == way.document.amount
        and len(there[0].lines)
        == len({(one.cost_code.id, one.category.id) for one in way.document.lines})
    ):
        way.receipt, way.status = Spectrum().attested(way.document, way.terms), "synced"
        return
    if there:
        site.company.by_hand.delete_change_request("26010", "ALDER", way.terms.number)
    way.disown()


def _lines(parts: list[tuple[int, int, Decimal]]) -> list[Line]:
    return [
        line(number, str(amount), code=code, kind=kind)
        for number, (code, kind, amount) in enumerate(parts, 1)
    ]


def _sums(parts: list[tuple[int, int, Decimal]]) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = {}
    for code, kind, amount in parts:
        pair = (CODES[code][0], TYPES[kind])
        sums[pair] = sums.get(pair, Decimal(0)) + amount
    return sums
