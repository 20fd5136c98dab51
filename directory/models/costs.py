"""The cost ledger: what came back from the ERP for a project, per cost code."""

from django.db import models

from directory.models.lists import CostCode
from directory.models.places import Company, Project


class JobCost(models.Model):
    """What the ERP had estimated and spent on one cost code of a project when it was last asked.

    Money in the company's currency. `cost_code` is empty for costs under an item that is not ours.
    All rows of a project are of one moment and replaced together.
    """

    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, models.CASCADE, related_name="job_costs")
    cost_code = models.ForeignKey(CostCode, models.PROTECT, null=True, related_name="+")
    erp_id = models.CharField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=209)
    estimate = models.DecimalField(max_digits=15, decimal_places=2, null=True)
    actual = models.DecimalField(max_digits=15, decimal_places=2)
    as_of = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "erp_id"], name="one_cost_per_item")
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.actual}"
