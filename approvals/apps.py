"""Tells the engine what becomes of exports."""

from django.apps import AppConfig


class Approvals(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        from approvals.comparing import Comparisons
        from approvals.linking.look_ups import LookUps
        from approvals.purposes import Exports
        from approvals.unlinking import Unlinks
        from connectors import engine

        purpose = Exports()
        engine.register("export", purpose)
        engine.register("find", purpose)
        engine.register("unlink", Unlinks())
        engine.register("compare", Comparisons())
        engine.register("look-up", LookUps())
