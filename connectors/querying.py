"""Asking a database that somebody named: one SELECT, in a transaction that is never committed.

The driver's own way to connect goes to whatever server the first one names, with the password and
without TLS, and tries again by itself. So the connection is made here, as `connectors.outside`
allows, and only the driver's parts that speak TDS on it are used.
"""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import pytds
from pytds.connection import NonMarsConnection
from pytds.tds_base import TDS_ERROR_TOKEN, TDS_IDLE, TDS_ODBC_ON, PreLoginEnc, _TdsLogin
from pytds.tds_socket import _TdsSocket

from connectors.addresses import origin_of
from connectors.contract import Query
from connectors.outside import (
    LARGEST,
    NoAnswer,
    NotReached,
    ends_in_time,
    socket_to,
    what_happened,
)
from connectors.sql_wire import Strange, Wire

logging.getLogger("pytds").setLevel(logging.WARNING)  # it tells of every step

SECONDS = 30.0  # without a byte
MOST_ROWS = 500
LONGEST_TEXT, LONGEST_WORDS = 1000, 500
# What may go better in a moment: no memory for locks, a deadlock, a lock that somebody held.
_LATER = frozenset({1204, 1205, 1222})
_PARAMETER = "nvarchar(100)"
_US = "ERP Bridge"


class _Refused(Exception):
    """The server read it and said no: its number for that, and its words."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(number, words)
        self.number, self.words = number, words


def ask(query: Query, company: int | None = None) -> str:
    """The reply to a query of a company (its id), as it is stored: see
    `connectors.contract.pushing`. Nothing is raised: a database that is away keeps nobody from the
    ERP."""
    try:
        origin = origin_of(query.address, company, "sql")
    except ValueError as error:
        return f"SQL away\n\n{error}"
    try:
        line = socket_to(origin)
        with line, ends_in_time(line):
            line.settimeout(SECONDS)
            secure = _tls() if origin.scheme == "sql" else None
            found = _selected(Wire(line, origin.host, secure, LARGEST), query)
    except _Refused as error:
        if error.number in _LATER:
            return f"SQL away\n\n{error.words}"
        return f"SQL refused {error.number}\n\n{error.words}"
    except NotReached as error:
        return f"SQL away\n\n{error}"
    except (OSError, NoAnswer) as error:
        return f"SQL away\n\n{what_happened(origin, error)}"
    except Strange as error:
        return f"SQL away\n\n{origin} cannot be asked: {error}."
    except Exception:
        # Whatever else comes over a line that somebody named.
        logging.getLogger(__name__).info("%s answered what is no answer", origin, exc_info=True)
        return f"SQL away\n\n{origin} did not answer as a SQL Server does."
    return f"SQL rows\n\n{found}"


@cache
def _tls() -> ssl.SSLContext:
    """As for every ERP, with no version that does not begin inside packets of TDS."""
    context = ssl.create_default_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def _selected(wire: Wire, query: Query) -> str:
    """What the statement gives, as JSON. Raises _Refused, and whatever a bad answer leads to."""
    try:
        return _rows(_signed_in(wire, query), query)
    except pytds.DatabaseError as error:
        number = int(error.msg_no or 0)
        raise _Refused(number, _words(error.text)) from None


def _signed_in(wire: Wire, query: Query) -> _TdsSocket:
    login = _TdsLogin()
    login.user_name, login.password = query.user, query.password
    login.database = query.database
    login.app_name = login.client_host_name = login.library = _US
    login.enc_flag = PreLoginEnc.ENCRYPT_NOT_SUP  # the wire sees to it
    login.option_flag2 = TDS_ODBC_ON
    login.client_tz = UTC
    login.bytes_to_unicode = True
    # Not read-only by intent: that would have us sent on to a copy, which may lag behind.
    login.readonly = False
    connection = _TdsSocket(sock=wire, login=login, row_strategy=pytds.tuple_row_strategy)
    if connection.login() is not None:
        raise Strange("it sends ERP Bridge on to another server, where it never goes")
    return connection


def _rows(connection: _TdsSocket, query: Query) -> str:
    declared = ", ".join(f"@{name} {_PARAMETER}" for name, _ in query.parameters)
    values = [value for _, value in query.parameters]
    cursor = NonMarsConnection(pooling=False, key=None, tds_socket=connection).cursor()
    cursor.callproc("sp_executesql", [query.statement, declared, *values])
    _must_be_fine(connection)
    if not cursor.description:
        raise Strange("the statement gives no rows at all, not even their columns")
    columns = [str(one[0]) for one in cursor.description]
    rows = cursor.fetchmany(MOST_ROWS + 1)
    whole = len(rows) <= MOST_ROWS
    if whole and (cursor.nextset() or connection.main_session.state != TDS_IDLE):
        raise Strange("its answer goes on where it should have ended")
    _must_be_fine(connection)
    told = [[_text(value) for value in row] for row in rows[:MOST_ROWS]]
    return msgspec.json.encode({"columns": columns, "rows": told, "whole": whole}).decode()


def _must_be_fine(connection: _TdsSocket) -> None:
    """Raises _Refused for an error that the server told without ending its answer with it."""
    for said in connection.main_session.messages:
        if said["marker"] == TDS_ERROR_TOKEN:
            raise _Refused(int(said["msgno"]), _words(said["message"]))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)[:LONGEST_TEXT].replace("\0", "\ufffd")


def _words(text: str) -> str:
    told = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(told.split())[:LONGEST_WORDS]
