"""`manage.py sign_out EMAIL`: a lost laptop, a stolen browser, somebody who had to go at once."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models.functions import Now

from directory.history import Happened, append
from directory.models import User
from directory.sessions import end_sessions
from directory.tokens import live_tokens


class Command(BaseCommand):
    help = "Sign one person out wherever they are signed in, or everybody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("email", nargs="?")
        who.add_argument("--everybody", action="store_true")
        parser.add_argument("--tokens", action="store_true", help="revoke tokens of programs, too")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        tokens = live_tokens() if options["tokens"] else live_tokens().none()
        if options["everybody"]:
            ended, subject = Session.objects.all().delete()[0], "everybody"
        else:
            user = User.objects.filter(email__iexact=options["email"]).first()
            if user is None:
                raise CommandError(f"Nobody here has the address {options['email']!r}.")
            ended, subject = end_sessions(user), f"user:{user.pk}"
            tokens = tokens.filter(user=user)
        revoked = tokens.update(revoked_at=Now())
        append(None, [Happened("sign-out", subject, None, {"sessions": ended, "tokens": revoked})])
        self.stdout.write(f"Sessions ended: {ended}. Tokens revoked: {revoked}.")
