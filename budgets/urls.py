"""Addresses of the budget tool."""

from django.urls import path

from budgets import views

urlpatterns = [
    path("projects/<int:project_id>/budget/", views.budget, name="budget"),
]
