"""The budget of a project: its lines, its modifications, and the rounds in which it goes out."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Now

from approvals.models import Export, Exportable
from approvals.rules import line_problems, place_problems
from approvals.states import Status
from budgets.costs import Awaited, awaited
from connectors.contract import Document, Kind, Line, Named, Problem
from directory.access import Access
from directory.addresses import address
from directory.compiled import CompiledQuery
from directory.models import Category, Company, CostCode, Project, User
from directory.perms import Level, Tool

ZERO = Decimal("0.00")


class Budget(Exportable):
    """What a project may cost. `export` is that of the round under way, or of the last one.

    Round 1 carries the original amounts, each later round the modifications since. Each has an
    Export of its own, whose parent is that of the round before.
    """

    kind: Kind = "budget"

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    project = models.OneToOneField(Project, models.PROTECT, related_name="budget")
    round = models.PositiveIntegerField(default=1)
    locked = models.BooleanField(default=False)
    date = models.DateField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "company"], name="budget_of_company"),
            models.CheckConstraint(condition=Q(round__gte=1), name="budget_round_counts_from_1"),
        ]

    def __str__(self) -> str:
        return f"Budget of {self.project}"

    def get_absolute_url(self) -> str:
        return address("budget", self.project_id)

    def may_send(self, access: Access) -> str:
        return access.lacks(Tool.BUDGET, Level.ADMIN)

    @property
    def exported_rounds(self) -> int:
        """How many rounds the ERP has: what it must give back in its job costs."""
        return self.round if self.export.status == Status.SYNCED else self.round - 1

    def how_many_lines(self) -> int:
        """Of the original budget. What a later round carries is as little as people type in."""
        if self.round > 1:
            return 0
        return sum(row["count"] for row in _LINES.rows(self.pk))

    def every_round(self) -> QuerySet[Export]:
        """The Exports of its rounds, oldest first; with those that were unlinked. Found by the
        project, for there is no index on the document."""
        mine = Export.objects.filter(project=self.project_id, kind="budget", document_id=self.pk)
        return mine.order_by("id")

    def awaited(self) -> Awaited:
        """What has not come back from the ERP since the last export."""
        return awaited(self)

    def of_round(self) -> QuerySet[Any]:
        """The rows that the round under way carries: original amounts, or modifications."""
        if self.round == 1:
            return self.lines.filter(round=1).order_by("number")
        rows = ModificationLine.objects.filter(
            modification__budget=self, modification__round=self.round
        )
        return rows.order_by("modification__number", "id")

    def staying(self) -> QuerySet[BudgetLine]:
        """The lines that have to stay what they are: in the ERP, or changed by modifications."""
        return self.lines.filter(Q(round__lt=self.round) | Q(changes__isnull=False)).distinct()

    @property
    def amount(self) -> Decimal:
        """What the round under way comes to."""
        return self.of_round().aggregate(sum=Sum("amount"))["sum"] or ZERO

    @property
    def original(self) -> Decimal:
        """The original amounts together."""
        return self.lines.aggregate(sum=Sum("amount"))["sum"] or ZERO

    @property
    def revised(self) -> Decimal:
        """The original amounts and all modifications together."""
        changes = ModificationLine.objects.filter(budget=self)
        return self.original + (changes.aggregate(sum=Sum("amount"))["sum"] or ZERO)

    def title(self) -> str:
        """What the round under way is called in the queue."""
        if self.round == 1:
            return "Original budget"
        numbers = self.modifications.filter(round=self.round).order_by("number")
        known = list(numbers.values_list("number", flat=True))
        if not known:
            return "Modifications"
        if len(known) == 1:
            return f"Modification {known[0]}"
        return f"Modifications {known[0]} to {known[-1]}"

    def mended_at(self, access: Access) -> Mapping[str, str]:
        page = self.get_absolute_url()
        return {
            "lines": address(
                "budget_edit" if self.round == 1 else "modification_new", self.project_id
            ),
            "lock": f"{page}#actions",
            "awaited": f"{page}#awaited",
            "rounds": f"{page}#rounds",
        }

    def problems(self) -> list[Problem]:
        found = self.problems_but_lines()
        if not any(one.code == "no_lines" for one in found):
            found += line_problems(self._faulty_lines())
        return found

    def problems_but_lines(self) -> list[Problem]:
        """The rules that look at no line, of which there may be thousands."""
        found = place_problems(self.project)
        if not self.locked:
            text = "The budget is not locked. Lock it, so that what is sent cannot change."
            found.append(Problem(code="unlocked", where="lock", text=text))
        if self.round > 1 and not self.modifications.filter(round=self.round).exists():
            text = f"Round {self.round} holds no modification, so there is nothing new to send."
            found.append(Problem(code="no_lines", where="lines", text=text))
        before = self.export.parent
        if before is not None and before.status != Status.SYNCED:
            text = f"{before} is not in the ERP ({Status(before.status).label})."
            found.append(Problem(code="parent", where="rounds", text=text))
        elif waiting := self.awaited():
            found.append(Problem(code="not_back", where="awaited", text=str(waiting)))
        return found

    def _faulty_lines(self) -> list[BudgetLine]:
        """The lines that the rules may say something about; a sound one where all are sound."""
        carried = Q(round=1) if self.round == 1 else Q(changes__modification__round=self.round)
        lines = self.lines.filter(carried).select_related("cost_code").distinct()
        faulty = ~Q(sub_job="") | Q(cost_code__erp_id="") | Q(cost_code__erp_active=False)
        return list(lines.filter(faulty)) or list(lines[:1])

    def to_document(self) -> Document:
        lines = tuple(self._original() if self.round == 1 else self._modified())
        before = self.export.parent
        return Document(
            kind="budget",
            id=self.pk,
            number=str(self.round),
            title=self.title(),
            date=self._day(),
            project=Named(id=self.project.pk, code=self.project.number, name=self.project.name),
            amount=sum((line.amount for line in lines), ZERO),
            lines=lines,
            parent=Named(id=before.pk, code=before.number, name=before.title) if before else None,
        )

    def _day(self) -> datetime.date:
        """The day on which it was made; of a later round that of its last modification."""
        if self.round > 1:
            last = self.modifications.filter(round=self.round).aggregate(day=Max("date"))["day"]
            return last or self.date
        return self.date

    def _original(self) -> list[Line]:
        rows = self.of_round().values_list(
            "id", "number", "description", "amount", "sub_job", *_CODES
        )
        return [
            _line(pk, number, description, amount, *rest)
            for pk, number, description, amount, *rest in rows
        ]

    def _modified(self) -> list[Line]:
        rows = self.of_round().values_list(
            "id",
            "modification__number",
            "modification__reason",
            "amount",
            *(f"line__{name}" for name in ("sub_job", *_CODES)),
        )
        return [
            _line(pk, place, f"{number}. {reason}", amount, *rest)
            for place, (pk, number, reason, amount, *rest) in enumerate(rows, 1)
        ]


_LINES = CompiledQuery(
    lambda pk: (
        BudgetLine.objects.filter(budget=pk, round=1)
        .order_by()
        .values("budget")
        .annotate(count=Count("id"))
        .values("count")
    ),
    int,
)
_CODES = ("cost_code_id", "cost_code__code", "cost_code__name", "category_id", "category__name")


def _line(
    pk: int,
    number: int,
    description: str,
    amount: Decimal,
    sub_job: str,
    code_id: int,
    code: str,
    name: str,
    category_id: int,
    category: str,
) -> Line:
    """A line of the document, from a row of values: thousands of them are read at once."""
    return Line(
        id=pk,
        number=number,
        cost_code=Named(id=code_id, code=code, name=name),
        category=Named(id=category_id, name=category),
        sub_job=sub_job,
        description=description,
        amount=amount,
    )


class BudgetLine(models.Model):
    """Money for one cost code and category. `amount` is the original one.

    A line that was added after round 1 had gone begins at 0.00: modifications give it money.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField("line")
    round = models.PositiveIntegerField(default=1)
    cost_code = models.ForeignKey(CostCode, models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+")
    sub_job = models.CharField(max_length=60, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    amount = models.DecimalField("original amount", max_digits=15, decimal_places=2)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "number"],
                name="budget_line_number",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["budget", "cost_code", "category", "sub_job"],
                name="budget_line_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["id", "budget"], name="line_of_budget"),
            models.CheckConstraint(
                condition=Q(round=1) | Q(amount=0), name="later_lines_begin_at_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.cost_code} {self.category}"


class Modification(models.Model):
    """A change of a locked budget: a transfer between lines, or more or less money.

    `round` is the one that carries it to the ERP: the one under way, or the one after round 1.
    """

    class Type(models.TextChoices):
        TRANSFER = "transfer", "Transfer"
        CHANGE = "change", "Increase or decrease"

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, models.CASCADE, related_name="modifications")
    number = models.PositiveIntegerField()
    round = models.PositiveIntegerField()
    type = models.CharField(max_length=8, choices=Type.choices)
    date = models.DateField()
    reason = models.CharField(max_length=500)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["budget", "number"], name="modification_number"),
            models.UniqueConstraint(fields=["id", "budget"], name="modification_of_budget"),
            models.CheckConstraint(condition=Q(round__gte=2), name="round_1_is_the_original"),
        ]

    def __str__(self) -> str:
        return f"Modification {self.number}"


class ModificationLine(models.Model):
    """What a modification adds to one line of the budget, or takes from it.

    Those of a transfer come to 0.00; the database checks it as the transaction ends.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, models.PROTECT, related_name="+")
    modification = models.ForeignKey(Modification, models.CASCADE, related_name="lines")
    line = models.ForeignKey(BudgetLine, models.PROTECT, related_name="changes")
    amount = models.DecimalField(max_digits=15, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["modification", "line"], name="line_modified_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="modification_changes_something"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.amount}"
