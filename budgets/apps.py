"""Keeps budgets in step with their exports."""

from django.apps import AppConfig


class Budgets(AppConfig):
    name = "budgets"

    def ready(self) -> None:
        from approvals.models import Kinds
        from approvals.moves import follow
        from budgets.rounds import follow_exports

        follow(Kinds.BUDGET, follow_exports)
