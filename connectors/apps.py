"""Tells the engine what becomes of the ERP's lists."""

from django.apps import AppConfig


class Connectors(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        from connectors import engine
        from connectors.costs import JobCostReports
        from connectors.pulls import Pulls
        from connectors.self_tests import SELF_TEST, SelfTests

        engine.register("pull", Pulls())
        engine.register(SELF_TEST, SelfTests())
        engine.register("costs", JobCostReports())
