"""Addresses of the budget tool."""

from django.urls import path

from budgets import views

urlpatterns = [
    path("projects/<int:project_id>/budget/", views.budget, name="budget"),
    path("projects/<int:project_id>/job-costs/", views.job_costs, name="job_costs"),
]
