"""Everything that we do with QuickBooks, and everything that can be lost, doubled or cut off in it.

A request that never arrives, an answer that never comes, comes twice, or comes in the next session;
QuickBooks that breaks; a web process that is another one at every call. At each message in turn:
one effect in QuickBooks, and the truth here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction

from approvals.comparing import request_comparison
from approvals.linking import workflow as linking
from approvals.models import Comparison, LookUp
from connectors import engine
from connectors.models import Connection, Conversation, Session
from connectors.syncing import request_sync
from directory.models import CostCode, Job, JobCost, ToolLevel, Vendor
from directory.perms import Level
from sandbox.quickbooks.by_hand import ByHand
from tests.budgets.entering import Desk
from tests.stage import Stage

pytestmark = pytest.mark.django_db

FAULTS = ["lost request", "lost answer", "answered twice", "answered late", "broken", "restarted"]
MOST_MESSAGES = 40
JOB = "City of Alder:Library"

Effect = Callable[[], object]


@pytest.fixture(autouse=True)
def _no_quarantine(settings):
    settings.ERP_QUARANTINE_SECONDS = 0


@pytest.fixture
def stage(stage: Stage) -> Stage:
    ToolLevel.objects.filter(membership__user=stage.ann).update(level=Level.ADMIN)
    return stage


# --- the visits --------------------------------------------------------------------------------


@dataclass
class Office:
    """The Web Connector, and what goes wrong at its message number `at`."""

    stage: Stage
    fault: str
    at: int
    told: int = 0
    late: tuple[int, str] | None = None

    def visit(self) -> bool:
        """One session; False when nothing was left to do."""
        opened = engine.open_session(self.stage.connection.pk)
        assert not isinstance(opened, engine.Silence)
        session = opened.pk
        if self.late is not None:
            old, answer = self.late
            self.late = None
            with suppress(engine.SessionOver):
                engine.receive(_again(old), answer)
        messages = 0
        while (message := engine.next_message(_again(session))) is not None:
            messages += 1
            self.told += 1
            hit = self.told == self.at or self.fault == "restarted"
            if hit and self.fault == "lost request":
                return True
            if hit and self.fault == "broken":
                engine.fail_message(_again(session), "QuickBooks could not be reached.")
                break
            answer = self.stage.books.answer(message.body)
            if hit and self.fault in ("lost answer", "answered late"):
                self.late = (session, answer) if self.fault == "answered late" else None
                return True
            percent = engine.receive(_again(session), answer)
            if hit and self.fault == "answered twice":
                engine.receive(_again(session), answer)
            if percent == 100:
                break
        engine.close_session(_again(session))
        return messages > 0

    def until_quiet(self) -> None:
        for _ in range(12):
            Conversation.objects.update(not_before="2026-01-01T00:00Z")  # waiting is not the point
            if not self.visit() and self.late is None:
                return
        pytest.fail("Still busy after twelve visits.")


def _again(session: int) -> Session:
    """The session as a process that just started finds it."""
    return Session.objects.select_related("connection").get(pk=session)


# --- what is done, and what has to come of it --------------------------------------------------


def _sent(stage: Stage, document) -> None:
    stage.send(document)
    stage.accept(document)


def commitment(stage: Stage) -> Effect:
    made = stage.commitment()
    _sent(stage, made)
    return lambda: (stage.status(made), [one.total for one in stage.books.purchase_orders()])


def change_order(stage: Stage) -> Effect:
    parent = stage.commitment()
    stage.synced(parent)
    made = stage.change_order(parent)
    _sent(stage, made)
    return lambda: (stage.status(made), [line.amount for line in stage.order().lines])


def budget(stage: Stage) -> Effect:
    desk = Desk(stage)
    desk.create(("03-300", "40000.00"), ("05-120", "25000.50"))
    desk.lock()
    _sent(stage, desk.budget)
    return lambda: (desk.status, [_amounts(one) for one in stage.books.estimates()])


def later_round(stage: Stage) -> Effect:
    desk = Desk(stage)
    desk.create(("03-300", "40000.00"))
    desk.lock()
    desk.synced()
    desk.sync()
    desk.unlock()
    desk.modify(("03-300", "1000.00"), ("05-120", "500.00"))
    desk.lock()
    _sent(stage, desk.budget)
    return lambda: (desk.status, [_amounts(one) for one in stage.books.estimates()])


def _amounts(estimate) -> list[Decimal]:
    return [line.amount for line in estimate.lines]


def unlinking(stage: Stage) -> Effect:
    made = stage.commitment()
    stage.synced(made)
    stage.books.by_hand.delete_order(stage.order().txn_id)
    stage.step("unlink", made, stage.ann)
    return lambda: stage.status(made)


def still_there(stage: Stage) -> Effect:
    made = stage.commitment()
    stage.synced(made)
    stage.step("unlink", made, stage.ann)
    return lambda: (stage.status(made), "is still in QuickBooks" in stage.export(made).message)


def comparing(stage: Stage) -> Effect:
    stage.synced(stage.commitment())
    order = stage.order()
    stage.books.by_hand.edit_line(order.txn_id, 0, amount=Decimal(9000))
    request_comparison(stage.connection, stage.access(stage.ann))
    return lambda: list(Comparison.objects.values_list("differs", "gone"))


def looking_up(stage: Stage) -> Effect:
    made = stage.commitment()
    lines = [("03-300", JOB, "Footings", Decimal(10000)), ("05-120", JOB, "Frame", Decimal(25000))]
    stage.books.by_hand.enter_order("Ironwood Concrete", "A-77", lines)
    version = stage.export(made).version
    by = stage.access(stage.ann)
    linking.ask(made.export_id, by=by, version=version, number="A-77")
    return lambda: [len(one.candidates) for one in LookUp.objects.all()]


def syncing(stage: Stage) -> Effect:
    """The lists, what was deleted, the self-test and the costs."""
    Connection.objects.update(imports_at_once=True)
    for number in range(105):
        stage.books.add_vendor(f"Supplier {number:03}")
    hand: ByHand = stage.books.by_hand
    hand.enter_bill(JOB, "03-300", Decimal("700.00"))
    gone = stage.books.add_item("99-999")
    CostCode.objects.create(company=stage.company, code="99-999", name="Gone", erp_id=gone)
    hand.delete_entry(gone)
    request_sync(stage.connection, stage.access(stage.dora))

    def effect() -> object:
        areas = Connection.objects.get(pk=stage.connection.pk).areas
        return (
            Vendor.objects.filter(erp_active=True).count(),
            Job.objects.count(),
            CostCode.objects.get(code="99-999").is_linked,
            [area["problem"] for area in areas],
            list(JobCost.objects.values_list("name", "actual")),
        )

    return effect


D = Decimal
DONE: dict[Callable[[Stage], Effect], object] = {
    commitment: ("synced", [D("35000.00")]),
    change_order: ("synced", [D("10000.00"), D("25000.00"), D("1500.00")]),
    budget: ("synced", [[D("40000.00"), D("25000.50")]]),
    later_round: ("synced", [[D("40000.00"), D("1000.00"), D("500.00")]]),
    unlinking: "draft",
    still_there: ("synced", True),
    comparing: [(True, False)],
    looking_up: [1],
    syncing: (106, 1, False, [""] * 7, [("03-300", D("700.00"))]),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("work", DONE, ids=lambda work: str(work.__name__))
def test_one_effect_and_the_truth(
    stage: Stage, work: Callable[[Stage], Effect], fault: str, tmp_path: Path
) -> None:
    """With the fault at the first message, then all over again at the second, and so on."""
    effect = work(stage)
    before = tmp_path / "before.qbw"
    stage.books.backup(before)
    for at in range(1, MOST_MESSAGES):
        office = Office(stage, fault, at)
        here = transaction.savepoint()
        office.until_quiet()
        where = f"{fault} at message {at}"
        assert effect() == DONE[work], where
        assert not Conversation.objects.exclude(state="closed").exists(), where
        assert not Conversation.objects.filter(outcome="refused").exists(), where
        transaction.savepoint_rollback(here)
        stage.books.restore(before)
        if office.told < at or fault == "restarted":
            break
    else:
        pytest.fail("It never came to an end.")
    assert at > 1 or fault == "restarted"
