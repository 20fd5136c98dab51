"""One-time links: how people who were invited set their first password.

The link is mailed. Where no mail is set up it is shown on the screen of whoever invites, and handed
over by other means. It works until it was used, or for PASSWORD_RESET_TIMEOUT.
"""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.template.loader import render_to_string
from django.urls import reverse

from directory.models import Company, User
from directory.outbox import post


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


def invite_by_mail(user: User, company: Company | None, by: User, link: str) -> None:
    """Mail the link to its person. `company` is None for an operator."""
    context = {"user": user, "company": company, "by": by, "link": link}
    post(
        user.email,
        f"{by} invites you to {company or 'ERP Bridge'}",
        render_to_string("mail/invitation.txt", context),
        render_to_string("mail/invitation.html", context),
        user=user,
    )
