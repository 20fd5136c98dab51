"""Every rule of the design is needed: without it the simulation tells a story that ends badly."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, Mutant, made
from tests.simulation.plan import drawn
from tests.simulation.play import play
from tests.simulation.site import Site

pytestmark = pytest.mark.django_db(transaction=True)

MOST_SEEDS = 200


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule)
def test_a_product_without_one_of_its_rules_is_caught(site: Site, mutant: Mutant) -> None:
    with made(mutant, site.database):
        for seed in range(1, MOST_SEEDS + 1):
            if play(site, drawn(seed, mutant.profile)).broken:
                return
    pytest.fail(f"{MOST_SEEDS} seeds went well without the rule: {mutant.rule}")


@pytest.mark.parametrize("profile", sorted({one.profile.name for one in MUTANTS}))
def test_the_product_itself_passes_the_same_seeds(site: Site, profile: str) -> None:
    [found] = {
        one.profile.name: one.profile for one in MUTANTS if one.profile.name == profile
    }.values()
    for seed in range(1, 6):
        played = play(site, drawn(seed, found))
        assert not played.broken, "\n".join(played.story)
