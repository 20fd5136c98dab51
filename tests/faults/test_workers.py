"""Real workers, a real Redis, and a Spectrum that they call: killed, frozen, told to end, flushed.

Redis carries bells and nothing else; what a bell would have said stands in the database, and the
sweep, which beat sends every 15 seconds and these tests when they need it, finds it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from celery import Celery

from commitments.models import Commitment
from connectors.models import Connection, Session
from directory.models import Heartbeat
from erpbridge.supervisor.broker import redis_binary
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.faults.aftermath import assert_all_ended
from tests.faults.conftest import CHECKOUT, FULL
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60  # seconds for whatever has to come


def until(reached: Callable[[], object], what: str) -> None:
    """Waits for it, looking again and again."""
    pause = Event()
    for _ in range(PATIENCE * 20):
        if reached():
            return
        pause.wait(0.05)
    pytest.fail(f"It never came: {what}")


class Redis:
    """A Redis that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        binary = redis_binary()
        if binary is None:
            pytest.skip("REDIS WAS NOT TRIED: there is no redis-server on this machine.")
        self.socket = folder / "redis.sock"
        self.url = f"redis+socket://{self.socket}"
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", folder]
        self.command = [str(binary), *map(str, options)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        until(self.socket.exists, "Redis")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


class Works:
    """The workers of one test, what they are rung with, and the Spectrum that they call."""

    def __init__(self, spectrum: OnSpectrum, redis: Redis, database_url: str, folder: Path) -> None:
        self.spectrum = spectrum
        self.redis = redis
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "erpbridge.settings",
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": redis.url,
            "ERPBRIDGE_STATE": str(folder),
            "ERPBRIDGE_ALLOWED_ERP_ORIGINS": spectrum.address,
            "ERPBRIDGE_QUARANTINE_SECONDS": "0",
            "ERPBRIDGE_SESSION_IDLE_SECONDS": "1",
        }

    def worker(self) -> subprocess.Popen[bytes]:
        """One more, once it works."""
        process = self._start()
        # More than once: a bell may reach one that is frozen.
        Heartbeat.objects.all().delete()
        self.sweep_until(Heartbeat.objects.exists, "the first sweep of a worker")
        return process

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["--pool", "threads", "--concurrency", "2", "--without-gossip"]
        name = f"worker{len(self.started)}"
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "-A", "erpbridge", "worker", *options),
                    *("--without-mingle", "--hostname", f"{name}@here"),
                ],
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.started.append(process)
        return process

    def ring(self, task: str, *ids: int) -> None:
        with Celery(broker=self.redis.url) as bell:
            bell.send_task(task, ids, retry=False)

    def sweep_until(self, reached: Callable[[], object], what: str) -> None:
        """As beat does, only more often; a worker that ended is started again, as whoever runs an
        installation does it (Celery ends where Redis on a Unix socket goes away)."""
        for _ in range(PATIENCE // 2):
            if self.started[-1].poll() is not None:
                self._start()
            self.ring("connectors.tasks.sweep")
            pause = Event()
            for _ in range(40):
                if reached():
                    return
                pause.wait(0.05)
        logs = [log.read_text() for log in self.folder.glob("*.log")]
        pytest.fail("\n".join([f"It never came: {what}", *logs]))

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def held() -> Iterator[Event]:
    """Spectrum answers while it is set."""
    answers = Event()
    answers.set()
    yield answers
    answers.set()


@pytest.fixture
def works(stage: Stage, held: Event, database_url: str, tmp_path) -> Iterator[Works]:
    redis = Redis(tmp_path)
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        # Its lists are as the stage has them; nobody reads them anew meanwhile.
        Connection.objects.update(sync_minutes=Connection.Schedule.NEVER)
        spectrum = OnSpectrum(stage, company, address)
        spectrum.slow(lambda _seconds: held.wait(PATIENCE))
        works = Works(spectrum, redis, database_url, tmp_path)
        try:
            yield works
        finally:
            held.set()
            works.end()
            redis.stop()
    company.close()


def in_hand(works: Works, held: Event) -> Commitment:
    """A commitment that a worker is at: Spectrum has its first call, and does not answer."""
    stage = works.spectrum.stage
    commitment = stage.commitment()
    works.spectrum.accepted(commitment)
    held.clear()
    works.sweep_until(lambda: stage.status(commitment) == "exporting", "the export")
    return commitment


def assert_made_once(works: Works, commitment: Commitment) -> None:
    assert works.spectrum.stage.status(commitment) == "synced"
    assert str(works.spectrum.total(commitment.number)) == "35000.00"
    assert_all_ended()


def test_redis_is_flushed_and_stopped_and_a_worker_is_told_to_end(
    works: Works, held: Event
) -> None:
    stage = works.spectrum.stage
    works.worker()

    # A bell that nobody hears: flushed before a worker took it.
    lost = stage.commitment(number="SC-002")
    works.spectrum.accepted(lost)
    with Celery(broker=works.redis.url) as bell:
        works.ring("connectors.tasks.work", works.spectrum.connection.pk)
        bell.control.purge()
    works.sweep_until(lambda: stage.status(lost) == "synced", "what the lost bell was about")

    # Redis goes away while the worker is at work, and comes back empty.
    commitment = in_hand(works, held)
    works.redis.stop()
    late = stage.commitment(number="SC-003")
    works.spectrum.accepted(late)  # the bell is not heard, and nobody is told of that
    held.set()
    until(lambda: stage.status(commitment) == "synced", "the item in hand, without Redis")
    works.redis.start()
    works.sweep_until(lambda: stage.status(late) == "synced", "what was accepted meanwhile")

    # A deployment: the worker ends the call in hand, and another one goes on from there.
    held.clear()
    last = stage.commitment(number="SC-004")
    works.spectrum.accepted(last)
    works.sweep_until(lambda: stage.status(last) == "exporting", "the export")
    worker = works.started[-1]
    worker.send_signal(signal.SIGTERM)
    Event().wait(0.5)
    held.set()
    assert worker.wait(PATIENCE) == 0
    assert not Session.objects.filter(ended_at=None).exists()
    assert stage.status(last) in ("accepted", "synced")
    works.worker()
    works.sweep_until(lambda: stage.status(last) == "synced", "what was handed over")
    for document in (lost, commitment, late, last):
        assert_made_once(works, document)


@pytest.mark.skipif(not FULL, reason="only with --full: it takes half a minute")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_is_killed_or_frozen_in_the_middle_of_a_call(
    works: Works, held: Event, how: signal.Signals
) -> None:
    """Another one takes the lane over; the frozen one wakes up when all is done."""
    first = works.worker()
    commitment = in_hand(works, held)
    first.send_signal(how)
    held.set()
    works.worker()
    stage = works.spectrum.stage
    works.sweep_until(lambda: stage.status(commitment) == "synced", "what another one took over")
    assert_made_once(works, commitment)
    if how == signal.SIGSTOP:
        first.send_signal(signal.SIGCONT)
        first.send_signal(signal.SIGTERM)
        first.wait(PATIENCE)
        assert_made_once(works, commitment)
