"""Short ways to enter a budget, and to let QuickBooks give it back."""

from __future__ import annotations

from dataclasses import dataclass

from budgets import workflow
from budgets.entries import LineEntry, ModificationEntry
from budgets.models import Budget, Modification
from connectors.syncing import request_sync
from directory.access import Access
from directory.models import ToolLevel
from directory.perms import Level, Tool
from tests.stage import Stage

ORIGINAL = (("03-300", "40000.00"), ("05-120", "25000.50"), ("09-290", "0.00"))


def line(code: str, amount: str | None, **fields: object) -> LineEntry:
    return LineEntry(cost_code=code, category="Subcontract", amount=amount, **fields)  # type: ignore[arg-type]


def change(
    *parts: tuple[str, str], type: str = "change", reason: str = "Soft soil"
) -> ModificationEntry:
    entries = [line(code, amount) for code, amount in parts]
    return ModificationEntry(type=type, date="2026-05-04", reason=reason, parts=entries)


@dataclass
class Desk:
    """Pam at the budget of her project: each verb at the version that she sees."""

    stage: Stage

    @property
    def by(self) -> Access:
        return self.stage.access(self.stage.pam)

    @property
    def budget(self) -> Budget:
        return workflow.load_budget(self.stage.project.pk)

    @property
    def status(self) -> str:
        return self.budget.export.status

    def create(self, *lines: tuple[str, str]) -> Budget:
        workflow.create_budget(project=self.stage.project, by=self.by)
        return self.save(*[line(*one) for one in lines or ORIGINAL])

    def save(self, *entries: LineEntry, gone: tuple[int, ...] = ()) -> Budget:
        now = self.budget
        version = now.export.version
        return workflow.save_lines(now, by=self.by, version=version, entries=entries, gone=gone)

    def lock(self) -> Budget:
        now = self.budget
        return workflow.lock_budget(now, by=self.by, version=now.export.version)

    def unlock(self) -> Budget:
        now = self.budget
        return workflow.unlock_budget(now, by=self.by, version=now.export.version)

    def modify(self, *parts: tuple[str, str], **fields: str) -> Modification:
        now = self.budget
        version = now.export.version
        return workflow.add_modification(
            now, by=self.by, version=version, data=change(*parts, **fields)
        )

    def synced(self) -> Budget:
        """Sent, accepted and collected; not yet back in the job costs."""
        self.stage.synced(self.budget)
        return self.budget

    def sync(self) -> None:
        """Ann presses Sync now, and QuickBooks answers with the job's costs."""
        request_sync(self.stage.connection, self.stage.access(self.stage.ann))
        self.stage.visit()


def let_ann_unlink(stage: Stage) -> None:
    """Unlinking needs Admin on the project's Budget beside the approval."""
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.BUDGET).update(level=Level.ADMIN)
