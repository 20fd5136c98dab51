"""An answer, and what goes out next: one transaction, and each answer with its own call."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from approvals.models import Export
from approvals.moves import lock_exports
from approvals.workflow import Item, take_all
from connectors import calling, engine
from connectors.contract import Reply
from connectors.models import Conversation, Message, Session
from connectors.pulse import LEASE
from connectors.signing_in import as_reply
from directory.workflow import change_company
from tests.engine.on_spectrum import OnSpectrum
from tests.engine.test_stuck import wait_until_blocked
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(spectrum: OnSpectrum, stage: Stage) -> Session:
    """A worker's, with two commitments in its lane."""
    for number in ("SC-001", "SC-002"):
        spectrum.accepted(stage.commitment(number=number))
    opened = engine.open_session(spectrum.connection.pk, lease=LEASE)
    assert isinstance(opened, Session)
    opened.scripts = {}
    return opened


def first(session: Session) -> Message:
    message = engine.next_message(session)
    assert message is not None
    return message


def answer(spectrum: OnSpectrum, session: Session, message: Message) -> Reply:
    """The message is carried to Spectrum: what it says."""
    caller = calling._Caller(spectrum.connection, session, lambda: False)
    try:
        return as_reply(caller._answer(message), caller.hidden)
    finally:
        caller.line.close()


def exchanged(spectrum: OnSpectrum, session: Session, message: Message) -> Message | None:
    return engine.exchange(session, message, answer(spectrum, session, message))


def unanswered() -> list[int]:
    return list(Message.objects.filter(replied_at=None).values_list("pk", flat=True))


def test_what_goes_out_next_is_stored_with_the_answer(spectrum, session) -> None:
    message: Message | None = first(session)
    for _ in range(2):
        assert message is not None
        message = exchanged(spectrum, session, message)
        assert message is not None
        assert unanswered() == [message.pk]
    assert message is not None
    assert message.number == 3


def test_an_answer_that_is_told_again_is_not_taken_for_the_next_ones(spectrum, session) -> None:
    """The connection to the database broke as the answer was kept, and nobody heard that it was."""
    message = first(session)
    reply = answer(spectrum, session, message)
    following = engine.exchange(session, message, reply)
    assert following is not None
    again = engine.exchange(session, message, reply)
    assert again == following
    assert unanswered() == [following.pk]


@pytest.mark.parametrize("calls", [0, 1], ids=["the first", "one in the middle"])
def test_an_answer_that_was_kept_unheard_is_told_again(
    spectrum, session, monkeypatch, caplog, calls: int
) -> None:
    """COMMIT was carried out, but the connection broke before anybody heard of it."""
    message = first(session)
    for _ in range(calls):
        following = exchanged(spectrum, session, message)
        assert following is not None
        message = following
    reply = answer(spectrum, session, message)
    ours: Any = connections["default"]
    commit, left = ours._commit, [False, True]  # the second time it is heard

    def unheard() -> None:
        commit()
        if left.pop():
            raise OperationalError("The connection broke.")

    monkeypatch.setattr(calling, "DATABASE_AWAY", (0,))
    monkeypatch.setattr(ours, "_commit", unheard)
    following = calling.insist(lambda: engine.exchange(session, message, reply))
    monkeypatch.undo()
    assert following is not None
    assert following.number == message.number + 1
    assert unanswered() == [following.pk]
    assert not [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]


def test_an_answer_is_kept_though_what_comes_next_cannot_be(spectrum, session) -> None:
    message = first(session)
    reply = answer(spectrum, session, message)
    with database.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE connectors_message ADD CONSTRAINT full_up"
            f" CHECK (id <= {message.pk}) NOT VALID"
        )
    assert engine.exchange(session, message, reply) is None
    message.refresh_from_db()
    assert message.reply == reply
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE connectors_message DROP CONSTRAINT full_up")
    assert engine.next_message(session) is not None


def test_a_document_ends_and_the_next_one_begins_in_one_transaction(spectrum, session) -> None:
    sent: list[Message] = []
    commits: list[int] = []
    message: Message | None = first(session)
    while message is not None:
        sent.append(message)
        reply = answer(spectrum, session, message)
        with CaptureQueriesContext(database) as asked:
            message = engine.exchange(session, message, reply)
        commits.append([one["sql"] for one in asked].count("COMMIT"))
    assert ["SC-001" in one.body for one in sent] == [True] * 3 + [False] * 3
    assert commits == [1] * 6
    assert engine.next_message(session) is None
    assert spectrum.total("SC-001") == spectrum.total("SC-002")


def test_what_cannot_be_begun_stops_and_the_answer_before_it_is_kept(
    spectrum, session, stage
) -> None:
    message = first(session)
    for _ in range(2):
        following = exchanged(spectrum, session, message)
        assert following is not None
        message = following
    second = Conversation.objects.get(state="waiting")
    Export.objects.filter(pk=second.subject).update(terms="no terms")
    assert exchanged(spectrum, session, message) is None
    assert Conversation.objects.filter(outcome="done").count() == 1
    assert engine.next_message(session) is None
    assert "An error of ERP Bridge itself" in Export.objects.get(pk=second.subject).message
    assert Message.objects.count() == 3


def test_what_a_lost_write_holds_back_is_not_begun_with_its_answer(spectrum, session) -> None:
    """It is looked for later, and until then nothing else of its record goes out."""
    message = first(session)
    record = Conversation.objects.get(state="open").record
    Conversation.objects.filter(state="waiting").update(record=record)
    assert engine.exchange(session, message, "no answer of Spectrum's") is None
    assert Conversation.objects.filter(outcome="lost").count() == 1
    assert engine.next_message(session) is None
    assert Message.objects.count() == 1


def test_nothing_goes_out_once_the_tool_is_switched_off(spectrum, session, stage) -> None:
    message = first(session)
    reply = answer(spectrum, session, message)
    stage.company.erp_enabled = False
    stage.company.save()
    assert engine.exchange(session, message, reply) is None
    assert unanswered() == []


def test_switched_off_while_it_waits_for_its_lane_it_sends_nothing_more(
    spectrum, session, stage
) -> None:
    message = first(session)
    reply = answer(spectrum, session, message)
    sent: list[Message | None] = []

    worker = beside(lambda: sent.append(engine.exchange(session, message, reply)))
    with transaction.atomic():
        engine.lock_lane(session.connection_id)
        worker.start()
        wait_until_blocked()
        stage.company.erp_enabled = False
        stage.company.save()
    worker.join(20)
    assert sent == [None]
    assert unanswered() == []


def test_switched_off_as_a_document_ends_the_next_does_not_begin(spectrum, session, stage) -> None:
    """The operator's switch is committed while the worker waits for the document's lock."""
    message = first(session)
    while message.number < 3:
        message = exchanged(spectrum, session, message) or first(session)
    reply = answer(spectrum, session, message)
    sent: list[Message | None] = []

    def work() -> None:
        sent.append(engine.exchange(session, message, reply) or engine.next_message(session))

    def switch_off() -> None:
        change_company(stage.company, by=stage.otto, erp_enabled=False, one_person_does_both=False)

    worker, operator = beside(work), beside(switch_off)
    with transaction.atomic():
        lock_exports([Export.objects.order_by("id")[0].pk])
        worker.start()
        wait_until_blocked()
        operator.start()
        operator.join(20)
    worker.join(20)
    assert sent == [None]
    statuses = Export.objects.order_by("id").values_list("status", flat=True)
    assert list(statuses) == ["synced", "accepted"]


def test_taken_out_of_the_line_and_put_back_it_goes_under_its_new_key(
    spectrum, session, stage
) -> None:
    """While the worker that is to begin it waits for its lock."""
    export = Export.objects.order_by("id")[0]
    ann, sent = stage.access(stage.ann), []
    worker = beside(lambda: sent.append(engine.next_message(session)))
    with transaction.atomic():
        lock_exports([export.pk])
        worker.start()
        wait_until_blocked()
        for step in ("undo-acceptance", "accept"):
            [result] = take_all(step, [Item(export.pk, export.version)], by=ann)
            assert result.error is None
            export.refresh_from_db()
    worker.join(20)
    message = sent[0] or first(session)
    said = Conversation.objects.filter(subject=str(export.pk)).order_by("id")
    assert [(one.state, one.outcome) for one in said] == [("closed", "dropped"), ("waiting", "")]
    assert not message.key.startswith(said[0].key)


def beside(work: Callable[[], None]) -> Thread:
    """A thread with a connection to the database of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    return Thread(target=run)


def test_a_worker_that_has_lost_its_lane_goes_on_with_nothing(spectrum, session) -> None:
    message = first(session)
    reply = answer(spectrum, session, message)
    engine.interrupt(session.connection_id)
    before = Message.objects.count()
    with pytest.raises(engine.SessionOver):
        engine.exchange(session, message, reply)
    assert Message.objects.count() == before


def test_a_call_in_the_middle_of_a_document_is_one_short_transaction(spectrum, session) -> None:
    message = exchanged(spectrum, session, first(session))
    assert message is not None
    reply = answer(spectrum, session, message)
    engine.still_here(session)
    with CaptureQueriesContext(database) as asked:
        assert engine.exchange(session, message, reply) is not None
    statements = [" ".join(one["sql"].split()[:2]) for one in asked]
    assert statements.count("COMMIT") == 1
    assert len(statements) <= 20, statements
