"""A web server or worker that meets its fate at a chosen moment: a process that forks one for each
line.

`{"at": 7}` forks a server to which it happens at its seventh point; 0 never. Points are the moments
before and after every commit, and before every SQL statement that commits by itself; with `"every"`
before each statement of a transaction, too. `how` says what happens there:

kill        the server is killed (SIGKILL)
freeze      it stops moving (SIGSTOP) until somebody lets it go on
cut         its connection to PostgreSQL is cut: before a commit, which then never comes, or after
            it was carried out and before the server knows
database    PostgreSQL, whose first process is `postmaster`, is stopped at once (SIGQUIT)

It prints port and process. With `"beside"` the server before lives on. With `"work"`, the id of a
connection, it is no server but a worker that does the task for that lane, and it prints how that
ended, as `os.waitpid` has it. Forking spares the second that importing Django takes. The product
knows nothing of this: the points are Django's own.
"""

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
import psycopg2
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


Happening = Callable[[BaseDatabaseWrapper], None]


class Fate:
    """Counts the points, and lets it happen at one of them."""

    def __init__(self, at: int, happens: Happening, *, every: bool = False) -> None:
        self.at = at
        self.happens = happens
        self.every = every
        self.reached = 0

    def point(self, connection: BaseDatabaseWrapper) -> None:
        self.reached += 1
        if self.reached == self.at:
            self.happens(connection)

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if self.every or not context["connection"].in_atomic_block:
            self.point(context["connection"])
        return execute(sql, params, many, context)

    def wait(self) -> None:
        """Stand at every statement and every commit of this process from now on."""
        commit = vars(BaseDatabaseWrapper)["_commit"]

        def watched_commit(wrapper: BaseDatabaseWrapper) -> Any:
            self.point(wrapper)
            done = commit(wrapper)
            self.point(wrapper)
            if wrapper.connection is not None and wrapper.connection.closed:
                raise OperationalError("The connection was cut during COMMIT.")
            return done

        setattr(BaseDatabaseWrapper, "_commit", watched_commit)  # noqa: B010 Django's own, private

        def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
            connection.execute_wrappers.append(self)

        connection_created.connect(watch, weak=False)


def kill(_connection: BaseDatabaseWrapper) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def freeze(_connection: BaseDatabaseWrapper) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def cut(connection: BaseDatabaseWrapper) -> None:
    """PostgreSQL ends our session; we find out at our next word, or during COMMIT."""
    ours = connection.connection
    other = psycopg2.connect(os.environ["DATABASE_URL"])
    other.autocommit = True
    # Waits until it is gone, for five seconds at most.
    other.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", [ours.info.backend_pid])
    other.close()
    with suppress(psycopg2.Error):
        ours.cursor().execute("SELECT 1")


def database(postmaster: int) -> Happening:
    def stop(_connection: BaseDatabaseWrapper) -> None:
        watched = os.pidfd_open(postmaster)
        os.kill(postmaster, signal.SIGQUIT)
        select.select([watched], [], [], 30)
        os.close(watched)

    return stop


def serve(wanted: dict[str, Any], report: int) -> None:
    """The child: a server for one thread, on a free port that it writes to `report`."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), WSGIServer, handler_class=Quiet)
    meet(wanted)
    os.write(report, f"{server.server_port} {os.getpid()}\n".encode())
    server.serve_forever()


def worked(wanted: dict[str, Any]) -> int:
    """How a worker ended that did one task, as `os.waitpid` has it."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        meet(wanted)
        import_module("connectors.tasks").work(wanted["work"])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def meet(wanted: dict[str, Any]) -> None:
    """From now on this process meets what is wanted for it."""
    connections.close_all()
    ways: dict[str, Happening] = {"kill": kill, "freeze": freeze, "cut": cut}
    happens = ways.get(wanted["how"]) or database(wanted["postmaster"])
    Fate(wanted["at"], happens, every=wanted["every"]).wait()


def main() -> None:
    django.setup()
    get_wsgi_application()  # everything imported before the first fork
    children: list[int] = []
    for line in sys.stdin:
        wanted = json.loads(line)
        if "work" in wanted:
            say(f"{worked(wanted)}\n")
            continue
        if not wanted["beside"]:
            end(children)
        read, write = os.pipe()
        child = os.fork()
        if not child:
            serve(wanted, write)
            os._exit(0)
        children.append(child)
        os.close(write)
        with os.fdopen(read) as report:
            say(report.readline())
    end(children)


def say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def end(children: list[int]) -> None:
    while children:
        child = children.pop()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
