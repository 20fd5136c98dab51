"""How long somebody goes unasked for their password: half a day, and an hour alone at most.

Half a day after signing in (SESSION_COOKIE_AGE), and when nothing was heard of its person for an
hour (SESSION_IDLE_SECONDS), a session is locked: it opens nothing until they enter their password,
or show their second factor, and then goes on with what they had sent. Of whoever signs in elsewhere
alone it ends. What a page asks by itself, every few seconds, is not heard of; that somebody types
is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from allauth.account.internal.flows.reauthentication import (
    STATE_SESSION_KEY,
    get_reauthentication_flows,
)
from allauth.account.signals import authentication_step_completed
from allauth.core.internal.httpkit import serialize_request
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from directory.http import by_htmx
from directory.models import User
from directory.pace import too_fast
from directory.signing_in import say

BEGAN, SEEN = "signed_in_at", "seen_at"
MOST_SHOWN, LONGEST_SHOWN = 8, 80  # fields of a form that waits, characters of one
OF_THE_PAGE = {"csrfmiddlewaretoken", "seen", "version", "terms"}  # what nobody typed
NOTED = 300  # seconds: that somebody was seen is written no more often than that
# What a locked session opens: the way on, the way out, and what is for everybody.
OPEN = {
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_logout",
    "health",
    "live",
    "metrics",
    "schema",
}


class LockInTime:
    """Middleware: whose session is locked, until they enter their password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if match and match.url_name == "account_logout" and response.status_code == 302:
            # Pages that the browser holds to be gone back to, too.
            response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        session, now = request.session, time.time()
        if _is_of_a_program(request) or SESSION_KEY not in session:
            return None
        # The API counts its own.
        if not request.path.startswith("/api/v1/") and too_fast(int(session[SESSION_KEY])):
            words = "These are too many requests within a minute. Nothing was done. Wait a minute,"
            words += " then load the page again."
            return HttpResponse(words, "text/plain; charset=utf-8", status=429)
        why = ""
        if now - session.setdefault(BEGAN, now) > settings.SESSION_COOKIE_AGE:
            why = "You have been signed in for half a day."
        elif now - session.setdefault(SEEN, now) > settings.SESSION_IDLE_SECONDS:
            why = "Nothing was heard of you for an hour."
        if why:
            match = request.resolver_match
            if match is None or match.url_name not in OPEN:
                return _locked(request, why, keep=not getattr(view, "holds_secrets", False))
        elif now - session[SEEN] > NOTED and not _asks_by_itself(request):
            session[SEEN] = now
        return None


def listen() -> None:
    """Note when somebody signs in, and when they enter their password again."""
    user_logged_in.connect(_begin)
    authentication_step_completed.connect(_go_on)


def end_sessions(user: User) -> int:
    """Sign somebody out everywhere; in how many browsers they were signed in."""
    sessions = UserSession.objects.purge_and_list(user)
    for session in sessions:
        session.end()
    return len(sessions)


def _begin(sender: Any, request: HttpRequest, **_: Any) -> None:
    request.session[BEGAN] = request.session[SEEN] = time.time()


def _go_on(sender: Any, request: HttpRequest, user: AbstractBaseUser, **about: Any) -> None:
    """Under another key: whoever knew the one before has nothing of the password being entered."""
    if not about.get("reauthenticated"):
        return
    request.session[BEGAN] = request.session[SEEN] = time.time()
    before = request.session.session_key
    request.session.cycle_key()
    kept = UserSession.objects.filter(session_key=before)
    kept.update(session_key=request.session.session_key)


def _end(request: HttpRequest, why: str) -> None:
    say("A session ended by its age", User.objects.filter(pk=request.session[SESSION_KEY]).first())
    request.session.flush()
    request.user = AnonymousUser()
    messages.info(request, why)


def _locked(request: HttpRequest, why: str, *, keep: bool) -> HttpResponse | None:
    """To where the password is entered; a form that was sent is kept meanwhile, unless it holds
    secrets or came from a script."""
    if not get_reauthentication_flows(request.user):  # signs in elsewhere alone
        _end(request, f"{why} Sign in again.")
        return None
    where = reverse("account_reauthenticate")
    if request.path.startswith("/api/"):
        told = {"title": "Locked", "status": 401, "detail": f"{why} Enter your password at {where}"}
        problem = msgspec.json.encode(told)
        return HttpResponse(problem, "application/problem+json", status=401)
    script = by_htmx(request)
    way_back = request.get_full_path() if request.method == "GET" else "/"
    then = "Then you go on where you were."
    if request.method == "POST" and not script and not request.path.startswith("/accounts/"):
        way_back = request.path
        then = "Nothing was saved: what you typed has to be typed again then."
        if keep:
            request.session[STATE_SESSION_KEY] = {"request": serialize_request(request)}
            then = "What you sent is not lost: it is carried out then."
            if request.FILES:
                then = "What you typed is not lost: it is carried out then, without the files."
    if not script:
        messages.info(request, f"{why} Enter your password. {then}")
    return redirect(f"{where}?{urlencode({'next': way_back})}")


def _is_of_a_program(request: HttpRequest) -> bool:
    """Whether the API will go by a token, be it a good one or not, and look at no session."""
    shown = request.headers.get("Authorization", "")
    return request.path.startswith("/api/v1/") and shown.lower().startswith("bearer ")


def waiting(request: HttpRequest) -> tuple[str, list[tuple[str, str]]] | None:
    """What is carried out once the password was entered: the address that it was sent to, and the
    beginning of what it says. For the page that asks, as it may not have been its person who sent
    it."""
    state = request.session.get(STATE_SESSION_KEY)
    if not isinstance(state, dict) or "request" not in state:
        return None
    sent = msgspec.json.decode(state["request"])
    said = [
        (
            name.replace("_", " "),
            value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…",
        )
        for name, value in parse_qsl(sent["POST"])
        if name not in OF_THE_PAGE
    ]
    return sent["path"], said[:MOST_SHOWN]


def _asks_by_itself(request: HttpRequest) -> bool:
    return request.method == "GET" and by_htmx(request)
