"""Listens to who signs in, in every process that Django runs in."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "directory"

    def ready(self) -> None:
        from directory import sessions, signing_in

        signing_in.listen()
        sessions.listen()
