"""Change events: what may change the money of a project, until change orders carry it."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from commitments.models import AnyLine, ChangeOrderLine, Commitment
from directory.models import Company, Project, User, Vendor


class Reason(models.TextChoices):
    OWNER = "owner", "Owner's request"
    DESIGN = "design", "Design change"
    CONDITION = "condition", "Existing condition"
    ERROR = "error", "Error or omission"
    ALLOWANCE = "allowance", "Allowance"
    BACK_CHARGE = "back_charge", "Back charge"
    OTHER = "other", "Other"


class EventStatus(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"
    VOID = "void", "Void"


class ChangeEvent(models.Model):
    """Something that will cost, or save, money. It never goes to the ERP itself: its lines become
    lines of change orders."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    title = models.CharField(max_length=255)
    reason = models.CharField(max_length=12, choices=Reason.choices, default=Reason.OTHER)
    status = models.CharField(max_length=6, choices=EventStatus.choices, default=EventStatus.OPEN)
    description = models.TextField(blank=True, default="")
    version = models.IntegerField(default=0)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="change_event_number"),
            models.UniqueConstraint(fields=["id", "company"], name="change_event_of_company"),
        ]
        indexes = [models.Index(fields=["project", "-id"], name="change_event_by_project")]

    def __str__(self) -> str:
        return f"Change event {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("change_event", args=[self.project_id, self.pk])

    @property
    def subject(self) -> str:
        """How the history names it."""
        return f"change_event:{self.pk}"

    @property
    def total(self) -> Decimal:
        """The sum of the lines that are loaded."""
        return sum((line.amount for line in self.lines.all()), Decimal("0.00"))

    @property
    def carried(self) -> Decimal:
        """The sum of the loaded lines that are in a change order."""
        lines = [line for line in self.lines.all() if line.change_order_line_id]
        return sum((line.amount for line in lines), Decimal("0.00"))


class ChangeEventLine(AnyLine):
    """One part of a change event, for a commitment or, until one is chosen, for a company.

    `change_order_line` carries it to the commitment. When that line goes, this one is free again.
    """

    event = models.ForeignKey(ChangeEvent, models.CASCADE, related_name="lines")
    commitment = models.ForeignKey(
        Commitment, models.PROTECT, null=True, blank=True, related_name="+"
    )
    vendor = models.ForeignKey(Vendor, models.PROTECT, null=True, blank=True, related_name="+")
    change_order_line = models.OneToOneField(
        ChangeOrderLine, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "number"],
                name="change_event_line_number",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=models.Q(commitment=None) | models.Q(vendor=None),
                name="change_event_line_for_one",
            ),
            models.CheckConstraint(
                condition=models.Q(change_order_line=None) | models.Q(commitment__isnull=False),
                name="carried_by_its_commitment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.description or self.cost_code}"

    @property
    def for_whom(self) -> str:
        """SC-001 · Ironwood Concrete; only a company where no commitment is chosen; '' for none."""
        if self.commitment is not None:
            return label_of(self.commitment)
        return self.vendor.name if self.vendor else ""


def label_of(commitment: Commitment) -> str:
    """A commitment as lines name it: SC-001 · Ironwood Concrete."""
    company = commitment.vendor.name if commitment.vendor else "no company yet"
    return f"{commitment.number} · {company}"
