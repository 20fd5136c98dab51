"""One seed, from the first move until everything is quiet again; and the shortest story of it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from random import Random

import pytest
from django.conf import settings

from connectors.engine import steps, turns
from directory import bell
from directory.access import holds_push
from directory.privilege import grant_push
from tests.simulation import budgets, settling, spectrum
from tests.simulation.database import Database
from tests.simulation.office import QuickBooksSide
from tests.simulation.plan import NOTHING, Move, Plan
from tests.simulation.rules import TWICE, Rules
from tests.simulation.site import Actor, Broken, Side, Site, World

# When the faults have stopped, everything must have ended after so many rounds of visits.
MOST_ROUNDS = 14


SITES: dict[str, Callable[[Database], Site]] = {
    "quickbooks": Site.build,
    "spectrum": spectrum.build,
    "settling": settling.build,
    "budgets": budgets.build,
}
_SIDES: dict[str, Side] = {
    "quickbooks": QuickBooksSide(),
    "spectrum": spectrum.SpectrumSide(),
    "settling": settling.SettlingSide(),
    "budgets": budgets.BudgetSide(),
}


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a plan: '' or the rule that broke, and the story."""

    broken: str
    story: tuple[str, ...]
    steps: Counter[str]  # of exports: how often each was taken


def play(site: Site, plan: Plan) -> Played:
    """Play a plan on the site as it was at the beginning."""
    site.database.reset()
    world = World(site, plan.profile)
    side = _SIDES[plan.profile.site]
    side.begin(world)
    rules = side.rules(world)
    with _injected(world, side), _heard_by(rules):
        cast = side.cast(world, rules)
        broken = ""
        try:
            for move in plan.moves:
                _make(world, side, cast[move.actor], move)
                rules.after_move()
            _until_quiet(world, side, cast, rules)
        except Broken as error:
            # Once QuickBooks was later than the quarantine, a person may have been told what is not
            # so any more. That nothing goes in twice holds even then.
            if not plan.profile.too_late or TWICE in str(error):
                broken = str(error)
                world.tell(f"BROKEN: {broken}")
        finally:
            side.start_anew(cast)
    return Played(broken, tuple(world.story), rules.steps)


def _make(world: World, side: Side, actor: Actor, move: Move) -> None:
    world.move = move
    world.dice = Random(move.dice)
    world.database.wait(move.wait)
    side.time_passed(world)
    actor.move()


@contextmanager
def _injected(world: World, side: Side) -> Iterator[None]:
    """What the product takes from outside: keys, the deployed code, the bell."""

    def new_key() -> str:
        world.keys += 1
        return f"EB{world.keys:018x}"

    def ring(_task: str, *_ids: int) -> None:
        world.rings += 1  # Redis is flushed at every moment: no bell is ever heard

    with pytest.MonkeyPatch.context() as patch:
        # The package's own `queue` is a function of that module.
        patch.setattr(import_module("connectors.engine.queue"), "new_key", new_key)
        patch.setattr(bell, "ring", ring)
        for module in (steps, turns):
            patch.setattr(module, "fingerprint", lambda _erp: world.code)
        side.inject(world, patch)
        yield


@contextmanager
def _heard_by(rules: Rules) -> Iterator[None]:
    """What the product logs goes to the rules alone."""
    loggers = [logging.getLogger(name) for name in ("connectors", "approvals", "directory")]
    for logger in loggers:
        logger.addHandler(rules)
        logger.propagate = False
        logger.setLevel(rules.level)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(rules)
            logger.propagate = True
            logger.setLevel(logging.NOTSET)


def _until_quiet(world: World, side: Side, cast: dict[str, Actor], rules: Rules) -> None:
    """The faults stop: everything that was accepted has to come to its end by itself."""
    world.tell("— the faults stop —")
    stage = world.stage
    world.move = NOTHING
    world.dice = Random(0)
    side.tidy_up(world)
    for who in (stage.ann, stage.bea):
        if not holds_push(who, stage.company):
            grant_push(world.site.memberships[who.pk], by=stage.otto)
    side.start_anew(cast)
    for _ in range(MOST_ROUNDS):
        world.database.wait(settings.ERP_SESSION_IDLE_SECONDS + 1)
        cast["the sweeper"].move()
        side.visit(cast)
        rules.after_move()
        if not rules.under_way():
            break
    rules.when_quiet()


NOT_AGAIN = "— played again it holds: what broke it is not in the seed —"


def shortest_story(site: Site, plan: Plan, played: Played) -> tuple[str, ...]:
    """How a plan breaks a rule, with as few moves and mishaps as still do; as it was `played` where
    it does not break one again."""
    again = play(site, _shortest(site, plan))
    return again.story if again.broken else (*played.story, NOT_AGAIN)


def _shortest(site: Site, plan: Plan) -> Plan:
    size = max(1, len(plan.moves) // 2)
    while size:
        place = 0
        while place < len(plan.moves):
            shorter = plan.without(set(range(place, place + size)))
            if play(site, shorter).broken:
                plan = shorter
            else:
                place += size
        size //= 2
    for place in range(len(plan.moves)):
        calmer = plan.calmed(place)
        if calmer != plan and play(site, calmer).broken:
            plan = calmer
    return plan
