"""PostgreSQL as the simulation needs it: its clock can be set, any transaction can be struck, and
everything is as it was at the beginning within milliseconds.

The clock: `sim.statement_timestamp()` stands before PostgreSQL's own on the search path, so the
product's SQL finds it there; column defaults are made to ask it, too. `sim.host_timestamp()` is the
clock of whichever machine serves the move, up to two hours off: the product has no use for it. The
history refuses to be deleted, except by `reset`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django import db
from django.db import OperationalError
from django.db.backends.signals import connection_created

connection: Any = db.connection  # what follows looks into it
BEGINNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

_CLOCK = """
    CREATE SCHEMA sim;
    CREATE FUNCTION sim.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT pg_catalog.current_setting('sim.now')::timestamptz $$;
    CREATE FUNCTION sim.host_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT sim.statement_timestamp() + interval '1 second'
            * (pg_catalog.hashtext(pg_catalog.current_setting('sim.now')) % 7200) $$;
    DO $$
        DECLARE one record;
        BEGIN
            FOR one IN
                SELECT attrelid::regclass AS of_table, attname,
                       pg_get_expr(adbin, adrelid) AS expression
                FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
                WHERE pg_get_expr(adbin, adrelid) LIKE '%statement_timestamp()%'
            LOOP
                EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', one.of_table,
                    one.attname, regexp_replace(one.expression,
                        '(pg_catalog\\.)?statement_timestamp\\(\\)', 'sim.statement_timestamp()'));
            END LOOP;
        END
    $$;
    DROP TRIGGER event_rows_stay ON directory_event;
    CREATE TRIGGER event_rows_stay BEFORE UPDATE OR DELETE ON directory_event FOR EACH ROW
        WHEN (pg_catalog.current_setting('sim.reset', true) IS DISTINCT FROM 'yes')
        EXECUTE FUNCTION directory_event_is_append_only();
"""

# Nobody waits for a disk, and a machine that stands still for a while cuts no connection: what is
# lost here is lost by a seed.
_SESSION = (
    "SET search_path = sim, public, pg_catalog; SET synchronous_commit = off;"
    " SET idle_in_transaction_session_timeout = 0"
)


class Killed(BaseException):
    """The process is dead: nothing of ours may catch this and go on."""


class Cut(OperationalError):
    """The connection to the database broke; what was being committed may be there or not."""


class Moments:
    """The moments of a process at which it can be struck: before each statement that commits by
    itself, before each commit, and after it. `strike` is raised at the one numbered `at`."""

    def __init__(self) -> None:
        self.left = 0
        self.strike: type[BaseException] = Killed

    def arm(self, at: int, strike: type[BaseException]) -> None:
        self.left, self.strike = at, strike

    def disarm(self) -> None:
        self.left = 0

    @contextmanager
    def spared(self) -> Iterator[None]:
        """What is asked meanwhile is asked by the simulation itself, which nothing strikes."""
        left, self.left = self.left, 0
        try:
            yield
        finally:
            self.left = left

    def pass_by(self, *, open_transaction: bool = False) -> None:
        if not self.left:
            return
        self.left -= 1
        if self.left == 0:
            if open_transaction:
                connection.connection.rollback()
            connection.run_on_commit = []
            raise self.strike("The connection to the database broke.")

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not connection.in_atomic_block:
            self.pass_by()
        return execute(sql, params, many, context)

    def committing(self, commit: Callable[[], None]) -> Callable[[], None]:
        def struck() -> None:
            self.pass_by(open_transaction=True)
            commit()
            self.pass_by()

        return struck


class Locks:
    """Watches that rows are locked in the one order that CONTRIBUTING.md gives.

    `wrong` tells the first transaction that asked for a lock of an earlier kind after one of a
    later kind. What it holds already it may name again.
    """

    ORDER = (
        ("the privilege", r"FROM \"?directory_membership\"? .*FOR (NO KEY )?UPDATE"),
        ("the company", r"FROM \"?directory_company\"? .*FOR (NO KEY )?UPDATE"),
        ("the lane", r"FROM \"?connectors_lane\"? .*FOR UPDATE"),
        ("the exports", r"FROM \"?approvals_export\"? .*FOR UPDATE"),
        ("the history's head", r"FROM directory_chain .*FOR UPDATE"),
        ("the counters", r"INSERT INTO approvals_tabcount"),
    )
    _PATTERNS = tuple((name, re.compile(pattern, re.DOTALL)) for name, pattern in ORDER)
    _ANY = re.compile(r"FOR (NO KEY )?UPDATE|approvals_tabcount")

    def __init__(self) -> None:
        self.wrong = ""
        self._held: list[int] = []
        self._known: dict[str, int | None] = {}

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        kind = self._known.get(sql, -1)
        if kind == -1:
            kind = self._known[sql] = self._kind(sql)
        if not connection.in_atomic_block:
            self._held = []
        elif kind is not None:
            self._take(kind)
        return execute(sql, params, many, context)

    def over(self) -> None:
        """A transaction has ended."""
        self._held = []

    def _take(self, kind: int) -> None:
        if kind not in self._held:
            later = [held for held in self._held if held > kind]
            if later and not self.wrong:
                self.wrong = f"{self.ORDER[kind][0]} locked after {self.ORDER[min(later)][0]}"
            self._held.append(kind)

    def _kind(self, sql: str) -> int | None:
        if not self._ANY.search(sql):
            return None
        for place, (_, pattern) in enumerate(self._PATTERNS):
            if pattern.search(sql):
                return place
        return None


class Database:
    """The database that this process is connected to, taken over for the simulation."""

    def __init__(self) -> None:
        self.moments = Moments()
        self.locks = Locks()
        self.now = self.began = BEGINNING
        self.commits = 0  # so far
        self._told: datetime | None = None  # what PostgreSQL takes for now
        self._planned: dict[str, str] = {}  # statement -> its name

    @contextmanager
    def taken_over(self, build: Callable[[], None]) -> Iterator[Database]:
        """`build` makes what every seed begins with; `reset` brings it back."""
        with connection.cursor() as cursor:
            cursor.execute(_CLOCK)
            cursor.execute(_SESSION)
        connection.execute_wrappers.append(self._on_time)
        self.now, self._told = BEGINNING, None
        build()
        self.began = self.now
        with connection.cursor() as cursor:
            _keep(cursor)
        connection.execute_wrappers += [self.locks.statement, self.moments.statement]
        commit, rollback = connection._commit, connection._rollback
        struck = self.moments.committing(commit)

        def committed() -> None:
            self.commits += 1
            try:
                struck()
            finally:
                self.locks.over()

        def rolled_back() -> None:
            rollback()
            self._told = None
            self.locks.over()

        connection._commit, connection._rollback = committed, rolled_back
        connection_created.connect(self._connected)
        try:
            yield self
        finally:
            connection_created.disconnect(self._connected)
            del connection._commit, connection._rollback
            connection.execute_wrappers.clear()
            connection.close()

    def _connected(self, **_: object) -> None:
        """The product has hung up and connects again."""
        with connection.connection.cursor() as cursor:
            cursor.execute(_SESSION)
        self._told = None
        self._planned.clear()

    def reset(self) -> None:
        """Everything as it was when it was taken over, sequences and clock included."""
        self.moments.disarm()
        self.locks.over()
        self.locks.wrong = ""
        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT sim.reset()")
        self.now = self.began

    def vacuum(self) -> None:
        """Clear away what many seeds have left behind."""
        with connection.connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def rows(self, asking: str) -> list[Any]:
        """What a long statement without values gives; PostgreSQL plans it once."""
        with connection.cursor() as cursor:
            name = self._planned.get(asking)
            if name is None:
                name = f"asking_{len(self._planned)}"
                cursor.execute(f"PREPARE {name} AS {asking}")
                self._planned[asking] = name
            cursor.execute(f"EXECUTE {name}")
            return list(cursor.fetchall())

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _on_time(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """PostgreSQL hears what time it is when it is asked for something the next time. What it
        heard in a transaction that did not come about is forgotten."""
        back = sql.startswith("ROLLBACK")
        if self._told != self.now and not back:
            self._tell_the_time()
        try:
            return execute(sql, params, many, context)
        finally:
            if back:
                self._told = None

    def _tell_the_time(self) -> None:
        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT set_config('sim.now', %s, false)", [self.now.isoformat()])
        self._told = self.now


def _keep(cursor: Any) -> None:
    """Copy all rows into the schema `base`; `sim.reset()` brings them back. Rows that are as they
    were stay: most of what a seed begins with never changes."""
    cursor.execute("CREATE SCHEMA base")
    cursor.execute(
        """
        SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position),
               (SELECT array_agg(attname::text) FROM pg_index
                JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
                WHERE indisprimary AND indrelid = quote_ident(table_name)::regclass)
        FROM information_schema.columns
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
          AND table_name NOT LIKE 'django%' AND table_name NOT LIKE 'auth%'
        GROUP BY table_name ORDER BY table_name
        """
    )
    # Keys between tables are checked as the transaction ends.
    parts = ["PERFORM set_config('sim.reset', 'yes', true)"]
    for table, columns, key in cursor.fetchall():
        cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
        if not cursor.fetchone()[0]:
            parts.append(f"DELETE FROM {table}")
            continue
        cursor.execute(f"CREATE TABLE base.{table} AS SELECT {columns} FROM {table}")
        as_it_was = " AND ".join(
            [f"now.{one} = kept.{one}" for one in key]
            + [f"record_image_eq({_of('now', columns)}, {_of('kept', columns)})"]
        )
        parts.append(
            f"DELETE FROM {table} AS now"
            f" WHERE NOT EXISTS (SELECT FROM base.{table} AS kept WHERE {as_it_was})"
        )
        parts.append(
            f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
            f" SELECT {columns} FROM base.{table} AS kept"
            f" WHERE NOT EXISTS (SELECT FROM {table} AS now WHERE {as_it_was})"
        )
    cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
    for name, last in cursor.fetchall():
        parts.append(f"PERFORM setval('{name}', {last or 1}, {str(last is not None).lower()})")
    # PostgreSQL plans what stands in a function once.
    cursor.execute(
        "CREATE FUNCTION sim.reset() RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
        + "; ".join(parts)
        + "; END $$"
    )


def _of(row: str, columns: str) -> str:
    """The columns of one row, as PostgreSQL compares rows."""
    return "ROW(" + ", ".join(f"{row}.{one}" for one in columns.split(", ")) + ")"
