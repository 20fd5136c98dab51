"""The Web Connector's door: what it answers to friends, strangers and nonsense.

Real HTTP against our own endpoint; nothing may answer with a stack trace or lose anything.
"""

from functools import partial

import pytest
import zeep
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from zeep.transports import Transport

from connectors import engine, webconnector
from connectors.models import Connection, Conversation, Guesses, Session
from connectors.quickbooks import OWNER_ID
from connectors.webconnector import endpoint
from erpbridge.proxy import behind_proxy
from tests.engine.door import CALL, authenticate, post, say
from tests.stage import PASSWORD, Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wrong_password_is_nvu_and_guessing_is_slowed_down(stage, live_server) -> None:
    nobody = "<string></string><string>nvu</string>"
    assert authenticate(live_server, stage, "wrong") == nobody
    assert authenticate(live_server, stage, user="somebody") == nobody
    for _ in range(10):
        authenticate(live_server, stage, "wrong")
    # Even the right one is refused now, for this user from this address.
    assert authenticate(live_server, stage) == nobody
    assert not Session.objects.exists()
    # Ten minutes later it is taken again, and the old guesses are forgotten.
    Guesses.objects.update(forgotten_at=Now())
    assert authenticate(live_server, stage) == "<string></string><string>none</string>"
    assert authenticate(live_server, stage, "wrong") == nobody
    assert Guesses.objects.get().count == 1


@pytest.mark.parametrize("proxied", [False, True])
def test_guesses_elsewhere_keep_nobody_out(stage: Stage, proxied: bool) -> None:
    """Somebody guesses from far away; the office itself is served as ever, behind a proxy, too,
    whatever address the stranger sends along."""
    call = CALL.format(
        '<authenticate xmlns="http://developer.intuit.com/">'
        f"<strUserName>{stage.connection.user_name}</strUserName>"
        "<strPassword>{}</strPassword></authenticate>"
    )

    def knock(password: str, address: str) -> str:
        body = call.format(password)
        request = RequestFactory().post("/", body, content_type="text/xml", REMOTE_ADDR=address)
        if not proxied:
            return endpoint(request, stage.connection.pk).content.decode()
        request.META["HTTP_X_FORWARDED_FOR"] = f"198.51.100.4, {address}"
        request.META["REMOTE_ADDR"] = "127.0.0.1"
        answer = behind_proxy(partial(endpoint, connection_id=stage.connection.pk))(request)
        return answer.getvalue().decode()

    for _ in range(11):
        assert "nvu" in knock("a guess", "203.0.113.9")
    assert "nvu" in knock(PASSWORD, "203.0.113.9")
    assert "none" in knock(PASSWORD, "198.51.100.4")


def test_nothing_to_do_does_not_wake_quickbooks(stage, live_server) -> None:
    assert authenticate(live_server, stage) == "<string></string><string>none</string>"
    assert not Session.objects.exists()


def test_nothing_to_do_is_one_select_from_indexes(stage: Stage) -> None:
    """Ten thousand offices ask this every few minutes. A second statement notes that one called."""
    body = CALL.format(
        '<authenticate xmlns="http://developer.intuit.com/">'
        f"<strUserName>{stage.connection.user_name}</strUserName>"
        f"<strPassword>{PASSWORD}</strPassword></authenticate>"
    )
    with CaptureQueriesContext(database) as asked:
        request = RequestFactory().post("/", body, content_type="text/xml")
        assert b"none" in endpoint(request, stage.connection.pk).content
    select, noted = [one["sql"].strip() for one in asked.captured_queries]
    assert select.startswith("SELECT")
    assert noted.startswith("UPDATE connectors_connection SET last_seen_at")
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {select}")
        plan = "\n".join(row for (row,) in cursor.fetchall())
    assert "Index" in plan
    assert "Seq Scan" not in plan


def test_a_company_that_is_switched_off_gets_nothing(stage, live_server) -> None:
    stage.company.erp_enabled = False
    stage.company.save()
    commitment = stage.commitment()
    export = commitment.export
    engine.queue(stage.connection.pk, "export", str(export.pk), "po-number:SC-001")
    assert authenticate(live_server, stage) == "<string></string><string>none</string>"


@pytest.mark.parametrize("ticket", ["", "0" * 64, "{not-a-ticket}"])
def test_an_unknown_ticket_never_raises(stage: Stage, live_server, ticket: str) -> None:
    assert say(live_server, stage, "sendRequestXML", ticket=ticket) == ""
    assert (
        say(live_server, stage, "receiveResponseXML", ticket=ticket, response="&lt;a/&gt;") == "-1"
    )
    assert "not known" in say(live_server, stage, "getLastError", ticket=ticket)
    assert say(live_server, stage, "closeConnection", ticket=ticket) == "OK"
    assert say(live_server, stage, "connectionError", ticket=ticket) == "done"


def test_an_old_ticket_is_dead(stage: Stage, live_server) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ticket = authenticate(live_server, stage).split("<string>")[1].split("</string>")[0]
    stage.web_connector(live_server.url).run_once()
    assert say(live_server, stage, "sendRequestXML", ticket=ticket) == ""
    assert "has ended" in say(live_server, stage, "getLastError", ticket=ticket)


def test_a_ticket_of_another_connection_is_unknown(stage: Stage, live_server) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ticket = authenticate(live_server, stage).split("<string>")[1].split("</string>")[0]
    Connection.objects.create(
        company=stage.other, erp="quickbooks", company_file="{x}", user_name="qb-other"
    )
    stage.connection = Connection.objects.get(company=stage.other)
    assert say(live_server, stage, "sendRequestXML", ticket=ticket) == ""
    assert "not known" in say(live_server, stage, "getLastError", ticket=ticket)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "not well-formed"),
        (CALL.replace("<soap:Body>", "<soap:Header>" + "<a>" * 500), "more elements"),
        ("hello", "not well-formed"),
        ("<a/>", "no SOAP envelope"),
        (CALL.format("<evil xmlns='http://developer.intuit.com/'/>"), "no operation"),
        (
            '<!DOCTYPE a [<!ENTITY b "c">]>' + CALL.format("").split("?>")[1],
            "document type definition",
        ),
    ],
)
def test_nonsense_gets_a_sentence(stage: Stage, live_server, body: str, words: str) -> None:
    status, text = post(live_server, stage, body)
    assert status == 400
    assert words in text
    assert "Traceback" not in text


def test_a_body_without_a_length_and_without_an_end_is_not_waited_for(stage: Stage) -> None:
    """The test server tells no end of a chunked body, as other servers may not."""
    request = RequestFactory().generic("POST", "/", headers={"Transfer-Encoding": "chunked"})
    answer = endpoint(request, stage.connection.pk)
    assert answer.status_code == 411
    assert b"does not say how long it is" in answer.content


def test_a_body_that_takes_too_long_is_not_waited_for(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(webconnector, "LONGEST_SECONDS", -1)
    request = RequestFactory().post("/", CALL, content_type="text/xml")
    answer = endpoint(request, stage.connection.pk)
    assert answer.status_code == 408
    assert b"did not come within" in answer.content


def test_what_fails_inside_is_told_in_words_and_loses_nothing(
    stage: Stage, live_server, caplog
) -> None:
    """A connection whose connector is no longer installed."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ticket = authenticate(live_server, stage).split("<string>")[1].split("</string>")[0]
    Connection.objects.update(erp="of-yesterday")
    call = f'<sendRequestXML xmlns="http://developer.intuit.com/"><ticket>{ticket}</ticket>'
    status, text = post(live_server, stage, CALL.format(f"{call}</sendRequestXML>"))
    assert status == 500
    assert "soap:Server" in text
    assert "Nothing is lost" in text
    assert "Traceback" not in text
    assert "of-yesterday" in caplog.text
    Connection.objects.update(erp="quickbooks")
    stage.web_connector(live_server.url).run_once()
    assert stage.status(commitment) == "synced"


def test_an_answer_that_is_no_xml_is_kept_and_nothing_is_lost(
    stage: Stage, live_server, settings
) -> None:
    """QuickBooks' answer to the write cannot be read: it is looked for, and found."""
    settings.ERP_QUARANTINE_SECONDS = 0
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    visit = stage.web_connector(live_server.url).steps()
    for step in visit:
        if step.name == "sendRequestXML" and "PurchaseOrderModRq" in str(step.got):
            ticket = step.sent["ticket"]
            stage.books.answer(str(step.got))
            break
    visit.close()
    say(live_server, stage, "receiveResponseXML", ticket=ticket, response="not &lt; xml")
    export = stage.export(change_order)
    assert export.status == "unknown"
    lost = Conversation.objects.get(subject=str(export.pk), outcome="lost")
    assert "could not be understood" in lost.fault
    say(live_server, stage, "closeConnection", ticket=ticket)
    stage.web_connector(live_server.url).run_once()
    assert stage.status(change_order) == "synced"
    assert len([line for line in stage.order().lines if "CCO 001" in line.desc]) == 1


def test_a_soap_library_can_read_our_description(stage: Stage, live_server, settings) -> None:
    settings.BASE_URL = live_server.url
    client = zeep.Client(
        f"{live_server.url}/qbwc/{stage.connection.pk}/?wsdl", transport=Transport(timeout=20)
    )
    assert client.service.serverVersion().startswith("ERP Bridge")
    answer = client.service.authenticate(stage.connection.user_name, "wrong")
    assert answer == ["", "nvu"] or answer == [None, "nvu"]


def test_a_soap_library_drives_a_whole_session(stage: Stage, live_server, settings) -> None:
    """zeep, from our own description: a change order reaches QuickBooks, percent by percent."""
    settings.BASE_URL = live_server.url
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    client = zeep.Client(
        f"{live_server.url}/qbwc/{stage.connection.pk}/?wsdl", transport=Transport(timeout=20)
    )
    call = client.service
    assert call.clientVersion("2.3.0.215") in ("", None)
    ticket, company_file = call.authenticate(stage.connection.user_name, PASSWORD)
    assert company_file in ("", None)
    greeting = stage.books.host_company_preferences(OWNER_ID)
    said = []
    while True:
        request = call.sendRequestXML(ticket, greeting, "meridian.qbw", "US", 13, 0)
        greeting = ""
        said.append(call.receiveResponseXML(ticket, stage.books.answer(request), "", ""))
        if said[-1] == 100:
            break
    assert said == sorted(said)
    assert call.closeConnection(ticket) == "OK: 1 done"
    assert stage.status(change_order) == "synced"


def test_quickbooks_that_cannot_be_opened_is_told_in_words(stage: Stage, live_server) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.faults.connection_error = "0x80040408"
    stage.web_connector(live_server.url).run_once()
    stage.connection.refresh_from_db()
    assert "QuickBooks" in stage.connection.last_result
    assert stage.status(commitment) == "accepted"
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    assert stage.status(commitment) == "synced"
