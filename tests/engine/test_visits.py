"""Sessions of the Web Connector: their sequence, how they end, and what each one sees anew."""

import html
from functools import partial
from xml.sax.saxutils import escape

import pytest

from connectors import engine, setup
from connectors.engine.answers import progress
from connectors.models import Connection, Conversation, Session
from connectors.quickbooks import OWNER_ID
from tests.engine.door import authenticate, say
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_calls_out_of_sequence_change_nothing(stage: Stage, live_server) -> None:
    """An answer to nothing, a question asked twice, a greeting left out, goodbye twice."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ticket = authenticate(live_server, stage).split("<string>")[1].split("</string>")[0]
    # Without QuickBooks' greeting nothing is said to it.
    assert say(live_server, stage, "sendRequestXML", ticket=ticket) == ""
    assert "greeting" in say(live_server, stage, "getLastError", ticket=ticket)
    say(live_server, stage, "closeConnection", ticket=ticket)
    say(live_server, stage, "closeConnection", ticket=ticket)

    ticket = authenticate(live_server, stage).split("<string>")[1].split("</string>")[0]
    greeting = escape(stage.books.host_company_preferences(OWNER_ID))
    first = say(live_server, stage, "sendRequestXML", ticket=ticket, strHCPResponse=greeting)
    again = say(live_server, stage, "sendRequestXML", ticket=ticket)
    assert first == again != ""
    answer = escape(stage.books.answer(html.unescape(first)))
    progress = say(live_server, stage, "receiveResponseXML", ticket=ticket, response=answer)
    repeated = say(live_server, stage, "receiveResponseXML", ticket=ticket, response=answer)
    assert 0 <= int(progress) == int(repeated) < 100
    say(live_server, stage, "closeConnection", ticket=ticket)
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    assert stage.status(commitment) == "synced"
    assert len(stage.books.purchase_orders()) == 1


def test_another_company_file_in_the_middle_of_a_session_gets_nothing(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ours = f"{{{str(stage.connection.company_file).strip('{}')}}}"
    stage.books.set_private_data(OWNER_ID, "FileID", ours)
    ticket = authenticate(live_server, stage).split("<string>")[1].split("</string>")[0]
    greeting = escape(stage.books.host_company_preferences(OWNER_ID))
    first = say(live_server, stage, "sendRequestXML", ticket=ticket, strHCPResponse=greeting)
    answer = escape(stage.books.answer(html.unescape(first)))
    say(live_server, stage, "receiveResponseXML", ticket=ticket, response=answer)
    stranger = greeting.replace(ours, "{00000000-0000-0000-0000-00000000FA15}")
    assert stranger != greeting
    send = partial(say, live_server, stage, "sendRequestXML", ticket=ticket)
    assert send(strHCPResponse=stranger) == ""
    assert "is not the one" in say(live_server, stage, "getLastError", ticket=ticket)
    assert send() == ""
    assert "PurchaseOrderAddRq" in send(strHCPResponse=greeting)


def test_the_per_cent_never_say_that_it_is_over_while_something_is_left(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    Session.objects.update(finished=100_000)
    assert progress(session) == 99
    engine.close_session(session)
    stage.visit()
    session.refresh_from_db()
    assert progress(session) == 100


def test_a_session_that_fell_silent_is_over(stage: Stage, live_server, settings) -> None:
    """The office's machine was switched off: its ticket dies, and its work waits for the next."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ticket = authenticate(live_server, stage).split("<string>")[1].split("</string>")[0]
    greeting = escape(stage.books.host_company_preferences(OWNER_ID))
    assert say(live_server, stage, "sendRequestXML", ticket=ticket, strHCPResponse=greeting) != ""
    assert engine.expire_sessions() == 0  # it spoke just now
    settings.ERP_SESSION_IDLE_SECONDS = 0
    assert engine.expire_sessions() == 1
    assert say(live_server, stage, "sendRequestXML", ticket=ticket) == ""
    assert "has ended" in say(live_server, stage, "getLastError", ticket=ticket)
    assert stage.status(commitment) == "accepted"
    stage.web_connector(live_server.url).run_once()
    assert stage.status(commitment) == "synced"


def test_a_session_that_cannot_be_ended_keeps_no_other_from_ending(
    stage: Stage, settings, caplog
) -> None:
    """An add-on that made conversations is gone; another company's session ends all the same."""
    settings.ERP_SESSION_IDLE_SECONDS = 0
    sessions: list[Session] = []
    for company in (stage.company, stage.other):
        connection, _ = Connection.objects.get_or_create(
            company=company,
            defaults={"erp": "quickbooks", "company_file": "{x}", "user_name": "qb-other"},
        )
        session = engine.open_session(connection.pk)
        assert isinstance(session, Session)
        sessions.append(session)
    sick, well = sessions
    engine.queue(stage.connection.pk, "of-yesterday", "1", "nothing")
    Conversation.objects.update(state="open", session=sick)
    assert engine.expire_sessions() == 1
    for session in sessions:
        session.refresh_from_db()
    assert sick.ended_at is None
    assert well.ended_at is not None
    assert f"Silent session {sick.pk} could not be ended" in caplog.text


def test_each_session_reads_anew_what_quickbooks_is(stage: Stage, live_server) -> None:
    """Version, preferences and company file: somebody switches estimates off between two visits."""
    connector = stage.web_connector(live_server.url)
    seen = []
    for number, switched in ((1, True), (2, False)):
        stage.books.by_hand.set_preference("IsUsingEstimates", switched)
        commitment = stage.commitment(number=f"SC-00{number}")
        stage.send(commitment)
        stage.accept(commitment)
        connector.run_once()
        stage.connection.refresh_from_db()
        seen.append(stage.connection.facts["estimates"])
        assert stage.status(commitment) == "synced"
        assert stage.connection.erp_version == "13.0"
        assert stage.connection.erp_company == "Meridian Builders, Inc."
    assert seen == ["on", "off"]
    # An older QuickBooks on the same machine: told, and nothing is sent to it.
    stage.books.by_hand.set_preference("HighestVersion", "12.0")
    commitment = stage.commitment(number="SC-003")
    stage.send(commitment)
    stage.accept(commitment)
    connector.run_once()
    stage.connection.refresh_from_db()
    assert "too old" in stage.connection.last_result
    assert stage.status(commitment) == "accepted"


def test_a_new_password_keeps_the_company_file(stage: Stage, live_server) -> None:
    """The old password is dead at once; the FileID, by which QuickBooks knows us, stays."""
    stage.synced(stage.commitment())
    assert stage.web_connector(live_server.url).run_once().outcome == "nothing to do"
    before = stage.connection.company_file
    password = setup.reissue_password(stage.connection, by=stage.access(stage.dora))
    stage.connection.refresh_from_db()
    assert stage.connection.company_file == before
    nobody = "<string></string><string>nvu</string>"
    assert authenticate(live_server, stage) == nobody
    assert authenticate(live_server, stage, password) == "<string></string><string>none</string>"
