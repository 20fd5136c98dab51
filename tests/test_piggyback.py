"""What nobody waits for goes to PostgreSQL together with what comes next, and is done all the same.

Real statements on a table of the test; how often PostgreSQL was asked, it tells itself.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from directory.piggyback import send_along

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _book() -> None:
    ask("CREATE TABLE book (n integer UNIQUE CHECK (n < 100))")
    ask("CREATE FUNCTION in_book() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM book'")


def ask(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def write(n: int) -> None:
    send_along("INSERT INTO book SELECT %s", [n])


def written() -> list[int]:
    return [n for (n,) in ask("SELECT n FROM book ORDER BY n")]


@transaction.atomic
def write_and_fail(n: int) -> None:
    write(n)
    raise ZeroDivisionError


def stored() -> list[int]:
    """As somebody else sees it."""
    given = connection.get_connection_params()
    where = {name: given[name] for name in ("dbname", "user", "host", "port") if name in given}
    plain = psycopg2.connect(**where, password=given.get("password"))
    with plain, plain.cursor() as cursor:
        cursor.execute("SELECT n FROM book ORDER BY n")
        found = [n for (n,) in cursor.fetchall()]
    plain.close()
    return found


def waiting() -> int:
    return len(connection.connection.along)


def test_it_goes_with_the_next_statement_in_its_order() -> None:
    with transaction.atomic():
        write(1)
        write(2)
        assert waiting() == 2
        assert ask("UPDATE book SET n = n + 10 RETURNING n") == [(11,), (12,)]
        assert waiting() == 0
    assert stored() == [11, 12]


def test_it_goes_before_the_transaction_is_committed() -> None:
    with transaction.atomic():
        write(1)
        transaction.on_commit(lambda: write(len(stored()) + 1))
        assert stored() == []
    assert stored() == [1, 2]


def test_without_a_transaction_it_goes_at_once() -> None:
    write(1)
    assert stored() == [1]


def test_it_is_undone_with_its_transaction() -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(1)
    assert written() == []


@pytest.mark.parametrize("n", [2, 200])  # 200 is refused
def test_with_its_savepoint_it_alone_is_undone(n: int) -> None:
    with transaction.atomic():
        write(1)
        with pytest.raises(ZeroDivisionError):
            write_and_fail(n)
        write(3)
    assert stored() == [1, 3]


def test_what_is_refused_in_a_savepoint_spoils_that_one_alone() -> None:
    with transaction.atomic():
        write(1)
        with pytest.raises(DatabaseError, match="book_n_check"), transaction.atomic():
            write(200)
        write(3)
    assert stored() == [1, 3]


def look() -> None:
    written()


def commit() -> None:
    """Nothing more comes."""


@pytest.mark.parametrize("what_follows", [look, commit])
def test_what_is_refused_lets_what_follows_fail(what_follows: Callable[[], None]) -> None:
    @transaction.atomic
    def twice() -> None:
        write(1)
        write(1)
        what_follows()

    with pytest.raises(DatabaseError, match="book_n_key"):
        twice()
    write(1)  # and the connection goes on
    assert stored() == [1]


def piece_by_piece() -> None:
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT n FROM book")
        assert cursor.fetchall() == [(1,)]


def many() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM book WHERE n = %s", [[1], [2]])
        assert written() == []


def function() -> None:
    with connection.cursor() as cursor:
        cursor.callproc("in_book")
        assert cursor.fetchall() == [(1,)]


def copy() -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY book TO STDOUT", found := io.StringIO())
        assert found.getvalue() == "1\n"


@pytest.mark.parametrize("asks", [piece_by_piece, many, function, copy])
def test_it_is_there_for_whoever_asks_in_another_way(asks: Callable[[], None]) -> None:
    with transaction.atomic():
        write(1)
        asks()


def test_who_watches_statements_sees_each_of_them() -> None:
    with CaptureQueriesContext(connection) as seen, transaction.atomic():
        write(7)
        look()
    texts = [one["sql"] for one in seen.captured_queries]
    assert texts == [
        "BEGIN",
        "INSERT INTO book SELECT 7",
        "SELECT n FROM book ORDER BY n",
        "COMMIT",
    ]


def test_a_long_percent_stays_what_it_was() -> None:
    with transaction.atomic():
        write(1)
        assert ask("SELECT '100 %' WHERE 'a' LIKE '%'") == [("100 %",)]
        write(2)
        assert ask("SELECT '100 %%' || %s", ["!"]) == [("100 %!",)]
