"""`manage.py verify`: looks over everything that is stored; nothing is changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from erpbridge.verifying.verification import verify


class Command(BaseCommand):
    help = (
        "Check that nothing was exported twice, lost, changed or mixed up: every rule in words, "
        "how many rows were looked at, and each fault. Exit status 1 if there is one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        run = verify(self.stdout.write)
        if run.faults:
            raise CommandError(
                f"{run.found}. Export nothing more for the companies that are named "
                "before you know how each came about: docs/operations.md."
            )
