"""Databases of the benchmarks: migrated, filled, thrown away."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg2
from django.core.management import call_command
from django.db import connections

TEMPLATE = "erpbridge_bench"


def url_of(database: str) -> str:
    """DATABASE_URL, for another database of the same server."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


@contextmanager
def template() -> Iterator[None]:
    """While it lasts, `database` makes its databases from one that is migrated already."""
    for left in _left_over():
        _drop(left)
    _execute(f'CREATE DATABASE "{TEMPLATE}"')
    _use(TEMPLATE)
    call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()
    try:
        yield
    finally:
        _drop(TEMPLATE)


@contextmanager
def database(purpose: str) -> Iterator[str]:
    """A fresh database that this process works with from now on; gives its URL."""
    name = f"{TEMPLATE}_{purpose}"
    _drop(name)
    _execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
    _use(name)
    try:
        yield url_of(name)
    finally:
        connections.close_all()
        _drop(name)


def _use(name: str) -> None:
    """From now on Django's connections of this process go there."""
    connections.close_all()
    connections["default"].settings_dict["NAME"] = name


def _left_over() -> list[str]:
    """The databases of a run that was killed."""
    found = _execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEMPLATE])
    return [name for (name,) in found]


def _drop(name: str) -> None:
    _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(statement: str, values: Sequence[str] = ()) -> list[tuple[str]]:
    session = psycopg2.connect(os.environ["DATABASE_URL"])
    try:
        session.autocommit = True
        cursor = session.cursor()
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []
    finally:
        session.close()
