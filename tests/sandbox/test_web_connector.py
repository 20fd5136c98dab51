"""The Web Connector at work, over real HTTP, with a server that says whatever a server may say."""

from pathlib import Path

import pytest
from lxml import etree

from sandbox.quickbooks import BadQwc, CompanyFile, Qwc, SessionResult, WebConnector
from sandbox.quickbooks.polling import pause_after
from tests.sandbox.orders import add, line
from tests.sandbox.qbxml import Application, message_set
from tests.sandbox.server import PASSWORD, USER, Raw, Server, start
from tests.sandbox.web_connecting import FILE, OWNER, VENDORS, addition

# --- a session ---


def test_a_session_from_hello_to_goodbye(server, connector, company):
    server.requests = [VENDORS, addition()]

    result = connector.run_once()

    assert server.operations == [
        "serverVersion",
        "clientVersion",
        "authenticate",
        "sendRequestXML",
        "receiveResponseXML",
        "sendRequestXML",
        "receiveResponseXML",
        "closeConnection",
    ]
    assert (result.outcome, result.message) == ("done", "OK")
    assert result.requests == [VENDORS, addition()]
    assert result.writes == 1
    assert "Ironwood Concrete" in server.values("receiveResponseXML", 0)["response"]
    assert company.purchase_order("PO-1").total == 100
    assert server.values("closeConnection") == {"ticket": "{ticket-1}"}


def test_the_first_request_brings_host_company_and_preferences(server, connector):
    server.requests = [VENDORS, VENDORS]

    connector.run_once()

    first, second = (server.values("sendRequestXML", place) for place in (0, 1))
    greeting = etree.fromstring(first["strHCPResponse"].encode())
    assert [each.get("requestID") for each in greeting[0]] == ["0", "1", "2"]
    assert greeting.findtext(".//DataExtRet[DataExtName='FileID']/DataExtValue") == FILE
    assert (first["qbXMLMajorVers"], first["qbXMLMinorVers"]) == ("13", "0")
    assert second["strHCPResponse"] == ""


def test_the_messages_are_to_the_letter_of_the_protocol(server, connector):
    server.requests = [VENDORS]

    connector.run_once()

    headers = server.headers[2]
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert headers["SOAPAction"] == '"http://developer.intuit.com/authenticate"'
    body = etree.fromstring(server.bodies[2])
    (call,) = body[0]
    assert call.tag == "{http://developer.intuit.com/}authenticate"
    assert [each.tag.rpartition("}")[2] for each in call] == ["strUserName", "strPassword"]


def test_the_password_is_in_no_log(server, connector):
    server.requests = [VENDORS]

    result = connector.run_once()

    assert server.values("authenticate")["strPassword"] == PASSWORD
    assert PASSWORD not in repr(result)
    assert PASSWORD not in repr(connector.last)


def test_an_application_gets_its_file_id_into_the_company_file_once(server, connector, company):
    server.requests = [VENDORS]
    connector.run_once()
    assert company.file_id(OWNER) == FILE

    other = Qwc(server.url, USER, OWNER, "{99999999-0000-4444-8888-123456789ABC}")
    server.requests = [VENDORS]
    WebConnector(other, PASSWORD, company).run_once()

    assert company.file_id(OWNER) == FILE
    assert FILE in server.values("sendRequestXML")["strHCPResponse"]


# --- what the server may answer ---


def test_nothing_to_do_does_not_touch_quickbooks(server, connector):
    result = connector.run_once()

    assert result.outcome == "nothing to do"
    assert server.operations[-2:] == ["authenticate", "closeConnection"]


def test_an_unknown_user_is_told(server, company):
    qwc = Qwc(server.url, USER, OWNER, FILE)

    assert WebConnector(qwc, "wrong", company).run_once().outcome == "refused"


def test_busy_ends_without_another_call(server, connector):
    server.replies["authenticate"] = lambda values: ["{t}", "BUSY"]

    assert connector.run_once().outcome == "busy"
    assert server.operations[-1] == "authenticate"


def test_an_update_can_be_postponed_and_slowed_down(server, connector):
    server.replies["authenticate"] = lambda values: ["{t}", "", "60", "120"]

    result = connector.run_once()

    assert result.outcome == "postponed"
    assert (result.postponed_seconds, result.shortest_interval) == (60, 120)
    assert "sendRequestXML" not in server.operations


def test_the_next_poll_comes_when_the_server_wants_it():
    idle = SessionResult(outcome="nothing to do")
    slowed = SessionResult(outcome="postponed", postponed_seconds=60, shortest_interval=120)
    down = SessionResult(outcome="error", reached=False)

    assert pause_after(idle, 3, 0) == 3
    assert pause_after(slowed, 3, 0) == 120
    assert [pause_after(down, 3, failures) for failures in (1, 2, 3, 9)] == [6, 12, 24, 60]
    assert pause_after(down, 900, 1) == 900


def test_a_server_that_finds_the_client_too_old_stops_it(server, connector):
    server.replies["clientVersion"] = lambda values: "E:Please upgrade."

    result = connector.run_once()

    assert (result.outcome, result.message) == ("error", "Please upgrade.")
    server.replies["clientVersion"] = lambda values: "W:This version is old."
    assert connector.run_once().outcome == "nothing to do"


def test_an_empty_request_asks_for_the_reason(server, connector):
    server.replies["authenticate"] = lambda values: ["{t}", ""]
    server.replies["getLastError"] = lambda values: "Another company file is open."

    result = connector.run_once()

    assert (result.outcome, result.message) == ("error", "Another company file is open.")
    assert server.operations[-3:] == ["sendRequestXML", "getLastError", "closeConnection"]


def test_no_op_waits_five_seconds_and_asks_again(server, connector, waits):
    server.replies["authenticate"] = lambda values: ["{t}", ""]
    said = iter(["NoOp", "NoOp", ""])
    server.replies["getLastError"] = lambda values: next(said)

    result = connector.run_once()

    assert result.outcome == "done"
    assert waits == [5.0, 5.0]
    assert server.operations.count("sendRequestXML") == 3


def test_a_negative_percentage_ends_the_session_with_the_reason(server, connector):
    server.requests = [VENDORS, VENDORS]
    server.replies["receiveResponseXML"] = lambda values: -1
    server.replies["getLastError"] = lambda values: "That was not expected."

    result = connector.run_once()

    assert (result.outcome, result.message) == ("error", "That was not expected.")
    assert len(server.requests) == 1


def test_99_percent_is_not_the_end(server, connector):
    server.requests = [VENDORS, VENDORS]
    server.replies["receiveResponseXML"] = lambda values: 99 if server.requests else 100

    assert connector.run_once().outcome == "done"
    assert server.operations.count("receiveResponseXML") == 2


def test_what_quickbooks_cannot_read_comes_back_as_an_hresult(server, connector):
    server.requests = [message_set("<VendorListRq/>")]

    connector.run_once()

    sent = server.values("receiveResponseXML")
    assert (sent["response"], sent["hresult"]) == ("", "0x80040400")
    assert "VendorListRq" in sent["message"]


def test_another_company_file_than_the_one_that_is_open_is_not_opened(server, connector):
    server.replies["authenticate"] = lambda values: ["{t}", r"C:\other.qbw"]

    result = connector.run_once()

    assert result.outcome == "error"
    assert server.values("connectionError")["hresult"] == "0x8004040A"


def test_a_server_may_name_another_path_to_try(server, connector, company):
    server.requests = [VENDORS]
    server.replies["authenticate"] = lambda values: ["{t}", r"C:\other.qbw"]
    server.replies["connectionError"] = lambda values: company.path

    assert connector.run_once().outcome == "done"


# --- what a server must not answer ---

ENVELOPE = b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%b</soap:Body></soap:Envelope>'
TICKET = b'<authenticateResponse xmlns="http://developer.intuit.com/"><authenticateResult>%b</authenticateResult></authenticateResponse>'
NOT_TO_THE_LETTER = {
    "a line before the XML": (Raw(b"\nwarning: <?xml"), "QBWC1042"),
    "a byte order mark": (Raw(b"\xef\xbb\xbf" + ENVELOPE % b"<a/>"), "QBWC1042"),
    "half an answer": (Raw(b"<?xml version='1.0'?><soap:Env"), "QBWC1042"),
    "a page": (Raw(b"<html/>", content_type="text/html"), "text/html"),
    "an error page": (Raw(b"<h1>Server Error</h1>", status=500), "HTTP 500"),
    "a fault": (
        Raw(ENVELOPE % b"<soap:Fault><faultstring>No such method</faultstring></soap:Fault>"),
        "No such method",
    ),
    "the answer to another call": (
        Raw(ENVELOPE % b'<closeConnectionResponse xmlns="http://developer.intuit.com/"/>'),
        "closeConnectionResponse",
    ),
    "strings of another namespace": (
        Raw(ENVELOPE % (TICKET % b'<a:string xmlns:a="urn:arrays">t</a:string>')),
        "QBWC1012",
    ),
    "strings inside strings": (
        Raw(ENVELOPE % (TICKET % b"<string><string>t</string></string><string/>")),
        "plain text",
    ),
    "one string": (["{t}"], "QBWC1012"),
}


@pytest.mark.parametrize(
    ("reply", "named"), NOT_TO_THE_LETTER.values(), ids=NOT_TO_THE_LETTER.keys()
)
def test_an_answer_that_is_not_to_the_letter_ends_the_session(server, connector, reply, named):
    server.replies["authenticate"] = lambda values: reply

    result = connector.run_once()

    assert result.outcome == "error"
    assert named in result.message
    assert server.operations == ["serverVersion", "clientVersion", "authenticate"]


def test_a_percentage_must_be_a_whole_number(server, connector):
    server.requests = [VENDORS]
    server.replies["receiveResponseXML"] = lambda values: "99.5"

    result = connector.run_once()

    assert result.outcome == "error"
    assert "whole number" in result.message


def test_a_failed_call_is_not_repeated(server, connector, company):
    server.requests = [addition()]
    server.replies["receiveResponseXML"] = lambda values: Raw(b"", status=502)

    assert connector.run_once().outcome == "error"

    assert server.operations.count("receiveResponseXML") == 1
    assert len(company.purchase_orders()) == 1


def test_a_server_that_is_down_is_noticed(company):
    gone = Server()
    http = start(gone)
    http.shutdown()
    http.server_close()

    result = WebConnector(Qwc(gone.url, USER, OWNER, FILE), PASSWORD, company).run_once()

    assert (result.outcome, result.reached) == ("error", False)


# --- killed between any two steps ---


def test_killed_after_every_step_quickbooks_keeps_exactly_what_it_wrote(tmp_path, server, clock):
    """The document goes out again until its answer arrives; the memory makes it one order."""
    steps = 7
    for killed_after in range(1, steps + 1):
        path = tmp_path / f"{killed_after}.qbw"
        company = CompanyFile.create(path, company_name="Meridian Builders", clock=clock)
        company.load({"vendors": ["Ironwood Concrete"], "items": [{"name": "03-300"}]})
        connector = WebConnector(Qwc(server.url, USER, OWNER, FILE), PASSWORD, company)
        server.requests = [message_set(add(line(CustomerRef=None)), newMessageSetID="PX1")]
        document = server.requests[0]
        session = connector.steps()
        done = [next(session).name for _ in range(killed_after)]
        session.close()
        company.close()
        assert connector.last.outcome == "killed"

        reopened = CompanyFile(path, clock=clock)
        wrote = "QuickBooks" in done
        assert len(reopened.purchase_orders()) == wrote
        if "receiveResponseXML" not in done:
            server.requests = [document]
            again = WebConnector(Qwc(server.url, USER, OWNER, FILE), PASSWORD, reopened)
            assert again.run_once().outcome == "done"
        assert len(reopened.purchase_orders()) == 1
        assert ("ErrorRecovery" in server.values("receiveResponseXML")["response"]) == (
            wrote and "receiveResponseXML" not in done
        )


# --- two at once ---


def test_one_update_at_a_time_on_one_machine(tmp_path, server, clock):
    company = CompanyFile.create(tmp_path / "m.qbw", company_name="Meridian", clock=clock)
    qwc = Qwc(server.url, USER, OWNER, FILE)
    server.requests = [VENDORS, VENDORS]
    first = WebConnector(qwc, PASSWORD, company).steps()
    next(first)

    same = WebConnector(qwc, PASSWORD, company).run_once()
    elsewhere = WebConnector(qwc, PASSWORD, company, machine="site-office").run_once()
    first.close()

    assert same.outcome == "locked"
    assert same.steps == []
    assert elsewhere.outcome == "done"
    assert WebConnector(qwc, PASSWORD, company).run_once().outcome == "nothing to do"


# --- the .qwc file ---

QWC = f"""<?xml version="1.0"?>
<QBWCXML><AppName>ERP Bridge</AppName><AppID></AppID>
<AppURL>http://127.0.0.1:8000/qbwc/1/</AppURL><AppDescription>Sends contracts</AppDescription>
<AppSupport>http://127.0.0.1:8000/qbwc/1/support/</AppSupport><UserName>{USER}</UserName>
<OwnerID>{OWNER}</OwnerID><FileID>{FILE}</FileID><QBType>QBFS</QBType>
<Scheduler><RunEveryNMinutes>15</RunEveryNMinutes></Scheduler></QBWCXML>"""


def test_a_qwc_file_is_read(tmp_path: Path):
    (tmp_path / "bridge.qwc").write_text(QWC)

    for source in (QWC, QWC.encode(), tmp_path / "bridge.qwc"):
        qwc = Qwc.read(source)
        assert (qwc.url, qwc.user) == ("http://127.0.0.1:8000/qbwc/1/", USER)
        assert (qwc.owner_id, qwc.file_id, qwc.poll_seconds) == (OWNER, FILE, 900)


def test_a_qwc_file_is_refused_with_everything_that_is_wrong_with_it():
    bad = QWC.replace("http://127.0.0.1:8000/qbwc/1/<", "http://erp.example.com/qbwc/1/<")
    bad = bad.replace(OWNER, "57F3B9B6").replace(f"<UserName>{USER}</UserName>", "")

    with pytest.raises(BadQwc) as refused:
        Qwc.read(bad)

    for named in ("UserName is missing", "OwnerID is not a GUID", "AppURL must be https"):
        assert named in str(refused.value)


def test_an_application_asks_the_same_company_file(server, connector, company, app):
    """What the server is told is what an application sees that asks directly."""
    server.requests = [addition()]

    connector.run_once()

    assert isinstance(app, Application)
    assert app.one("<PurchaseOrderQueryRq/>").findtext(".//RefNumber") == "PO-1"
