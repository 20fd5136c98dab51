"""The embedded PostgreSQL, for real."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from erpbridge.supervisor import Refusal, places, state
from erpbridge.supervisor.postgres import FORGETFUL
from erpbridge.supervisor.stack import Stack
from tests.supervisor.conftest import wait_for


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    session = psycopg2.connect(url)
    try:
        with session.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        session.close()


@pytest.fixture(scope="module")
def embedded() -> Iterator[Stack]:
    """Databases of its own, whatever the suite itself runs on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("REDIS_URL", raising=False)
        with state.thrown_away("part") as where, Stack(where, "http://localhost:8000") as stack:
            stack.start_databases(FORGETFUL)
            yield stack


def test_the_embedded_postgresql_lets_nobody_in_without_a_password(embedded):
    url = embedded.environment["DATABASE_URL"]
    assert rows(url, "SHOW listen_addresses") == [("",)]
    assert rows(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
    parts = urlsplit(url)
    for user, password in (("erpbridge", "guessed"), ("postgres", parts.password)):
        other = url.replace(f"{parts.username}:{parts.password}", f"{user}:{password}")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(other)
    sockets = embedded.state.sockets
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((embedded.state.path / "secrets.json").stat().st_mode) == 0o600


def test_the_embedded_postgresql_is_version_18_and_compares_text_the_same_everywhere(embedded):
    url = embedded.environment["DATABASE_URL"]
    assert rows(url, "SELECT current_setting('server_version_num')::int / 10000") == [(18,)]
    assert rows(url, "SHOW data_checksums") == [("on",)]
    assert rows(url, "SELECT lower('ÄÖÜ'), 'a' < 'B' COLLATE \"default\"") == [("äöü", False)]


def test_no_server_runs_as_root(embedded):
    for server in embedded.servers:
        assert server.process is not None
        assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0


def test_a_killed_postgresql_comes_back_with_what_was_committed(stack, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    stack.start_databases()
    url = stack.environment["DATABASE_URL"]
    session = psycopg2.connect(url)
    session.cursor().execute("CREATE TABLE kept AS SELECT 1 AS one")
    session.commit()
    server = stack.servers[0]
    os.kill(server.process.pid, signal.SIGKILL)

    def answers() -> bool:
        stack.watch_once()
        try:
            return rows(url, "SELECT one FROM kept") == [(1,)]
        except psycopg2.OperationalError:
            return False

    wait_for(answers)
    session.close()


def test_lost_secrets_are_explained(home, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    owner = places.account()

    def start() -> None:
        where = state.State(home / "serve", owner)
        with where.held(), Stack(where, "http://localhost:8000") as stack:
            stack.start_databases(FORGETFUL)

    start()
    (home / "serve" / "secrets.json").unlink()
    with pytest.raises(Refusal, match=r"secrets\.json does not belong to the database"):
        start()


def test_django_talks_to_it_through_psycopg2():
    # Django takes psycopg 3 as soon as a package brings it along.
    assert not is_psycopg3
