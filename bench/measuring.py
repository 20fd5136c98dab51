"""Two sides, measured in turn in one run, and what comes of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio has to be: `at_least` this much, or else at most."""

    value: float
    at_least: bool = False

    def holds(self, ratio: float) -> bool:
        return ratio >= self.value if self.at_least else ratio <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of `results.jsonl`, before commit, machine and time are added.

    `ours` and `against` are in `unit`. `spread`: how far apart the rounds of one side were, as a
    part of their median, of the side that spread more.
    """

    name: str
    what: str
    size: int
    ours: float
    against: float
    unit: str
    ratio: float
    goal: Goal
    spread: float = 0.0

    @property
    def holds(self) -> bool:
        return self.goal.holds(self.ratio)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds per unit of work of both sides: medians of their rounds."""

    ours: float
    against: float
    spread: float

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.ours / self.against


def alternate(
    ours: Callable[[], float], against: Callable[[], float], *, rounds: int = ROUNDS
) -> Times:
    """Both sides in turn, A B A B. Each call is one round and gives its seconds per unit of work;
    the first round of each warms up and does not count."""
    ours(), against()
    # What is there already is not looked through again while one of the sides is measured.
    gc.collect()
    gc.freeze()
    first, second = [], []
    for _ in range(rounds):
        first.append(ours())
        second.append(against())
    return Times(median(first), median(second), max(_spread(first), _spread(second)))


def _spread(rounds: list[float]) -> float:
    return (max(rounds) - min(rounds)) / median(rounds)


def timed(work: Callable[[], object]) -> float:
    """Seconds that pass while `work` is done."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def worked(work: Callable[[], object], *, times: int) -> float:
    """Seconds of a processor that this process needs for `work`, done `times` times in a row.

    For what only reckons: others on the same machine do not count.
    """
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times
