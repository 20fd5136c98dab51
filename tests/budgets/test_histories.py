"""Whatever people do with a budget, in any order: what is locked stays, and all sums agree.

A few histories in every run, sixty with ERPBRIDGE_FULL set.
"""

from __future__ import annotations

import os
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from approvals.errors import StepError
from approvals.models import Export, TabCount
from approvals.states import EDITABLE, Status
from budgets import workflow
from budgets.models import BudgetLine, Modification, ModificationLine
from directory.entered import Invalid
from tests.budgets.entering import Desk, let_ann_unlink, line
from tests.stage import Stage, set_stage

FULL = bool(os.environ.get("ERPBRIDGE_FULL"))
CODES = st.sampled_from(["03-300", "05-120", "09-290"])
AMOUNTS = st.integers(1, 50_000_00).map(lambda cents: str(Decimal(cents).scaleb(-2)))
ZERO = Decimal("0.00")


class History(RuleBasedStateMachine):
    """Pam, Ann and QuickBooks, at one budget."""

    def __init__(self) -> None:
        super().__init__()
        self.all = transaction.atomic()
        self.all.__enter__()
        self.stage: Stage = set_stage()
        self.desk = Desk(self.stage)
        let_ann_unlink(self.stage)
        self.frozen: dict[int, str] = {}  # what was synced: export -> its copy
        self.gone = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.all.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self.desk.create(("03-300", "40000.00"), ("05-120", "25000.50"))

    # --- what people try; what is not possible now says so and changes nothing ---

    @rule(code=CODES, amount=AMOUNTS)
    def save_a_line(self, code: str, amount: str) -> None:
        stored = self.desk.budget.lines.filter(cost_code__code=code).first()
        self._tries(lambda: self.desk.save(line(code, amount, id=stored.pk if stored else None)))

    @rule(code=CODES)
    def remove_a_line(self, code: str) -> None:
        stored = self.desk.budget.lines.filter(cost_code__code=code).first()
        if stored:
            self._tries(lambda: self.desk.save(gone=(stored.pk,)))

    @rule()
    def lock(self) -> None:
        self._tries(self.desk.lock)

    @rule()
    def unlock(self) -> None:
        self._tries(self.desk.unlock)

    @rule(one=CODES, other=CODES, amount=AMOUNTS)
    def transfer(self, one: str, other: str, amount: str) -> None:
        parts = ((one, f"-{amount}"), (other, amount))
        self._tries(lambda: self.desk.modify(*parts, type="transfer"))

    @rule(code=CODES, amount=AMOUNTS)
    def increase(self, code: str, amount: str) -> None:
        self._tries(lambda: self.desk.modify((code, amount)))

    @rule()
    def take_back_a_modification(self) -> None:
        now = self.desk.budget
        if last := now.modifications.last():
            by, version = self.desk.by, now.export.version
            self._tries(lambda: workflow.delete_modification(last, by=by, version=version))

    @rule()
    def next_round(self) -> None:
        now = self.desk.budget
        by, version = self.desk.by, now.export.version
        self._tries(lambda: workflow.next_round(now, by=by, version=version))

    @rule()
    def send(self) -> None:
        self._tries(lambda: self.stage.send(self.desk.budget))

    @rule(step=st.sampled_from(["retrieve", "reject", "accept", "undo-acceptance"]))
    def step(self, step: str) -> None:
        by = self.stage.pam if step == "retrieve" else self.stage.ann
        self._tries(lambda: self.stage.step(step, self.desk.budget, by, note="Look again."))

    @rule(back=st.booleans())
    def go_all_the_way(self, back: bool) -> None:
        """The usual course of a round; `back`: QuickBooks' costs come, too."""
        for step in (self.lock, self.send, lambda: self.step("accept"), self.visit):
            step()
        if back:
            self.sync()

    @rule()
    def visit(self) -> None:
        self.stage.visit()

    @rule()
    def sync(self) -> None:
        self.desk.sync()

    @precondition(lambda self: self.desk.budget.export.status == Status.SYNCED)
    @rule(deleted=st.booleans())
    def unlink(self, deleted: bool) -> None:
        if deleted:
            for one in self.stage.books.estimates():
                self.stage.books.by_hand.delete_order(one.txn_id)
        self._tries(lambda: self.stage.step("unlink", self.desk.budget, self.stage.ann))
        self.stage.visit()
        if deleted:
            self.frozen.clear()

    def _tries(self, verb) -> None:
        before = self._seen()
        try:
            with transaction.atomic():
                verb()
        except (Invalid, StepError):
            assert self._seen() == before
        for export in Export.objects.filter(kind="budget", status=Status.SYNCED):
            self.frozen.setdefault(export.pk, export.copy)

    def _seen(self) -> tuple[object, ...]:
        lines = BudgetLine.objects.order_by("id").values_list("id", "amount", "number")
        parts = ModificationLine.objects.order_by("id").values_list("id", "amount", "line")
        exports = Export.objects.order_by("id").values_list("id", "status", "version", "amount")
        return list(lines), list(parts), list(exports), self.desk.budget.locked

    # --- what always holds ---

    @invariant()
    def what_is_on_its_way_is_locked(self) -> None:
        now = self.desk.budget
        assert now.locked or now.export.status in EDITABLE

    @invariant()
    def the_round_under_way_shows_what_it_carries(self) -> None:
        now = self.desk.budget
        assert now.export.number == str(now.round)
        if now.export.status in EDITABLE:
            assert now.export.amount == now.amount == now.to_document().amount
        else:
            assert now.export.document.amount == now.export.amount == now.amount
            assert now.export.document.lines == now.to_document().lines

    @invariant()
    def what_was_exported_stays_as_it_was(self) -> None:
        for pk, copy in self.frozen.items():
            assert Export.objects.get(pk=pk).copy == copy

    @invariant()
    def all_rounds_together_are_the_revised_budget(self) -> None:
        now = self.desk.budget
        waiting = Modification.objects.filter(budget=now, round__gt=now.round)
        later = sum((part.amount for one in waiting for part in one.lines.all()), ZERO)
        exports = Export.objects.filter(kind="budget", document_id=now.pk).order_by("id")
        carried = [one for one in exports if int(one.number) <= now.round]
        assert sum((one.amount for one in carried), later) == now.revised
        assert all(one.status == Status.SYNCED for one in carried[:-1])

    @invariant()
    def quickbooks_holds_what_was_exported(self) -> None:
        synced = Export.objects.filter(kind="budget", status=Status.SYNCED)
        held = sum((one.total for one in self.stage.books.estimates()), ZERO)
        if synced.exists():
            assert held == sum((one.amount for one in synced), ZERO)

    @invariant()
    def the_counters_agree(self) -> None:
        for row in TabCount.objects.filter(kind="budget"):
            assert row.n == Export.objects.filter(kind="budget", status=row.status).count()


@pytest.mark.django_db
def test_any_history_of_a_budget_keeps_its_sums_and_locks() -> None:
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=60 if FULL else 4,
            stateful_step_count=40 if FULL else 20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
