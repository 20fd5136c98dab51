"""The way out: the only code that connects to an address which somebody typed.

What may stand there is told in `connectors.addresses`. Its host is resolved once, every address
that it has must be public, and the connection goes to that very address, with its certificate
verified for the name. Nothing is followed, no proxy is taken from the environment.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from threading import Timer

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from urllib3.util import connection as sockets
from urllib3.util.wait import wait_for_read

from connectors.addresses import Origin, is_public, not_public, origin_of
from connectors.contract import Call

logging.getLogger("urllib3").setLevel(logging.ERROR)  # it tells of headers that it cannot read

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
CALL_SECONDS = 120.0  # from the first byte out to the last one in
MOST_TRIED = 2  # addresses of one host
LARGEST = 20_000_000  # bytes of an answer
LONGEST_WORDS = 200  # of what came in place of one
PIECE = 1 << 16
_METHOD, _PATH = re.compile(r"[A-Z]{3,7}"), re.compile(r"/[!-~]*")
_HEADER, _VALUE = re.compile(r"[A-Za-z-]+"), re.compile(r"[ -~]*")
_FAULTS = (HTTPError, HTTPException, OSError)


class NotReached(Exception):
    """The ERP could not be reached: nothing was sent. The message is for people."""


class NoAnswer(Exception):
    """The call went out, or may have, and no whole answer came. The message is for people."""


def addresses_of(origin: Origin) -> list[str]:
    """The addresses of its host, all of which we may call. Raises NotReached."""
    try:
        found = socket.getaddrinfo(
            origin.host, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except OSError as error:
        raise NotReached(
            f"There is no server called {origin.host} ({error.strerror or error})."
        ) from None
    ips = list(dict.fromkeys(str(one[4][0]) for one in found))
    inside = [ip for ip in ips if "%" in ip or not is_public(ipaddress.ip_address(ip))]
    if not ips or (inside and not origin.is_listed):
        raise NotReached(not_public(origin))
    return ips


def socket_to(origin: Origin) -> socket.socket:
    """A connection to its host, at an address that we may call. Raises NotReached."""
    fault = ""
    for ip in addresses_of(origin)[:MOST_TRIED]:
        try:
            return _socket_to(ip, origin.port)
        except OSError as error:
            fault = what_happened(origin, error)
    raise NotReached(fault)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers that matter to us, the whole content."""

    status: int
    type: str  # the Content-Type as it was sent
    retry_after: str
    content: bytes


class Line:
    """A connection to one ERP, made when it is first needed and kept for the calls that follow."""

    def __init__(self, address: str, company: int | None = None) -> None:
        """Raises ValueError where `origin_of` does."""
        self.origin = origin_of(address, company)
        self._connection: HTTPConnection | None = None

    def call(self, call: Call) -> Answer:
        """Make one call. Raises NotReached before anything was sent, NoAnswer after that, and
        ValueError where the call is none."""
        if not _is_fit(call):
            raise ValueError(f"{call!r} cannot be sent as it is")
        connection = self.connect()
        try:
            with ends_in_time(connection.sock):
                connection.request(
                    call.method,
                    call.path,
                    body=call.content or None,
                    headers=dict(_OWN_HEADERS) | dict(call.headers),
                    preload_content=False,
                    decode_content=False,
                )
                response = connection.getresponse()
                answer = Answer(
                    response.status,
                    response.headers.get("Content-Type", ""),
                    response.headers.get("Retry-After", ""),
                    _content(response),
                )
        except (*_FAULTS, ValueError, NoAnswer) as error:
            self.close()
            raise NoAnswer(what_happened(self.origin, error)) from None
        if response.headers.get("Connection", "").lower() == "close":
            self.close()
        return answer

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def connect(self) -> HTTPConnection:
        """The connection, made now unless it still stands. Raises NotReached."""
        kept = self._connection
        # A server that has hung up meanwhile would take a call and never answer it.
        if kept is not None and kept.sock is not None and _is_quiet(kept.sock):
            return kept
        self.close()
        fault = ""
        for ip in addresses_of(self.origin)[:MOST_TRIED]:
            connection = self._to(ip)
            try:
                connection.connect()
            except _FAULTS as error:
                connection.close()
                fault = what_happened(self.origin, error)
                continue
            connection.timeout = READ_SECONDS
            connection.sock.settimeout(READ_SECONDS)
            self._connection = connection
            return connection
        raise NotReached(fault)

    def _to(self, ip: str) -> HTTPConnection:
        host, port = self.origin.host, self.origin.port
        if self.origin.scheme == "http":
            return _Pinned(ip, host, port)
        return _PinnedTls(ip, host, port)


def _is_quiet(line: socket.socket) -> bool:
    """Whether nothing came over it, neither words nor an end. What TLS tells of itself, like the
    tickets after its first words, is neither."""
    if not isinstance(line, ssl.SSLSocket):
        return not wait_for_read(line, timeout=0)
    line.settimeout(0)
    try:
        line.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    finally:
        line.settimeout(READ_SECONDS)
    return False


def _is_fit(call: Call) -> bool:
    """Whether it can be put on the wire: nothing of it may end a line."""
    if not (_METHOD.fullmatch(call.method) and _PATH.fullmatch(call.path)):
        return False
    return all(_HEADER.fullmatch(name) and _VALUE.fullmatch(value) for name, value in call.headers)


class _Pinned(HTTPConnection):
    """Speaks to a host by its name, at the one address that was looked at."""

    def __init__(self, ip: str, host: str, port: int) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        self._ip = ip

    def _new_conn(self) -> socket.socket:
        return _socket_to(self._ip, self.port)


class _PinnedTls(HTTPSConnection):
    """The same over TLS, where the certificate must be one for the name."""

    def __init__(self, ip: str, host: str, port: int) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS, ssl_context=_tls())
        self._ip = ip

    def _new_conn(self) -> socket.socket:
        return _socket_to(self._ip, self.port)


def _socket_to(ip: str, port: int) -> socket.socket:
    # A call goes out in two pieces, and the second must not wait until the first is acknowledged.
    at_once = HTTPConnection.default_socket_options
    return sockets.create_connection((ip, port), CONNECT_SECONDS, socket_options=at_once)


@cache
def _tls() -> ssl.SSLContext:
    """Certificates of the system's authorities, or of those that SSL_CERT_FILE names."""
    return ssl.create_default_context()


# A packed answer could be larger than it looks.
_OWN_HEADERS = {"User-Agent": "ERP Bridge", "Accept-Encoding": "identity"}


@contextmanager
def ends_in_time(line: socket.socket) -> Iterator[None]:
    """Hang up after `CALL_SECONDS`, for a server that sends a byte now and then for ever."""

    def hang_up() -> None:
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)  # below TLS, which another thread reads

    timer = Timer(CALL_SECONDS, hang_up)
    timer.daemon = True
    late = time.monotonic() + CALL_SECONDS
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if time.monotonic() >= late:
            raise NoAnswer(f"it took longer than {CALL_SECONDS:.0f} seconds")


def _content(response: BaseHTTPResponse) -> bytes:
    """All that was sent. Raises NoAnswer where that is too much, and HTTPError where it is cut.

    It is read as it comes: a chunk may claim any length, one below zero too.
    """
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NoAnswer("the answer is packed, which was not asked for")
    content = bytearray()
    while piece := response.read1(PIECE, decode_content=False):
        content += piece
        if len(content) > LARGEST:
            raise NoAnswer(f"the answer has more than {LARGEST:,} bytes")
    return bytes(content)


def what_happened(origin: Origin, error: Exception) -> str:
    """A sentence for people; the address is theirs, and nothing else of the call is told."""
    if isinstance(error, NoAnswer):
        return f"No answer of {origin} could be used: {error}."
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {origin} could not be verified: {error.verify_message}. Nothing "
            "was sent. The server needs a certificate for its name from a known authority."
        )
    if isinstance(error, ssl.SSLError):
        return f"{origin} does not speak TLS as it should ({error.reason or error})."
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"{origin} did not answer in time."
    words = error.strerror if isinstance(error, OSError) else next(iter(error.args), "")
    told = (words if isinstance(words, str) else str(error))[:LONGEST_WORDS]
    plain = " ".join("".join(c if c.isprintable() else " " for c in told).split())
    return f"The connection to {origin} broke: {plain or type(error).__name__}."
