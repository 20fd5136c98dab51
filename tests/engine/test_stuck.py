"""Nothing stands still for ever: what goes wrong with one conversation stops that one alone."""

from threading import Thread

import pytest
from django.db import connection, connections, transaction

from approvals.workflow import Item, take_all
from connectors import engine
from connectors.models import Conversation, Message, Session
from connectors.pulls import request_sync
from directory.models import CostCode
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_quarantine(settings):
    settings.ERP_QUARANTINE_SECONDS = 0


def write_out(stage: Stage) -> tuple[Session, Message]:
    """A visit up to its write, which has gone out and is not answered."""
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    while (message := engine.next_message(session)) is not None and not message.writes:
        engine.receive(session, stage.books.answer(message.body))
    assert message is not None
    return session, message


def test_a_late_answer_leaves_a_new_export_in_its_place(stage: Stage) -> None:
    """Bea retries what was lost; then the first visit's answer comes after all."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    session, message = write_out(stage)
    reply = stage.books.answer(message.body)
    engine.close_session(session)
    stage.step("stop-waiting", commitment, stage.ann)
    stage.step("retry", commitment, stage.bea)
    with pytest.raises(engine.SessionOver):
        engine.receive(session, reply)
    stage.visit()
    assert stage.status(commitment) == "synced"
    assert len(stage.books.purchase_orders()) == 1


def test_what_fails_as_it_begins_makes_room_in_the_same_visit(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    first = stage.change_order(commitment)
    stage.send(first)
    stage.accept(first)
    CostCode.objects.filter(pk=stage.codes["03-300"].pk).update(erp_name="Renamed")
    second = stage.change_order(commitment, number="002")
    stage.send(second)
    stage.accept(second)
    stage.visit()
    assert (stage.status(first), stage.status(second)) == ("failed", "synced")


def test_a_list_that_cannot_be_kept_holds_up_no_export(stage: Stage) -> None:
    """Two items of QuickBooks whose names are the same in their first 96 characters."""
    above = None
    for letter in "ABC":
        above = stage.books.add_item(letter * 31, parent=above)
    for name in ("Labor", "Material"):
        stage.books.add_item(name, parent=above)
    request_sync(stage.connection, stage.access(stage.dora))
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.visit()
    assert stage.status(commitment) == "synced"


def test_a_late_answer_and_an_approver_who_stops_waiting(stage: Stage) -> None:
    """Both want the export and its search, in one order: neither is turned away by the database."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    session, message = write_out(stage)
    reply = stage.books.answer(message.body)
    engine.close_session(session)
    export = stage.export(commitment)
    faults: list[BaseException] = []

    def late() -> None:
        try:
            engine.receive(session, reply)
        except engine.SessionOver:
            pass
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    ann = stage.access(stage.ann)
    visitor = Thread(target=late)
    with transaction.atomic():
        lock(export.pk)
        visitor.start()
        wait_until_blocked()
        [result] = take_all("stop-waiting", [Item(export.pk, export.version)], by=ann)
    visitor.join(20)
    assert (faults, result.error) == ([], None)
    assert stage.status(commitment) == "needs_attention"
    assert Conversation.objects.exclude(state="closed").count() == 0


def lock(export: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM approvals_export WHERE id = %s FOR UPDATE", [export])


def wait_until_blocked() -> None:
    """Until somebody else waits for a lock of ours."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT count(*) FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
