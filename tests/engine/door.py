"""Calls at the Web Connector's door, as plain text over real HTTP."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from tests.stage import PASSWORD, Stage

CALL = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{}'
    "</soap:Body></soap:Envelope>"
)


def post(live_server, stage: Stage, body: str | bytes, **headers: str) -> tuple[int, str]:
    where = urlsplit(live_server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    path = f"/qbwc/{stage.connection.pk}/"
    connection.request("POST", path, body, {"Content-Type": "text/xml; charset=utf-8", **headers})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def say(live_server, stage: Stage, operation: str, **arguments: str) -> str:
    """The plain text of the result of one call."""
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
    call = f'<{operation} xmlns="http://developer.intuit.com/">{inner}</{operation}>'
    status, text = post(live_server, stage, CALL.format(call))
    assert status == 200, text
    return text.split(f"<{operation}Result>")[1].split(f"</{operation}Result>")[0]


def authenticate(live_server, stage: Stage, password: str = PASSWORD, user: str = "") -> str:
    return say(
        live_server,
        stage,
        "authenticate",
        strUserName=user or stage.connection.user_name or "",
        strPassword=password,
    )
