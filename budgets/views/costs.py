"""What came back from the ERP: the project's job costs."""

from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from directory.access import open_project
from directory.http import person
from directory.models import JobCost
from directory.perms import Tool


@login_required
@require_GET
def job_costs(request: HttpRequest, project_id: int) -> HttpResponse:
    """What the ERP has estimated and spent on the project, per cost code, and per category where
    it tells these apart."""
    access = open_project(person(request), project_id, Tool.BUDGET)
    costs = JobCost.objects.filter(project=access.project)
    rows = list(costs.select_related("cost_code", "category"))
    context = {
        "access": access,
        "project": access.project,
        "rows": rows,
        "as_of": rows[0].as_of if rows else None,
        "estimate": sum((row.estimate or Decimal(0) for row in rows), Decimal("0.00")),
        "actual": sum((row.actual for row in rows), Decimal("0.00")),
    }
    return render(request, "budgets/job_costs.html", context)
