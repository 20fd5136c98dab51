"""Who calls, where an https proxy stands in front and every connection comes from the proxy; who
came past it; and the policy of what is no page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

Respond = Callable[[HttpRequest], HttpResponseBase]


def behind_proxy(respond: Respond) -> Respond:
    """Middleware: the caller's address is what the proxy put last into `X-Forwarded-For`.

    What stands before it was sent along by the caller. Guesses of passwords are counted by
    address: without this a stranger's guesses would keep everybody out.
    """

    def called(request: HttpRequest) -> HttpResponseBase:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        with suppress(ValueError):  # no address: that of the connection stays
            request.META["REMOTE_ADDR"] = str(ip_address(told))
        return respond(request)

    return called


def no_program_in_the_open(respond: Respond) -> Respond:
    """Middleware: people who type an address without https are led to it; a program is refused. It
    would follow, too, and send its token in the open for years without anybody noticing."""

    def called(request: HttpRequest) -> HttpResponseBase:
        if not request.is_secure() and _is_of_a_program(request):
            words = (
                "Call this with https://. What was just sent could be read on its way: replace it."
            )
            return HttpResponse(words, "text/plain; charset=utf-8", status=403)
        return respond(request)

    return called


def _is_of_a_program(request: HttpRequest) -> bool:
    address = request.path_info
    soap = request.method == "POST" and address.startswith("/qbwc/")
    return soap or address.startswith(("/api/v1/", "/metrics"))


def as_a_page_of_its_own(headers: Any, path: str, url: str) -> None:
    """What is only a part of pages, a script or a picture, carries out nothing when it is opened
    alone, and no other site frames it."""
    headers["Content-Security-Policy"] = (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
