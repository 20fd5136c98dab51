"""`manage.py story`: tells the main job against an installation that runs with the demo company."""

from argparse import ArgumentParser
from typing import Any
from urllib.error import URLError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from erpbridge.demo.loading import known
from erpbridge.story.books import Books
from erpbridge.story.main_job import ON_QUICKBOOKS, ON_SPECTRUM, MainJob, Tale
from erpbridge.story.quickbooks import QuickBooks
from erpbridge.story.spectrum import Spectrum
from erpbridge.story.telling import Failed
from erpbridge.story.visitor import NotAllowed

# The ERP -> its story, how its stand-in is looked into, and in which folder that says where it is.
STORIES: dict[str, tuple[Tale, type[QuickBooks] | type[Spectrum], str]] = {
    "quickbooks": (ON_QUICKBOOKS, QuickBooks, "sandbox"),
    "spectrum": (ON_SPECTRUM, Spectrum, "spectrum"),
}


class Command(BaseCommand):
    help = (
        "Tell the main job line by line, through sign-in page and API. Exit status 0 only if the "
        "ERP holds exactly what was approved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=settings.BASE_URL, help="of the installation")
        parser.add_argument("--erp", choices=STORIES, default="quickbooks", help="whose company")
        parser.add_argument(
            "--sandbox-control", help="the page of the stand-in ERP, if it is elsewhere"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        demo = known()
        if demo is None:
            raise CommandError("The demo is not loaded here: manage.py load_demo.")
        people = {each["name"].split()[0]: (each["name"], each["email"]) for each in demo["people"]}
        tale, look_into, folder = STORIES[options["erp"]]
        books: Books = look_into(options["sandbox_control"] or _control(folder))
        job = MainJob(options["base_url"], tale, books, people, demo["password"], self.stdout.write)
        try:
            job.tell()
        except (Failed, NotAllowed, LookupError, URLError) as error:
            raise CommandError(f"The story broke off. {error}") from error
        self.stdout.write(
            f"\n{books.record.capitalize()} {tale.order} holds exactly what was approved: each "
            f"changed {books.unit} once, the sum right to the cent."
        )


def _control(folder: str) -> str:
    """Where the page of a stand-in is."""
    file = settings.STATE_DIR / folder / "control.url"
    try:
        return str(file.read_text(encoding="utf-8")).strip()
    except FileNotFoundError:
        raise CommandError(
            f"The stand-in does not run: there is no {file}. Start it, or name its page with "
            "--sandbox-control."
        ) from None
