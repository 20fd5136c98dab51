"""A project's budget: its rounds go out one after the other, each when the last one is back.

Beside the company that `tests.simulation.site` makes: its budget, of which round 1 waits for the
approvers' decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from approvals.models import Export
from approvals.states import EDITABLE, Status
from budgets import workflow as budgets
from budgets.entries import LineEntry
from budgets.models import Budget
from connectors.costs import queue_costs
from connectors.models import Connection
from directory.models import JobCost
from tests.budgets.entering import Desk, change, line
from tests.simulation.books import Written
from tests.simulation.database import Database
from tests.simulation.office import QuickBooksSide
from tests.simulation.people import Approver, Manager
from tests.simulation.rules import EXPORT, Rules
from tests.simulation.site import Actor, Broken, Row, Site, World
from tests.stage import Stage

CODES = ("03-300", "05-120", "09-290")
MOST_MODIFICATIONS = 6


class Budgeter(Manager):
    """Pam at her project's budget. What she sees of it is as old as her page."""

    def press(self) -> None:
        verbs = [self.forward] * 6 + [self.enter, self.modify, self.take_back, self.open, self.back]
        self.world.dice.choice(verbs)()

    def forward(self) -> None:
        """Brings it on: locks and sends what is under way, or changes what is in the ERP."""
        now = self._now()
        status, empty = now.export.status, now.round > 1 and not now.amount
        if status == Status.SYNCED or (status in EDITABLE and empty):
            self.modify()
        elif status in EDITABLE and now.locked:
            self.takes("send", self._row(now))
        elif status in EDITABLE:
            self._does("locks the budget", budgets.lock_budget)

    def enter(self) -> None:
        """Changes the original amount of a line."""
        stored = self._now().lines.filter(cost_code__code=self._code()).first()
        entry = line(self._code(), self._amount(), id=stored.pk if stored else None)
        if stored:
            entry.cost_code = stored.cost_code_id

        def save(now: Budget, **seen: Any) -> Budget:
            return budgets.save_lines(now, entries=[entry], **seen)

        self._does(f"enters {entry.amount} for {entry.cost_code}", save)

    def modify(self) -> None:
        if self._now().modifications.count() >= MOST_MODIFICATIONS:
            return
        amount, (one, other) = self._amount(), self.world.dice.sample(CODES, 2)
        data = change((one, f"-{amount}"), (other, amount), type="transfer")
        if self.world.chance(0.7):
            data = change((one, amount))

        def add(now: Budget, **seen: Any) -> object:
            return budgets.add_modification(now, data=data, **seen)

        parts: list[LineEntry] = list(data.parts)
        told = ", ".join(f"{part.cost_code} {part.amount}" for part in parts)
        self._does(f"modifies the budget: {told}", add)

    def take_back(self) -> None:
        """Removes the last modification."""
        last = self._now().modifications.last()
        if last is None:
            return

        def delete(_now: Budget, **seen: Any) -> object:
            return budgets.delete_modification(last, **seen)

        self._does(f"takes {last} back", delete)

    def open(self) -> None:
        """Unlocks the budget, or begins the next round."""
        verb = self.world.dice.choice((budgets.unlock_budget, budgets.next_round))
        self._does(verb.__name__.replace("_", " "), verb)

    def back(self) -> None:
        now = self._now()
        self.takes("retrieve", self._row(now))

    def _now(self) -> Budget:
        return budgets.load_budget(self.world.stage.project.pk)

    def _row(self, now: Budget) -> Row:
        """The round under way as the page shows it; as it is, if it is newer than the page."""
        return self.page.get(now.export_id) or self.world.rows()[now.export_id]

    def _does(self, what: str, verb: Callable[..., object]) -> None:
        now = self._now()
        version = self._row(now).version
        self.does(what, lambda: verb(now, by=self.by, version=version))

    def _code(self) -> str:
        return self.world.dice.choice(CODES)

    def _amount(self) -> str:
        return f"{self.world.dice.randint(1, 9000)}.{self.world.dice.randint(0, 99):02}"


class Controller(Approver):
    """Ann or Bea, who also have the job's costs fetched."""

    def press(self) -> None:
        if self.world.chance(0.5):
            self.does("has the job costs fetched", self._fetch)
        else:
            super().press()

    def _fetch(self) -> None:
        queue_costs(Connection.objects.get(pk=self.world.stage.connection.pk))


class BudgetRules(Rules):
    """What must be so of a budget's rounds in QuickBooks."""

    def _follows(self, version: int, last: int) -> bool:
        """The versions of a budget's rounds go on from one to the next."""
        return version > last

    def _made(self, pk: int) -> None:
        """A later round begins only when the one before is back in the job costs."""
        export = Export.objects.select_related("parent").get(pk=pk)
        if export.kind != "budget" or export.parent is None:
            return
        since = export.parent.synced_at
        newest = JobCost.objects.order_by("-as_of").values_list("as_of", flat=True).first()
        if since is None or newest is None or newest <= since:
            raise Broken(f"{export} began before the one before was back in the job costs")

    def _as_approved(self, export: Export, written: Written, name: str) -> None:
        document, terms = export.document, export.frozen_terms
        if terms is None or terms.job is None:
            raise Broken(f"{name} was written without a job")
        estimate = written.order
        if estimate.kind != "Estimate" or estimate.name_list_id != terms.job.id:
            raise Broken(f"{name} went to {estimate.name}, not where it was approved to go")
        if written.amount != document.amount:
            raise Broken(f"{name}: {written.amount} was written, {document.amount} was approved")
        if export.parent_id is None:
            if not written.is_new:
                raise Broken(f"{name} was added to another estimate")
        else:
            [before] = EXPORT.all(export.parent_id)
            if before.status != Status.SYNCED or before.erp_id != estimate.txn_id:
                raise Broken(f"{name} is in QuickBooks before its last round ({before.status})")
        expected: Counter[str] = Counter()
        for one in document.lines:
            item = terms.item_of(one)
            expected[item.id if item else ""] += int(one.amount * 100)
        held: Counter[str] = Counter()
        for entered in estimate.lines:
            if entered.txn_line_id in written.lines:
                held[entered.item_list_id] += int(entered.amount * 100)
        if {k: n for k, n in expected.items() if n} != {k: n for k, n in held.items() if n}:
            raise Broken(f"{name}: other lines were written than were approved")


class BudgetSide(QuickBooksSide):
    """The same offices, bookkeeper and workers; people at a budget."""

    def rules(self, world: World) -> Rules:
        return BudgetRules(world)

    def cast(self, world: World, rules: Rules) -> dict[str, Actor]:
        stage = world.stage
        return {
            **super().cast(world, rules),
            "Pam": Budgeter(world, stage.pam),
            "Ann": Controller(world, stage.ann),
            "Bea": Controller(world, stage.bea),
        }


def build(database: Database) -> Site:
    """The company with nothing but a budget under way."""

    def begin(stage: Stage, _carry: Callable[[Stage], object]) -> None:
        desk = Desk(stage)
        desk.create(("03-300", "40000.00"), ("05-120", "25000.50"))
        stage.send(desk.lock())

    site = Site.build(database, begin=begin)
    books: Any = site.stage.books
    books.watched = "Estimate"
    return site
