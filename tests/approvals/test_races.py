"""People who press at the same moment: one of them wins each item, and the history says so.

Two approvers, approver against project manager, the operator taking the privilege away from an
approver who is accepting, and bulk steps in any order of the same items, on one connection each.
`--full` plays ten thousand of these races, an ordinary run a few.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from threading import Barrier, BrokenBarrierError

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from approvals import workflow
from approvals.errors import StepError
from approvals.models import Export, TabCount
from approvals.workflow import Item, Result
from commitments.models import ChangeOrder
from connectors.models import Conversation, UsedNumber
from directory.history import faults
from directory.models import Event, Membership, User
from directory.privilege import grant_push, revoke_push
from tests.ledger import Books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

RACES = 10_000 if "ERPBRIDGE_FULL" in os.environ else 60
ITEMS = 8
SEED = 20260317
# Where an item stands after a step that people took.
AFTER = {"accept": "accepted", "reject": "rejected", "retrieve": "retrieved"}


@dataclass(frozen=True, slots=True)
class Try:
    """One person's press: a step with some items as the page showed them."""

    who: User
    step: str
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a try: the ids that moved; '' or why it was refused as a whole."""

    moved: frozenset[int]
    refused: str = ""


class Floor:
    """Threads that each keep a connection of their own, and begin together."""

    def __init__(self, size: int) -> None:
        self.threads = [ThreadPoolExecutor(1) for _ in range(size)]

    def together(self, presses: Sequence[Callable[[], Ended]]) -> list[Ended]:
        start = Barrier(len(presses))

        def run(press: Callable[[], Ended]) -> Ended:
            start.wait(30)
            return press()

        running: list[Future[Ended]] = [
            thread.submit(run, press) for thread, press in zip(self.threads, presses, strict=False)
        ]
        try:
            return [one.result(60) for one in running]
        except BrokenBarrierError:
            pytest.fail("Somebody never came to the start.")

    def close(self) -> None:
        for thread in self.threads:
            thread.submit(connections.close_all)
            thread.shutdown()


@contextmanager
def floor(size: int) -> Iterator[Floor]:
    opened = Floor(size)
    try:
        yield opened
    finally:
        opened.close()


def press(stage: Stage, tried: Try) -> Ended:
    """As the page would: one item by its own button, several by the bulk one."""
    by = stage.access(tried.who)
    try:
        if tried.step == "retrieve":
            [item] = tried.items
            workflow.take("retrieve", Export.objects.get(pk=item.id), by=by, version=item.version)
            return Ended(frozenset([item.id]))
        results = workflow.take_all(tried.step, tried.items, by=by, note="Not this month.")
    except (StepError, PermissionDenied) as error:
        return Ended(frozenset(), str(error))
    return Ended(frozenset(_moved(result) for result in results if result.error is None))


def _moved(result: Result) -> int:
    assert result.export is not None
    return result.export.pk


def drawn(stage: Stage, dice: Random, items: Sequence[Item]) -> list[Try]:
    """Two to four people who want something of the same few items."""
    few = dice.sample(items, dice.choice([1, 1, 2, 5, ITEMS]))
    tries = []
    for who in dice.sample([stage.ann, stage.bea, stage.pam], dice.choice([2, 2, 3])):
        if who == stage.pam:
            tries.append(Try(who, "retrieve", [dice.choice(few)]))
        else:
            # Each page lists them in its own order, and may lack some.
            order = dice.sample(few, dice.randint(1, len(few)))
            tries.append(Try(who, dice.choice(["accept", "accept", "reject"]), order))
    return tries


def test_one_winner_each_and_no_step_without_its_event(stage: Stage) -> None:
    made = sent(stage)
    dice = Random(SEED)
    beas = Membership.objects.get(user=stage.bea, company=stage.company)
    before = steps_told(stage)
    moves = 0

    def revoked() -> Ended:
        revoke_push(beas, by=stage.otto)
        return Ended(frozenset())

    with floor(4) as at_once:
        for _ in range(RACES):
            items = as_shown(made)
            tries = drawn(stage, dice, items)
            presses = [lambda tried=tried: press(stage, tried) for tried in tries]
            takes_away = dice.random() < 0.2
            ended = at_once.together([*presses, *([revoked] if takes_away else [])])
            winners = Counter(pk for one in ended for pk in one.moved)
            story = [(tried.who.name, tried.step, tried.items) for tried in tries]
            wanted = {item.id for tried in tries for item in tried.items}
            assert max(winners.values(), default=1) == 1, (story, ended)
            if not takes_away:
                assert winners.keys() == wanted, (story, ended)
            now = {export.pk: export for export in Export.objects.filter(pk__in=wanted)}
            for tried, one in zip(tries, ended, strict=False):
                for pk in one.moved:
                    assert now[pk].status == AFTER[tried.step], (story, ended)
            assert set(accepted(now)) == set(waiting_in_the_lane(now)), (story, ended)
            moves += len(winners) + put_back(stage, made)
            if takes_away:
                assert_not_after_the_privilege_was_gone(stage)
                grant_push(beas, by=stage.otto)
    # Every step left one event, in one unbroken chain, and the counters are those of the rows.
    assert steps_told(stage) - before == moves
    assert list(faults(stage.company.pk)) == []
    counted = Counter(Export.objects.filter(company=stage.company).values_list("kind", "status"))
    told = {(one.kind, one.status): one.n for one in TabCount.objects.all() if one.n}
    assert told == dict(counted)


def sent(stage: Stage) -> list[ChangeOrder]:
    commitment = stage.commitment()
    stage.synced(commitment)
    made = [stage.change_order(commitment, number=f"{n:03d}") for n in range(1, ITEMS + 1)]
    for change_order in made:
        stage.send(change_order)
    return made


def as_shown(made: Sequence[ChangeOrder]) -> list[Item]:
    """The items as every page shows them before anybody presses."""
    exports = Export.objects.filter(pk__in=[one.export_id for one in made]).order_by("pk")
    return [Item(pk, version) for pk, version in exports.values_list("id", "version")]


def accepted(now: dict[int, Export]) -> list[int]:
    return [pk for pk, export in now.items() if export.status == "accepted"]


def waiting_in_the_lane(now: dict[int, Export]) -> list[int]:
    open_ones = Conversation.objects.filter(subject__in=[str(pk) for pk in now], purpose="export")
    open_ones = open_ones.exclude(state=Conversation.State.CLOSED)
    return [int(subject) for subject in open_ones.values_list("subject", flat=True)]


def put_back(stage: Stage, made: Sequence[ChangeOrder]) -> int:
    """Everything is in the queue again; of how many items something was done for it."""
    done = 0
    for change_order in made:
        match stage.status(change_order):
            case "accepted":
                stage.step("undo-acceptance", change_order, stage.ann)
            case "rejected" | "retrieved":
                stage.send(change_order)
            case _:
                continue
        done += 1
    return done


def steps_told(stage: Stage) -> int:
    """How many events of the company tell of a change of status."""
    bodies = Event.objects.filter(chain__company=stage.company, subject__startswith="export:")
    return sum("from" in json.loads(body)["data"] for body in bodies.values_list("body", flat=True))


def assert_not_after_the_privilege_was_gone(stage: Stage) -> None:
    taken = Event.objects.filter(chain__company=stage.company, verb="revoke_push").order_by("seq")
    last = taken.last()
    assert last is not None
    late = Event.objects.filter(
        chain__company=stage.company, actor=stage.bea, verb__in=AFTER, seq__gt=last.seq
    )
    assert not late.exists()


def test_a_number_of_the_erp_is_given_once_however_many_ask(stage: Stage, ledger: Books) -> None:
    """Ann and Bea accept change orders of two commitments that would all get the same numbers."""
    commitments = [stage.commitment(number=f"SC-00{n}") for n in (1, 2)]
    for one in commitments:
        stage.send(one)
        stage.accept(one)
    ledger.visit(stage.connection.pk)
    halves: list[list[Item]] = []
    for one in commitments:
        made = [stage.change_order(one, number=f"{n:03}") for n in range(1, 13)]
        exports = [stage.send(document) for document in made]
        halves.append([Item(export.pk, export.version) for export in exports])
    with floor(2) as people:
        tries = [Try(stage.ann, "accept", halves[0]), Try(stage.bea, "accept", halves[1][::-1])]
        ended = people.together([partial(press, stage, one) for one in tries])
    assert [one.refused for one in ended] == ["", ""]
    accepted = Export.objects.filter(kind="change_order", status="accepted")
    numbers = [terms.number for export in accepted if (terms := export.frozen_terms)]
    chosen = UsedNumber.objects.exclude(job="")
    assert len(numbers) == len(set(numbers)) == chosen.count()
    assert len(numbers) >= 12, "one of them got all of hers"
    # Who was too late is offered others.
    late = [item for half in halves for item in half if not accepted.filter(pk=item.id).exists()]
    again = press(stage, Try(stage.ann, "accept", late)) if late else Ended(frozenset())
    assert len(again.moved) == len(late)
    assert chosen.count() == 24
