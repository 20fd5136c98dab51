"""A web server that dies at a chosen moment: a process that forks one for each line it reads.

`{"die_at": 7}` forks a server that kills itself (SIGKILL) at its seventh point; 0 never. Points are
the moments before and after every commit, and before every SQL statement that commits by itself;
with `"every": true` before each statement of a transaction, too (it then rolls back, as it does
before its commit). It prints the port. Forking spares the second that importing Django takes.

The product knows nothing of this: the points are Django's own.
"""

import json
import os
import signal
import sys
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class Death:
    """Counts the points and strikes at one of them."""

    def __init__(self, at: int, *, every: bool = False) -> None:
        self.at = at
        self.every = every
        self.reached = 0

    def point(self) -> None:
        self.reached += 1
        if self.reached == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if self.every or not context["connection"].in_atomic_block:
            self.point()
        return execute(sql, params, many, context)

    def wait(self) -> None:
        """Stand at every statement and every commit of this process from now on."""
        commit = vars(BaseDatabaseWrapper)["_commit"]

        def dying_commit(wrapper: BaseDatabaseWrapper) -> Any:
            self.point()
            done = commit(wrapper)
            self.point()
            return done

        setattr(BaseDatabaseWrapper, "_commit", dying_commit)  # noqa: B010 Django's own, private

        def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
            connection.execute_wrappers.append(self)

        connection_created.connect(watch, weak=False)


def serve(die_at: int, report: int, *, every: bool) -> None:
    """The child: a server for one thread, on a free port that it writes to `report`."""
    connections.close_all()
    server = make_server("127.0.0.1", 0, get_wsgi_application(), WSGIServer, handler_class=Quiet)
    Death(die_at, every=every).wait()
    os.write(report, f"{server.server_port}\n".encode())
    server.serve_forever()


def main() -> None:
    django.setup()
    get_wsgi_application()  # everything imported before the first fork
    child = 0
    for line in sys.stdin:
        wanted = json.loads(line)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = 0
        read, write = os.pipe()
        child = os.fork()
        if not child:
            serve(wanted["die_at"], write, every=wanted["every"])
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as report:
            sys.stdout.write(report.readline())
            sys.stdout.flush()
    if child:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
