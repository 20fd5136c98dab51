"""Two hundred disasters in an ordinary run, five thousand with --full; see `tests.simulation`."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.simulation.plan import PROFILES, Plan, drawn
from tests.simulation.play import play, shortest
from tests.simulation.site import Site

SEEDS = 5_000 if "ERPBRIDGE_FULL" in os.environ else 200
PARTS = 5


def story_of(site: Site, plan: Plan) -> str:
    """The shortest story of a seed that breaks a rule, and how to hear it again."""
    again = f"./run simulate --faults '{plan.profile.name}' --seed {plan.seed}"
    return "\n".join([again, *play(site, shortest(site, plan)).story])


@pytest.mark.parametrize("part", range(PARTS))
def test_every_rule_holds_whatever_happens(site: Site, part: int) -> None:
    steps: Counter[str] = Counter()
    for seed in range(part * SEEDS // PARTS + 1, (part + 1) * SEEDS // PARTS + 1):
        plan = drawn(seed, PROFILES["anything"])
        played = play(site, plan)
        assert not played.broken, story_of(site, plan)
        steps += played.steps
    # It was no idle talk: documents went there, got lost on the way, and were found.
    assert min(steps[step] for step in ("succeed", "lose", "put-back", "accept")) > 0
    assert steps["succeed"] > SEEDS // PARTS


def test_a_seed_is_the_same_story_again(site: Site) -> None:
    plan = drawn(7, PROFILES["anything"])
    assert play(site, plan) == play(site, plan)
