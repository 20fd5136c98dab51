"""A session of the Web Connector, played as fast as it can be, with a clock on the server."""

from __future__ import annotations

import re
import time
from html import unescape

from bench.client import Connection, request
from bench.serving import WebServer
from connectors.quickbooks import OWNER_ID
from sandbox.quickbooks.soap import envelope
from tests.stage import FILE_ID, PASSWORD, Stage

_TEXT = re.compile(r"<(?:string|\w+Result)>([^<]*)</")


def message(path: str, operation: str, **values: str) -> bytes:
    """The bytes of one call."""
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    return request("POST", path, headers, envelope(operation, values))


class Visit:
    """One session with the company file of the stage.

    `seconds` is what the server's answers took, without what the stand-in for QuickBooks did;
    `asked` holds every call as it went out.
    """

    def __init__(self, stage: Stage, server: WebServer) -> None:
        self.stage = stage
        self.line = Connection(server)
        self.path = f"/qbwc/{stage.connection.pk}/"
        if stage.books.file_id(OWNER_ID) is None:
            stage.books.set_private_data(OWNER_ID, "FileID", FILE_ID)
        self.greeting = stage.books.host_company_preferences(OWNER_ID)
        self.ticket = ""
        self.asked: list[bytes] = []
        self.seconds = 0.0

    def run(self) -> None:
        """From hello to goodbye, with all that there is to do."""
        progress, question = 0, self.until_asked()
        while progress < 100:
            answer = self.stage.books.answer(question)
            told = {"response": answer, "hresult": "", "message": ""}
            progress = int(self.call("receiveResponseXML", ticket=self.ticket, **told))
            if progress < 100:
                question = self.question()
        self.call("closeConnection", ticket=self.ticket)
        self.line.close()

    def until_asked(self) -> str:
        """The first question of the session."""
        self.call("serverVersion")
        self.call("clientVersion", strVersion="2.3.0.215")
        name = self.stage.connection.user_name or ""
        self.ticket = self.call("authenticate", strUserName=name, strPassword=PASSWORD)
        return self.question()

    def question(self) -> str:
        """What QuickBooks is to be asked next."""
        greeting, self.greeting = self.greeting, ""
        return self.call(
            "sendRequestXML",
            ticket=self.ticket,
            strHCPResponse=greeting,
            strCompanyFileName=self.stage.books.path,
            qbXMLCountry="US",
            qbXMLMajorVers="13",
            qbXMLMinorVers="0",
        )

    def call(self, operation: str, **values: str) -> str:
        """The first text of the answer."""
        asked = message(self.path, operation, **values)
        self.asked.append(asked)
        began = time.perf_counter()
        answer = self.line.ask(asked)
        self.seconds += time.perf_counter() - began
        found = _TEXT.search(answer.decode())
        return unescape(found[1]) if found else ""
