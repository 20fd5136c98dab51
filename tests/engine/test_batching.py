"""Questions travel together, writes alone; what an answer holds is not asked again."""

from decimal import Decimal

import pytest

from approvals import workflow
from approvals.models import Export
from approvals.workflow import Item
from connectors.models import Message
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def accept_all(stage: Stage) -> None:
    exports = Export.objects.filter(status="sent").order_by("id")
    items = [Item(export.pk, export.version) for export in exports]
    results = workflow.take_all("accept", items, by=stage.access(stage.ann))
    assert [result.error for result in results if result.error] == []


def test_many_change_orders_on_few_orders_take_one_message_each(stage: Stage) -> None:
    """60 change orders on 6 purchase orders: one message of six questions, then 60 writes."""
    commitments = [stage.commitment(number=f"SC-{n:03}") for n in range(6)]
    for commitment in commitments:
        stage.send(commitment)
    accept_all(stage)
    stage.visit()
    assert Export.objects.filter(status="synced").count() == 6
    before = Message.objects.count()
    for number in range(10):
        for commitment in commitments:
            stage.send(stage.change_order(commitment, number=f"{number:03}"))
    accept_all(stage)
    messages = stage.visit()
    assert Export.objects.filter(status="synced").count() == 66
    for commitment in commitments:
        order = stage.order(commitment.number)
        assert order.total == Decimal("35000.00") + 10 * Decimal("1500.00")
    assert Message.objects.count() - before == messages
    assert messages <= 60 + 2
    assert Message.objects.filter(writes=True).count() == 66


def test_a_sick_order_holds_back_only_itself(stage: Stage, settings) -> None:
    """One change order's answer is lost; others of its order wait, other orders go on."""
    from connectors import engine

    first, second = stage.commitment(number="SC-001"), stage.commitment(number="SC-002")
    stage.synced(first)
    stage.synced(second)
    documents = {}
    for name, commitment in (("a", first), ("b", first), ("c", second)):
        documents[name] = stage.change_order(commitment, number=f"00{name}")
        stage.send(documents[name])
        stage.accept(documents[name])
    session = engine.open_session(stage.connection.pk)
    assert not isinstance(session, engine.Silence)
    message = engine.next_message(session)
    while message is not None and not message.writes:
        engine.receive(session, stage.books.answer(message.body))
        message = engine.next_message(session)
    engine.fail_message(session, "QuickBooks: it broke (0x80040402)")
    while (message := engine.next_message(session)) is not None:
        engine.receive(session, stage.books.answer(message.body))
    engine.close_session(session)
    assert stage.status(documents["a"]) == "unknown"
    assert stage.status(documents["b"]) == "accepted"
    assert stage.status(documents["c"]) == "synced"
    # Within the quarantine nothing is believed, in no session.
    assert stage.visit() == 0
    assert stage.status(documents["a"]) == "unknown"


def test_quickbooks_remembers_no_more_than_what_was_written_last(stage: Stage) -> None:
    for number in ("SC-001", "SC-002", "SC-003"):
        stage.synced(stage.commitment(number=number))
        [remembered] = stage.books.message_sets()
        newest = Message.objects.filter(writes=True).latest("pk")
        assert remembered == newest.key  # with it, the key before was told to be forgotten
