"""A database for each test that needs one.

Most tests run inside a transaction that is rolled back. A test that commits (`live_server`,
`@pytest.mark.django_db(transaction=True)`, real processes) gets a database of its own instead: a
clone of the migrated one, made by PostgreSQL from a template and dropped afterwards. Django would
empty all tables, which our history of events refuses.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.db import connections
from django.test import TransactionTestCase


class Clones:
    """Makes the next test's clone while this one runs, and drops the last one's."""

    def __init__(self) -> None:
        # All threads share these settings, the live server's too.
        self.settings = connections["default"].settings_dict
        self.original = self.settings["NAME"]
        self.numbers = count(1)
        self.thread = ThreadPoolExecutor(1, "clones")
        self.next: Future[str] | None = None
        # Before any test: PostgreSQL copies only a database that nobody is connected to, and
        # Playwright's loop gives Django connections of its own that close_all() does not see.
        connections.close_all()
        self._copy(self.original, f"{self.original}_template")

    def enter(self) -> None:
        """From now on every new connection of this process goes to a fresh clone."""
        connections.close_all()
        if self.next is None:
            self.next = self.thread.submit(self._make)
        self.settings["NAME"] = self.next.result()
        self.next = self.thread.submit(self._make)

    def leave(self) -> None:
        connections.close_all()
        clone, self.settings["NAME"] = self.settings["NAME"], self.original
        self.thread.submit(self._drop, clone)

    def close(self) -> None:
        # A page that is still asking for something when its test is over gets the original.
        connections.close_all()
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{self.original}'"
        )
        if self.next is not None:
            self.thread.submit(self._drop, self.next.result())
        self.thread.submit(self._drop, f"{self.original}_template")
        self.thread.shutdown()

    def _make(self) -> str:
        clone = f"{self.original}_{next(self.numbers)}"
        self._copy(f"{self.original}_template", clone)
        return clone

    def _copy(self, template: str, copy: str) -> None:
        self._drop(copy)  # a run that was cut short may have left one
        self._execute(f'CREATE DATABASE "{copy}" TEMPLATE "{template}"')

    def _drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        session = psycopg2.connect(url_of("postgres"))
        try:
            session.autocommit = True
            session.cursor().execute(statement)
        finally:
            session.close()


def url_of(database: str) -> str:
    """DATABASE_URL, for another database of the same server."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """pytest-django's test database, with clones where Django would empty tables."""
    with django_db_blocker.unblock():
        clones = Clones()
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(lambda _cls: clones.enter()))
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: clones.leave())
    yield
    patch.undo()
    clones.close()


@pytest.fixture
def database_url(transactional_db) -> str:
    """DATABASE_URL for real processes that shall see what this test commits."""
    return url_of(connections["default"].settings_dict["NAME"])
