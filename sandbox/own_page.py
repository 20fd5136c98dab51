"""The own page of a stand-in: a small HTTP server for the people at this machine, and for tests.

It listens on this machine only and answers only requests that name this machine and come from its
own page, so that no website in the same browser can reach it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

ADDRESS = "127.0.0.1"
LONGEST_BODY = 100_000
PORTS_TRIED = 50

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 75rem;
       padding: 0 1rem 4rem; color: #1d2733 }
header { background: #fff4d6; border: 1px solid #e0b84c; border-radius: .5rem;
         padding: .6rem 1rem; margin: 1rem 0 }
h1 { font-size: 1.4rem; margin: .2rem 0 }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
h3 { font-size: 1rem; margin: .1rem 0 }
table { border-collapse: collapse; width: 100%; margin: .3rem 0 1rem }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #dde3ea;
         vertical-align: top }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
section { border: 1px solid #dde3ea; border-radius: .5rem; padding: .6rem 1rem; margin: .8rem 0;
          overflow-x: auto }
.memo { white-space: pre-line; color: #4a5665; margin: .2rem 0 }
details { overflow-x: auto }
form { display: inline }
button { font: inherit; padding: .15rem .7rem; border: 1px solid #9aa7b5; border-radius: .35rem;
         background: #fff; cursor: pointer }
button.on { background: #c0392b; border-color: #c0392b; color: #fff }
small, .quiet { color: #5d6978 }
pre { overflow: auto; max-height: 22rem; background: #f5f7f9; padding: .5rem; font-size: .8rem;
      white-space: pre-wrap; word-break: break-word }
"""


class BadRequest(Exception):
    """A request that cannot be taken, and why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Control(Protocol):
    """What the requests do, without HTTP. BadRequest where one cannot be taken."""

    def page(self) -> str:
        """The page for people, as HTML."""

    def get(self, path: str) -> Any:
        """What a GET of a path answers as JSON."""

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """Do what a POST to a path asks, and what it answers as JSON."""


def button(
    action: str, label: str, values: Mapping[str, str] | None = None, *, on: bool = False
) -> str:
    """A button that posts values, as HTML. `on` paints it as something that is switched on."""
    hidden = "".join(
        f"<input type=hidden name='{escape(name)}' value='{escape(value)}'>"
        for name, value in (values or {}).items()
    )
    kind = " class=on" if on else ""
    return (
        f"<form method=post action='{escape(action)}'>{hidden}<button{kind}>{escape(label)}"
        "</button></form>"
    )


def document(title: str, *parts: str) -> str:
    """A whole page of these parts, which are HTML."""
    return "".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            "<meta name=viewport content='width=device-width'>",
            f"<title>{escape(title)}</title><style>{STYLE}</style>",
            *parts,
            "</html>",
        ]
    )


def truth(value: Any) -> Any:
    """What a form or JSON means by true and false; anything else as it is."""
    return {"true": True, "false": False}.get(str(value).lower(), value)


def serve(control: Control, port: int) -> ThreadingHTTPServer:
    """A server on a port of this machine, not yet serving; the next free port when this one is
    taken, any free one for port 0."""
    handler = type("Handler", (_Handler,), {"control": control})
    last = port + PORTS_TRIED if port else 0
    while True:
        try:
            server = ThreadingHTTPServer((ADDRESS, port), handler)
        except OSError:
            if port >= last:
                raise
            port += 1
        else:
            server.daemon_threads = True
            return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    control: Control

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        try:
            self._only_from_here()
            path = urlsplit(self.path).path
            if method == "POST":
                answer = self.control.post(path, self._values())
                if self.headers.get_content_type() == "application/x-www-form-urlencoded":
                    return self._send(303, b"", location="/")
            elif path == "/":
                return self._send(200, self.control.page().encode(), kind="text/html")
            else:
                answer = self.control.get(path)
        except BadRequest as error:
            self.close_connection = True
            return self._send(error.status, json.dumps({"error": str(error)}).encode())
        return self._send(200, json.dumps(answer, default=_plain, indent=1).encode())

    def _only_from_here(self) -> None:
        host = self.headers.get("Host", "")
        if host.rpartition(":")[0] not in (ADDRESS, "localhost"):
            raise BadRequest("This page is for this machine only.", 403)
        if self.headers.get("Origin") not in (None, f"http://{host}"):
            raise BadRequest("Only the page itself may do that.", 403)

    def _values(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= LONGEST_BODY:
            raise BadRequest("The request is too long.", 413)
        text = self.rfile.read(length).decode("utf-8", "replace")
        if self.headers.get_content_type() != "application/json":
            return dict(parse_qsl(text, keep_blank_values=True))
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise BadRequest("The request is not a JSON object.")
        return values

    def _send(
        self, status: int, body: bytes, *, kind: str = "application/json", location: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Frame-Options", "DENY")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the page asks every few seconds."""


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{value!r} cannot be written as JSON")
