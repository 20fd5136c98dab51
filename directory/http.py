"""Requests of people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from directory.models import User


def person(request: HttpRequest) -> User:
    """Who is asking. Only behind `login_required` or the API's authentication."""
    return cast(User, request.user)


class NoNul:
    """Pages refuse a NUL in their address or form: PostgreSQL keeps none, and nobody types one.

    The API says in its own words where it stands; XML cannot hold one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        if getattr(view, "csrf_exempt", False):
            return
        for given in (request.GET, request.POST):
            if any("\0" in text for name, texts in given.lists() for text in (name, *texts)):
                raise BadRequest("This holds a NUL character.")
