"""Nothing stands still for ever: what goes wrong with one conversation stops that one alone."""

from collections.abc import Mapping
from threading import Thread

import pytest
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from approvals.models import Export, Exportable
from approvals.workflow import Item, take_all
from commitments.models import Commitment
from connectors import engine, registry
from connectors.contract import Request, digest_of
from connectors.models import Connection, Conversation, Message, Session
from connectors.quickbooks import QuickBooks
from connectors.syncing import request_sync
from directory.models import CostCode, Event
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


def test_what_is_put_off_is_tried_twenty_times_and_fails_then(stage: Stage) -> None:
    """The order is open on the bookkeeper's screen, and stays so."""
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.books.by_hand.open_on_screen(stage.order().txn_id)
    for _visit in range(19):
        stage.visit()
        assert stage.status(change_order) == "accepted"
        Conversation.objects.filter(state="waiting").update(not_before=Now())
    stage.visit()
    export = stage.export(change_order)
    assert (export.status, "Tried 20 times" in export.message) == ("failed", True)


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


def sent_and_accepted(stage: Stage, number: str) -> Commitment:
    commitment = stage.commitment(number=number)
    stage.send(commitment)
    stage.accept(commitment)
    return commitment


def test_what_can_no_longer_be_read_fails_alone(stage: Stage) -> None:
    """What was frozen was written by another version of this program."""
    strange, sound = sent_and_accepted(stage, "SC-001"), sent_and_accepted(stage, "SC-002")
    Export.objects.filter(pk=strange.export_id).update(copy="{}", copy_digest=digest_of("{}"))
    stage.visit()
    assert (stage.status(strange), stage.status(sound)) == ("failed", "synced")
    message = stage.export(strange).message
    assert "An error of ERP Bridge itself" in message
    assert "Retry it when that is mended" in message
    assert verbs_of(strange) == ["begin", "fail"]
    assert list(Conversation.objects.exclude(state="closed")) == []
    # Mended, it goes as if nothing had been.
    copy = strange.to_document().canonical()
    Export.objects.filter(pk=strange.export_id).update(copy=copy, copy_digest=digest_of(copy))
    stage.step("retry", strange, stage.ann)
    stage.visit()
    assert stage.status(strange) == "synced"
    assert len(stage.books.purchase_orders()) == 2


def test_what_cannot_be_put_on_the_wire_fails_alone(stage: Stage) -> None:
    unfit, sound = sent_and_accepted(stage, "SC-001"), sent_and_accepted(stage, "SC-002")
    Conversation.objects.filter(subject=str(unfit.export_id)).update(key="not a key!")
    stage.visit()
    assert (stage.status(unfit), stage.status(sound)) == ("failed", "synced")
    assert "no message set id" in stage.export(unfit).message
    stage.step("retry", unfit, stage.ann)
    stage.visit()
    assert stage.status(unfit) == "synced"


class Picky(QuickBooks):
    """A connector that finds out late what it must not send."""

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        if any("T-NEVER" in request.body for request in requests.values()):
            raise ValueError("T-NEVER is never sent.")
        return super().wrap(requests, clear=clear)


picky = Picky()


def test_a_question_that_cannot_be_put_on_the_wire_takes_no_other_with_it(
    stage: Stage, monkeypatch
) -> None:
    """The questions of two change orders would have travelled in one message."""
    monkeypatch.setitem(registry.OURS, "picky", f"{__name__}:picky")
    Connection.objects.update(erp="picky")
    first, second = stage.commitment(number="SC-001"), stage.commitment(number="SC-002")
    stage.synced(first)
    stage.synced(second)
    export = stage.export(first)
    receipt = export.receipt.replace(export.erp_id, "T-NEVER")
    Export.objects.filter(pk=export.pk).update(receipt=receipt)
    changes = [stage.change_order(first), stage.change_order(second)]
    for change in changes:
        stage.send(change)
        stage.accept(change)
    stage.visit()
    assert [stage.status(change) for change in changes] == ["failed", "synced"]
    assert "T-NEVER is never sent" in stage.export(changes[0]).message


def test_a_record_with_a_name_that_cannot_be_kept_holds_up_nobody(spectrum, stage: Stage) -> None:
    number = "J" * 130  # a job's number has ten characters; nobody makes an ERP keep to that
    job = {"Job_Number": number, "Job_Description": "Odd", "Customer_Code": "", "Status_Code": "A"}
    spectrum.company.books.put("job", (number,), job)
    request_sync(spectrum.connection, stage.access(stage.dora))
    spectrum.accepted(stage.commitment())
    for _ in range(3):
        Conversation.objects.update(not_before=Now())
        spectrum.serve()
    assert spectrum.company.subcontract("SC-001").original
    stopped = Conversation.objects.get(record="list:cost_codes", outcome="refused")
    assert "no record has so long a name: " in stopped.fault


def test_what_may_be_there_and_cannot_be_looked_for_is_for_a_person(stage: Stage) -> None:
    lost, sound = sent_and_accepted(stage, "SC-001"), sent_and_accepted(stage, "SC-002")
    session, _ = write_out(stage)
    engine.close_session(session)
    assert stage.status(lost) == "unknown"
    Export.objects.filter(pk=lost.export_id).update(copy="{}")
    stage.visit()
    assert (stage.status(lost), stage.status(sound)) == ("needs_attention", "synced")


def test_an_odd_answer_is_kept_and_stops_nothing(stage: Stage) -> None:
    """QuickBooks answers with a record whose name is longer than any that we can keep."""
    commitment = stage.commitment()
    stage.synced(commitment)
    change, other = stage.change_order(commitment), sent_and_accepted(stage, "SC-002")
    stage.send(change)
    stage.accept(change)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    while (message := engine.next_message(session)) is not None:
        reply = stage.books.answer(message.body)
        if "<PurchaseOrderQueryRq" in message.body:
            odd = f"<PurchaseOrderRet><TxnID>{'9' * 200}</TxnID>{LINE}</PurchaseOrderRet>"
            reply = reply.replace("</PurchaseOrderQueryRs>", f"{odd}</PurchaseOrderQueryRs>")
        engine.receive(session, reply)
    engine.close_session(session)
    odd_one = Message.objects.get(reply__contains="9" * 200)
    assert odd_one.replied_at is not None
    assert "too long" in odd_one.fault
    assert stage.status(other) == "synced"
    assert stage.status(change) == "synced"


LINE = "<PurchaseOrderLineRet><TxnLineID>1</TxnLineID></PurchaseOrderLineRet>"


def verbs_of(document: Exportable) -> list[str]:
    """The worker's steps with it, in order."""
    subject = f"export:{document.export_id}"
    events = Event.objects.filter(subject=subject, actor=None).order_by("seq")
    return list(events.values_list("verb", flat=True))
