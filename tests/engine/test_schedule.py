"""Lists and costs are read by themselves, and a silent Web Connector is noticed."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from approvals.models import Export
from connectors import engine
from connectors.models import Connection, Conversation, Session
from connectors.syncing import queue_due_syncs
from connectors.visits import seen
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_a_sync_is_queued_when_it_is_due(stage: Stage) -> None:
    connections = Connection.objects.filter(pk=stage.connection.pk)
    assert queue_due_syncs() == 0  # QuickBooks has never called
    connections.update(first_seen_at=Now())
    assert queue_due_syncs() == 6
    assert queue_due_syncs() == 0
    stage.visit()
    assert not Conversation.objects.exclude(state="closed").exists()
    connections.update(sync_queued_at=Now() - timedelta(hours=3))
    assert queue_due_syncs() == 0
    connections.update(sync_queued_at=Now() - timedelta(hours=5))
    assert queue_due_syncs() == 6
    connections.update(sync_queued_at=None, sync_minutes=0)
    assert queue_due_syncs() == 0


def test_a_silence_is_told_on_the_first_page(stage: Stage, client) -> None:
    client.force_login(stage.ann, backend="allauth.account.auth_backends.AuthenticationBackend")
    connections = Connection.objects.filter(pk=stage.connection.pk)
    connections.update(last_seen_at=Now() - timedelta(hours=23))
    assert "has been silent" not in client.get("/").content.decode()
    connections.update(last_seen_at=Now() - timedelta(hours=25))
    assert "has been silent" in client.get("/").content.decode()
    connections.update(silent_hours=0)
    assert "has been silent" not in client.get("/").content.decode()


def test_the_next_call_is_expected_by_the_last_ones(stage: Stage) -> None:
    """As the .qwc file says at first, then as it is seen to call; once by hand changes little."""
    connection = stage.connection
    assert connection.next_call_at is None
    for minutes in (10, 10, 1, 10):
        Connection.objects.update(last_seen_at=Now() - timedelta(minutes=minutes))
        seen(connection)
        connection.refresh_from_db()
        if len(connection.intervals) < 3:
            assert connection.calls_every == timedelta(minutes=15)
    assert connection.intervals == [600, 60, 600, 600]
    assert connection.calls_every == timedelta(minutes=10)
    assert connection.last_seen_at is not None
    assert connection.next_call_at == connection.last_seen_at + timedelta(minutes=10)
    seen(connection)  # it calls again at once: not a new interval
    connection.refresh_from_db()
    assert len(connection.intervals) == 4


def test_the_connection_page_tells_when_it_is_expected(stage: Stage, client) -> None:
    client.force_login(stage.dora, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = f"/companies/{stage.company.pk}/erp/connection/"
    assert "Next call" not in client.get(page).content.decode()
    connections = Connection.objects.filter(pk=stage.connection.pk)
    connections.update(last_seen_at=Now() - timedelta(minutes=4))
    told = client.get(page).content.decode()
    assert "expected about <time" in told
    assert "it calls about every 15 minutes" in told
    connections.update(last_seen_at=Now() - timedelta(minutes=40))
    assert "was expected about" in client.get(page).content.decode()


def test_the_connection_page_tells_of_a_call_that_broke_off(stage: Stage, client) -> None:
    """The office's machine died in the middle: others that call are told to come back later."""
    client.force_login(stage.dora, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = f"/companies/{stage.company.pk}/erp/connection/"
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    assert "Broke off" not in client.get(page).content.decode()
    Session.objects.update(last_seen_at=Now() - timedelta(minutes=3))
    told = client.get(page).content.decode()
    assert "Broke off" in told
    assert "Nothing else is done before that call goes on, or is given up about <time" in told
    engine.close_session(session)
    assert "Broke off" not in client.get(page).content.decode()


def test_an_export_that_takes_long_says_since_when(stage: Stage, client) -> None:
    client.force_login(stage.ann, backend="allauth.account.auth_backends.AuthenticationBackend")
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    while stage.status(commitment) != "exporting":
        message = engine.next_message(session)
        assert message is not None
        engine.receive(session, stage.books.answer(message.body))
    page = f"/exports/{commitment.export.pk}/"
    assert (
        "begun just now; QuickBooks has not confirmed it yet" in client.get(page).content.decode()
    )
    Export.objects.update(status_at=Now() - timedelta(minutes=6))
    assert "begun 6 min ago; QuickBooks" in client.get(page).content.decode()


def test_my_work_tells_what_was_taken_back(stage: Stage, client) -> None:
    client.force_login(stage.pam, backend="allauth.account.auth_backends.AuthenticationBackend")
    commitment = stage.commitment()
    assert "retrieved from accounting" not in client.get("/").content.decode()
    stage.send(commitment)
    stage.step("retrieve", commitment, stage.pam)
    assert "retrieved from accounting" in client.get("/").content.decode()


def test_the_connection_page_tells_what_is_switched_off(stage: Stage, client) -> None:
    client.force_login(stage.dora, backend="allauth.account.auth_backends.AuthenticationBackend")
    facts = {"purchase_orders": "on", "estimates": "off", "closing_date": "2026-03-31"}
    Connection.objects.update(first_seen_at=Now(), facts=facts)
    told = client.get(f"/companies/{stage.company.pk}/erp/connection/").content.decode()
    assert "<dd>off: no budget can be sent</dd>" in told
    assert "<dd>on</dd>" in told
    assert "<dd>2026-03-31</dd>" in told
