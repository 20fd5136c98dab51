"""P13: how many seeds of the simulation are played in a second, one after the other.

One process and one connection: while one works, the other waits, so it is what one core does. The
other side is the goal itself, a second; see docs/reliability.md for what a seed is.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from statistics import median

from bench.database import database
from bench.measuring import Goal, Result
from tests.simulation.database import Database
from tests.simulation.plan import PROFILES, drawn
from tests.simulation.play import play
from tests.simulation.site import Site

SEEDS = 20  # in a round
ROUNDS = 7


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p13"), Site.taken_over(Database()) as site:
        rates = [_rate(site, round_) for round_ in range(ROUNDS + 1)][1:]  # the first warms up
    yield Result(
        name="P13",
        what="seeds of the simulation in a second",
        size=SEEDS * ROUNDS,
        ours=median(rates),
        against=1.0,
        unit="seeds/s",
        ratio=median(rates),
        goal=Goal(5, at_least=True),
        spread=(max(rates) - min(rates)) / median(rates),
    )


def _rate(site: Site, round_: int) -> float:
    began = time.perf_counter()
    for seed in range(round_ * SEEDS + 1, (round_ + 1) * SEEDS + 1):
        if broken := play(site, drawn(seed, PROFILES["anything"])).broken:
            raise AssertionError(f"Seed {seed}: {broken}")
    return SEEDS / (time.perf_counter() - began)
