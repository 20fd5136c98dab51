"""Tells the engine what becomes of exports."""

from django.apps import AppConfig


class Approvals(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        from approvals.purposes import Exports
        from connectors import engine

        purpose = Exports()
        engine.register("export", purpose)
        engine.register("find", purpose)
