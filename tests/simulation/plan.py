"""What is going to happen: a list of moves, drawn from a seed before the first of them is made.

A plan says who moves, how long after the one before, and what goes wrong in it. What the person
then does follows from the move's own dice and from what stands there, so that a plan stays
playable when moves or mishaps are taken out of it: that is how a story is made short.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

T = TypeVar("T")

# What can go wrong within one move.
KILLED = "the server's process is killed"
CUT = "the database's connection breaks"
CALL_LOST = "the call never arrives"
REPLY_LOST = "the reply never arrives"
DOUBLED = "the call arrives twice"
LATE = "the call arrives much later"
OFF = "the office's machine is switched off"
FROZEN = "the office's machine freezes, with a write in its hands if it has one"

# What can go wrong with a call of Spectrum: the stand-in's own names.
AT_SPECTRUM = (
    "answer_lost",
    "applied_late",
    "request_lost",
    "error_500",
    "error_500_applied",
    "soap_fault_applied",
    "refused",
    "cut",
    "too_many",
    "timed_out",
)
DIES = "the worker dies over a call"
STANDS_STILL = "the worker stands still, and another one takes the lane"
LINK_AWAY = "Info-Link does not answer"
AT_WORKERS = (DIES, STANDS_STILL, *AT_SPECTRUM)

EVERYWHERE = (KILLED, CUT)  # in any move that the server has a part in
ON_THE_LINE = (
    CALL_LOST,
    REPLY_LOST,
    DOUBLED,
    LATE,
    OFF,
    FROZEN,
)  # between a Web Connector and the server
MOST_MOMENTS = 9
MOST_OF_A_WORKER = 60  # it makes several calls in one move

OFFICES = ("the office", "the second office")
PEOPLE = {"Pam": 5.0, "Ann": 4.0, "Bea": 1.5}
WORLD = {
    "the office": 12.0,
    "the second office": 4.0,
    "the late mail": 1.5,
    "the sweeper": 1.0,
    "the bookkeeper": 2.0,
    "Otto": 0.5,
    "Dora": 0.4,
    "a deployment": 0.4,
}
WORKER = "a worker"
WORKERS = {
    WORKER: 10.0,
    "the sweeper": 1.5,
    "the bookkeeper": 0.8,
    "Otto": 0.4,
    "Dora": 0.4,
    "a deployment": 0.3,
}
# How long after the move before: seconds, and how often.
WAITS = ((1, 12), (20, 6), (90, 3), (400, 1.5), (700, 1), (1500, 0.6), (90000, 0.05))


@dataclass(frozen=True, slots=True)
class Move:
    """One actor's turn. `dice` seeds what it chooses; `mishap` strikes at its `at`-th moment."""

    actor: str
    dice: int
    wait: float
    mishap: str = ""
    at: int = 0


NOTHING = Move("", 0, 0.0)


@dataclass(frozen=True, slots=True)
class Profile:
    """Which actors and mishaps a plan is drawn from. `swarm`: each seed switches off some."""

    name: str
    actors: dict[str, float] = field(default_factory=lambda: {**PEOPLE, **WORLD})
    mishaps: dict[str, float] = field(default_factory=dict)
    rate: float = 0.25  # of moves in which something goes wrong
    moves: int = 45
    reloads: float = 0.6  # how often people look again before they press
    swarm: bool = True
    # What the bookkeeper does; see `office.DEEDS` and `spectrum.DEEDS`. None: everything.
    deeds: tuple[str, ...] | None = None
    waits: tuple[tuple[float, float], ...] = WAITS
    # What approvers decide on, and whether QuickBooks may carry out a write after the quarantine.
    kinds: tuple[str, ...] = ("commitment", "change_order")
    too_late: bool = False
    calls: tuple[int, ...] = (1, 1, 2, 3)  # of an office in one of its moves
    site: str = "quickbooks"  # where it begins: see `SITES`


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is needed to play one seed."""

    profile: Profile
    seed: int
    moves: tuple[Move, ...]

    def without(self, places: set[int]) -> Plan:
        """The same without some of its moves."""
        left = [move for place, move in enumerate(self.moves) if place not in places]
        return Plan(self.profile, self.seed, tuple(left))

    def calmed(self, place: int) -> Plan:
        """The same with nothing going wrong in one of its moves."""
        moves = list(self.moves)
        moves[place] = replace(moves[place], mishap="")
        return Plan(self.profile, self.seed, tuple(moves))


ALL = dict.fromkeys((*EVERYWHERE, *ON_THE_LINE), 1.0)
PROFILES = {
    profile.name: profile
    for profile in (
        Profile("anything", mishaps=ALL),
        Profile(
            "spectrum",
            {**PEOPLE, "Bea": 3.0, **WORKERS},
            dict.fromkeys((KILLED, CUT, *AT_WORKERS), 1.0),
            rate=0.35,
            site="spectrum",
        ),
        Profile(
            "settling",
            {**PEOPLE, "Ann": 6.0, "Bea": 4.0, **WORKERS, "a worker": 14.0, "Dora": 2.5},
            dict.fromkeys((KILLED, CUT, LINK_AWAY, *AT_WORKERS), 1.0),
            rate=0.6,
            moves=60,
            site="settling",
            deeds=("make the vendor inactive",),
        ),
        Profile(
            "budgets",
            {**PEOPLE, **WORLD, "Pam": 9.0, "Ann": 8.0, "the office": 16.0},
            ALL,
            rate=0.15,
            moves=100,
            calls=(1, 3, 6, 10),
            # Whatever changes an estimate's amounts keeps the budget from ever coming back.
            deeds=(
                "edit",
                "delete an order",
                "open on the screen",
                "leave the screen",
                "close the period",
                "forget message sets",
                "back up",
                "restore",
            ),
            kinds=("budget",),
            site="budgets",
        ),
        Profile("calm", rate=0.0, swarm=False),
        Profile("killed", mishaps=dict.fromkeys(EVERYWHERE, 1.0), rate=0.4, swarm=False),
        Profile("lost", mishaps=dict.fromkeys(ON_THE_LINE, 1.0), rate=0.4, swarm=False),
    )
}


def drawn(seed: int, profile: Profile) -> Plan:
    """The plan of a seed: the same for ever, as long as the profile stays as it is."""
    dice = Random(f"{profile.name} {seed}")
    actors, mishaps = dict(profile.actors), dict(profile.mishaps)
    if profile.swarm:
        for name in [name for name in actors if name in WORLD and name != "the office"]:
            if dice.random() < 0.35:
                del actors[name]
        for name in list(mishaps):
            if dice.random() < 0.4:
                del mishaps[name]
        actors = {name: weight * dice.choice((0.5, 1, 1, 2)) for name, weight in actors.items()}
    moves = [_move(dice, profile, actors, mishaps) for _ in range(profile.moves)]
    return Plan(profile, seed, tuple(moves))


def _move(
    dice: Random, profile: Profile, actors: dict[str, float], mishaps: dict[str, float]
) -> Move:
    actor = _pick(dice, actors)
    wait = _pick(dice, dict(profile.waits)) * dice.random()
    mishap = ""
    if mishaps and dice.random() < profile.rate:
        mishap = _pick(dice, mishaps)
        own = {
            **dict.fromkeys(ON_THE_LINE, OFFICES),
            **dict.fromkeys((LINK_AWAY, *AT_WORKERS), WORKERS),
        }
        if actor not in own.get(mishap, (actor,)):
            mishap = ""
    most = MOST_OF_A_WORKER if actor == WORKER and mishap in EVERYWHERE else MOST_MOMENTS
    return Move(actor, dice.getrandbits(32), round(wait, 3), mishap, dice.randint(1, most))


def _pick(dice: Random, weights: dict[T, float]) -> T:
    return dice.choices(list(weights), list(weights.values()))[0]
