"""Whatever dies between two steps of an export, QuickBooks ends with exactly one change.

The web process is a real one that is killed (SIGKILL) around each commit, with --full before each
SQL statement, too; the Web Connector is stopped after each of its steps. After each death the next
visit, of a server and a Web Connector that work, must bring the change order to Synced, once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count

import pytest

from connectors import engine
from directory.history import faults
from tests.books import CheckedBooks
from tests.stage import Stage, set_stage

pytestmark = pytest.mark.django_db(transaction=True)

Server = Callable[[int], str]


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    """Starts a web process that dies at its n-th point (0: never); returns its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dying_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "erpbridge.settings",
            "DATABASE_URL": database_url,
            "ERPBRIDGE_QUARANTINE_SECONDS": "0",
        },
    )
    orders, ports = process.stdin, process.stdout
    assert orders is not None
    assert ports is not None

    def start(die_at: int) -> str:
        wanted = {"die_at": die_at, "every": "ERPBRIDGE_FULL" in os.environ}
        orders.write(json.dumps(wanted) + "\n")
        orders.flush()
        return f"http://127.0.0.1:{int(ports.readline())}"

    with process:
        yield start
        orders.close()


@pytest.fixture
def stage(transactional_db, tmp_path) -> Stage:
    books = CheckedBooks.create(tmp_path / "books.db", company_name="Meridian Builders, Inc.")
    return set_stage(books)


def visit_until_quiet(stage: Stage, address: str) -> None:
    """Web Connectors that work, until nothing is left to do."""
    for _ in range(6):
        visit = stage.web_connector(address).run_once()
        if visit.outcome == "nothing to do":
            return
    pytest.fail(f"Still busy after six visits: {visit.outcome} {visit.message}")


def assert_once(stage: Stage, change_order, number: str, where: str) -> None:
    export = stage.export(change_order)
    assert export.status == "synced", f"{where}: {export.status} {export.message}"
    order = stage.order(change_order.commitment.number)
    lines = [line for line in order.lines if line.desc.startswith(f"CCO {number}:")]
    assert [line.amount for line in lines] == [Decimal("1500.00")], where


def test_the_web_process_dies_at_every_point(stage: Stage, server: Server) -> None:
    survived = 0
    for point in count(1):
        if point % 50 == 1:  # the Memo of one order has no room for more
            commitment = stage.commitment(number=f"SC-{point:03}")
            stage.synced(commitment)
        number = f"{point:03}"
        change_order = stage.change_order(commitment, number=number)
        stage.send(change_order)
        stage.accept(change_order)
        visit = stage.web_connector(server(point)).run_once()
        if visit.outcome == "done":
            survived = point  # the visit has no more points than this
        else:
            visit_until_quiet(stage, server(0))
        assert_once(stage, change_order, number, f"point {point}")
        if survived:
            break
    assert survived > 20, "the points were not reached"
    changes = stage.order(commitment.number).total - Decimal("35000.00")
    assert changes == ((survived - 1) % 50 + 1) * Decimal("1500.00")
    assert list(faults(stage.company.pk)) == []


def test_the_web_connector_dies_after_every_step(stage: Stage, server: Server) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    address = server(0)
    steps = 0
    for stop_after in count(1):
        number = f"{stop_after:03}"
        change_order = stage.change_order(commitment, number=number)
        stage.send(change_order)
        stage.accept(change_order)
        visit = stage.web_connector(address).steps()
        whole = False
        for _ in range(stop_after):
            try:
                next(visit)
            except StopIteration:
                whole = True
        visit.close()
        visit_until_quiet(stage, address)
        assert_once(stage, change_order, number, f"step {stop_after}")
        steps = stop_after
        if whole:
            break
    assert steps > 8, "the steps were not reached"
    assert list(faults(stage.company.pk)) == []


def test_the_worker_dies_at_every_point_of_its_sweep(
    stage: Stage, server: Server, database_url: str, settings
) -> None:
    """A visit is cut off after QuickBooks has written; the sweep that cleans up is killed, too."""
    settings.ERP_QUARANTINE_SECONDS = 0
    settings.ERP_SESSION_IDLE_SECONDS = 0
    commitment = stage.commitment()
    stage.synced(commitment)
    address = server(0)
    for point in count(1):
        number = f"{point:03}"
        change_order = stage.change_order(commitment, number=number)
        stage.send(change_order)
        stage.accept(change_order)
        stage.faults.lose_answer = 1
        assert stage.web_connector(address).run_once().outcome == "lost"
        assert stage.status(change_order) == "exporting"
        died = _sweep_dying_at(point, database_url)
        if died:
            assert stage.status(change_order) in ("exporting", "unknown")
        engine.expire_sessions()
        assert stage.status(change_order) == "unknown"
        visit_until_quiet(stage, address)
        assert_once(stage, change_order, number, f"point {point}")
        if not died:
            break
    assert point > 8, "the points were not reached"


def _sweep_dying_at(point: int, database_url: str) -> bool:
    """The worker's sweep in a process of its own; True if it was killed."""
    from django.db import connections

    from tests.faults.dying_server import Death

    connections.close_all()
    child = os.fork()
    if not child:
        Death(point, every=True).wait()
        engine.expire_sessions()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
