"""The Web Connector's envelope: read in pieces, hostile or not, and answered in its plain shape."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import zeep
from lxml import etree

from connectors.quickbooks import soap, wsdl
from connectors.quickbooks.qbxml import escape


def envelope(inside: str, head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{head}<soap:Envelope'
        f' xmlns:soap="{soap.ENVELOPE}"><soap:Body>{inside}</soap:Body></soap:Envelope>'
    ).encode()


def call(operation: str, **arguments: str) -> bytes:
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in arguments.items())
    return envelope(f'<{operation} xmlns="{soap.NAMESPACE}">{inside}</{operation}>')


def test_a_call_that_is_printed_keeps_its_secrets():
    read = soap.read([call("authenticate", strUserName="pam", strPassword="hush-hush")])
    assert "hush" not in f"{read!r} {read}"
    assert "a-ticket" not in repr(soap.read([call("getLastError", ticket="a-ticket")]))


def test_a_call_is_an_operation_and_its_arguments():
    body = call(
        "sendRequestXML",
        ticket="T1",
        strHCPResponse='<?xml version="1.0" ?><QBXML a="é"/>',
        strCompanyFileName=r"C:\Books\Meridian & Sons.QBW",
        qbXMLCountry="US",
        qbXMLMajorVers="16",
        qbXMLMinorVers="0",
    )
    assert soap.read([body]) == soap.Call(
        "sendRequestXML",
        {
            "ticket": "T1",
            "strHCPResponse": '<?xml version="1.0" ?><QBXML a="é"/>',
            "strCompanyFileName": r"C:\Books\Meridian & Sons.QBW",
            "qbXMLCountry": "US",
        },
        {"qbXMLMajorVers": 16, "qbXMLMinorVers": 0},
    )


def test_server_version_comes_with_and_without_its_argument():
    assert soap.read([call("serverVersion")]).texts == {"strVersion": ""}
    assert soap.read([call("serverVersion", strVersion="2.3")]).texts == {"strVersion": "2.3"}
    empty = envelope(f'<serverVersion xmlns="{soap.NAMESPACE}" />')
    assert soap.read([empty]).operation == "serverVersion"


def test_a_body_may_come_byte_by_byte():
    body = call("getLastError", ticket="é&<>")
    pieces = (body[place : place + 1] for place in range(len(body)))
    assert soap.read(pieces).texts == {"ticket": "é&<>"}


def test_a_long_answer_goes_where_it_is_told_to():
    answer = '<a b="1">&amp;</a>\n' * 20_000
    body = call("receiveResponseXML", ticket="T", response=answer, hresult="", message="")
    sink = io.StringIO()
    read = soap.read([body[:1000], body[1000:]], {"T": sink}.get)
    assert read.texts == {"ticket": "T", "response": "", "hresult": "", "message": ""}
    assert sink.getvalue() == answer
    assert soap.read([body]).texts["response"] == answer


@pytest.mark.parametrize(("known", "most"), [(False, 2), (True, 100)])
def test_too_much_is_refused_as_soon_as_it_is_too_much(known: bool, most: int):
    """Whose ticket is known may bring a long answer; nobody else may bring more than a little."""
    head = call("receiveResponseXML", ticket="T", response="").partition(b"</response>")[0]
    taken = []

    def pieces() -> Iterator[bytes]:
        yield head
        for _ in range(200):
            taken.append(1)
            yield b" " * soap.MB

    class Drain:
        def write(self, text: str, /) -> None:
            """Keep nothing."""

    with pytest.raises(soap.TooLarge, match=f"larger than {most} MB"):
        soap.read(pieces(), lambda ticket: Drain() if known else None)
    assert len(taken) == most


def test_a_tag_without_an_end_is_not_waited_for():
    head = call("receiveResponseXML", ticket="T").partition(b"</ticket>")[0]
    endless = [head + b"</ticket><response "] + [b"x" * 65536] * 1000
    pieces = iter(endless)
    with pytest.raises(soap.BadSoap, match="longer tag"):
        soap.read(pieces)
    assert len(list(pieces)) > 950


HOSTILE = {
    "nothing": b"",
    "not XML": b"GET / HTTP/1.1",
    "cut off": call("getLastError", ticket="x")[:-20],
    "after the end": call("getLastError", ticket="x") + b"<a/>",
    "a type definition": envelope("", '<!DOCTYPE a [<!ENTITY b "c">]>'),
    "a bomb": envelope(
        f'<getLastError xmlns="{soap.NAMESPACE}"><ticket>&c;</ticket></getLastError>',
        '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
    ),
    "a file": envelope("&b;", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'),
    "an unknown entity": envelope("&b;"),
    "an unknown operation": call("getInteractiveURL", wcTicket="x"),
    "another namespace": envelope('<getLastError xmlns="http://example.com/"/>'),
    "no operation": envelope(""),
    "two operations": envelope(f'<getLastError xmlns="{soap.NAMESPACE}"/>' * 2),
    "no envelope": b"<a><b/></a>",
    "elements in an argument": envelope(
        f'<getLastError xmlns="{soap.NAMESPACE}"><ticket><b/></ticket></getLastError>'
    ),
    "an argument twice": envelope(
        f'<getLastError xmlns="{soap.NAMESPACE}"><ticket/><ticket/></getLastError>'
    ),
    "deep": envelope("<a>" * 5000),
    "many": envelope("<a/>" * 5000),
    "no number": call("sendRequestXML", qbXMLMajorVers="sixteen"),
    "a long ticket": call("getLastError", ticket="x" * 100_000),
    "a long greeting": call("sendRequestXML", strHCPResponse="x" * (1024 * 1024 + 1)),
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><a/>',
    "a null": call("getLastError", ticket="x").replace(b">x<", b">\x00<"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_call_is_told_in_a_sentence(name):
    with pytest.raises(soap.BadSoap) as caught:
        soap.read([HOSTILE[name]])
    assert str(caught.value).endswith(".")


def test_arguments_that_a_newer_web_connector_may_add_are_passed_over():
    assert soap.read([call("getLastError", ticket="x", mood="good")]).texts == {"ticket": "x"}


def test_results_have_the_plainest_shape():
    assert soap.result("authenticate", ["T & <1>", ""]) == (
        b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope'
        b' xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        b'<authenticateResponse xmlns="http://developer.intuit.com/"><authenticateResult>'
        b"<string>T &amp; &lt;1&gt;</string><string></string>"
        b"</authenticateResult></authenticateResponse></soap:Body></soap:Envelope>"
    )
    assert b"<receiveResponseXMLResult>-1</receive" in soap.result("receiveResponseXML", -1)


def test_any_text_can_be_answered():
    result = soap.result("getLastError", "\x00\ud800é\x0b<b>")
    text = etree.fromstring(result).findtext(".//{*}getLastErrorResult")
    assert text == "é<b>"


def test_a_fault_says_what_was_wrong():
    fault = etree.fromstring(soap.fault("The message is no call. <Really>"))
    assert fault.findtext(".//faultstring") == "The message is no call. <Really>"
    assert fault.findtext(".//faultcode") == "soap:Client"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing on the console."""


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[soap.Call]]]:
    """A bare server of the eight operations, described by our own WSDL."""
    calls: list[soap.Call] = []
    results: dict[str, str | int | list[str]] = {
        "authenticate": ["T1", ""],
        "receiveResponseXML": 100,
        "sendRequestXML": "<QBXML>é</QBXML>",
    }

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", soap.CONTENT_TYPE)])
        if environ["REQUEST_METHOD"] == "GET":
            return [wsdl.text(address).encode()]
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        read = soap.read([body])
        calls.append(read)
        return [soap.result(read.operation, results.get(read.operation, "fine"))]

    server = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield address, calls
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_soap_toolkit_drives_a_whole_session_from_our_description(endpoint):
    address, calls = endpoint
    with zeep.Client(address) as client:
        ours = client.service
        assert ours.serverVersion() == "fine"
        assert ours.serverVersion(strVersion="2.3.0.215") == "fine"
        assert ours.clientVersion("2.3.0.215") == "fine"
        assert ours.authenticate("qb-1", "secret") == ["T1", None]  # so zeep reads an empty text
        assert ours.sendRequestXML("T1", "", "C:\\a.qbw", "US", 16, 0) == "<QBXML>é</QBXML>"
        assert ours.receiveResponseXML("T1", "<a>&</a>", "", "") == 100
        assert ours.connectionError("T1", "0x80040408", "Could not start") == "fine"
        assert ours.getLastError("T1") == "fine"
        assert ours.closeConnection("T1") == "fine"
    assert [one.operation for one in calls[2:]] == [
        "clientVersion",
        "authenticate",
        "sendRequestXML",
        "receiveResponseXML",
        "connectionError",
        "getLastError",
        "closeConnection",
    ]
    assert calls[4].numbers == {"qbXMLMajorVers": 16, "qbXMLMinorVers": 0}
    assert calls[5].texts["response"] == "<a>&</a>"
