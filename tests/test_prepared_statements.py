"""Statements that come again and again are planned once, and mean the same as before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import NotSupportedError, connection, transaction
from django.test.utils import CaptureQueriesContext

from directory.models import Company
from erpbridge import piggyback, prepared_statements, servers
from tests.factories import CompanyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have prepared on this connection takes no room."""
    monkeypatch.setattr(prepared_statements, "MOST", 10**6)


def ask(sql: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def prepared(part: str) -> int:
    """How many prepared statements of this connection hold the words."""
    [(found,)] = ask(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%' || %s || '%%'"
        " AND statement NOT LIKE '%%pg_prepared%%'",
        [part],
    )
    return int(found)


def test_a_statement_is_prepared_when_it_comes_for_the_third_time() -> None:
    sql = "SELECT %s + 40, 'once for all'"
    answers = [ask(sql, [2]) for _ in range(prepared_statements.COMMON - 1)]
    assert prepared("once for all") == 0
    answers += [ask(sql, [2]) for _ in range(3)]
    assert prepared("once for all") == 1
    assert answers == [[(42, "once for all")]] * 5


def test_one_without_values_is_prepared_too() -> None:
    assert [ask("SELECT '100 %%', 'as it always is'", []) for _ in range(4)] == [
        [("100 %", "as it always is")]
    ] * 4
    assert prepared("as it always is") == 1


VALUES = [
    7,
    -7,
    2**40,
    2**70,
    -(2**31),
    -(2**63),
    True,
    Decimal("12.50"),
    Decimal("-5"),
    Decimal("1E+3"),
    Decimal("NaN"),
    1.5,
    date(2026, 3, 1),
    datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
    timedelta(days=2, seconds=5),
    b"\x00\xff",
    [1, 2],
    [1, 2**40],
    [1, None],
    ["it's", "100 %"],
    [date(2026, 3, 1), None],
    [[1, 2], [3, 4]],
    "a word that's quoted, 100 %",
    None,
    [],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_what_it_was_without_preparing(value: Any) -> None:
    """Its type and what comes back, with a list of no type, a text and NULL where those may be."""
    typed = isinstance(value, str) or value is None or value == []
    cast = ("::text" if isinstance(value, str) else "::int[]") if typed else ""
    sql = f"SELECT %s{cast}, pg_typeof(%s{cast})::text"
    answers = [ask(sql, [value, value]) for _ in range(5)]
    assert {str([_readable(cell) for cell in row]) for [row] in answers} == {
        str([_readable(cell) for cell in answers[0][0]])
    }


def _readable(cell: Any) -> Any:
    return bytes(cell) if isinstance(cell, memoryview) else cell


def test_the_same_statement_with_values_of_another_type_is_another_one() -> None:
    sql = "SELECT %s / 2, 'halves'"
    for _ in range(4):
        assert ask(sql, [5]) == [(2, "halves")]
        assert ask(sql, [Decimal("5.0")]) == [(Decimal("2.5"), "halves")]
    assert prepared("halves") == 2


def test_values_with_names_may_stand_twice_or_nowhere() -> None:
    sql = "SELECT %(one)s - %(other)s, %(one)s, 'all of it: 100 %%'"
    for _ in range(5):
        assert ask(sql, {"one": 5, "spare": "unused", "other": 2}) == [(3, 5, "all of it: 100 %")]
    assert prepared("all of it") == 1


def test_what_cannot_be_prepared_goes_on_and_loses_no_work() -> None:
    company = CompanyFactory.create()
    with transaction.atomic():
        Company.objects.filter(pk=company.pk).update(name="Renamed")
        for _ in range(5):
            assert ask("SELECT %s IS NULL AS of_no_type", ["x"]) == [(False,)]
    company.refresh_from_db()
    assert str(company.name) == "Renamed"
    assert prepared("of_no_type") == 0


def test_a_statement_goes_on_after_a_migration_has_added_a_column() -> None:
    company = CompanyFactory.create()
    sql = "SELECT name FROM directory_company WHERE id = %s"
    for _ in range(5):
        ask(sql, [company.pk])
    assert prepared("SELECT name FROM directory_company") == 1
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE directory_company ADD COLUMN later text NOT NULL DEFAULT ''")
    assert ask(sql, [company.pk]) == [(company.name,)]


def test_a_statement_for_all_columns_is_not_prepared() -> None:
    for _ in range(5):
        ask("SELECT * FROM directory_company WHERE id = %s", [1])
    assert prepared("* FROM directory_company") == 0


def test_who_watches_statements_sees_them_as_they_were_asked() -> None:
    with CaptureQueriesContext(connection) as watched:
        for _ in range(5):
            ask("SELECT %s || ' is watched'", ["This"])
    assert {query["sql"] for query in watched} == {"SELECT 'This' || ' is watched'"}


def test_a_pooler_of_transactions_gets_plain_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERPBRIDGE_PREPARE", "0")
    assert servers.database("postgresql:///one")["OPTIONS"].items() >= piggyback.FACTORIES.items()
    monkeypatch.delenv("ERPBRIDGE_PREPARE")
    assert (
        servers.database("postgresql:///one")["OPTIONS"].items()
        >= prepared_statements.FACTORIES.items()
    )


def test_what_no_grammar_lets_be_prepared_loses_no_work_either() -> None:
    company = CompanyFactory.create()
    with transaction.atomic():
        Company.objects.filter(pk=company.pk).update(name="Renamed")
        for _ in range(5):
            assert ask("SELECT INTERVAL %s", ["1 day"]) == [(timedelta(days=1),)]
    company.refresh_from_db()
    assert str(company.name) == "Renamed"


def test_of_two_statements_in_one_both_are_run_every_time() -> None:
    company = CompanyFactory.create()
    for name in "abcde":
        update = "UPDATE directory_company SET name = %s; SELECT 'and another'"
        assert ask(update, [name]) == [("and another",)]
        company.refresh_from_db()
        assert company.name == name


def test_a_value_that_stands_in_two_places_is_read_as_each_of_them_reads_it() -> None:
    sql = "SELECT date '2026-03-01' = %(then)s, timestamp '2026-03-01 11:00' < %(then)s"
    for _ in range(5):
        assert ask(sql, {"then": "2026-03-01 12:00"}) == [(True, True)]


@pytest.mark.django_db(transaction=True)
def test_a_connection_gets_over_a_migration_that_changes_the_type_of_a_column() -> None:
    """At once, and within a transaction with the next one."""
    company = CompanyFactory.create()
    sql = "SELECT name FROM directory_company WHERE id = %s"
    widen = "ALTER TABLE directory_company ALTER COLUMN name TYPE varchar({})"
    try:
        for _ in range(5):
            ask(sql, [company.pk])
        ask(widen.format(301), None)
        assert ask(sql, [company.pk]) == [(company.name,)]
        for _ in range(5):
            ask(sql, [company.pk])
        ask(widen.format(302), None)
        with pytest.raises(NotSupportedError), transaction.atomic():
            ask(sql, [company.pk])
        with transaction.atomic():
            assert ask(sql, [company.pk]) == [(company.name,)]
    finally:
        ask(widen.format(Company._meta.get_field("name").max_length), None)
