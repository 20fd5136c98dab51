"""The way out: the only code that connects to an address which somebody typed.

An ERP lives at a public address and speaks https; a database beside it speaks TLS. Whoever types an
address into a form could otherwise have us call our own database, the cloud's metadata service or a
neighbour's printer. So an address is read strictly, its host is resolved once, every address that
it has must be public, and the connection goes to that very address, with its certificate verified
for the name. Nothing is followed, no proxy is taken from the environment. An ERP inside the house
is listed by the operator (`ERPBRIDGE_ALLOWED_ERP_ORIGINS`), for the companies whose it is.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from http.client import HTTPException
from threading import Timer

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from urllib3.util import connection as sockets
from urllib3.util.wait import wait_for_read

from connectors.contract import Call

LONGEST_ADDRESS = 300
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
CALL_SECONDS = 120.0  # from the first byte out to the last one in
MOST_TRIED = 2  # addresses of one host
LARGEST = 20_000_000  # bytes of an answer
PIECE = 1 << 16
PORTS = {"https": 443, "http": 80, "sql": 1433, "sql+plain": 1433}
# What is spoken there without TLS, where the operator has listed it, and how it is written.
_PLAIN = {"https": "http", "sql": "sql+plain"}
_LIKE = {"https": "https://spectrum.example.com:8482", "sql": "sql://data.example.com:1433"}

_URL = re.compile(
    r"(?P<scheme>https?|sql(?:\+plain)?)://(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9.-]+))"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?/?",
    re.ASCII | re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
# What browsers take for a number, and so for an IPv4 address, as the last part of a name.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_INTERNAL = ("localhost", "local", "internal", "localdomain", "home.arpa")

_METHOD, _PATH = re.compile(r"[A-Z]{3,7}"), re.compile(r"/[!-~]*")
_HEADER, _VALUE = re.compile(r"[A-Za-z-]+"), re.compile(r"[ -~]*")
_FAULTS = (HTTPError, HTTPException, OSError)

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotReached(Exception):
    """The ERP could not be reached: nothing was sent. The message is for people."""


class NoAnswer(Exception):
    """The call went out, or may have, and no whole answer came. The message is for people."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an ERP is: a scheme, a host in small letters, a port."""

    scheme: str
    host: str
    port: int
    # Whether the operator vouches for it, to the company that is asked for.
    is_listed: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def ip(self) -> Ip | None:
        """Its host, where that is an address already."""
        with suppress(ValueError):
            return ipaddress.ip_address(self.host)
        return None


EVERYBODY = None  # an origin that is listed without a company is every company's


@cache
def _listed(entries: tuple[str, ...]) -> dict[Origin, frozenset[int | None]]:
    """Whose the listed origins are, of entries like `https://10.0.0.7:8482=12,15`.

    Raises ValueError with words that tell nothing of what is listed.
    """
    found: dict[Origin, frozenset[int | None]] = {}
    for entry in entries:
        address, sign, companies = entry.partition("=")
        try:
            origin = _read(address)
            mine = {int(one) for one in companies.split(",")} if sign else {EVERYBODY}
        except ValueError:
            raise ValueError(
                "What this installation may call cannot be read. Its operator has to mend it "
                "(ERPBRIDGE_ALLOWED_ERP_ORIGINS: https://10.0.0.7:8482=12, several parted by "
                "blanks)."
            ) from None
        found[origin] = found.get(origin, frozenset()) | mine
    return found


def check_address(url: str, company: int | None = None) -> None:
    """Whether an ERP of a company (its id) may be at `url`, as far as can be said without asking
    anybody. Without a company, whether that of every one may.

    Raises ValueError with a sentence for people.
    """
    origin_of(url, company)


def origin_of(url: str, company: int | None = None, scheme: str = "https") -> Origin:
    """The origin that `url` names, of a company's ERP, or of a database (`sql`). Raises ValueError
    as `check_address` does."""
    origin = _read(url, scheme)
    whose = _listed(tuple(settings.ALLOWED_ERP_ORIGINS)).get(origin, frozenset())
    origin = replace(origin, is_listed=bool(whose & {EVERYBODY, company}))
    if origin.is_listed and origin.scheme in (scheme, _PLAIN[scheme]):
        return origin
    if origin.scheme != scheme:
        raise ValueError(f"The address begins with {scheme}://: passwords travel with every call.")
    if (ip := origin.ip) is not None:
        if not is_public(ip):
            raise ValueError(_inside(origin))
    elif "." not in origin.host or origin.host.endswith(_INTERNAL):
        raise ValueError(_inside(origin))
    return origin


def _inside(origin: Origin) -> str:
    return (
        f"{origin.host} is no public address. An ERP inside the network of this installation has "
        "to be allowed by its operator (ERPBRIDGE_ALLOWED_ERP_ORIGINS)."
    )


def _read(url: str, like: str = "https") -> Origin:
    if len(url) > LONGEST_ADDRESS:
        raise ValueError(f"The address has more than {LONGEST_ADDRESS} characters.")
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(
            f"The address is written like {_LIKE[like]}: {like}, a name, a port. No user "
            "name, path or question mark, and no letters beyond a to z."
        )
    scheme = match["scheme"].lower()
    port = int(match["port"] or PORTS[scheme])
    if port > 65535:
        raise ValueError(f"There is no port {port}.")
    return Origin(scheme, _host(match["six"], match["name"]), port)


def _host(six: str | None, name: str | None) -> str:
    if name is None:
        try:
            return str(ipaddress.IPv6Address(six or ""))
        except ValueError:
            raise ValueError(f"[{six}] is no IPv6 address.") from None
    host = name.lower()
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))  # four plain numbers and nothing else
        except ValueError:
            raise ValueError(
                f"{host} is no name and no IPv4 address of four plain numbers."
            ) from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{host} is no name of a server.")
    return host


def is_public(ip: Ip) -> bool:
    """Whether an address is one of the Internet's.

    Of IPv6 only global unicast, and nothing of it that carries an IPv4 address inside.
    """
    inside = ip.version == 6 and (
        ip not in _GLOBAL_UNICAST or any(ip in network for network in _CARRIERS)
    )
    return ip.is_global and not (inside or ip.is_multicast or ip.is_reserved)


_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Teredo and other experiments; 6to4.
_CARRIERS = (ipaddress.IPv6Network("2001::/23"), ipaddress.IPv6Network("2002::/16"))


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
        raise NotReached(_inside(origin))
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
        """Raises ValueError where `check_address` does."""
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
        if kept is not None and kept.sock is not None and not wait_for_read(kept.sock, timeout=0):
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
    timer.start()
    late = time.monotonic() + CALL_SECONDS
    try:
        yield
    finally:
        timer.cancel()
        if time.monotonic() >= late:
            raise NoAnswer(f"it took longer than {CALL_SECONDS:.0f} seconds")


def _content(response: BaseHTTPResponse) -> bytes:
    """All that was sent. Raises NoAnswer where that is too much, and HTTPError where it is cut."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NoAnswer("the answer is packed, which was not asked for")
    content = bytearray()
    for piece in response.stream(PIECE, decode_content=False):
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
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"The connection to {origin} broke: {words or type(error).__name__}."
