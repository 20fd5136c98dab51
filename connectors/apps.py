"""Tells the engine what becomes of the ERP's lists."""

from django.apps import AppConfig


class Connectors(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        from connectors import engine
        from connectors.costs import JobCostReports
        from connectors.pulls import SELF_TEST, Pulls, SelfTests

        engine.register("pull", Pulls())
        engine.register(SELF_TEST, SelfTests())
        engine.register("costs", JobCostReports())
