"""Lists and costs are read by themselves, and a silent Web Connector is noticed."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from connectors.models import Connection, Conversation
from connectors.pulls import queue_due_syncs
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_a_sync_is_queued_when_it_is_due(stage: Stage) -> None:
    connections = Connection.objects.filter(pk=stage.connection.pk)
    assert queue_due_syncs() == 0  # QuickBooks has never called
    connections.update(first_seen_at=Now())
    assert queue_due_syncs() == 4
    assert queue_due_syncs() == 0
    stage.visit()
    assert not Conversation.objects.exclude(state="closed").exists()
    connections.update(sync_queued_at=Now() - timedelta(hours=3))
    assert queue_due_syncs() == 0
    connections.update(sync_queued_at=Now() - timedelta(hours=5))
    assert queue_due_syncs() == 4
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
