"""Signing in: people are invited, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Invited(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth with its front door closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
