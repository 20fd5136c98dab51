"""Makes the project's Celery the one that tasks are sent with, in every process Django runs in."""

from django.apps import AppConfig


class ErpbridgeConfig(AppConfig):
    name = "erpbridge"

    def ready(self) -> None:
        import erpbridge.celery  # noqa: F401
