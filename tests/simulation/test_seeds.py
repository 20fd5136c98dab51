"""Five hundred disasters in an ordinary run, five thousand with --full."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

import pytest
from django.db import connection

from tests.simulation.plan import PROFILES, Plan, Profile, drawn
from tests.simulation.play import NOT_AGAIN, Played, play, shortest_story
from tests.simulation.site import Site

SEEDS = 5_000 if "ERPBRIDGE_FULL" in os.environ else 500
PARTS = 10


def story_of(site: Site, plan: Plan, ended: Played) -> str:
    """The shortest story of a seed that breaks a rule, and how to hear it again."""
    again = f"./run simulate --faults '{plan.profile.name}' --seed {plan.seed}"
    return "\n".join([again, *shortest_story(site, plan, ended)])


def played(site: Site, profile: Profile, seeds: Iterable[int]) -> Counter[str]:
    """How often each step was taken in these seeds, all of which must keep every rule."""
    steps: Counter[str] = Counter()
    for seed in seeds:
        plan = drawn(seed, profile)
        ended = play(site, plan)
        assert not ended.broken, story_of(site, plan, ended)
        steps += ended.steps
    # It was no idle talk: documents went there, and got lost on the way.
    assert min(steps[step] for step in ("accept", "succeed", "put-back", "lose")) > 0
    return steps


@pytest.mark.parametrize("part", range(PARTS))
def test_every_rule_holds_whatever_happens(quickbooks_site: Site, part: int) -> None:
    share = SEEDS // PARTS
    steps = played(
        quickbooks_site, PROFILES["anything"], range(part * share + 1, (part + 1) * share + 1)
    )
    assert steps["succeed"] > share


@pytest.mark.parametrize("part", range(2))
def test_every_rule_holds_on_spectrum(spectrum_site: Site, part: int) -> None:
    share = SEEDS // PARTS
    seeds = range(part * share + 1, (part + 1) * share + 1)
    played(spectrum_site, PROFILES["spectrum"], seeds)


def test_every_rule_holds_while_people_settle_it(settling_site: Site) -> None:
    played(settling_site, PROFILES["settling"], range(1, SEEDS // 20 + 1))


def test_every_rule_holds_of_a_budget(budgets_site: Site) -> None:
    played(budgets_site, PROFILES["budgets"], range(1, SEEDS // PARTS + 1))


def test_a_seed_is_the_same_story_again(quickbooks_site: Site) -> None:
    plan = drawn(7, PROFILES["anything"])
    assert play(quickbooks_site, plan) == play(quickbooks_site, plan)


def test_what_broke_a_rule_is_told_though_it_does_not_again(quickbooks_site: Site) -> None:
    """As where the machine itself stood still in the middle of a seed."""
    plan = drawn(7, PROFILES["anything"])
    told = ("Pam presses send", "BROKEN: a document is in the ERP twice")
    once = Played("a document is in the ERP twice", told, Counter())
    assert shortest_story(quickbooks_site, plan, once) == (*told, NOT_AGAIN)


def test_a_machine_that_stands_still_breaks_nothing(quickbooks_site: Site) -> None:
    """PostgreSQL ends what is idle within a transaction, by its own clock and not by the seed's."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("0",)
