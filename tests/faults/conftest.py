"""Web processes that meet their fate, and how everything must be afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.books import CheckedBooks
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
        wanted = {"at": at, "how": how, "every": every, "beside": beside, "postmaster": postmaster}
        self.orders.write(json.dumps(wanted) + "\n")
        self.orders.flush()
        port, pid = self.reports.readline().split()
        self.pid = int(pid)
        return f"http://127.0.0.1:{port}"


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
