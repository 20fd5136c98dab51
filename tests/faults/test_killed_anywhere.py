"""Whatever dies between two steps of an export, QuickBooks ends with exactly one change.

The web process is a real one that is killed (SIGKILL) around each commit, with --full before each
SQL statement, too; the Web Connector is stopped after each of its steps. After each death the next
visit, of a server and a Web Connector that work, must bring the change order to Synced, once.
"""

import os
from decimal import Decimal
from itertools import count

import pytest
from django.db import connections

from connectors import engine
from tests.faults.aftermath import accepted, assert_all_ended, assert_once, visit_until_quiet
from tests.faults.conftest import Servers
from tests.faults.dying_server import Fate, kill
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_web_process_dies_at_every_point(stage: Stage, servers: Servers) -> None:
    survived = 0
    for point in count(1):
        if point % 50 == 1:  # the Memo of one order has no room for more
            commitment = stage.commitment(number=f"SC-{point:03}")
            stage.synced(commitment)
        number = f"{point:03}"
        change_order = accepted(stage, commitment, number)
        visit = stage.web_connector(servers.start(point)).run_once()
        if visit.outcome == "done":
            survived = point  # the visit has no more points than this
        else:
            visit_until_quiet(stage, servers.start())
        assert_once(stage, change_order, f"point {point}")
        if survived:
            break
    assert survived > 20, "the points were not reached"
    changes = stage.order(commitment.number).total - Decimal("35000.00")
    assert changes == ((survived - 1) % 50 + 1) * Decimal("1500.00")
    assert_all_ended()


def test_the_web_connector_dies_after_every_step(stage: Stage, servers: Servers) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    address = servers.start()
    steps = 0
    for stop_after in count(1):
        number = f"{stop_after:03}"
        change_order = accepted(stage, commitment, number)
        visit = stage.web_connector(address).steps()
        whole = False
        for _ in range(stop_after):
            try:
                next(visit)
            except StopIteration:
                whole = True
        visit.close()
        visit_until_quiet(stage, address)
        assert_once(stage, change_order, f"step {stop_after}")
        steps = stop_after
        if whole:
            break
    assert steps > 8, "the steps were not reached"
    assert_all_ended()


def test_the_worker_dies_at_every_point_of_its_sweep(
    stage: Stage, servers: Servers, database_url: str, settings
) -> None:
    """A visit is cut off after QuickBooks has written; the sweep that cleans up is killed, too."""
    settings.ERP_QUARANTINE_SECONDS = 0
    settings.ERP_SESSION_IDLE_SECONDS = 0
    commitment = stage.commitment()
    stage.synced(commitment)
    address = servers.start()
    for point in count(1):
        number = f"{point:03}"
        change_order = accepted(stage, commitment, number)
        stage.faults.lose_answer = 1
        assert stage.web_connector(address).run_once().outcome == "lost"
        assert stage.status(change_order) == "exporting"
        died = _sweep_dying_at(point, database_url)
        if died:
            assert stage.status(change_order) in ("exporting", "unknown")
        engine.expire_sessions()
        assert stage.status(change_order) == "unknown"
        visit_until_quiet(stage, address)
        assert_once(stage, change_order, f"point {point}")
        if not died:
            break
    assert point > 8, "the points were not reached"
    assert_all_ended()


def _sweep_dying_at(point: int, database_url: str) -> bool:
    """The worker's sweep in a process of its own; True if it was killed."""
    connections.close_all()
    child = os.fork()
    if not child:
        Fate(point, kill, every=True).wait()
        engine.expire_sessions()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
