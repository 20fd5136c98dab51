"""A real Celery worker that is asked to end, or killed, in the middle of a document."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.db import connections
from django.db.models import F

from connectors.models import Message, Session
from connectors.pulse import LEASE
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 90  # seconds


@dataclass
class Held:
    """Spectrum answers when it is told to: the second call waits."""

    come: Event = field(default_factory=Event)
    go_on: Event = field(default_factory=Event)
    calls: Iterator[int] = field(default_factory=lambda: count(1))

    def __call__(self, _seconds: float) -> None:
        if next(self.calls) == 2:
            self.come.set()
            assert self.go_on.wait(PATIENCE)


@contextmanager
def worker(folder: Path, address: str, connection: int) -> Iterator[subprocess.Popen[str]]:
    """A worker process on the test's database, with a bell of its own; it is rung for the lane."""
    for name in ("in", "control"):
        (folder / name).mkdir()
    broker = {"CELERY_BROKER_URL": "filesystem://", "CELERY_BROKER_FOLDER": str(folder / "in")}
    name = connections["default"].settings_dict["NAME"]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    own = {"DATABASE_URL": database, "ERPBRIDGE_ALLOWED_ERP_ORIGINS": address, **broker}
    command = ["celery", "-A", "erpbridge", "worker", "--pool", "threads", "--concurrency", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--without-gossip", "--without-mingle"],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    places = {"data_folder_in": str(folder / "in"), "data_folder_out": str(folder / "in")}
    bell = Celery(broker="filesystem://", set_as_current=False)
    bell.conf.broker_transport_options = {**places, "control_folder": str(folder / "in/control")}
    try:
        bell.send_task("connectors.tasks.work", [connection], ignore_result=True)
        yield process
    finally:
        process.kill()
        process.communicate()
        bell.close()


def told(process: subprocess.Popen[str], words: str) -> None:
    """Until the worker says so."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return
    raise AssertionError("".join(lines))


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def spectrum(stage: Stage, held: Held, settings) -> Iterator[OnSpectrum]:
    settings.ERP_QUARANTINE_SECONDS = 0
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        spectrum = OnSpectrum(stage, company, address)
        spectrum.slow(held)
        yield spectrum
        held.go_on.set()
    company.close()


def test_a_worker_that_is_stopped_finishes_its_call_and_another_goes_on(
    spectrum: OnSpectrum, stage: Stage, held: Held, tmp_path: Path
) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    with worker(tmp_path, spectrum.address, stage.connection.pk) as process:
        assert held.come.wait(PATIENCE)
        process.send_signal(signal.SIGTERM)
        told(process, "Warm shutdown")
        held.go_on.set()
        assert process.wait(PATIENCE) == 0
    assert Message.objects.filter(writes=True, replied_at=None).count() == 0
    assert len(spectrum.sent()) == 2
    assert stage.status(commitment) == "accepted"
    spectrum.serve()
    assert stage.status(commitment) == "synced"
    assert len(spectrum.sent()) == 3
    assert [what for _, _, what in spectrum.effects()] == ["made"] * 3


def test_a_worker_that_is_killed_leaves_one_call_to_look_after(
    spectrum: OnSpectrum, stage: Stage, held: Held, tmp_path: Path
) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    with worker(tmp_path, spectrum.address, stage.connection.pk) as process:
        assert held.come.wait(PATIENCE)
        process.kill()
        process.wait(PATIENCE)
        held.go_on.set()
    assert spectrum.serve() is False, "its lease is not over"
    longer = LEASE + timedelta(seconds=1)
    Session.objects.update(last_seen_at=F("last_seen_at") - longer)
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    assert len(spectrum.sent()) == 4, "the one that was out is made again"
    made = [what for _, _, what in spectrum.effects()]
    assert sorted(made) == ["made", "made", "made", "nothing"]
