"""What the log says of signing in: who came in or did not, how, and what they changed of that.

Nothing that was typed is written, not even an address: people type their password into its field.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as factors
from django.contrib.auth import signals as auth
from django.dispatch import Signal
from django.http import HttpRequest

from directory.models import User

log = logging.getLogger(__name__)


def say(words: str, person: User | None, **about: Any) -> None:
    """A line about signing in. `person`: whose account it is about, if it is any's here."""
    log.info(words, extra={"person": person.pk if person else None, **about})


def warn(words: str, person: User | None, **about: Any) -> None:
    """The same of something that should not happen often."""
    log.warning(words, extra={"person": person.pk if person else None, **about})


def account_of(email: object) -> User | None:
    """Whose account an address is, if it is anybody's here."""
    return User.objects.filter(email__iexact=str(email or "")).first()


def listen() -> None:
    """Write down what Django and allauth tell."""
    auth.user_logged_in.connect(_told("Signed in"), weak=False)
    auth.user_logged_out.connect(_told("Signed out"), weak=False)
    auth.user_login_failed.connect(_wrong_password)
    account.authentication_step_completed.connect(_step)
    factors.authentication_failed.connect(_wrong_factor)
    changes = {
        account.password_set: "A first password was set",
        account.password_changed: "The password was changed",
        account.password_reset: "A new password was set with a mailed link",
        factors.authenticator_added: "A second factor was added",
        factors.authenticator_removed: "A second factor was removed",
        factors.authenticator_reset: "Recovery codes were made anew",
    }
    for signal, words in changes.items():
        _connect(signal, words)


def _connect(signal: Signal, words: str) -> None:
    signal.connect(_told(words), weak=False)


def _told(words: str) -> Callable[..., None]:
    def heard(sender: Any, user: User | None = None, **about: Any) -> None:
        factor = about.get("authenticator")
        say(words, user, **({"method": factor.type} if factor else {}))

    return heard


def _step(sender: Any, user: User, method: str, **about: Any) -> None:
    again = bool(about.get("reauthenticated"))
    words = "Entered a password or factor again" if again else "A password or factor was right"
    say(words, user, method=about.get("type") or method)


def _wrong_password(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **about: Any
) -> None:
    warn("A wrong password, or no account", account_of(credentials.get("email")), method="password")


def _wrong_factor(sender: Any, user: User, authenticator: Any, **about: Any) -> None:
    warn("A wrong second factor", user, method=authenticator.type)
