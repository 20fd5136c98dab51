"""Which addresses may be called, of those that somebody types.

An ERP lives at a public address and speaks https; a database beside it speaks TLS. Whoever types an
address into a form could otherwise have us call our own database, the cloud's metadata service or a
neighbour's printer. So an address is read strictly, and only a public one is taken. An ERP inside
the house is listed by the operator (`ERPBRIDGE_ALLOWED_ERP_ORIGINS`), for the companies whose it
is. What the names are resolved to is looked at as they are called: see `connectors.outside`.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache

from django.conf import settings

LONGEST_ADDRESS = 300
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

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


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


def origin_of(url: str, company: int | None = None, scheme: str = "https") -> Origin:
    """The origin that `url` names, of the ERP of a company (its id), or of a database (`sql`);
    without a company, one where that of every company may be.

    Raises ValueError with a sentence for people where it may not be called, as far as can be said
    without asking anybody.
    """
    origin = _read(url, scheme)
    whose = _listed(tuple(settings.ALLOWED_ERP_ORIGINS)).get(origin, frozenset())
    origin = replace(origin, is_listed=bool(whose & {EVERYBODY, company}))
    if origin.is_listed and origin.scheme in (scheme, _PLAIN[scheme]):
        return origin
    if origin.scheme != scheme:
        raise ValueError(f"The address begins with {scheme}://: passwords travel with every call.")
    if (ip := origin.ip) is not None:
        if not is_public(ip):
            raise ValueError(not_public(origin))
    elif "." not in origin.host or origin.host.endswith(_INTERNAL):
        raise ValueError(not_public(origin))
    return origin


def not_public(origin: Origin) -> str:
    """Why an origin is not called whose host has an address inside a network."""
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
