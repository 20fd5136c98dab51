"""Requests of people who are signed in."""

from typing import cast

from django.http import HttpRequest

from directory.models import User


def person(request: HttpRequest) -> User:
    """Who is asking. Only behind `login_required` or the API's authentication."""
    return cast(User, request.user)
