"""What an ERP that we call needs beside a connector's methods: how a message becomes a call.

Pure, too. The bodies and replies that are stored look like this, and hold no credentials ever:

    POST /ws/UpdateSubcontract            HTTP 200 text/xml
                                          (empty line)
    <soapenv:Envelope ...                 <soapenv:Envelope ...

A body without content is its first line alone.

Where a site has a database beside its ERP that may be read, a body is `SQL` with the name of one
of its statements, an empty line, and what it is asked with. The reply is `SQL rows`, an empty line,
and JSON (`columns`, `rows`, `whole`); or words behind `SQL refused` with the server's number for
it, or behind `SQL away` where there was no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from connectors.contract.asking import Reply
from connectors.contract.connector import Connector
from connectors.contract.documents import Frozen


class Site(Frozen, frozen=True, kw_only=True):
    """Where an ERP is reached, and as whom.

    `address` is the base of its URLs without a slash at the end, `settings` the company's, `token`
    what `Pushed.token` last gave ('' without one).
    """

    address: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    token: str = ""

    def __repr__(self) -> str:
        """Without the secrets: it may end in a log."""
        return f"Site({self.address})"


class Call(Frozen, frozen=True, kw_only=True):
    """One HTTP request, credentials and all. `path` is appended to the address of the site."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""

    def __repr__(self) -> str:
        """Without what may hold credentials: it may end in a log."""
        return f"Call({self.method} {self.path.partition('?')[0]})"


class Query(Frozen, frozen=True, kw_only=True):
    """One SELECT, for a database that may only be read, credentials and all.

    `address` is like sql://host:1433, `database` '' for the one that the user begins in, and
    `parameters` has what stands for each @name of the statement.
    """

    address: str
    database: str
    user: str
    password: str
    statement: str
    parameters: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """Without the secrets: it may end in a log."""
        return f"Query({self.address})"


class Pushed(Connector, Protocol):
    """An ERP that our workers call over HTTPS, one call for each message."""

    def call(self, body: str, site: Site) -> Call:
        """The call for a stored message, with the credentials put in."""

    def query(self, body: str, site: Site) -> Query | None:
        """The SELECT for a stored message that goes to the database beside the ERP; None for one
        that is a call."""

    def token_call(self, site: Site) -> Call | None:
        """The call that fetches a token; None where the site uses none."""

    def token(self, reply: Reply) -> tuple[str, int]:
        """The token in the reply to that, and for how many seconds it may be used; 0 where that is
        not said: until the ERP takes it no more.

        Raises Refused where the ERP does not know us, Busy where it cannot say so for now.
        """

    def renewal_call(self, site: Site) -> Call | None:
        """The call, with a token, that has the ERP make new secrets in place of ours, which end
        with its answer; None where the site uses none that it could make.

        Whether what is kept works is tried by `token_call`.
        """

    def renewed(self, reply: Reply) -> dict[str, str]:
        """The new secrets in the reply to that, by name. Raises Refused or Busy where there are
        none."""
