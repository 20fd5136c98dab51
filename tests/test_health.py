"""What an operator sees of an installation that works, and of one that does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client, override_settings
from django.utils import timezone

from approvals.models import TabCount
from connectors import engine
from connectors.calling import serve
from connectors.models import Conversation, Session
from connectors.pulse import LEASE
from connectors.tasks import sweep
from directory.models import Company, Heartbeat, Verification
from directory.tokens import make_token
from erpbridge.tasks import verify
from tests.engine.on_spectrum import listening, move, spectrum_books
from tests.stage import Stage, sign_in


@pytest.fixture(autouse=True)
def _bells_through_files(settings):
    """No broker has to answer while these are told."""
    settings.CELERY_BROKER_URL = "filesystem://"


@pytest.fixture
def running(stage: Stage) -> Stage:
    """The workers have swept, and what is stored was looked over."""
    sweep()
    verify()
    return stage


def look(status: int = 200) -> dict[str, dict[str, object]]:
    answer = Client().get("/health/")
    assert answer.status_code == status, answer.content
    told = answer.json()
    assert told["works"] is (status == 200)
    return told["checks"]


def test_everything_works(running: Stage) -> None:
    commitment = running.commitment()
    running.send(commitment)
    running.accept(commitment)
    found = look()
    assert list(found) == ["database", "broker", "workers", "lanes", "waiting", "verify"]
    assert all(check["works"] for check in found.values())
    assert "nothing wrong" in str(found["verify"]["words"])
    assert "seconds ago" in str(found["waiting"]["words"])
    page = Client().get("/health/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert b"Everything works" in page.content
    assert b"Meridian" not in page.content
    assert Client().get("/health/live/").content == b"ok\n"


def test_workers_that_do_not_sweep_are_missed(running: Stage) -> None:
    Heartbeat.objects.update(at=Now() - timedelta(minutes=3))
    assert look(503)["workers"]["works"] is False
    Heartbeat.objects.all().delete()
    assert "yet" in str(look(503)["workers"]["words"])
    assert Client().get("/health/live/").status_code == 200


def test_a_session_that_nobody_ends_is_a_lane_that_stands_still(running: Stage) -> None:
    assert isinstance(engine.open_session(running.connection.pk), Session)
    assert look()["lanes"]["works"] is True
    Session.objects.update(last_seen_at=Now() - timedelta(hours=2))
    assert look(503)["lanes"]["works"] is False
    client = Client()
    sign_in(client, running.otto)
    assert (
        "Meridian Builders</strong> stands still"
        in client.get("/operator/health/").content.decode()
    )
    sweep()
    assert look()["lanes"]["works"] is True


def test_an_erp_that_cannot_be_reached_is_told_to_those_whom_it_concerns(running: Stage) -> None:
    """It is tried again and again: this installation works."""
    company = spectrum_books()
    with listening(company) as address:
        move(running, address)
    company.close()
    commitment = running.commitment()
    running.send(commitment)
    running.accept(commitment)
    Conversation.objects.update(not_before=Now() - timedelta(minutes=20))
    assert look(503)["lanes"]["works"] is False, "nobody has tried for twenty minutes"
    with override_settings(ALLOWED_ERP_ORIGINS=[address]):
        assert serve(running.connection.pk) is False
    assert look()["lanes"]["works"] is True

    client = Client()
    sign_in(client, running.otto)
    told = client.get("/operator/health/").content.decode()
    assert "Meridian Builders</strong>: its ERP could not be spoken to" in told
    assert "</strong> stands still" not in told
    _, key = make_token(running.otto, "Prometheus", None)
    text = Client().get("/metrics", headers={"Authorization": f"Bearer {key}"}).content.decode()
    assert 'erpbridge_lanes_away{erp="spectrum"} 1.0' in text
    assert "erpbridge_lanes_stuck 0.0" in text
    page = Client()
    sign_in(page, running.dora)
    said = page.get(f"/companies/{running.company.pk}/erp/connection/").content.decode()
    assert (
        "Spectrum could not be spoken to when it was last called.</strong> The connection to"
        in said
    )
    assert "refused" in said

    ago = Now() - timedelta(minutes=16)
    Session.objects.update(ended_at=ago)
    Conversation.objects.filter(state="waiting").update(not_before=ago)
    assert look(503)["lanes"]["works"] is False, "it should have been tried again by now"


def test_a_worker_that_dies_with_each_visit_shows(running: Stage, settings) -> None:
    """Something in this one lane kills whoever serves it; the work is put back each time."""
    settings.ERP_QUARANTINE_SECONDS = 0
    company = spectrum_books()
    with listening(company) as address:
        move(running, address)
        commitment = running.commitment()
        running.send(commitment)
        running.accept(commitment)
        for _ in range(4):
            assert look()["lanes"]["works"] is True, "workers die now and then"
            died = engine.open_session(running.connection.pk, lease=LEASE)
            assert isinstance(died, Session)
            assert engine.next_message(died) is not None
            Session.objects.filter(pk=died.pk).update(last_seen_at=Now() - timedelta(minutes=1))
        assert "Lanes with work to do that stand still: 1." in str(look(503)["lanes"]["words"])
        client = Client()
        sign_in(client, running.otto)
        told = client.get("/operator/health/").content.decode()
        assert "Meridian Builders</strong> stands still" in told

        serve(running.connection.pk)
        assert look()["lanes"]["works"] is True
    company.close()


def test_what_is_not_sound_shows_until_it_is(running: Stage) -> None:
    running.send(running.commitment())
    TabCount.objects.filter(status="sent").update(n=7)
    verify()
    assert ": 1 fault." in str(look(503)["verify"]["words"])
    client = Client()
    sign_in(client, running.otto)
    page = client.get("/operator/health/").content.decode()
    assert "commitment sent: the counter says 7, there are 1" in page
    TabCount.objects.filter(status="sent").update(n=1)
    verify()
    look()
    Verification.objects.update(ended_at=timezone.now() - timedelta(days=2))
    assert look(503)["verify"]["works"] is False


def test_a_new_installation_is_looked_over_in_its_first_night_or_missed(running: Stage) -> None:
    Verification.objects.all().delete()
    first = look()["verify"]
    assert (first["works"], first["words"]) == (
        True,
        "What is stored is looked over in the coming night.",
    )
    Company.objects.update(created_at=timezone.now() - timedelta(days=3))
    late = look(503)["verify"]
    assert late["works"] is False
    assert "was never looked over" in str(late["words"])


def test_metrics_are_for_operators_with_a_token(running: Stage) -> None:
    running.synced(running.commitment())
    waits = running.commitment(number="SC-002")
    running.send(waits)
    running.accept(waits)
    _, otto = make_token(running.otto, "Prometheus", None)
    _, pam = make_token(running.pam, "mine", None)
    Client().get("/health/live/")
    for key in ("", f"Bearer {pam}", "Bearer nothing", f"Basic {otto}"):
        assert Client().get("/metrics", headers={"Authorization": key}).status_code == 401
    text = Client().get("/metrics", headers={"Authorization": f"Bearer {otto}"}).content.decode()
    for line in (
        'erpbridge_exports{kind="commitment",status="synced"} 1.0',
        'erpbridge_queued{erp="quickbooks",purpose="export",state="waiting"} 1.0',
        'erpbridge_outcomes_recent{erp="quickbooks",outcome="done",purpose="export"} 1.0',
        'erpbridge_erp_answer_seconds{erp="quickbooks",quantile="0.95"} ',
        'erpbridge_http_request_seconds_count{method="GET",status="2xx",view="live"} ',
        "erpbridge_lanes_stuck 0.0",
        "erpbridge_sweep_age_seconds ",
        "erpbridge_verify_faults 0.0",
    ):
        assert line in text, text
    assert "Meridian" not in text
