"""How a round of a budget comes into the ERP, and the budget waits until the job costs are back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from erpbridge.story.books import Books
from erpbridge.story.telling import Failed, Say, Teller, money
from erpbridge.story.visitor import Visitor

AMOUNT = "250.00"


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is moved in the budget of a project: from one cost code and category to another."""

    project: str
    less: tuple[str, str]
    more: tuple[str, str]


class BudgetRound(Teller):
    """The story of one round."""

    def __init__(self, its: Transfer, books: Books, say: Say) -> None:
        super().__init__(say)
        self.its = its
        self.books = books

    def tell(self, manager: Visitor, approver: Visitor) -> None:
        """All of it. Raises Failed, or NotAllowed where somebody was refused what is theirs."""
        self.chapter(f"{manager.first_name} moves money in the budget")
        with self.books.watched():
            budget = self._change(manager)
            self._send(manager, approver, budget)
            self._wait_for_costs(manager, approver, budget)

    def _change(self, manager: Visitor) -> int:
        its, name = self.its, manager.first_name
        [company] = manager.get("companies/")["results"]
        projects = manager.get("projects/", company=company["id"])["results"]
        project = next(each for each in projects if each["number"] == its.project)
        [budget] = manager.get("budgets/", project=project["id"])["results"]
        at = f"budgets/{budget['id']}/"
        self.say(
            f"The budget of {project['name']} comes to {money(manager.get(at)['revised'])}; what "
            f"was exported of it stands in {self.books.erp}. {name} unlocks it: its modifications "
            "stay."
        )
        now = manager.post(f"{at}unlock/", {"version": budget["version"]})["budget"]
        parts = [(its.less, f"-{AMOUNT}"), (its.more, AMOUNT)]
        manager.post(f"{at}modifications/", self._transfer(now["version"], parts))
        self.say(f"{name} moves {AMOUNT} from {' '.join(its.less)} to {' '.join(its.more)}.")
        now = manager.get(at)["budget"]
        self.refused(
            f"{name} tries to send it as it is",
            lambda: self.step(manager, now["export_id"], "send"),
        )
        manager.post(f"{at}lock/", {"version": now["version"]})
        self.say(f"{name} locks it.")
        return int(budget["id"])

    def _transfer(self, version: int, parts: list[tuple[tuple[str, str], str]]) -> dict[str, Any]:
        return {
            "version": version,
            "type": "transfer",
            "date": datetime.now(UTC).date().isoformat(),
            "reason": "The owner chose another finish",
            "parts": [
                {"cost_code": code, "category": category, "amount": amount}
                for (code, category), amount in parts
            ],
        }

    def _send(self, manager: Visitor, approver: Visitor, budget: int) -> None:
        name = approver.first_name
        export = manager.get(f"budgets/{budget}/")["budget"]["export_id"]
        sent = self.step(manager, export, "send")
        self.say(f"{manager.first_name} sends round {sent['number']} of it to accounting.")
        seen = approver.get(f"exports/{export}/preview/")
        self.say(f"{name} is shown what will change: {seen['preview']['record']}.")
        for row in seen["preview"]["rows"]:
            if row["change"] != "kept":
                before = money(row["before"]) if row["before"] is not None else "new"
                self.say(
                    f"    {row['item']} {row['description']}   {before} → {money(row['after'])}"
                )
        self.step(approver, export, "accept", terms=seen["terms_digest"])
        self.say(f"{name} accepts it: {self.books.waiting}.")

        def is_over() -> bool:
            now = approver.get(f"exports/{export}/")["export"]
            return now["status"] not in ("accepted", "exporting")

        for line in self.books.collect(is_over):
            self.say(line)
        now = approver.get(f"exports/{export}/")["export"]
        if now["status"] != "synced":
            raise Failed(f"The budget is {now['status']} and not synced. {now['message']}")
        self.say(f"Round {now['number']} is Synced.")

    def _wait_for_costs(self, manager: Visitor, approver: Visitor, budget: int) -> None:
        at, its = f"budgets/{budget}/", self.its
        frozen = manager.get(at)
        if not frozen["awaited"]:
            raise Failed("The budget was exported, and nothing of it is waited for.")
        back = [(its.more, f"-{AMOUNT}"), (its.less, AMOUNT)]
        change = self._transfer(frozen["budget"]["version"], back)
        self.refused(
            f"{manager.first_name} tries to move more at once",
            lambda: manager.post(f"{at}modifications/", change),
        )
        [company] = approver.get("companies/")["results"]
        sync = f"/companies/{company['id']}/erp/connection/sync/"
        self.books.bring_costs(lambda: approver.press(sync), lambda: not manager.get(at)["awaited"])
        if left := manager.get(at)["awaited"]:
            codes = ", ".join(each["cost_code"] for each in left)
            raise Failed(f"The job costs are read, and the budget still waits for {codes}.")
        self.say(
            f"{approver.first_name} presses Sync now, and the job costs come back: "
            f"{self.books.erp} estimates what was exported, and the budget can be changed again."
        )
