"""Addresses of the budget tool."""

from django.urls import include, path

from budgets.views import costs, editing, importing, showing

_budget = [
    path("", showing.budget, name="budget"),
    path("new/", showing.new, name="budget_new"),
    path("steps/<slug:step>/", showing.step, name="budget_step"),
    path("delete/", showing.delete, name="budget_delete"),
    path("edit/", editing.lines, name="budget_edit"),
    path("import/", importing.import_lines, name="budget_import"),
    path("budget.csv", showing.csv, name="budget_csv"),
    path("modifications/new/", editing.modification, name="modification_new"),
    path("modifications/<int:pk>/delete/", editing.modification_delete, name="modification_delete"),
]

COSTS = "companies/<int:company_id>/erp/job-costs"

urlpatterns = [
    path("projects/<int:project_id>/budget/", include(_budget)),
    path("projects/<int:project_id>/job-costs/", costs.job_costs, name="job_costs"),
    path(f"{COSTS}/", costs.company_costs, name="company_costs"),
    path(f"{COSTS}.csv", costs.company_costs_csv, name="company_costs_csv"),
    path(f"{COSTS}/<int:project_id>/", costs.company_costs_job, name="company_costs_job"),
    path(f"{COSTS}/<int:project_id>.csv", costs.company_costs_csv, name="company_costs_csv"),
]
