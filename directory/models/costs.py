"""The cost ledger of a project, per cost code: what is committed, and what came from the ERP."""

from django.db import models
from django.db.models import Q

from directory.models.lists import Category, CostCode
from directory.models.places import Company, Project


class JobCost(models.Model):
    """What the ERP had estimated and spent on one cost code of a project when it was last asked.

    Money in the company's currency. `cost_code` is empty for costs under an item that is not ours;
    one may have several rows, of its categories.
    `estimate` adds up all that is active; `estimates` tells the records apart by their ids in the
    ERP, as texts, where it keeps several. All rows of a project are of one moment and replaced
    together.
    """

    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, models.CASCADE, related_name="job_costs")
    cost_code = models.ForeignKey(CostCode, models.PROTECT, null=True, related_name="+")
    # Where the ERP tells categories apart: ours, and its own id of it if it is not the item's.
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+")
    erp_id = models.CharField(max_length=40, blank=True, default="")
    erp_category = models.CharField(max_length=40, blank=True, default="", db_default="")
    name = models.CharField(max_length=209)
    estimate = models.DecimalField(max_digits=15, decimal_places=2, null=True)
    estimates = models.JSONField(default=dict, db_default={})
    actual = models.DecimalField(max_digits=15, decimal_places=2)
    as_of = models.DateTimeField()

    class Meta:
        constraints = [
            # Several records may be gone from the ERP: of those only the names are left.
            models.UniqueConstraint(
                fields=["project", "erp_id", "erp_category"],
                condition=~Q(erp_id=""),
                name="one_cost_per_item",
            )
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.actual}"


class Committed(models.Model):
    """What one document commits of a project's money under one cost code and category.

    `source` is the id of the document's Export; `directory.ledger` replaces its rows together. A
    document that commits nothing (yet, or any more) has none.
    """

    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    source = models.BigIntegerField()
    cost_code = models.ForeignKey(CostCode, models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=15, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "cost_code", "category"], name="committed_once_per_source"
            )
        ]
        indexes = [models.Index(fields=["project", "cost_code"], name="committed_by_project")]

    def __str__(self) -> str:
        return f"{self.cost_code_id}/{self.category_id}: {self.amount}"
