"""`manage.py operator EMAIL`: makes an operator, or finds one, and prints a one-time link; with
`--dismiss` they are none any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from directory.invitations import one_time_link
from directory.models import User
from directory.workflow import dismiss_operator, make_operator


class Command(BaseCommand):
    help = "Make an operator of this installation, or a new one-time link for one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="shown to others; else the e-mail's name")
        parser.add_argument("--dismiss", action="store_true", help="they are none any more")

    def handle(self, *args: Any, **options: Any) -> None:
        email: str = options["email"]
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an e-mail address.") from error
        if options["dismiss"]:
            former = User.objects.filter(email__iexact=email, is_operator=True).first()
            if former is None:
                raise CommandError(f"No operator here has the address {email!r}.")
            dismiss_operator(former, by=None)
            self.stdout.write(f"{former.email} is no operator any more, and signed out everywhere.")
            return
        user = make_operator(email, options["name"], by=None)
        self.stdout.write(
            f"{user.email} is an operator of this installation.\n"
            f"With this address they set their password; it works once, within three days:\n\n"
            f"  {one_time_link(user)}\n"
        )
