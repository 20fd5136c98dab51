"""Statements that go along with the next one, as nobody waits for what they give: see
`directory.piggyback`.

psycopg2 has no pipeline. But PostgreSQL carries out several statements that come as one text in
their order, and in a transaction that is all the same: what fails undoes it.
"""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import connection, cursor


class Connection(connection):
    """A connection that knows what is to go along."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.along: list[bytes] = []

    def taken_along(self, statement: bytes = b"") -> bytes:
        """The statement, behind those that go along with it."""
        text = b";".join([*self.along, statement])
        self.along.clear()
        return text

    def leave_none_behind(self) -> None:
        """They go alone, as what comes next takes nothing along."""
        if self.along:
            with super().cursor(cursor_factory=cursor) as plain:
                plain.execute(self.taken_along())

    def commit(self) -> None:
        self.leave_none_behind()
        super().commit()

    def rollback(self) -> None:
        self.along.clear()
        super().rollback()


class Cursor(cursor):
    """Where it `goes_along`, a statement waits for the next one of its transaction."""

    connection: Connection
    goes_along = False

    def execute(self, query: Any, vars: Any = None) -> None:
        connection = self.connection
        if self.goes_along and not connection.autocommit:
            connection.along.append(self.mogrify(query, vars))
            return
        if isinstance(query, str) and query.startswith("ROLLBACK TO"):
            connection.along.clear()  # what waits came after the savepoint, which took others along
        if self.name is not None:
            connection.leave_none_behind()
        if connection.along:
            query, vars = connection.taken_along(self.mogrify(query, vars)), None
        super().execute(query, vars)

    def executemany(self, query: Any, vars_list: Any) -> None:
        self.connection.leave_none_behind()
        super().executemany(query, vars_list)

    def callproc(self, procname: Any, parameters: Any = None) -> Any:
        self.connection.leave_none_behind()
        return super().callproc(procname, parameters)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        self.connection.leave_none_behind()
        super().copy_expert(sql, file, size)


# For the OPTIONS of a database of Django.
FACTORIES = {"connection_factory": Connection, "cursor_factory": Cursor}
