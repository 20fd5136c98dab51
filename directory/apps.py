"""Listens to who signs in, in every process that Django runs in."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "directory"

    def ready(self) -> None:
        from directory.signing_in import listen

        listen()
