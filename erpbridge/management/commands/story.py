"""`manage.py story`: tells the main job against an installation that runs with the demo company."""

from argparse import ArgumentParser
from typing import Any
from urllib.error import URLError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from erpbridge.demo.loading import known
from erpbridge.story.books import Books
from erpbridge.story.main_job import ORDER, Failed, MainJob
from erpbridge.story.visitor import NotAllowed


class Command(BaseCommand):
    help = (
        "Tell the main job line by line, through sign-in page and API. Exit status 0 only if "
        "QuickBooks holds exactly what was approved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=settings.BASE_URL, help="of the installation")
        parser.add_argument(
            "--sandbox-control", help="the page of the stand-in for QuickBooks, if it is elsewhere"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        demo = known()
        if demo is None:
            raise CommandError("The demo company is not loaded here: manage.py load_demo.")
        people = {each["name"].split()[0]: (each["name"], each["email"]) for each in demo["people"]}
        control = options["sandbox_control"] or self._control()
        job = MainJob(
            options["base_url"], Books(control), people, demo["password"], self.stdout.write
        )
        try:
            job.tell()
        except (Failed, NotAllowed, LookupError, URLError) as error:
            raise CommandError(f"The story broke off. {error}") from error
        self.stdout.write(
            f"\nPurchase order {ORDER} holds exactly what was approved: each changed line of the "
            "contract once, the sum right to the cent."
        )

    def _control(self) -> str:
        file = settings.STATE_DIR / "sandbox" / "control.url"
        try:
            return str(file.read_text(encoding="utf-8")).strip()
        except FileNotFoundError:
            raise CommandError(
                f"The stand-in for QuickBooks does not run: there is no {file}. Start it, or name "
                "its page with --sandbox-control."
            ) from None
