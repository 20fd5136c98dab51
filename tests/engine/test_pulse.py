"""A worker that waits for a slow answer is known to live; one that was killed is soon missed."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from django.db.models import F

from connectors import engine, pulse
from connectors.calling import idle_lanes
from connectors.models import Session
from connectors.pulse import LEASE, STUCK, Pulse
from tests.engine.on_spectrum import waiting_worker

pytestmark = pytest.mark.django_db(transaction=True)


def silent() -> None:
    """Nothing was heard of any worker for longer than the lease."""
    longer = LEASE + timedelta(seconds=1)
    Session.objects.update(last_seen_at=F("last_seen_at") - longer)


def test_a_call_that_takes_longer_than_the_lease_loses_no_lane(
    spectrum, stage, monkeypatch
) -> None:
    monkeypatch.setattr(pulse, "EVERY", 0.02)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    with waiting_worker(spectrum):
        silent()
        pause = Event()
        assert any(not idle_lanes().exists() or pause.wait(0.02) for _ in range(1000))
        assert spectrum.serve() is False
        assert stage.status(commitment) == "exporting"
    assert stage.status(commitment) == "synced"
    assert len(spectrum.sent()) == 3, "each call was made once"


def test_a_worker_that_does_not_move_any_more_counts_as_dead(spectrum, stage) -> None:
    spectrum.accepted(stage.commitment())
    session = engine.open_session(stage.connection.pk, lease=LEASE)
    assert isinstance(session, Session)
    alive = Pulse(session)
    silent()
    assert idle_lanes().exists()
    alive.beat()
    assert not idle_lanes().exists()
    silent()
    alive._moved_at -= STUCK + 1
    alive.beat()
    assert idle_lanes().exists()
    alive.moved()
    alive.beat()
    assert not idle_lanes().exists()


def test_a_session_that_was_ended_stays_so(spectrum, stage) -> None:
    session = engine.open_session(stage.connection.pk, lease=LEASE)
    assert isinstance(session, Session)
    engine.close_session(session)
    silent()
    before = Session.objects.get().last_seen_at
    Pulse(session).beat()
    assert Session.objects.get().last_seen_at == before
