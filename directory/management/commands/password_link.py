"""`manage.py password_link EMAIL`: a new password for somebody whom no mail reaches."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from directory.history import Happened, append
from directory.invitations import one_time_link
from directory.models import User


class Command(BaseCommand):
    help = "Print a one-time link with which a person sets a new password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {options['email']!r}.")
        append(None, [Happened("password-link", f"user:{user.pk}")])
        self.stdout.write(
            f"With this address {user.name} ({user.email}) sets a new password; it works once, "
            "within three days. Whoever opens it becomes this person: hand it to nobody else.\n\n"
            f"  {one_time_link(user)}\n"
        )
