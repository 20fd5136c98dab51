"""The HTTP server of the stand-in for Spectrum: what `SpectrumCompany.answer` answers, over a line.

It listens on this machine only. Where a fault takes the answer away, the line is reset.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.spectrum.company import NoAnswer, SpectrumCompany

ADDRESS = "127.0.0.1"
LONGEST_BODY = 1_000_000
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def serve(company: SpectrumCompany, port: int) -> ThreadingHTTPServer:
    """A server for `company` on a port of this machine (0: any free one), not yet serving. OSError
    when the port is taken."""
    handler = type("Handler", (_Handler,), {"company": company})
    return _Server((ADDRESS, port), handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away is none; anything else is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    company: SpectrumCompany

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True
            self._send(413, {}, b"")
            return
        content = self.rfile.read(int(length))
        try:
            reply = self.company.answer(self.command, self.path, dict(self.headers), content)
        except NoAnswer as broken:
            time.sleep(broken.after)
            self._reset()
        else:
            self._send(*reply)

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the caller had enough of it

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.connection.close()

    def finish(self) -> None:
        """Closes the files of the line, which may be broken already."""
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the company notes every call itself."""
