"""Plays the part of the engine: runs a script against the company file of the sandbox.

Like the engine it starts the script anew before every answer, feeds it what was answered before,
and expects the same questions, byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from lxml import etree

from connectors.contract import Attempt, Request, Script
from connectors.quickbooks import connector
from connectors.quickbooks.qbxml import Answer
from sandbox.quickbooks import CompanyFile

T = TypeVar("T")

KEY = "EB0123456789abcdef01"
OTHER_KEY = "EBfedcba987654321001"
THIRD_KEY = "EBaaaa0000bbbb111101"


class Lost(Exception):
    """The answer to a write never came."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.key)
        self.key = request.key
        self.body = request.body

    def attempt(self, outcome: Literal["lost", "disowned"] = "lost") -> Attempt:
        """What the engine tells of it."""
        return Attempt(key=self.key, outcome=outcome, body=self.body)


@cache
def published_schema() -> etree.XMLSchema | None:
    """Intuit's schema, from the folder that QBXML_SCHEMA names; it is not ours to hand out."""
    folder = os.environ.get("QBXML_SCHEMA")
    if not folder:
        return None
    return etree.XMLSchema(etree.parse(Path(folder) / "qbxmlops130.xsd"))


def check_schema(message: str) -> None:
    """Fail where the published schema does not allow a message that would go out."""
    schema = published_schema()
    if schema is not None:
        schema.assertValid(etree.fromstring(message.encode()))


class Session:
    """One session of the Web Connector with one company file."""

    def __init__(self, company: CompanyFile) -> None:
        self.company = company
        self.opened = company.open_session()
        self.sent: list[str] = []
        self.known: dict[str, Answer] = {}
        self.before: Callable[[Request], object] = lambda request: None

    def writes(self) -> list[str]:
        return [message for message in self.sent if "AddRq" in message or "ModRq" in message]

    def ask(self, request: Request, *, lose: str = "", clear: str = "") -> Answer:
        """Send one request. `lose` is 'request' or 'answer' for a write that gets no answer."""
        if not request.alone and not request.fresh and request.record in self.known:
            return self.known[request.record]
        self.before(request)
        name = request.key if request.alone else f"c1-{len(self.sent)}"
        message = connector.wrap({name: request}, clear=clear if request.writes else "")
        check_schema(message)
        self.sent.append(message)
        if request.writes and lose == "request":
            raise Lost(request)
        reply = self.company.answer(message, self.opened)
        if request.writes and lose == "answer":
            raise Lost(request)
        answer: Answer = connector.unwrap(reply, {name: request})[name]
        self.known |= dict.fromkeys(connector.records(answer), answer)
        return answer

    def run(self, begin: Callable[[], Script[T]], *, lose: str = "") -> T:
        """Run a script to its end, started anew for every answer."""
        exchanges: list[tuple[Request, Answer]] = []
        while True:
            script = begin()
            try:
                request = next(script)
                for asked, answer in exchanges:
                    assert request.canonical() == asked.canonical()
                    request = script.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            exchanges.append((request, self.ask(request, lose=lose)))


def hand_feed(script: Script[T], *replies: str) -> tuple[T, list[Request]]:
    """Run a script with replies that are written out by hand, to its end."""
    asked: list[Request] = []
    request = next(script)
    for reply in replies:
        asked.append(request)
        name = request.key if request.alone else "c1-0"
        check_schema(connector.wrap({name: request}))
        answers: Any = connector.unwrap(reply.replace("ID?", name), {name: request})
        try:
            request = script.send(answers[name])
        except StopIteration as end:
            return end.value, asked
    raise AssertionError(f"The script asks once more: {request.body}")
