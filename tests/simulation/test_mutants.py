"""Every rule of the design is needed: without it the simulation tells a story that ends badly."""

from __future__ import annotations

import os

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.mutating import Mutant, made
from tests.simulation.plan import Profile, drawn
from tests.simulation.play import play
from tests.simulation.site import Site

MOST_SEEDS = 200
SEEDS_OF_THE_PRODUCT = 200 if "ERPBRIDGE_FULL" in os.environ else 3


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule)
def test_a_product_without_one_of_its_rules_is_caught(
    request: pytest.FixtureRequest, transactional_db: None, mutant: Mutant
) -> None:
    site = site_of(request, mutant.profile)
    with made(mutant, site.database):
        for seed in range(1, MOST_SEEDS + 1):
            if play(site, drawn(seed, mutant.profile)).broken:
                return
    pytest.fail(f"{MOST_SEEDS} seeds went well without the rule: {mutant.rule}")


def site_of(request: pytest.FixtureRequest, profile: Profile) -> Site:
    """The site that the profile's seeds are played on."""
    site: Site = request.getfixturevalue(f"{profile.site}_site")
    return site


DIRECTED = {mutant.profile.name: mutant.profile for mutant in MUTANTS}


@pytest.mark.parametrize("profile", DIRECTED)
def test_the_product_itself_passes_the_same_faults(
    request: pytest.FixtureRequest, transactional_db: None, profile: str
) -> None:
    site = site_of(request, DIRECTED[profile])
    for seed in range(1, SEEDS_OF_THE_PRODUCT + 1):
        played = play(site, drawn(seed, DIRECTED[profile]))
        assert not played.broken, "\n".join(played.story)
