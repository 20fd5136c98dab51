"""`manage.py forget_second_factor EMAIL`: for somebody who lost every device and recovery code."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from directory.history import Happened, append
from directory.models import User


class Command(BaseCommand):
    help = "Forget a person's second factors, so that their password alone signs them in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {options['email']!r}.")
        Authenticator.objects.filter(user=user).delete()
        append(None, [Happened("forget-second-factor", f"user:{user.pk}")])
        self.stdout.write(
            f"{user.email} signs in with the password alone now. Where a company asks for a second "
            "factor, they only look until they have set one up again."
        )
