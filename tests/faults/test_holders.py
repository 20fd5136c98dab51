"""Who holds a lane, and who believes to: frozen processes, two Web Connectors, two sweepers, and a
new version of the program that takes over in the middle of a visit."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Barrier, Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.db import connections

from connectors import engine
from connectors.models import Conversation, Session
from connectors.registry import fingerprint
from sandbox.quickbooks.web_connector import Steps
from tests.faults.aftermath import accepted, assert_all_ended, assert_once, visit_until_quiet
from tests.faults.conftest import CHECKOUT, FULL, Servers, servers_at
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


# --- A frozen process ---------------------------------------------------------------------------


def test_a_process_that_was_frozen_wakes_up_and_changes_nothing(
    stage: Stage, database_url: str
) -> None:
    """It holds the lane, at times in the middle of a transaction. Others go on without it."""
    commitment = stage.commitment()
    stage.synced(commitment)
    frozen = 0
    with servers_at(database_url, more={"ERPBRIDGE_IDLE_TRANSACTION_SECONDS": "1"}) as servers:
        for point in range(1, 41, 1 if FULL else 8):
            change_order = accepted(stage, commitment, f"{point:03}")
            address = servers.start(point, "freeze", every=True)
            sleeper = servers.pid
            stage.web_connector(address, timeout=1.0).run_once()
            frozen += _is_stopped(sleeper)
            visit_until_quiet(stage, servers.start(beside=True))
            assert_once(stage, change_order, f"point {point}, while it is frozen")
            os.kill(sleeper, signal.SIGCONT)
            # It answers whoever asks it now, so it has done what it wanted.
            visit_until_quiet(stage, address)
            assert_once(stage, change_order, f"point {point}, after it woke up")
    assert frozen > 2, "nothing was frozen"
    assert_all_ended()


def _is_stopped(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return status.rpartition(")")[2].split()[0] == "T"


# --- Two Web Connectors ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30 if FULL else 2))
def test_two_web_connectors_speak_for_one_company_file(
    stage: Stage, servers: Servers, seed: int
) -> None:
    """Two offices, each with its own Web Connector; whose turn it is, the seed says."""
    random = Random(seed)
    commitment = stage.commitment()
    stage.synced(commitment)
    changes = [accepted(stage, commitment, f"{number:03}") for number in range(1, 6)]
    address = servers.start()
    offices: dict[str, Steps] = {}
    for _ in range(120):
        machine = random.choice(["office-pc", "laptop"])
        if machine in offices and random.random() < 0.02:
            offices.pop(machine).close()  # somebody stops it
        if machine not in offices:
            offices[machine] = stage.web_connector(address, machine=machine).steps()
        try:
            next(offices[machine])
        except StopIteration:
            del offices[machine]
    for steps in offices.values():
        steps.close()
    visit_until_quiet(stage, address)
    for change_order in changes:
        assert_once(stage, change_order, f"seed {seed}")
    assert_all_ended(f"seed {seed}")


# --- Two sweepers --------------------------------------------------------------------------------


def test_two_sweepers_end_the_same_silent_sessions(stage: Stage, settings) -> None:
    settings.ERP_QUARANTINE_SECONDS = 0
    settings.ERP_SESSION_IDLE_SECONDS = 0
    commitment = stage.commitment()
    stage.synced(commitment)
    for number in range(1, 50 if FULL else 5):
        change_order = accepted(stage, commitment, f"{number:03}")
        session = engine.open_session(stage.connection.pk)
        assert isinstance(session, Session)
        while (message := engine.next_message(session)) is not None and not message.writes:
            engine.receive(session, stage.books.answer(message.body))
        assert message is not None
        if number % 2:
            stage.books.answer(message.body)  # written, and nobody hears of it
        start = Barrier(2)

        def sweep(start: Barrier = start) -> int:
            start.wait(30)
            try:
                return engine.expire_sessions()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            ended = sum(pool.map(lambda _: sweep(), range(2)))
        assert ended == 1
        searches = Conversation.objects.filter(purpose="find", subject=str(change_order.export_id))
        assert searches.count() == 1
        stage.visit()
        stage.visit()
        assert_once(stage, change_order, f"after {number} sweeps")
    assert_all_ended()


# --- A deployment ------------------------------------------------------------------------------


class Balancer:
    """Stands before two versions: the first calls go to the old one, all others to the new one."""

    def __init__(self, old: str, new: str) -> None:
        self.left = 0
        balancer = self

        class Forward(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                balancer.left -= 1
                there = old if balancer.left >= 0 else new
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: self.headers[name] for name in ("Content-Type", "SOAPAction")}
                try:
                    with urlopen(Request(there + self.path, body, headers)) as answer:
                        status, said = answer.status, answer.read()
                except HTTPError as error:
                    status, said = error.code, error.read()
                self.send_response(status)
                self.send_header("Content-Type", "text/xml; charset=utf-8")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Forward)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def new_version(tmp_path: Path) -> Path:
    """The program with a change in its connector, as a deployment brings it."""
    folder = tmp_path / "new"
    ignored = shutil.ignore_patterns(".*", "var", "node_modules", "__pycache__", "docs")
    shutil.copytree(CHECKOUT, folder, ignore=ignored)
    with (folder / "connectors" / "quickbooks" / "words.py").open("a", encoding="utf-8") as file:
        file.write("\n# Another version.\n")
    return folder


@pytest.fixture
def versions(database_url: str, new_version: Path) -> Iterator[Balancer]:
    with servers_at(database_url) as old, servers_at(database_url, new_version) as new:
        balancer = Balancer(old.start(), new.start())
        yield balancer
        balancer.server.shutdown()
        balancer.server.server_close()


def test_a_new_version_takes_over_after_any_call(stage: Stage, versions: Balancer) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    for calls in range(1, 14):
        change_order = accepted(stage, commitment, f"{calls:03}")
        versions.left = calls
        visit = stage.web_connector(versions.address).run_once()
        visit_until_quiet(stage, versions.address)
        assert_once(stage, change_order, f"after {calls} calls: {visit.outcome} {visit.message}")
    assert_all_ended()
    codes = set(Conversation.objects.filter(purpose="export").values_list("fingerprint", flat=True))
    assert len(codes) == 2, "both versions must have exported"
    assert fingerprint("quickbooks") in codes
