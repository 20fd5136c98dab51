"""The Web Connector's door: what it answers to friends, strangers and nonsense.

Real HTTP against our own endpoint; nothing may answer with a stack trace or lose anything.
"""

import html
import http.client
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
import zeep
from django.core.cache import cache
from zeep.transports import Transport

from connectors import engine
from connectors.models import Conversation, Session
from connectors.quickbooks import OWNER_ID
from tests.stage import PASSWORD, Stage

pytestmark = pytest.mark.django_db(transaction=True)

CALL = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{}'
    "</soap:Body></soap:Envelope>"
)


@pytest.fixture(autouse=True)
def _nobody_failed_yet():
    cache.clear()


def post(live_server, stage: Stage, body: str | bytes, **headers: str) -> tuple[int, str]:
    where = urlsplit(live_server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    path = f"/qbwc/{stage.connection.pk}/"
    connection.request("POST", path, body, {"Content-Type": "text/xml; charset=utf-8", **headers})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def say(live_server, stage: Stage, operation: str, **arguments: str) -> str:
    """The plain text of the result of one call."""
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
    call = f'<{operation} xmlns="http://developer.intuit.com/">{inner}</{operation}>'
    status, text = post(live_server, stage, CALL.format(call))
    assert status == 200, text
    return text.split(f"<{operation}Result>")[1].split(f"</{operation}Result>")[0]


def authenticate(live_server, stage: Stage, password: str = PASSWORD, user: str = "") -> str:
    return say(
        live_server,
        stage,
        "authenticate",
        strUserName=user or stage.connection.user_name,
        strPassword=password,
    )


def test_a_wrong_password_is_nvu_and_guessing_is_slowed_down(stage, live_server) -> None:
    nobody = "<string></string><string>nvu</string>"
    assert authenticate(live_server, stage, "wrong") == nobody
    assert authenticate(live_server, stage, user="somebody") == nobody
    for _ in range(10):
        authenticate(live_server, stage, "wrong")
    # Even the right one is refused now, for this user from this address.
    assert authenticate(live_server, stage) == nobody
    assert not Session.objects.exists()


def test_nothing_to_do_does_not_wake_quickbooks(stage, live_server) -> None:
    assert authenticate(live_server, stage) == "<string></string><string>none</string>"
    assert not Session.objects.exists()


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
    from connectors.models import Connection

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


def test_a_body_above_the_limit_is_refused_before_it_is_read(stage: Stage, live_server) -> None:
    where = urlsplit(live_server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    connection.putrequest("POST", f"/qbwc/{stage.connection.pk}/")
    connection.putheader("Content-Type", "text/xml")
    connection.putheader("Content-Length", str(101 * 1024 * 1024))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"larger than 100 MB" in answer.read()
    connection.close()


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
