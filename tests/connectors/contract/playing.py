"""Plays the part of the engine for any connector: runs its scripts against an ERP in memory.

Like the engine it starts a script anew before every answer, feeds it what was answered before and
expects the same questions, byte for byte; and it keeps what was lost, refused or passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec

from connectors.contract import (
    Attempt,
    Busy,
    CannotTell,
    Denied,
    Document,
    ErpError,
    Found,
    Receipt,
    Refused,
    Request,
    Script,
    Terms,
    Unclear,
    Unfinished,
    digest_of,
)
from connectors.engine.scripts import KEY, Export, write_once
from tests.connectors.contract.houses import House

T = TypeVar("T")
Fate = Literal["answered", "lost before", "lost after", "busy", "nonsense"]


class Lost(Exception):
    """No answer came."""


@dataclass
class Play:
    """One ERP, and all that went to it."""

    house: House
    requests: list[Request] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)  # the records that answers told
    fate: Callable[[Request], Fate] = lambda _request: "answered"

    def run(self, begin: Callable[[], Script[T]]) -> T:
        """Run a script to its end. Raises what it raises, and Lost."""
        given: list[tuple[Request, Any]] = []
        while True:
            script = begin()
            try:
                request = next(script)
                for asked, answer in given:
                    assert request.canonical() == asked.canonical(), "it asks otherwise again"
                    request = script.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            given.append((request, self._ask(request, len(given))))

    def _ask(self, request: Request, position: int) -> Any:
        connector = self.house.connector
        name = request.key if request.alone else f"c{len(self.requests)}-{position}"
        body = connector.wrap({name: request})
        self.requests.append(request)
        self.bodies.append(body)
        fate = self.fate(request)
        if fate == "lost before":
            raise Lost
        if fate == "nonsense":
            reply = "<html>Welcome to the hotel's network</html>"
        else:
            reply = self.house.busy(body) if fate == "busy" else self.house.answer(body)
        if fate == "lost after":
            raise Lost
        answer = connector.unwrap(reply, {name: request})[name]
        known = connector.records(answer)
        assert msgspec.json.decode(msgspec.json.encode(known)) == known, "as plain JSON values"
        self.known |= known
        return answer

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.writes]


@dataclass
class Way:
    """A document on its way, as its export would tell it."""

    play: Play
    document: Document
    parent: Receipt | None = None
    attempts: tuple[Attempt, ...] = ()
    status: str = "accepted"
    error: ErpError | None = None
    message: str = ""
    receipt: Receipt | None = None
    conversations: int = 0

    @property
    def terms(self) -> Terms:
        return self.play.house.terms(self.document, self.parent)

    @property
    def asked(self) -> bool:
        return self.play.house.asked(self.document.kind)

    def key(self) -> str:
        self.conversations += 1
        return f"EB{self.document.id:04}{self.conversations:014}"

    def export(self) -> str:
        """One conversation that writes; the status that follows."""
        connector = self.play.house.connector
        given, key = Export(self.document, self.terms, self.attempts, self.asked), self.key()
        first = len(self.play.writes)
        became: Literal["lost", "refused", "passed"] = "refused"
        self.error = None
        try:
            self.receipt = self.play.run(lambda: write_once(connector, given, key))
            self.status, self.attempts = "synced", ()
            return self.status
        except (Lost, Unfinished, ValueError):
            became = "lost"
            self.status = "unknown" if len(self.play.writes) > first else "accepted"
        except Busy as error:
            self.status, self.error = "accepted", error
        except Refused as error:
            self.status, self.error = "failed", error
        except CannotTell as error:
            self.status, self.error = "needs_attention", error
            became = "lost" if connector.capabilities.can_find else became
        wrote = self.play.writes[first:]
        self.attempts += tuple(
            Attempt(
                key=request.key,
                outcome=became if request is wrote[-1] else "passed",
                asked=digest_of(request.body),
                wrote=given.wrote(),
                body=request.body,
            )
            for request in wrote
        )
        return self.status

    def find(self) -> str:
        """After the quarantine."""
        connector = self.play.house.connector
        found = self.play.run(
            lambda: connector.find(self.document, self.terms, self.attempts, asked=self.asked)
        )
        if isinstance(found, Found):
            self.status, self.receipt, self.attempts = "synced", found.receipt, ()
        elif isinstance(found, Unclear):
            self.status, self.message = "needs_attention", found.message
        else:
            self.status = "failed" if isinstance(found, Denied) else "accepted"
        return self.status

    def settle(self) -> str:
        """Export, and look after what was lost, until nothing more happens by itself."""
        for _ in range(12):
            if self.status == "accepted":
                self.export()
            elif self.status == "unknown":
                self.find()
            else:
                break
        return self.status


def fits_keys(requests: list[Request]) -> bool:
    """Whether writes go under keys of one conversation, each under its own."""
    keys = [request.key for request in requests if request.writes]
    same = {key[:KEY] for key in keys}
    return len(same) <= 1 and len(set(keys)) == len(keys) and all(len(key) <= 23 for key in keys)
