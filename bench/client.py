"""A client that costs next to nothing: prepared bytes out, an answer in, over kept connections."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterable, Mapping
from http.cookies import SimpleCookie

from django.test import Client as DjangoClient

from bench.serving import HOST, WebServer
from directory.models import User
from tests.stage import sign_in

TIMEOUT = 60.0


class Failed(Exception):
    """An answer that is no success."""


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """The bytes of one request."""
    lines = {"Host": HOST, "Content-Length": str(len(body)), **(headers or {})}
    if method == "GET":
        del lines["Content-Length"]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def signed_in(user: User) -> dict[str, str]:
    """The headers of a browser in which `user` has entered their password, and what POSTs need."""
    browser = DjangoClient()
    sign_in(browser, user)
    cookies: SimpleCookie = browser.cookies
    session = f"{next(iter(cookies))}={next(iter(cookies.values())).value}"
    token = "b" * 32
    return {"Cookie": f"{session}; csrftoken={token}", "X-CSRFToken": token}


class Connection:
    """One connection that stays open; a request is answered before the next one."""

    def __init__(self, server: WebServer) -> None:
        self.socket = socket.create_connection((HOST, server.port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> bytes:
        """The body of the answer. Raises Failed for any status but 2xx."""
        self.socket.sendall(request)
        return self.read()

    def read(self) -> bytes:
        """The body of the answer that is due."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        if not data.startswith(b"HTTP/1.1 2"):
            raise Failed(data[:1000].decode(errors="replace"))
        place = head.find(b"\r\ncontent-length:")
        if place < 0:
            raise Failed(f"An answer without a length: {head.decode()}")
        length = int(head[place + 17 :].split(b"\r\n", 1)[0])
        body = [data[end + 4 :]]
        left = length - len(body[0])
        while left > 0:
            body.append(self._more())
            left -= len(body[-1])
        return b"".join(body)

    def _more(self) -> bytes:
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise Failed("The server closed the connection.")
        return piece


def seconds_each(server: WebServer, requests: Iterable[bytes], *, at_once: int = 4) -> float:
    """Seconds per request while `at_once` connections keep the server busy, each with one."""
    waiting = iter(requests)
    watched = selectors.DefaultSelector()
    lines = [Connection(server) for _ in range(at_once)]
    asked = answered = 0
    began = time.perf_counter()
    for line in lines:
        one = next(waiting, None)
        if one is None:
            break
        line.socket.sendall(one)
        watched.register(line.socket, selectors.EVENT_READ, line)
        asked += 1
    while answered < asked:
        for key, _ in watched.select(TIMEOUT):
            line = key.data
            line.read()
            answered += 1
            one = next(waiting, None)
            if one is not None:
                line.socket.sendall(one)
                asked += 1
    took = time.perf_counter() - began
    watched.close()
    for line in lines:
        line.close()
    return took / answered
