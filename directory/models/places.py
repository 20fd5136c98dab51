"""Companies and their projects."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from directory.perms import PUSH, PUSH_WORDS


class Company(models.Model):
    """A general contractor. Has at most one ERP."""

    name = models.CharField(max_length=120, unique=True)
    erp_enabled = models.BooleanField("ERP Integrations", default=False)
    # Set up for a house where one person sends and decides; shown on every item.
    one_person_does_both = models.BooleanField(default=False)
    # Approvers and administrators sign in with a second factor, or only look.
    second_factor_required = models.BooleanField(default=False, db_default=False)
    # From this amount on, in the company's currency, two approvers have to accept; null: never.
    second_approver_from = models.DecimalField(max_digits=15, decimal_places=2, null=True)
    # What approvers choose from when they reject, besides writing their own words.
    rejection_reasons = ArrayField(
        models.CharField(max_length=120), default=list, db_default=[], blank=True
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "companies"
        permissions = [(PUSH, PUSH_WORDS)]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """A building site with a number. Linked to one job of the ERP before anything is sent."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="projects")
    number = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    job = models.OneToOneField(
        "directory.Job", models.PROTECT, null=True, blank=True, related_name="project"
    )
    erp_synced_at = models.DateTimeField("ERP data synced at", null=True, blank=True)
    # Switched on, change orders are made from change events; else they are entered directly.
    change_events = models.BooleanField("Change Events", default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="project_number"),
            models.UniqueConstraint(fields=["id", "company"], name="project_of_company"),
        ]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
