"""`manage.py operator EMAIL`: makes an operator, or finds one, and prints a one-time link."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from directory.invitations import one_time_link
from directory.workflow import make_operator


class Command(BaseCommand):
    help = "Make an operator of this installation, or a new one-time link for one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="shown to others; else the e-mail's name")

    def handle(self, *args: Any, **options: Any) -> None:
        email: str = options["email"]
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an e-mail address.") from error
        user = make_operator(email, options["name"], by=None)
        self.stdout.write(
            f"{user.email} is an operator of this installation.\n"
            f"With this address they set their password; it works once, within three days:\n\n"
            f"  {one_time_link(user)}\n"
        )
