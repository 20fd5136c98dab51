"""Statements that PostgreSQL reads and plans once for a connection, and not with every call.

Reading and planning many of our statements takes PostgreSQL longer than carrying them out, and
psycopg2 has no prepared statements of its own. So a statement that comes for the third time on a
connection is sent as PREPARE, and from then on as EXECUTE. Its parameters get the types that
psycopg2's literals have, so that it means the same; what cannot be prepared goes on as it was.
PostgreSQL compares the plan for all values with those for the values that came, and keeps the
cheaper.

A statement that is prepared must name its columns: after `SELECT *` a migration in the middle of a
deployment would break it. A pooler that gives each transaction another connection loses prepared
statements: let it keep whole sessions, or set ERPBRIDGE_PREPARE=0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.backends.postgresql.psycopg_any import Jsonb
from psycopg2 import DataError, NotSupportedError, ProgrammingError
from psycopg2.extensions import cursor

from erpbridge import piggyback

COMMON = 3  # so often a statement comes before it is prepared
MOST = 300  # prepared statements of a connection: each takes memory of the server
MOST_SEEN = 5_000  # statements that a connection counts; then it begins anew
LONGEST = 20_000  # characters of a statement

Values = Sequence[Any] | Mapping[str, Any]
# One statement: of several, PREPARE would take the first.
_MAY_BE = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s(?!\s*\*)[^;]*")
_NAMED = re.compile(r"%\((\w+)\)s")
# What PostgreSQL says of a statement that it cannot prepare, though it may be sound otherwise.
_NOT_SO = (ProgrammingError, DataError, NotSupportedError)


class Connection(piggyback.Connection):
    """A connection that knows what it has prepared."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._seen: dict[tuple[str, tuple[str, ...]], int] = {}
        self._sent: dict[tuple[str, tuple[str, ...]], str] = {}
        self._prepared_so_far = 0

    def sent(self, sql: str, values: Values) -> str:
        """How to send a statement for its values: as EXECUTE, with their places, or as it is."""
        given = values.values() if isinstance(values, Mapping) else values
        try:
            key = sql, tuple([_type(value) for value in given])
        except TypeError:
            return sql
        if (sent := self._sent.get(key)) is not None:
            return sent
        if self._prepared_so_far >= MOST or len(sql) > LONGEST or not _MAY_BE.fullmatch(sql):
            return sql
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        seen = self._seen[key] = self._seen.get(key, 0) + 1
        if seen < COMMON:
            return sql
        del self._seen[key]
        sent = self._sent[key] = self._prepared(sql, values, key[1])
        return sent

    def _prepared(self, sql: str, values: Values, types: Sequence[str]) -> str:
        """Prepares it and gives its EXECUTE; or itself, if PostgreSQL cannot prepare it. The
        transaction goes on either way."""
        self._prepared_so_far += 1
        name, places = f"planned_{self._prepared_so_far}", ["%s"] * len(types)
        if isinstance(values, Mapping):
            # Each place is a parameter of its own, as each has a literal of its own.
            type_of, names = dict(zip(values, types, strict=True)), _NAMED.findall(sql)
            types, places = [type_of[given] for given in names], [f"%({n})s" for n in names]
            sql_of_places = _NAMED.sub("%s", sql)
        else:
            sql_of_places = sql
        numbered = sql_of_places % tuple(f"${place}" for place in range(1, len(types) + 1))
        prepare = f"PREPARE {name}{_in_brackets(types)} AS {numbered}"
        with super().cursor(cursor_factory=cursor) as plain:
            if not self.autocommit:
                # Before it and alone: of several at once, a fault of grammar runs none.
                plain.execute("SAVEPOINT planning")
                prepare += "; RELEASE SAVEPOINT planning"
            try:
                plain.execute(prepare)
            except _NOT_SO:
                if not self.autocommit:
                    plain.execute("ROLLBACK TO SAVEPOINT planning; RELEASE SAVEPOINT planning")
                return sql
        return f"EXECUTE {name}{_in_brackets(places)}"

    def forget(self) -> None:
        """Prepare everything anew: a migration has changed what came of it."""
        self._sent.clear()


class Cursor(piggyback.Cursor):
    """Sends prepared statements where its connection has them."""

    connection: Connection
    _asked: tuple[Any, Any] | None = None

    def execute(self, query: Any, vars: Any = None) -> None:
        self._asked = query, vars
        sent = query
        if vars is not None and self.name is None and isinstance(query, str):
            sent = self.connection.sent(query, vars)
        try:
            super().execute(sent, vars)
        except NotSupportedError:
            if sent == query:
                raise
            # “cached plan must not change result type”. Nothing was done. Within a transaction
            # that is lost now, this fails once; the next one goes well.
            self.connection.forget()
            if not self.connection.autocommit:
                raise
            super().execute(query, vars)

    @property
    def query(self) -> bytes | None:
        """The statement as it would have gone without having been prepared, for those who log or
        watch statements."""
        return None if self._asked is None else self.mogrify(*self._asked)


# For the OPTIONS of a database of Django.
FACTORIES = {"connection_factory": Connection, "cursor_factory": Cursor}


def _in_brackets(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def _type(value: Any) -> str:
    """The type that PostgreSQL gives to what psycopg2 writes for a value.

    Raises TypeError for a value of another kind.
    """
    if (known := _TYPES.get(type(value))) is not None:
        return known
    if isinstance(value, str):
        return "unknown"
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, Decimal):  # written as 5 where it is Decimal("5")
        written = str(value)
        return _whole(int(value)) if written.removeprefix("-").isdigit() else "numeric"
    if isinstance(value, datetime):
        return "timestamptz" if value.tzinfo else "timestamp"
    if isinstance(value, list):
        return _array(value)
    raise TypeError(type(value))


_TYPES: dict[type, str] = {
    str: "unknown",
    type(None): "unknown",
    bool: "boolean",
    date: "date",
    timedelta: "interval",
    bytes: "bytea",
    Jsonb: "jsonb",
}


def _whole(value: int) -> str:
    size = (value if value >= 0 else ~value).bit_length()
    return "integer" if size < 32 else "bigint" if size < 64 else "numeric"


def _array(values: list[Any]) -> str:
    """The type of what psycopg2 writes for a list of values of one kind, with NULL among them."""
    types = {_type(value) for value in values if value is not None}
    if not types:
        return "unknown"
    if types == {"unknown"}:
        return "text[]"
    if types == {"integer", "bigint"}:
        return "bigint[]"
    if len(types) > 1:
        raise TypeError(types)
    return f"{types.pop()}[]"
