"""The tools of a project as its first page shows them: how much is there, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse

from approvals.states import View
from budgets.models import Budget
from change_events.models import ChangeEventLine, EventStatus
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus, CommitmentStatus
from directory.access import Access
from directory.models import Project
from directory.perms import Level, Tool

# What of a tool's documents waits for somebody, in the words of the page.
WAITS = {
    View.NONE: "not sent",
    View.REJECTED: "rejected by accounting",
    View.READY: "waiting for accounting",
    View.PROGRESS: "on the way",
    View.FAILED: "failed to export",
    View.SYNCED: "in the ERP",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One tool: its sum, what that is a sum of, and its counts. No words: no sum to tell."""

    label: str
    url: str
    amount: Decimal = Decimal("0.00")
    words: str = ""
    facts: Sequence[tuple[int, str]] = ()
    note: str = ""


def tiles(access: Access) -> list[Tile]:
    """The tools of the project that the person may read; a query each, and the budget's sums."""
    project = access.project
    if project is None:
        return []
    found = []
    if access.has(Tool.COMMITMENTS, Level.READ):
        rows = Commitment.objects.filter(project=project)
        url = reverse("commitments", args=[project.pk])
        committed = ~Q(status=CommitmentStatus.VOID)
        found.append(_tile("Commitments", url, rows, committed, "originally committed"))
    if project.change_events and access.has(Tool.CHANGE_EVENTS, Level.READ):
        found.append(_change_events(project.pk))
    if access.has(Tool.COMMITMENTS, Level.READ) or access.has(Tool.CHANGE_ORDERS, Level.READ):
        changes = ChangeOrder.objects.filter(commitment__project=project)
        url = reverse("change_orders", args=[project.pk])
        approved = Q(status=ChangeOrderStatus.APPROVED)
        found.append(_tile("Change Orders", url, changes, approved, "approved changes"))
    if access.has(Tool.BUDGET, Level.READ):
        found.append(_budget_tile(project))
    return found


def _change_events(project_id: int) -> Tile:
    url = reverse("change_events", args=[project_id])
    sums = ChangeEventLine.objects.filter(
        event__project=project_id, event__status=EventStatus.OPEN, change_order_line=None
    ).aggregate(events=Count("event", distinct=True), amount=Sum("amount"))
    waiting = [(sums["events"], "with lines that no change order carries")]
    amount = sums["amount"] or Decimal("0.00")
    return Tile("Change Events", url, amount, "still open", waiting)


def _budget_tile(project: Project) -> Tile:
    url = reverse("budget", args=[project.pk])
    budget = Budget.objects.filter(project=project).select_related("export").first()
    if budget is None:
        return Tile("Budget", url, note="Not entered yet.")
    view, done = View(budget.export.view), budget.exported_rounds
    rounds = [(1, f"round {WAITS[view]}")] if view != View.SYNCED else []
    if done:
        rounds.append((done, f"{'round' if done == 1 else 'rounds'} {WAITS[View.SYNCED]}"))
    return Tile("Budget", url, budget.revised, "revised", rounds)


def _tile(label: str, url: str, rows: QuerySet[Any], counted: Q, words: str) -> Tile:
    groups = {
        view: (count, worth or Decimal("0.00"))
        for view, count, worth in rows.values_list("export__view")
        .order_by()
        .annotate(count=Count("id"), worth=Sum("export__amount", filter=counted))
    }
    waits = [(groups[view.value][0], words) for view, words in WAITS.items() if view in groups]
    amount: Decimal = sum((worth for _, worth in groups.values()), Decimal("0.00"))
    return Tile(label, url, amount, words, waits or [(0, "entered so far")])
