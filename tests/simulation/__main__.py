"""`python -m tests.simulation`: play seeds until one breaks a rule. `./run simulate` brings the
server.

Each core has a process with a database of its own; whoever is free takes the next seed. What was
played is written down in `var/simulated.jsonl`, so that many seeds can be played in parts.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.context import ForkProcess
from typing import Any

import django

from bench.results import CHECKOUT, commit
from erpbridge.supervisor.children import dies_with_us

RECORD = CHECKOUT / "var" / "simulated.jsonl"
SEEDS = 500
PLAYED_BEFORE_VACUUM = 250
TOLD_EVERY = 500

_FORKED = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Told:
    """What a process says after a seed. `story`: of a seed that broke a rule, or was asked for."""

    seed: int
    steps: Counter[str]
    broken: bool
    story: tuple[str, ...]


class Seeds:
    """The seeds that are to be played, shared by the processes: each takes the next."""

    def __init__(self, first: int, last: int | None, until: float | None) -> None:
        self.last, self.until = last, until
        self._next = _FORKED.Value("q", first)
        self._stopped = _FORKED.Event()

    def __iter__(self) -> Iterator[int]:
        while not self._stopped.is_set():
            with self._next:
                seed = self._next.value
                if self.last is not None and seed > self.last:
                    return
                if self.until is not None and time.monotonic() > self.until:
                    return
                self._next.value += 1
            yield seed

    def stop(self, *_signal: object) -> None:
        self._stopped.set()


def main(arguments: list[str]) -> int:
    django.setup()
    from bench.database import template
    from tests.simulation.plan import PROFILES

    parser = argparse.ArgumentParser(prog="./run simulate", allow_abbrev=False)
    parser.add_argument("--seeds", type=int, help=f"how many are played ({SEEDS})")
    parser.add_argument("--seed", type=int, help="the first; without --seeds the only one, told")
    parser.add_argument("--minutes", type=float, help="play for so long instead")
    parser.add_argument("--faults", choices=PROFILES, default="anything", help="what goes wrong")
    options = parser.parse_args(arguments)
    alone = options.seed is not None and not options.seeds and not options.minutes
    first = 1 if options.seed is None else options.seed
    last = None if options.minutes and not options.seeds else first + (options.seeds or SEEDS) - 1
    until = time.monotonic() + 60 * options.minutes if options.minutes else None
    seeds = Seeds(first, first if alone else last, until)
    # Whoever stops it hears what was played until then.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, seeds.stop)
    with template():
        return _all(seeds, first, options.faults, told=alone)


def _all(seeds: Seeds, first: int, faults: str, *, told: bool) -> int:
    """Play them in as many processes as there are cores; the exit status."""
    say: Any = _FORKED.SimpleQueue()
    cores = 1 if told else len(os.sched_getaffinity(0))
    dies = dies_with_us(signal.SIGKILL)
    processes = [
        _FORKED.Process(target=_play, args=(seeds, number, faults, say, dies, told))
        for number in range(cores)
    ]
    for process in processes:
        process.start()
    began, done, broken, steps = time.monotonic(), set[int](), list[int](), Counter[str]()
    while (one := _heard(say, processes)) is not None:
        done.add(one.seed)
        steps += one.steps
        if one.story:
            _print("\n".join(one.story))
        if one.broken:
            broken.append(one.seed)
            seeds.stop()
        if len(done) % TOLD_EVERY == 0:
            _print(f"{len(done):,} seeds, {_rate(len(done), began)}")
    failed = any(process.exitcode for process in processes)
    _print(", ".join(f"{step} {n:,}" for step, n in steps.most_common()))
    last = first - 1
    while last + 1 in done:
        last += 1
    held = "a process ended early" if failed else "every rule held"
    if broken:
        held = f"broken: {', '.join(map(str, broken))}"
    _print(
        f"{len(done):,} seeds of '{faults}', {first:,} to {last:,}, {_rate(len(done), began)}"
        f" on {cores} processes; {held}."
    )
    if done and not told:
        _keep(faults, first, last, broken, len(done) / (time.monotonic() - began))
    return 1 if broken or failed else 0


def _heard(say: Any, processes: list[ForkProcess]) -> Told | None:
    """What the next process says; None when all have ended."""
    while say.empty():
        if not any(process.is_alive() for process in processes) and say.empty():
            return None
        time.sleep(0.05)
    heard: Told = say.get()
    return heard


def _play(seeds: Seeds, number: int, faults: str, say: Any, dies: Any, told: bool) -> None:
    """One process: seeds, until there are none left."""
    from bench.database import database
    from tests.simulation.database import Database
    from tests.simulation.plan import PROFILES, drawn
    from tests.simulation.play import SITES, play, shortest_story
    from tests.simulation.site import Site

    dies()
    logging.disable(logging.INFO)
    profile, simulated = PROFILES[faults], Database()
    with (
        database(f"simulation{number}"),
        Site.taken_over(simulated, SITES[profile.site]) as site,
    ):
        for turn, seed in enumerate(seeds, 1):
            plan = drawn(seed, profile)
            played = play(site, plan)
            story: tuple[str, ...] = played.story if told else ()
            if played.broken:
                seeds.stop()
                begin = f"\nSeed {seed} of '{faults}' breaks a rule; its shortest story:\n"
                story = (*story, begin, *shortest_story(site, plan, played))
            say.put(Told(seed, played.steps, bool(played.broken), story))
            if turn % PLAYED_BEFORE_VACUUM == 0:
                simulated.vacuum()


def _rate(done: int, began: float) -> str:
    return f"{done / (time.monotonic() - began):.1f} a second"


def _keep(faults: str, first: int, last: int, broken: list[int], rate: float) -> None:
    """Write down which seeds were played: all from `first` to `last`."""
    line = {
        "faults": faults,
        "first": first,
        "last": last,
        "broken": broken,
        "a_second": round(rate, 2),
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RECORD.parent.mkdir(exist_ok=True)
    with RECORD.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
