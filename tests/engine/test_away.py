"""A Spectrum that is slow, away or busy costs its own company time, and nobody else anything.

The ERP is the stand-in for Spectrum, over real HTTP.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from django.db import connection as database
from django.db.models import F
from django.utils import timezone

from connectors import tasks
from connectors.calling import serve
from connectors.models import Message, Session
from connectors.syncing import request_sync
from directory import bell
from directory.access import access_to
from directory.models import Unlinked
from tests.engine.on_spectrum import (
    OnSpectrum,
    connect,
    listening,
    move,
    spectrum_books,
    waiting_worker,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_slow_spectrum_holds_up_nobody_else(spectrum, stage) -> None:
    """Two companies, two workers: one waits for its Spectrum, the other is done meanwhile."""
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    quick = spectrum_books()
    with listening(quick) as address, waiting_worker(spectrum):
        other = connect(stage.other, address)
        request_sync(other, access_to(stage.olga, stage.other))
        serve(other.pk)
        assert Unlinked.objects.filter(company=stage.other, what="vendors").exists()
        assert stage.status(commitment) == "exporting"
    assert stage.status(commitment) == "synced"
    quick.close()


def test_nothing_is_open_in_the_database_while_spectrum_is_called(spectrum, stage) -> None:
    """Seen from the other end of the line, at every call."""
    states: list[str] = []
    own = psycopg2.connect(**{**database.get_connection_params(), "cursor_factory": None})

    def look(_seconds: float) -> None:
        with own.cursor() as cursor:
            cursor.execute(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            states.extend(state for (state,) in cursor.fetchall())
        own.rollback()

    spectrum.slow(look)
    spectrum.synced(stage.commitment())
    own.close()
    assert len(states) >= 3, "it was looked at each of its calls"
    assert set(states) == {"idle"}


# --- Spectrum is away, or asks for patience -------------------------------------------------------


def test_a_spectrum_that_is_away_costs_nothing_but_time(stage, settings) -> None:
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
    spectrum = OnSpectrum(stage, company, address)
    settings.ALLOWED_ERP_ORIGINS = [address]
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    for _ in range(30):  # more often than anything is tried that could not be done
        assert spectrum.serve() is False
    assert stage.status(commitment) == "accepted"
    assert "refused" in spectrum.connection.last_result
    assert not Message.objects.filter(writes=True).exists(), "it never went out"
    stage.step("undo-acceptance", commitment, stage.ann)
    company.close()


def test_a_spectrum_that_is_away_is_left_alone_for_a_while(stage, settings, monkeypatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda _task, *ids: rung.extend(ids))
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
    settings.ALLOWED_ERP_ORIGINS = [address]
    stage.send(commitment := stage.commitment())
    stage.accept(commitment)
    for pause in (15, 30, 60, 120, 300, 600, 600):
        serve(stage.connection.pk)
        last = Session.objects.order_by("-fence")[:1]
        rung.clear()
        for passed, rings in ((pause - 2, False), (pause + 1, True)):
            at = timedelta(seconds=passed)
            Session.objects.filter(pk__in=last.values("pk")).update(ended_at=F("started_at") - at)
            tasks.sweep()
            assert bool(rung) == rings, f"{passed} of {pause} seconds"
    company.close()


@pytest.fixture(params=[timedelta(hours=1), -timedelta(hours=1)], ids=["fast", "slow"])
def wrong_clock(request, monkeypatch) -> None:
    """This worker's clock is wrong; the database's is right."""
    off: timedelta = request.param
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + off)


@pytest.mark.usefixtures("wrong_clock")
def test_a_lane_is_found_whatever_the_clock_says(spectrum, stage, monkeypatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda _task, *ids: rung.extend(ids))
    spectrum.synced(stage.commitment())
    spectrum.accepted(stage.commitment(number="SC-002"))
    rung.clear()
    tasks.sweep()
    assert spectrum.connection.pk in rung


@pytest.mark.usefixtures("wrong_clock")
def test_what_is_gone_is_seen_to_be_whatever_the_clock_says(spectrum, stage) -> None:
    spectrum.company.add_vendor("MOOR", "Mooring Electric")
    moor = Unlinked.objects.filter(company=stage.company, erp_id="MOOR")
    for active in (True, False):
        spectrum.company.add_vendor("MOOR", "Mooring Electric", active=active)
        request_sync(spectrum.connection, stage.access(stage.dora))
        spectrum.serve()
        assert moor.get().erp_active == active


@pytest.mark.parametrize("kind", ["too_many", "unavailable"])
def test_a_spectrum_that_asks_for_an_hour_gets_it(spectrum, stage, kind) -> None:
    spectrum.company.faults.add(kind, seconds=3600)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.serve()
    assert f"HTTP {429 if kind == 'too_many' else 503}" in str(Message.objects.get().reply)
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    assert {what for _, _, what in spectrum.effects()} == {"made"}
