"""A minimal counterpart for the Web Connector: a SOAP server written by hand, over real HTTP.

It hands out a list of qbXML documents one by one, keeps what it is sent, and can be told to answer
anything else to one operation (a text, a status, raw bytes).
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

USER, PASSWORD = "qb-7f3a91", "correct horse battery staple"
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
)


@dataclass
class Raw:
    """An HTTP answer exactly as given."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml; charset=utf-8"


Reply = str | int | list[str] | Raw


@dataclass
class Server:
    """The server's state: what is still to be handed out, and what it was called with."""

    requests: list[str] = field(default_factory=list)
    replies: dict[str, Callable[[dict[str, str]], Reply]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    @property
    def operations(self) -> list[str]:
        return [name for name, _ in self.calls]

    def values(self, operation: str, place: int = -1) -> dict[str, str]:
        """What an operation was called with, the last time or another."""
        return [values for name, values in self.calls if name == operation][place]

    def reply(self, operation: str, values: dict[str, str]) -> Reply:
        if operation in self.replies:
            return self.replies[operation](values)
        match operation:
            case "serverVersion":
                return "minimal counterpart"
            case "authenticate":
                known = values == {"strUserName": USER, "strPassword": PASSWORD}
                work = "" if self.requests else "none"
                return ["{ticket-1}", work if known else "nvu"]
            case "sendRequestXML":
                return self.requests.pop(0) if self.requests else ""
            case "receiveResponseXML":
                return 50 if self.requests else 100
            case "connectionError":
                return "done"
            case "closeConnection":
                return "OK"
            case _:
                return ""


def _written(operation: str, reply: Reply) -> bytes:
    if isinstance(reply, list):
        inside = "".join(f"<string>{escape(text)}</string>" for text in reply)
    else:
        inside = escape(str(reply))
    result = f"<{operation}Result>{inside}</{operation}Result>"
    answer = f'<{operation}Response xmlns="http://developer.intuit.com/">{result}'
    return f"{_HEAD}{answer}</{operation}Response></soap:Body></soap:Envelope>".encode()


def start(server: Server) -> ThreadingHTTPServer:
    """Serve on a free port of this machine until `shutdown` is called."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["SOAPAction"].strip('"').rpartition("/")[2]
            inside = re.search(rb"<soap:Body><(\w+)[^>]*>(.*)</\1></soap:Body>", body, re.DOTALL)
            assert inside is not None
            assert inside[1].decode() == operation
            pairs = re.findall(r"<(\w+)>(.*?)</\1>", inside[2].decode(), re.DOTALL)
            values = {name: unescape(text) for name, text in pairs}
            server.calls.append((operation, values))
            server.headers.append(dict(self.headers))
            server.bodies.append(body)
            reply = server.reply(operation, values)
            raw = reply if isinstance(reply, Raw) else Raw(_written(operation, reply))
            self.send_response(raw.status)
            self.send_header("Content-Type", raw.content_type)
            self.send_header("Content-Length", str(len(raw.body)))
            self.end_headers()
            self.wfile.write(raw.body)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}/qbwc/1/"
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return http
