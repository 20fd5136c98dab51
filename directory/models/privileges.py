"""Asking for the accounting privilege: an administrator asks, an operator answers."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from directory.models.people import Membership, User
from directory.models.places import Company


class PrivilegeRequest(models.Model):
    """'Can Push to Accounting' asked for one person of one company; answered once.

    The history tells the same; this row is what waits on the operator's page.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        GRANTED = "granted", "Granted"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    membership = models.ForeignKey(Membership, models.PROTECT, related_name="privilege_requests")
    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    reason = models.CharField(max_length=1000)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership"], condition=Q(state="open"), name="one_open_request"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_by=None, answered_at=None)
                | ~Q(state="open") & Q(answered_by__isnull=False, answered_at__isnull=False),
                name="request_answered_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-id"], name="request_by_company"),
            models.Index(fields=["id"], condition=Q(state="open"), name="request_open"),
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.state}"
