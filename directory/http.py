"""Requests of people."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import (
    is_reauthentication_required,
    suspend_request,
)
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django_htmx.http import HttpResponseClientRedirect

from directory.models import User

MOST_SHOWN_AGAIN = 10_000  # characters
LED_BACK = (
    "Nothing was done just now. If you had pressed a button, see how things stand before you press "
    "it again."
)
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def person(request: HttpRequest) -> User:
    """Who is asking. Only behind `login_required` or the API's authentication."""
    return cast(User, request.user)


def by_htmx(request: HttpRequest) -> bool:
    """Whether the page wants only the part that changes."""
    return "HX-Request" in request.headers


def number_of(text: str) -> int | None:
    """An id, a version or a place in a list as our own pages write it; None for anything else."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def posted_version(request: HttpRequest) -> int:
    """The version that the page showed; -1, which nothing has, for anything unreadable."""
    version = number_of(request.POST.get("version", ""))
    return -1 if version is None else version


def fresh(view: View[P]) -> View[P]:
    """Only for who has entered their password, or shown their second factor, again lately: what a
    browser that was left open must not do. The form that was sent goes on afterwards."""
    return cast(View[P], reauthentication_required(view, allow_get=True))


def fresh_for_secrets(view: View[P]) -> View[P]:
    """The same for a form that secrets are typed into: the password is asked for before it is
    shown. What is sent too late is thrown away and typed again, because a form that waits for the
    password waits in the session, where it can be read."""

    asking = cast(View[P], reauthentication_required(view))

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST" and is_reauthentication_required(request, app=""):
            messages.info(request, "Nothing was saved. Enter your password, then type this again.")
            return redirect(request.get_full_path())
        return asking(request, *args, **kwargs)

    guarded.holds_secrets = True  # type: ignore[attr-defined]  # for `directory.sessions`
    return cast(View[P], guarded)


def ask_first(request: HttpRequest, why: str) -> HttpResponse:
    """Asks for the password, or the second factor; the form that was sent goes on afterwards."""
    messages.info(request, f"{why} What you sent is not lost: it is carried out then.")
    asked = suspend_request(request, reverse("account_reauthenticate"))
    # It goes on by its path. What its address asks for besides is kept with it.
    path = {REDIRECT_FIELD_NAME: request.path}
    to = f"{asked.url.partition('?')[0]}?{urlencode(path)}"
    return HttpResponseClientRedirect(to) if by_htmx(request) else redirect(to)


def is_fresh(request: HttpRequest) -> bool:
    """Whether whoever asks has entered their password, or shown their second factor, lately, be it
    to sign in. What the session knows of it is looked at first: that takes no query."""
    records = get_authentication_records(request, person(request))
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    lately = any(one["at"] > since for one in records)
    return lately or not is_reauthentication_required(request, app="")


def need_fresh(request: HttpRequest) -> None:
    """The same for programs in a browser: PermissionDenied with what to do."""
    if not is_fresh(request):
        raise PermissionDenied(
            f"Enter your password again at {reverse('account_reauthenticate')} before this."
        )


class _InACookie(CookieStorage):
    cookie_name = "__Host-messages" if settings.SECURE else "messages"


class Messages(FallbackStorage):
    """What the next page says: in a cookie of this host, or in the session where it is long."""

    storage_classes = (_InACookie, SessionStorage)


class NotKept:
    """No browser and no proxy keeps what we answer: whoever sits down there after somebody signed
    out sees none of it by pressing Back. What says otherwise itself is left as it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class LedBack:
    """Who opens the address of a form is led to the page above it, as after signing in again when
    the form was sent too late, or when the page that it was answered with is loaded anew."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        found = request.resolver_match
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or request.method != "GET":
            return response
        if found is None or getattr(found.func, "csrf_exempt", False):
            return response  # a program's
        messages.warning(request, LED_BACK)
        query = request.META.get("QUERY_STRING", "")
        return redirect(f"{_above(request.path)}{'?' if query else ''}{query}")


def _above(path: str) -> str:
    """The nearest page above an address."""
    above = path.rstrip("/").rpartition("/")[0] + "/"
    try:
        resolve(above)
    except Resolver404:
        return _above(above)
    return above


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
