"""P7: a change of 500 lines built and read, and an answer of 100 MB taken in.

Building is measured against string formatting that makes the same bytes, reading against lxml that
parses and looks at nothing. The long answer goes all the way: over HTTP through the Web Connector's
door into the database; for it a web server may need 32 MB more than it held before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from io import BytesIO

from lxml import etree

from bench import orders
from bench.client import Connection
from bench.database import database
from bench.measuring import Goal, Result, Times, alternate, timed, worked
from bench.processor import forget_most_memory, memory, most_memory
from bench.serving import WebServer, serving
from bench.visits import Visit, message
from connectors import engine
from connectors.contract import Request
from connectors.models import ReplyPart
from connectors.quickbooks import change_orders, connector
from connectors.quickbooks.orders import orders as orders_of
from tests.stage import Stage, set_stage

LINES = 500
LONG = 100_000_000
VENDORS = 100
MB = 1_000_000


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    yield _result(building(), "build a PurchaseOrderMod", LINES, "s", Goal(3.0))
    yield _result(reading(), "read the answer to a PurchaseOrderMod", LINES, "s", Goal(3.5))
    with database("p07") as url, serving(url) as server:
        taking = LongAnswer(set_stage(), server)
        times = alternate(taking.ours, taking.against, rounds=5)
    yield _result(times, "take in an answer of 100 MB", LONG, "s", Goal(3.5))
    yield Result(
        name="P7",
        what="take in an answer of 100 MB, memory of the web server",
        size=LONG,
        ours=taking.more_memory / MB,
        against=1.0,
        unit="MB",
        ratio=taking.more_memory / MB,
        goal=Goal(32),
    )


def _result(times: Times, what: str, size: int, unit: str, goal: Goal) -> Result:
    return Result(
        name="P7",
        what=what,
        size=size,
        ours=times.ours,
        against=times.against,
        unit=unit,
        ratio=times.ratio,
        goal=goal,
        spread=times.spread,
    )


def building() -> Times:
    """Seconds for one change, from the frozen document to the bytes for the wire."""
    document, terms = orders.change_order(LINES)
    order = orders.standing(document, terms)

    def ours() -> str:
        request = change_orders.mod_request(document, terms, order, orders.KEY)
        return connector.wrap({orders.KEY: request})

    def against() -> str:
        return orders.by_format(document, terms, order)

    if ours() != against():
        raise AssertionError("The two sides build different changes.")
    return alternate(lambda: worked(ours, times=20), lambda: worked(against, times=20), rounds=15)


def reading() -> Times:
    """Seconds for one answer, from its text to what scripts look at."""
    document, terms = orders.change_order(LINES)
    reply = orders.answer(document, terms)
    asked = {orders.KEY: Request(body="", writes=True, key=orders.KEY)}

    def ours() -> int:
        answers = connector.unwrap(reply, asked)
        return len(orders_of(answers[orders.KEY])[0]["lines"])

    def against() -> object:
        return etree.fromstring(reply.encode())

    if ours() != LINES:
        raise AssertionError("The answer was not read whole.")
    return alternate(lambda: worked(ours, times=20), lambda: worked(against, times=20), rounds=15)


class LongAnswer:
    """Sessions in which QuickBooks answers a question about its vendors with 100 MB."""

    def __init__(self, stage: Stage, server: WebServer) -> None:
        self.stage = stage
        self.server = server
        self.more_memory = 0
        self.rounds = 0
        # The answer as its receiver reads it; on the way its signs are longer (&lt;).
        self.reply = _vendors("", LONG * 3 // 4)

    def ours(self) -> float:
        """Seconds until the answer is stored and followed, as the Web Connector waits for it."""
        self.rounds += 1
        name = f"vendors {self.rounds} "
        conversation = engine.queue(self.stage.connection.pk, "pull", name, "list:vendors")
        visit = Visit(self.stage, self.server)
        question = visit.until_asked()
        reply = self.reply.replace('requestID=""', f'requestID="{_id(question)}"', 1)
        told = {"ticket": visit.ticket, "response": reply, "hresult": "", "message": ""}
        answer = message(visit.path, "receiveResponseXML", **told)
        if not 0.9 * LONG < len(answer) < LONG:
            raise AssertionError(f"The answer has {len(answer):,} bytes.")
        before = memory(self.server.process)
        forget_most_memory(self.server.process)
        line = Connection(self.server)
        took = timed(lambda: line.ask(answer))
        line.close()
        self.more_memory = max(self.more_memory, most_memory(self.server.process) - before)
        conversation.refresh_from_db()
        if conversation.outcome != "done":
            raise AssertionError(conversation.fault or conversation.state)
        visit.call("closeConnection", ticket=visit.ticket)
        ReplyPart.objects.filter(message__session=conversation.session).delete()
        return took

    def against(self) -> float:
        """Seconds for lxml to walk through the same answer, keeping nothing."""
        data = BytesIO(self.reply.encode())

        def parse() -> None:
            for _, element in etree.iterparse(data, events=("end",), tag="VendorRet"):
                element.clear()

        return timed(parse)


def _id(question: str) -> str:
    return question.partition('requestID="')[2].partition('"')[0]


def _vendors(request_id: str, size: int) -> str:
    """An answer with one page of vendors, each with so many notes that it has `size` letters."""
    note = (
        "<AdditionalNotesRet><NoteID>{}</NoteID><Date>2026-03-02</Date>"
        "<Note>Called about the lien waiver; will send it with the next invoice.</Note>"
        "</AdditionalNotesRet>"
    )
    each = size // VENDORS // len(note)
    vendors = "".join(
        f"<VendorRet><ListID>8000{number:04X}-1467312999</ListID><Name>Supplier {number}</Name>"
        f"<IsActive>true</IsActive>{''.join(map(note.format, range(each)))}</VendorRet>"
        for number in range(VENDORS)
    )
    return (
        '<?xml version="1.0" ?><QBXML><QBXMLMsgsRs>'
        f'<VendorQueryRs requestID="{request_id}" statusCode="0" statusSeverity="Info" '
        f'statusMessage="Status OK">{vendors}</VendorQueryRs></QBXMLMsgsRs></QBXML>'
    )
