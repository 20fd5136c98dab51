"""The web server as `./run` starts it, on one database, for this process to measure."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.processor import children_of
from erpbridge.supervisor import Refusal, processes
from erpbridge.supervisor.children import dies_with_us, end
from erpbridge.supervisor.stack import healthy

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class WebServer:
    """A web server that runs."""

    port: int
    process: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@contextmanager
def serving(database_url: str) -> Iterator[WebServer]:
    """The application's web server, with the benchmarks' addresses, on that database."""
    port = _port()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "bench.settings",
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *processes.web(HOST, port)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with_us(signal.SIGTERM),
        )
        try:
            deadline = time.monotonic() + 60
            while not healthy(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise Refusal(f"The web server does not answer: {log.read()[-2000:].decode()}")
                time.sleep(0.05)
            yield WebServer(port, _worker(process.pid))
        finally:
            end(process, signal.SIGTERM, 10)


def _port() -> int:
    """A port that nobody has: not the next free one, which others may find at the same moment."""
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])


def _worker(server: int) -> int:
    """The process that answers: the last child of the one that was started."""
    return children_of(server)[-1]
