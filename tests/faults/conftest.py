"""Web processes that meet their fate, and a PostgreSQL that may be hurt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connections

from erpbridge.servers import database
from erpbridge.supervisor import state
from erpbridge.supervisor.postgres import DATABASE, FORGETFUL, Postgres, binaries
from erpbridge.supervisor.stack import Stack
from tests.books import CheckedBooks
from tests.plugin_database import url_of
from tests.stage import Stage, set_stage

FULL = "ERPBRIDGE_FULL" in os.environ
CHECKOUT = Path(__file__).resolve().parents[2]


class Servers:
    """Starts web processes, each with its fate; see `tests.faults.dying_server`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.orders, self.reports = process.stdin, process.stdout
        self.pid = 0  # of the last one

    def start(
        self,
        at: int = 0,
        how: str = "kill",
        *,
        every: bool = FULL,
        beside: bool = False,
        postmaster: int = 0,
    ) -> str:
        """The address of a new server, to which it happens at its point `at`."""
        port, pid = self._ask(at=at, how=how, every=every, beside=beside, postmaster=postmaster)
        self.pid = int(pid)
        return f"http://127.0.0.1:{port}"

    def work(self, connection: int, at: int, *, every: bool = FULL) -> bool:
        """A worker's turn at a lane, which is killed at its point `at`. Whether it lived."""
        [status] = self._ask(work=connection, at=at, how="kill", every=every)
        assert status == "0" or os.WTERMSIG(int(status)) == signal.SIGKILL, "it broke"
        return status == "0"

    def _ask(self, **wanted: object) -> list[str]:
        self.orders.write(json.dumps(wanted) + "\n")
        self.orders.flush()
        return self.reports.readline().split()


@contextmanager
def servers_at(
    database_url: str, folder: Path = CHECKOUT, more: Mapping[str, str] | None = None
) -> Iterator[Servers]:
    """Web processes of the program in `folder` on that database."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dying_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "erpbridge.settings",
            "DATABASE_URL": database_url,
            "ERPBRIDGE_QUARANTINE_SECONDS": "0",
            **(more or {}),
        },
    ) as process:
        servers = Servers(process)
        yield servers
        servers.orders.close()


@pytest.fixture
def servers(database_url: str) -> Iterator[Servers]:
    with servers_at(database_url) as started:
        yield started


@pytest.fixture
def stage(transactional_db, tmp_path) -> Stage:
    return set_stage(books_in(tmp_path))


def books_in(folder: Path) -> CheckedBooks:
    """A company file that outlives whoever writes it."""
    return CheckedBooks.create(folder / "books.db", company_name="Meridian Builders, Inc.")


# --- A PostgreSQL of its own ---------------------------------------------------------------------

PLAYED = "played"


@pytest.fixture(scope="session")
def postgres(django_db_setup) -> Iterator[Postgres]:
    """A server of its own, with an empty installation in it. What is committed there outlives it,
    as in production."""
    settings = connections["default"].settings_dict
    with state.thrown_away("faults") as where, Stack(where, "http://localhost:8000") as stack:
        server = Postgres(where, stack.setting, {**FORGETFUL, "synchronous_commit": "on"})
        stack.servers.append(server.server)
        server.start()
        dump = where.path / "empty.dump"
        run_tool("pg_dump", "--format=custom", f"--file={dump}", url_of(settings["NAME"]))
        run_tool("pg_restore", "--no-owner", f"--dbname={server.url}", str(dump))
        yield server


def run_tool(name: str, *arguments: str) -> None:
    """One of PostgreSQL's own programs."""
    subprocess.run([binaries() / name, *arguments], check=True)


@pytest.fixture
def own_stage(postgres: Postgres, tmp_path, transactional_db) -> Iterator[Stage]:
    """The stage, in a database of that server, which this process uses meanwhile."""
    as_superuser(postgres, f"CREATE DATABASE {PLAYED} TEMPLATE {DATABASE} OWNER {DATABASE}")
    settings = connections["default"].settings_dict
    before = dict(settings)
    connections.close_all()
    settings.update(database(own_url(postgres)))
    yield set_stage(books_in(tmp_path))
    connections.close_all()
    settings.update(before)
    as_superuser(postgres, f"DROP DATABASE {PLAYED} WITH (FORCE)")


@pytest.fixture
def own_servers(postgres: Postgres, own_stage: Stage) -> Iterator[Servers]:
    with servers_at(own_url(postgres)) as started:
        yield started


def own_url(postgres: Postgres) -> str:
    return urlsplit(postgres.url)._replace(path=f"/{PLAYED}").geturl()


def as_superuser(postgres: Postgres, *statements: str, where: str = "postgres") -> None:
    session = postgres.connect(where)
    session.autocommit = True
    for statement in statements:
        session.cursor().execute(statement)
    session.close()
