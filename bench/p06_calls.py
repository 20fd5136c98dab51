"""P6: whether exporting to an ERP that we call takes longer than the calls themselves.

A backlog of commitments, each of three calls, on a Spectrum that takes 200 ms for a call. The other
side is the time that passes at the server between a call that has come and its answer that goes:
the least that one call after the other can take. A hundred documents take a minute, a thousand
ten: `BENCH_DOCUMENTS=1000 ./run bench P6`.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.test import override_settings

from approvals.models import Export
from approvals.workflow import MOST_AT_ONCE, Item, take_all
from bench.data import settle
from bench.database import database
from bench.measuring import Goal, Result, timed
from connectors.calling import serve
from tests.engine.on_spectrum import move
from tests.stage import Stage, set_stage

DOCUMENTS, CALLS_EACH = int(os.environ.get("BENCH_DOCUMENTS", "100")), 3
SECONDS = 0.2
WARM = 5  # documents that go before, and do not count


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p06_calls"), _slow_spectrum() as server:
        stage = set_stage()
        address = f"http://127.0.0.1:{server.server_port}"
        move(stage, address)
        with override_settings(ALLOWED_ERP_ORIGINS=[address]):
            _backlog(stage, WARM)
            serve(stage.connection.pk)
            _backlog(stage, DOCUMENTS, after=WARM)
            settle()
            server.spent.clear()
            ours = timed(lambda: serve(stage.connection.pk))
        _nothing_left()
    if len(server.spent) != DOCUMENTS * CALLS_EACH:
        raise AssertionError(f"{len(server.spent)} calls came.")
    against = sum(server.spent)
    yield Result(
        name="P6",
        what=f"a backlog of {DOCUMENTS} documents ({DOCUMENTS * CALLS_EACH} calls) on a Spectrum "
        f"that takes {SECONDS * 1000:.0f} ms a call, against the time of its calls",
        size=DOCUMENTS,
        ours=ours,
        against=against,
        unit="s",
        ratio=ours / against,
        goal=Goal(1.1),
    )


def _backlog(stage: Stage, number: int, *, after: int = 0) -> None:
    """So many more commitments of two lines are accepted."""
    for at in range(after, after + number):
        stage.send(stage.commitment(number=f"SC-{at:03}"))
    waiting = Export.objects.filter(status="sent").order_by("id")
    items = [Item(pk, version) for pk, version in waiting.values_list("pk", "version")]
    for first in range(0, len(items), MOST_AT_ONCE):
        some = items[first : first + MOST_AT_ONCE]
        results = take_all("accept", some, by=stage.access(stage.ann))
        if refused := [result.error for result in results if result.error]:
            raise AssertionError(refused[:3])


def _nothing_left() -> None:
    left = Export.objects.exclude(status="synced").values_list("status", "message")[:3]
    if left:
        raise AssertionError(f"Not all were exported: {list(left)}")


class _Server(ThreadingHTTPServer):
    """Keeps how long it took for each call, in seconds."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Slow)
        self.spent: list[float] = []


class _Slow(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        began = time.perf_counter()
        time.sleep(SECONDS)
        [name] = re.findall(rb"<nis:(\w+)", content)
        answer = _ANSWER.replace("NAME", name.decode()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.server.spent.append(time.perf_counter() - began)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: it would be measured."""


_ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV='
    '"http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body><ns:NAMEResponse xmlns:ns='
    '"http://www.northgate-is.com/proiv/webservices/types"><returnArray><returnData/>'
    "</returnArray></ns:NAMEResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


@contextmanager
def _slow_spectrum() -> Iterator[_Server]:
    server = _Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
