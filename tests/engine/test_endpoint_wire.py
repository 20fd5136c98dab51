"""The Web Connector's door on the wire: the real web server, spoken to byte by byte.

Old .NET clients ask before they send, some send in chunks, and some break off; a long answer comes
in without being held, and what is hostile costs its sender the answer and nobody else anything.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from html import escape, unescape
from typing import Any

import pytest
from django.db.models.functions import Now

from bench.processor import forget_most_memory, memory, most_memory
from bench.serving import WebServer, serving
from connectors import engine
from connectors.models import Conversation, Message, ReplyPart, Session
from connectors.quickbooks import OWNER_ID
from connectors.replies import Kept
from connectors.syncing import request_sync
from directory.models import Unlinked
from sandbox.quickbooks.soap import envelope
from tests.stage import FILE_ID, PASSWORD, Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(database_url: str) -> Iterator[WebServer]:
    with serving(database_url) as running:
        yield running


class Line:
    """One connection to the Web Connector's door."""

    def __init__(self, server: WebServer, stage: Stage) -> None:
        self.path = f"/qbwc/{stage.connection.pk}/"
        self.socket = socket.create_connection(("127.0.0.1", server.port), 30)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def head(self, method: str = "POST", **headers: object) -> None:
        lines = [f"{method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def begin(self, length: int, *, chunked: bool) -> None:
        """The head of a message that says its length, or comes in chunks."""
        if chunked:
            self.head(Transfer_Encoding="chunked")
        else:
            self.head(Content_Length=length)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def chunk(self, data: bytes) -> None:
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def status(self) -> int:
        """The status of the next answer; its headers are read, too."""
        number = int(self.file.readline().split()[1])
        self.length = 0
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                self.length = int(value)
        return number

    def answer(self) -> tuple[int, str]:
        status = self.status()
        return status, self.file.read(self.length).decode()

    def ask(self, operation: str, **values: str) -> str:
        """The first text of the result of one call."""
        body = envelope(operation, values)
        self.head(Content_Length=len(body), Content_Type="text/xml; charset=utf-8")
        self.send(body)
        status, text = self.answer()
        assert status == 200, text
        return result(text)


def result(text: str) -> str:
    found = re.search(r"<(?:string|\w+Result)>([^<]*)</", text)
    return unescape(found[1]) if found else ""


def visit(line: Line, stage: Stage) -> tuple[str, str]:
    """The ticket of a new session, and what QuickBooks is asked first."""
    if stage.books.file_id(OWNER_ID) is None:
        stage.books.set_private_data(OWNER_ID, "FileID", FILE_ID)
    greeting = stage.books.host_company_preferences(OWNER_ID)
    name = stage.connection.user_name or ""
    ticket = line.ask("authenticate", strUserName=name, strPassword=PASSWORD)
    assert len(ticket) == 64
    return ticket, line.ask("sendRequestXML", ticket=ticket, strHCPResponse=greeting)


def answering(ticket: str, response: str) -> bytes:
    told = {"ticket": ticket, "response": response, "hresult": "", "message": ""}
    body: Any = envelope("receiveResponseXML", told)
    return body if isinstance(body, bytes) else body.encode()


def vendors(question: str, size: int, each: int = 200_000) -> str:
    """The list of vendors that was asked for, with notes of `each` letters on every one."""
    found = re.search(r'<VendorQueryRq requestID="([^"]+)"', question)
    assert found is not None
    note = "<Note>Called about the lien waiver &amp; insurance.</Note>"
    notes = note * (each // len(note))
    rows = "".join(
        f"<VendorRet><ListID>80-{number}</ListID><Name>Supplier {number}</Name>"
        f"<IsActive>true</IsActive>{notes}</VendorRet>"
        for number in range(size // each)
    )
    return (
        f'<?xml version="1.0" ?><QBXML><QBXMLMsgsRs><VendorQueryRs requestID="{found[1]}" '
        f'statusCode="0" statusSeverity="Info" statusMessage="OK">{rows}</VendorQueryRs>'
        "</QBXMLMsgsRs></QBXML>"
    )


def wait_for_vendors(stage: Stage) -> None:
    """The company asks for QuickBooks' lists."""
    request_sync(stage.connection, stage.access(stage.dora))
    Conversation.objects.exclude(record="list:vendors").update(state="closed", outcome="dropped")


# --- Ways of sending ---------------------------------------------------------------------------


def test_a_client_that_asks_first_is_told_to_go_on(stage: Stage, server: WebServer) -> None:
    body = envelope("serverVersion", {})
    with Line(server, stage) as line:
        line.head(Content_Length=len(body), Expect="100-continue")
        assert line.status() == 100
        line.send(body)
        status, text = line.answer()
        assert (status, result(text)) == (200, "ERP Bridge 1")
        # The same connection serves for the next call.
        assert line.ask("serverVersion", strVersion="2.3.0.215") == "ERP Bridge 1"


def test_a_body_in_chunks_is_read_to_its_end(stage: Stage, server: WebServer) -> None:
    wait_for_vendors(stage)
    with Line(server, stage) as line:
        ticket, question = visit(line, stage)
        body = answering(ticket, vendors(question, 3_000_000))
        line.head(Transfer_Encoding="chunked", Content_Type="text/xml")
        for place in range(0, len(body), 100_000):
            line.chunk(body[place : place + 100_000])
        line.chunk(b"")
        status, text = line.answer()
        assert (status, result(text)) == (200, "100")
    assert Unlinked.objects.filter(company=stage.company, name__startswith="Supplier").count() == 15


def test_a_stranger_is_not_listened_to_for_long(stage: Stage, server: WebServer) -> None:
    head, _, _ = answering("0" * 64, "x").partition(b"x</response>")
    for chunked in (False, True):
        with Line(server, stage) as line:
            line.begin(90_000_000, chunked=chunked)
            send = line.chunk if chunked else line.send
            send(head)
            for _ in range(3):
                send(b"x" * 1_000_000)
            status, text = line.answer()
            assert status == 413
            assert "larger than 2 MB, and no ticket in it is known" in text
    # Who says beforehand how much it will be is refused as soon as the ticket is read.
    with Line(server, stage) as line:
        line.head(Content_Length=90_000_000)
        line.send(head + b"x" * 100_000)
        assert line.answer()[0] == 413


def test_an_answer_beyond_the_limit_is_refused_and_told(stage: Stage, server: WebServer) -> None:
    """More than 100 MB: the sentence stands with the session, and it is not asked for ever."""
    wait_for_vendors(stage)
    with Line(server, stage) as line:
        ticket, _question = visit(line, stage)
        head, _, _ = answering(ticket, "x").partition(b"x</response>")
        line.head(Content_Length=101 * 1024 * 1024)
        line.send(head + b"x" * 100_000)
        status, text = line.answer()
        assert status == 413
        assert "larger than 100 MB" in text
    with Line(server, stage) as line:
        assert line.ask("getLastError", ticket=ticket) == "The message is larger than 100 MB."
        assert line.ask("closeConnection", ticket=ticket) == "The message is larger than 100 MB."
    assert Message.objects.get().fault == "The message is larger than 100 MB."
    assert Conversation.objects.get(state="waiting").tries == 1


def test_an_answer_that_breaks_off_was_never_said(stage: Stage, server: WebServer) -> None:
    """The office's line goes down in the middle: the question is asked again, and answered."""
    wait_for_vendors(stage)
    with Line(server, stage) as line:
        ticket, question = visit(line, stage)
    body = answering(ticket, vendors(question, 600_000))
    for chunked in (False, True):
        with Line(server, stage) as broken:
            broken.begin(len(body), chunked=chunked)
            send = broken.chunk if chunked else broken.send
            send(body[:400_000])
            broken.socket.shutdown(socket.SHUT_WR)
            heard = broken.file.read()
            assert heard == b"" or b"not well-formed" in heard
        message = Message.objects.get()
        assert (message.reply, message.replied_at, message.fault) == (None, None, "")
    with Line(server, stage) as line:
        assert line.ask("sendRequestXML", ticket=ticket) == question
        line.head(Content_Length=len(body))
        line.send(body)
        assert result(line.answer()[1]) == "100"
    assert Unlinked.objects.filter(name__startswith="Supplier").count() == 3


# --- Long answers ------------------------------------------------------------------------------


def test_a_long_answer_is_taken_in_without_being_held(stage: Stage, server: WebServer) -> None:
    wait_for_vendors(stage)
    with Line(server, stage) as line:
        ticket, question = visit(line, stage)
        reply = vendors(question, 40_000_000)
        body = answering(ticket, reply)
        before = memory(server.process)
        forget_most_memory(server.process)
        line.head(Content_Length=len(body))
        line.send(body)
        assert result(line.answer()[1]) == "100"
        more = most_memory(server.process) - before
        assert line.ask("closeConnection", ticket=ticket) == "OK: 1 done"
    assert more < 32_000_000
    message = Message.objects.get()
    assert message.reply_bytes == len(reply)
    assert message.reply is not None
    assert reply.startswith(message.reply)
    assert b"".join(Kept(message.pk).read()).decode() == reply
    assert b"".join(Kept(message.pk).read(3_333_333)).decode() == reply[3_333_333:]
    assert Unlinked.objects.filter(name__startswith="Supplier").count() == 200


def test_a_long_answer_from_a_dead_session_is_not_lost(
    stage: Stage, server: WebServer, settings: Any
) -> None:
    """QuickBooks took so long over it that its session was ended: it is kept, and asked again."""
    wait_for_vendors(stage)
    with Line(server, stage) as line:
        ticket, question = visit(line, stage)
        settings.ERP_SESSION_IDLE_SECONDS = 0
        assert engine.expire_sessions() == 1
        reply = vendors(question, 3_000_000)
        body = answering(ticket, reply)
        line.head(Content_Length=len(body))
        line.send(body)
        assert result(line.answer()[1]) == "-1"
        assert "has ended" in line.ask("getLastError", ticket=ticket)
        assert Message.objects.get().reply_bytes == len(reply)
        _, again = visit(line, stage)
        assert "VendorQueryRq" in again


HOSTILE = {
    "a bomb of entities": '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    "<QBXML><QBXMLMsgsRs>&b;</QBXMLMsgsRs></QBXML>",
    "a file of the server": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<QBXML><QBXMLMsgsRs>&a;</QBXMLMsgsRs></QBXML>",
    "a bomb of depth": "<QBXML><QBXMLMsgsRs>" + "<a>" * 1_000_000,
    "an endless tag": '<QBXML><QBXMLMsgsRs><a b="' + "x" * 4_000_000,
    "nothing but text": "x" * 4_000_000,
}


def test_a_hostile_answer_is_kept_and_believed_in_nothing(stage: Stage, server: WebServer) -> None:
    wait_for_vendors(stage)
    for count, (name, hostile) in enumerate(HOSTILE.items(), 1):
        with Line(server, stage) as line:
            ticket, _question = visit(line, stage)
            before = memory(server.process)
            forget_most_memory(server.process)
            body = answering(ticket, hostile)
            line.head(Content_Length=len(body))
            line.send(body)
            status, text = line.answer()
            assert status == 200, name
            assert "root:" not in text
            assert most_memory(server.process) - before < 64_000_000, name
            line.ask("closeConnection", ticket=ticket)
        failed = Conversation.objects.filter(outcome="put_back", fault__contains="understood")
        assert failed.count() == count, name
        Conversation.objects.filter(state="waiting").update(not_before=Now())
    assert not Unlinked.objects.filter(name__startswith="Supplier").exists()
    assert Conversation.objects.filter(state="waiting", record="list:vendors").count() == 1


def test_a_tag_that_never_ends_in_the_envelope_ends_the_call(
    stage: Stage, server: WebServer
) -> None:
    wait_for_vendors(stage)
    with Line(server, stage) as line:
        ticket, _ = visit(line, stage)
        head, _, _ = answering(ticket, "|").partition(b"|</response>")
        line.head(Content_Length=50_000_000)
        line.send(head + b"</response><hresult ")
        for _ in range(3):
            line.send(b"x" * 1_000_000)
        status, text = line.answer()
        assert status == 400
        assert "longer tag than any call" in text
    assert Message.objects.get().replied_at is None
    assert not ReplyPart.objects.exists()


# --- What may be read by everybody -------------------------------------------------------------


def test_the_description_and_the_help_page_are_for_whoever_asks(
    stage: Stage, server: WebServer
) -> None:
    with Line(server, stage) as line:
        line.head("GET")
        status, text = line.answer()
        assert status == 200
        assert text.startswith('<?xml version="1.0"')
        assert all(f'name="{one}"' in text for one in ("authenticate", "receiveResponseXML"))
        assert stage.company.name not in text
        line.path += "support/"
        line.head("GET")
        status, text = line.answer()
        assert status == 200
        assert "Help with the Web Connector" in text
        assert escape(stage.company.name) not in text
        line.path = line.path.removesuffix("support/")
        line.head("DELETE", Content_Length=0)
        assert line.answer()[0] == 405


def test_guesses_are_counted_for_all_web_processes(
    stage: Stage, server: WebServer, database_url: str
) -> None:
    right = {"strUserName": stage.connection.user_name or "", "strPassword": PASSWORD}
    wrong = right | {"strPassword": "a guess"}
    nobody, idle = ["", "nvu"], ["", "none"]
    with serving(database_url) as second, Line(server, stage) as one, Line(second, stage) as two:
        assert both(one, right) == both(two, right) == idle
        for _ in range(10):
            assert both(one, wrong) == nobody
        assert both(one, right) == both(two, right) == nobody
    assert not Session.objects.exists()


def both(line: Line, values: dict[str, str]) -> list[str]:
    """The two texts that `authenticate` answers."""
    body = envelope("authenticate", values)
    line.head(Content_Length=len(body))
    line.send(body)
    return re.findall(r"<string>([^<]*)</string>", line.answer()[1])
