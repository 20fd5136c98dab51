"""The lists that a company shares with its ERP: vendors, cost codes, categories, jobs.

One company has one ERP, so the ERP's id is a column. Empty means: not linked.
"""

from django.db import models
from django.db.models import Q

from directory.models.places import Company


class Listed(models.Model):
    """A row that may be linked to one record of the ERP."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    name = models.CharField(max_length=209)
    erp_id = models.CharField(max_length=40, blank=True, default="")
    erp_name = models.CharField(max_length=209, blank=True, default="")
    erp_active = models.BooleanField(default=True)
    erp_problem = models.CharField(max_length=500, blank=True, default="")
    synced_at = models.DateTimeField(null=True, blank=True)  # when it was last read there

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def is_linked(self) -> bool:
        """Linked to a record of the ERP that is still in use there."""
        return bool(self.erp_id) and self.erp_active


class Vendor(Listed):
    """A subcontractor or supplier: the contract company of a commitment."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="vendor_name"),
            models.UniqueConstraint(
                fields=["company", "erp_id"], condition=~Q(erp_id=""), name="vendor_erp_id"
            ),
            models.UniqueConstraint(fields=["id", "company"], name="vendor_of_company"),
        ]
        ordering = ["name"]


class Job(Listed):
    """A job of the ERP (QuickBooks: Customer:Job). A project is linked to one.

    One that no project is linked to is ready to be imported, unless somebody put it aside.
    """

    archived = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "erp_id"], name="job_erp_id"),
            models.UniqueConstraint(fields=["id", "company"], name="job_of_company"),
        ]
        ordering = ["name"]


class CostCode(Listed):
    """What money is spent on, numbered as the trade numbers it: 03-300 Cast-in-place concrete."""

    code = models.CharField(max_length=96)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="cost_code"),
            models.UniqueConstraint(
                fields=["company", "erp_id"], condition=~Q(erp_id=""), name="cost_code_erp_id"
            ),
            models.UniqueConstraint(fields=["id", "company"], name="cost_code_of_company"),
        ]
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Category(Listed):
    """Cost type: labor, material, subcontract."""

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="category_name"),
            models.UniqueConstraint(fields=["id", "company"], name="category_of_company"),
        ]
        ordering = ["name"]


class Unlinked(Listed):
    """A vendor, cost code or category of the ERP that none of ours is linked to, as it is named
    there.

    It is ready to be imported, unless somebody put it aside (`archived`). One that somebody took
    a link away from (`parted`) is not linked again because the names are the same.
    """

    class What(models.TextChoices):
        VENDORS = "vendors", "Vendors"
        COST_CODES = "cost_codes", "Cost Codes"
        CLASSES = "classes", "Categories"

    what = models.CharField(max_length=10, choices=What.choices)
    archived = models.BooleanField(default=False)
    parted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "what", "erp_id"], name="unlinked_once")
        ]
        indexes = [
            models.Index(fields=["company", "what", "archived", "name"], name="unlinked_by_name")
        ]
        ordering = ["name"]
