"""What was only read from the ERP is forgotten after a month; what was said of an item never is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from approvals.comparing import request_comparison
from approvals.exchanges import talks
from connectors import engine, retention
from connectors.models import Conversation, Exchange, Message, ReplyPart, Session
from connectors.self_tests import SELF_TEST
from connectors.syncing import queue_sync, request_test
from connectors.tasks import forget
from directory.models import Vendor
from erpbridge import verifying
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db


def _grow_old() -> None:
    Conversation.objects.update(queued_at=Now() - retention.READ - timedelta(hours=1))


def _purposes() -> set[str]:
    return set(Conversation.objects.values_list("purpose", flat=True))


def test_lists_costs_and_comparisons_are_forgotten_and_items_are_not(stage: Stage) -> None:
    export = stage.synced(stage.commitment())
    queue_sync(stage.connection)
    request_comparison(stage.connection, stage.access(stage.ann))
    stage.visit()
    assert {"pull", "compare", "costs", SELF_TEST, "export"} <= _purposes()
    said, vendors = talks(export), Vendor.objects.count()
    _grow_old()
    forget()
    assert _purposes() == {"export", SELF_TEST}
    assert talks(export) == said, "each word about an item stays"
    assert Vendor.objects.count() == vendors
    assert not Message.objects.filter(exchanges=None), "no answer is left that belongs to nothing"
    assert [str(fault) for fault in verifying.check(verifying.RULES)] == []
    assert retention.forget() == 0


def test_what_is_younger_or_still_waits_stays(stage: Stage) -> None:
    queue_sync(stage.connection)
    waiting = Conversation.objects.count()
    _grow_old()
    assert retention.forget() == 0, "it waits, however long"
    stage.visit()
    Conversation.objects.update(queued_at=Now() - retention.READ + timedelta(hours=1))
    assert retention.forget() == 0
    assert Conversation.objects.count() >= waiting


def test_an_answer_that_also_tells_of_an_item_stays(stage: Stage) -> None:
    """Questions travel together: the answer to one about an item holds lists, too."""
    commitment = stage.commitment()
    stage.send(commitment)
    export = stage.accept(commitment)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    message = engine.next_message(session)
    while message is not None and not message.writes:
        engine.receive(session, stage.books.answer(message.body))
        message = engine.next_message(session)
    assert message is not None
    stage.books.answer(message.body)
    engine.fail_message(session, "The line broke.")
    engine.close_session(session)
    Conversation.objects.filter(state="waiting").update(not_before=Now())
    queue_sync(stage.connection)
    stage.visit()
    assert stage.status(commitment) == "synced"
    looked = Exchange.objects.filter(conversation__purpose="find").values("message")
    shared = Exchange.objects.filter(message__in=looked).exclude(conversation__purpose="find")
    assert shared.exists(), "the search and a list were asked for in one message"
    said = talks(export)
    _grow_old()
    retention.forget()
    assert "pull" not in _purposes()
    assert talks(export) == said


def test_how_the_last_test_of_the_connection_went_stays(stage: Stage) -> None:
    stage.visit()
    for _ in range(2):
        request_test(stage.connection, stage.access(stage.dora))
        stage.visit()
    client = Client()
    sign_in(client, stage.dora)
    address = f"/companies/{stage.company.pk}/erp/connection/"
    before = client.get(address).content.decode().count("self-test")
    newest = Conversation.objects.filter(purpose=SELF_TEST).latest("id")
    _grow_old()
    retention.forget()
    assert list(Conversation.objects.filter(purpose=SELF_TEST)) == [newest]
    assert client.get(address).content.decode().count("self-test") == before


def test_a_long_answer_goes_with_all_its_parts(stage: Stage) -> None:
    for _ in range(2):  # what the last test of the connection came with stays
        queue_sync(stage.connection)
        stage.visit()
    listed = Exchange.objects.filter(conversation__purpose="pull").earliest("id")
    ReplyPart.objects.create(message=listed.message, start=0, packed=b"a part")
    _grow_old()
    retention.forget()
    assert not ReplyPart.objects.exists()
    assert not Message.objects.filter(pk=listed.message_id)


def test_many_go_a_few_at_a_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    queue_sync(stage.connection)
    stage.visit()
    _grow_old()
    old = Conversation.objects.exclude(purpose=SELF_TEST).count()
    assert old > 4
    assert retention.forget() == old
