"""The operator switches a company's tool off and on again: nothing goes, nothing is lost."""

import pytest

from approvals.errors import StepError
from approvals.panel import panel_for
from connectors import engine
from connectors.models import Conversation, Session
from directory.workflow import change_company
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def switch(stage: Stage, *, on: bool) -> None:
    change_company(stage.company, by=stage.otto, erp_enabled=on, one_person_does_both=False)


def test_what_was_accepted_waits_until_it_is_switched_on(stage: Stage) -> None:
    commitment, other = stage.commitment(), stage.commitment(number="SC-002")
    stage.send(commitment)
    stage.accept(commitment)
    stage.send(other)
    switch(stage, on=False)
    assert stage.visit() == 0
    assert stage.status(commitment) == "accepted"
    advice = panel_for(stage.export(commitment), stage.access(stage.ann)).advice
    assert "switched off for Meridian Builders" in advice
    assert "the acceptance can be undone" in advice
    with pytest.raises(StepError, match="switched off for Meridian Builders"):
        stage.accept(other)
    assert stage.status(other) == "sent"
    switch(stage, on=True)
    stage.accept(other)
    stage.visit()
    assert (stage.status(commitment), stage.status(other)) == ("synced", "synced")
    assert len(stage.books.purchase_orders()) == 2


def test_switched_off_in_the_middle_of_a_visit_the_write_does_not_go(stage: Stage) -> None:
    """QuickBooks has answered the question about the order; the change is not written."""
    commitment = stage.commitment()
    stage.synced(commitment)
    change = stage.change_order(commitment)
    stage.send(change)
    stage.accept(change)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    question = engine.next_message(session)
    assert question is not None
    assert not question.writes
    switch(stage, on=False)
    assert engine.receive(session, stage.books.answer(question.body)) == 100
    assert engine.next_message(session) is None
    engine.close_session(session)
    assert stage.status(change) == "accepted"
    assert Conversation.objects.get(state="waiting").tries == 0
    switch(stage, on=True)
    stage.visit()
    assert stage.status(change) == "synced"


def test_an_answer_that_comes_after_it_was_switched_off_counts(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    while (write := engine.next_message(session)) is not None and not write.writes:
        engine.receive(session, stage.books.answer(write.body))
    assert write is not None
    switch(stage, on=False)
    assert engine.receive(session, stage.books.answer(write.body)) == 100
    assert stage.status(commitment) == "synced"
