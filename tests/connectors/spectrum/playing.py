"""Plays the part of the engine and of the worker that calls: runs a script against the sandbox.

Like the engine it starts the script anew before every answer, feeds it what was answered before,
and expects the same questions, byte for byte. What is lost, refused or passed is kept as attempts,
so that a retry goes on as it would in the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from connectors.contract import (
    Absent,
    Again,
    Attempt,
    Busy,
    CannotTell,
    Document,
    Finding,
    Found,
    Query,
    Receipt,
    Refused,
    Request,
    Script,
    Site,
    Terms,
    Unclear,
    Unfinished,
    digest_of,
)
from connectors.engine.scripts import Export, search, write_once
from connectors.spectrum import connector
from connectors.spectrum.answers import Answer
from sandbox.spectrum import NoAnswer, SpectrumCompany
from sandbox.spectrum.info_link import SqlError

T = TypeVar("T")
ADDRESS = "https://spectrum.example:8482"
LONGEST = 20_000_000  # bytes that a worker takes


class Lost(Exception):
    """No answer came to a call."""


@dataclass
class Line:
    """The line to one Spectrum company, and what went over it."""

    company: SpectrumCompany
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    token: str = ""
    stored: list[str] = field(default_factory=list)  # bodies and replies, as the engine keeps them
    records: dict[str, Any] = field(default_factory=dict)

    def run(
        self, begin: Callable[[], Script[T]], wrote: list[Attempt] | None = None, name: str = "c1"
    ) -> T:
        """Run a script to its end. `wrote` takes its writes; Lost where an answer did not come."""
        given: list[tuple[Request, Answer]] = []
        while True:
            script = begin()
            try:
                request = next(script)
                for asked, answer in given:
                    assert request.canonical() == asked.canonical()
                    request = script.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            if request.writes and wrote is not None:
                if wrote:
                    wrote[-1] = _with(wrote[-1], "passed")
                wrote.append(
                    Attempt(key=request.key, outcome="refused", asked=digest_of(request.body))
                )
            given.append((request, self._ask(request, request.key or f"{name}-{len(given)}")))

    def _ask(self, request: Request, name: str) -> Answer:
        body = connector.wrap({name: request})
        self.stored.append(body)
        reply = self.exchange(body)
        self.stored.append(reply)
        answers = connector.unwrap(reply, {name: request})
        self.records.update(connector.records(answers[name]))
        answer: Answer = answers[name]
        return answer

    def exchange(self, body: str) -> str:
        """The reply to a stored body, as a worker stores it. Raises Lost."""
        query = connector.query(body, self.site)
        if query is not None:
            return shown(self.company, query)
        call = connector.call(body, self.site)
        try:
            status, headers, content = self.company.answer(
                call.method, call.path, dict(call.headers), call.content
            )
        except NoAnswer as error:
            raise Lost(str(error)) from None
        if len(content) > LONGEST:
            raise Lost("The answer is larger than a worker takes.")
        kind = headers.get("Content-Type", "").partition(";")[0]
        return f"HTTP {status} {kind}\n\n{content.decode(errors='replace')}"

    @property
    def site(self) -> Site:
        return Site(address=ADDRESS, settings=self.settings, secrets=self.secrets, token=self.token)


def shown(company: SpectrumCompany, query: Query) -> str:
    """The reply of the stand-in's Info-Link, as a worker stores it."""
    try:
        found = company.ask_info_link(query.statement, dict(query.parameters))
    except SqlError as error:
        return f"SQL refused {error.number}\n\n{error.words}"
    rows = [[None if cell is None else str(cell) for cell in row] for row in found.rows]
    told = {"columns": found.columns, "rows": rows, "whole": True}
    return f"SQL rows\n\n{msgspec.json.encode(told).decode()}"


def _with(attempt: Attempt, outcome: Any) -> Attempt:
    return Attempt(key=attempt.key, outcome=outcome, asked=attempt.asked, wrote=attempt.wrote)


@dataclass
class Way:
    """A document on its way: `status` as its export would have it, `message` as people read it.

    `quarantine` lets the time go by that an ERP may take for what it never answered.
    """

    line: Line
    document: Document
    terms: Terms
    quarantine: Callable[[], object]
    attempts: tuple[Attempt, ...] = ()
    status: str = "accepted"
    message: str = ""
    words: str = ""
    receipt: Receipt | None = None
    conversations: int = 0

    @property
    def asked(self) -> bool:
        return connector.capabilities.can_ask(self.document.kind, self.line.settings)

    def export(self) -> str:
        """One conversation that writes; gives the status that follows."""
        self.conversations += 1
        key = f"EB{self.conversations:018}"
        given = Export(self.document, self.terms, self.attempts, self.asked)
        wrote: list[Attempt] = []
        self.message = self.words = ""
        try:
            self.receipt = self.line.run(lambda: write_once(connector, given, key), wrote)
            self.status, wrote, self.attempts = "synced", [], ()
        except (Lost, Unfinished) as error:
            if wrote:
                wrote[-1] = _with(wrote[-1], "lost")
            self.status, self.message = "unknown" if wrote else "accepted", str(error)
        except Busy as error:
            self.status, self.message = "accepted", error.message
        except Refused as error:
            self.status, self.message, self.words = "failed", error.message, error.words
        except CannotTell as error:
            self.status, self.message, self.words = "needs_attention", error.message, error.words
        digest = given.wrote()
        self.attempts += tuple(
            Attempt(key=one.key, outcome=one.outcome, asked=one.asked, wrote=digest)
            for one in wrote
        )
        return self.status

    def find(self) -> str:
        """After the quarantine: what may be done about an answer that never came."""
        assert self.status == "unknown"
        self.quarantine()
        given = Export(self.document, self.terms, self.attempts, self.asked)
        finding: Finding = self.line.run(lambda: search(connector, given))
        if isinstance(finding, Unclear):
            self.status, self.message = "needs_attention", finding.message
        elif isinstance(finding, Found):
            self.status, self.receipt, self.attempts = "synced", finding.receipt, ()
        else:
            assert isinstance(finding, Again | Absent)
            self.status = "accepted"
        return self.status

    def disown(self) -> None:
        """A person looked and recorded: It is not in Spectrum."""
        self.attempts, self.status = (), "failed"

    def retry(self) -> str:
        """An approver retries: it is exported again."""
        self.status = "accepted"
        return self.settle()

    def settle(self) -> str:
        """Export, and look after what was lost, until nothing more happens by itself."""
        for _ in range(30):
            if self.status == "accepted":
                self.export()
            elif self.status == "unknown":
                self.find()
            else:
                break
        return self.status
