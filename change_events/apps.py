"""Tells commitments which lines of change orders come from change events."""

from django.apps import AppConfig


class ChangeEvents(AppConfig):
    name = "change_events"

    def ready(self) -> None:
        from change_events.workflow.carrying import FromChangeEvents
        from commitments import origins

        origins.register(FromChangeEvents())
