"""One-time links: how people who were invited set their first password.

Mail may not be set up, so the link is shown on the screen of whoever invites; it is handed over
by other means. It works until it was used, or for PASSWORD_RESET_TIMEOUT.
"""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from directory.models import User


def one_time_link(user: User) -> str:
    """The address at which `user` sets a password, once; each sign-in and new password ends it."""
    key = default_token_generator.make_token(user)
    return settings.BASE_URL + reverse(
        "account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key}
    )


def first_link(user: User) -> str:
    """A link for somebody who has no password yet.

    PermissionDenied for anybody else: whoever holds the link of another person becomes that person.
    """
    if user.has_usable_password():
        raise PermissionDenied(
            f"{user} has a password already. Whoever has lost theirs asks for a new one on the "
            "sign-in page."
        )
    return one_time_link(user)
