"""Who calls, where an https proxy stands in front and every connection comes from the proxy."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

from django.http import HttpRequest
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
