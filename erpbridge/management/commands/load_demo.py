"""`manage.py load_demo`: the demo companies, once. With --print, how to sign in."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from erpbridge.demo.loading import SPECTRUM, load


class Command(BaseCommand):
    help = "Load the demo companies and the books of their ERPs; a second time changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--print", action="store_true", help="print logins and passwords")
        parser.add_argument(
            "--spectrum",
            default=SPECTRUM,
            help="where the stand-in for Spectrum is to answer, from the first time on; it has to "
            "be one of ERPBRIDGE_ALLOWED_ERP_ORIGINS",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        known = load(options["spectrum"])
        if not options["print"]:
            return
        width = max(len(person["email"]) for person in known["people"])
        self.stdout.write(f"Sign in with the password  {known['password']}  as one of these:")
        last = None
        for person in known["people"]:
            if person.get("company", "") != last:
                last = person.get("company", "")
                self.stdout.write(f"\n{last}")
            self.stdout.write(f"  {person['email']:{width}}  {person['name']}, {person['role']}")
        web_connector = known["web_connector"]
        self.stdout.write(
            f"\nWeb Connector of {known['company']}: {settings.BASE_URL}"
            f"/qbwc/{known['connection']}/\n"
            f"  user {web_connector['user']}, password {web_connector['password']}\n"
            "Everybody and everything of the demo is invented."
        )
