"""Signing in: people are invited, nobody signs up; the second factor and its secrets."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse

from directory.outbox import post
from directory.sealing import seal, unseal
from directory.signing_in import account_of, warn

_HERE = {"app": "allauth.account", "action": "login_failed_here"}


class Invited(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth with its front door closed, and its mails in our outbox."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many wrong passwords for this account, so even the right "
        "one is not taken now. Try again in five minutes, or in an hour after very many wrong "
        "ones; or have a new password sent to you.",
        "too_many_from_here": "Very many wrong passwords came from where you are within a minute, "
        "so none is taken from there now. Nothing is wrong with your account: try again in a "
        "minute.",
    }

    # Wrong passwords count for an account at one address, so that nobody keeps its person out from
    # elsewhere; and, with limits of their own, for that address, whosever account it is, and for
    # the account, wherever they come from.

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{_typed(credentials)} at {ratelimit.get_ip(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            self._count(request, **credentials)
        except ValidationError:
            person = account_of(credentials.get("email"))
            warn("Held up after too many wrong passwords", person, method="password")
            raise

    def _count(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        for limit, words in (
            (_HERE, "too_many_from_here"),
            (self._anywhere(request, **credentials), "too_many_login_attempts"),
        ):
            used = ratelimit.consume(request, **limit)
            if not used:
                self._rollback_login_failed_rl_usage()
                raise self.validation_error(words)
            self._login_failed_rl_usage.usage += used.usage

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        super()._delete_login_attempts_cached_email(request, **credentials)
        ratelimit.clear(request, **self._anywhere(request, **credentials))

    def _anywhere(self, request: HttpRequest, **credentials: Any) -> dict[str, str]:
        action = {"app": "allauth.account", "action": "login_failed_anywhere"}
        return {**action, "key": _typed(credentials)}

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def render_mail(self, *args: Any, **kwargs: Any) -> EmailMessage:
        """A mail whose `send()` puts it into the outbox."""
        written: EmailMessage = super().render_mail(*args, **kwargs)
        return Posted(written.subject, written.body, to=written.to)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Where a mailed link leads: not to what the request calls us, which anybody chooses."""
        person, _, rest = key.partition("-")
        named = {"uidb36": person, "key": rest}
        return settings.BASE_URL + reverse("account_reset_password_from_key", kwargs=named)

    def format_email_subject(self, subject: str) -> str:
        return subject


def _typed(credentials: dict[str, Any]) -> str:
    """The account that is meant, as it is counted: not as it was written, which can be done in many
    ways, nor with the name that the request calls us by, as allauth has it, where whoever guesses
    would choose another port for each password."""
    written = str(credentials.get("email", ""))
    person = account_of(written)
    return f"person {person.pk}" if person else written.casefold()


class Posted(EmailMessage):
    """A mail that goes the way of all others."""

    def send(self, fail_silently: bool = False, **_: Any) -> int:
        for address in self.to:
            post(address, str(self.subject), str(self.body))
        return len(self.to)


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's second factors, their secrets encrypted in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)
