"""`python -m tests.simulation`: play seeds until one breaks a rule. `./run simulate` brings the
database."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count

import django

PLAYED_BEFORE_VACUUM = 250


def main(arguments: list[str]) -> int:
    django.setup()
    from bench.database import database, template
    from tests.simulation.database import Database
    from tests.simulation.plan import PROFILES, drawn
    from tests.simulation.play import play, shortest
    from tests.simulation.site import Site
    from tests.simulation.spectrum import SITES

    parser = argparse.ArgumentParser(prog="./run simulate", allow_abbrev=False)
    parser.add_argument("--seeds", type=int, default=500, help="how many are played")
    parser.add_argument("--seed", type=int, help="only this one, and its story is told")
    parser.add_argument("--first", type=int, default=1, help="where to begin")
    parser.add_argument("--minutes", type=float, help="play for so long instead")
    parser.add_argument("--faults", choices=PROFILES, default="anything", help="what goes wrong")
    options = parser.parse_args(arguments)
    profile = PROFILES[options.faults]

    def say(text: str) -> None:
        print(text, flush=True)  # noqa: T201

    def seeds() -> Iterator[int]:
        if options.seed is not None:
            yield options.seed
            return
        until = time.monotonic() + 60 * options.minutes if options.minutes else None
        for seed in count(options.first):
            if until is None and seed >= options.first + options.seeds:
                return
            if until is not None and time.monotonic() > until:
                return
            yield seed

    simulated = Database()
    with template(), database("simulation"), Site.taken_over(simulated, SITES[profile.erp]) as site:
        began, done = time.monotonic(), 0
        steps: Counter[str] = Counter()
        for seed in seeds():
            plan = drawn(seed, profile)
            played = play(site, plan)
            done += 1
            steps += played.steps
            if done % PLAYED_BEFORE_VACUUM == 0:
                simulated.vacuum()
                rate = done / (time.monotonic() - began)
                say(f"{done:,} seeds, {rate:.1f} a second")
            if options.seed is not None:
                say("\n".join(played.story))
            if played.broken:
                short = shortest(site, plan)
                say(f"\nSeed {seed} of '{profile.name}' breaks a rule; its shortest story:\n")
                say("\n".join(play(site, short).story))
                return 1
        rate = done / (time.monotonic() - began)
        say(", ".join(f"{step} {n:,}" for step, n in steps.most_common()))
        say(f"{done:,} seeds of '{profile.name}', {rate:.1f} a second; every rule held.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
