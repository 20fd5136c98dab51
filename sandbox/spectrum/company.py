"""The stand-in for a Spectrum company and its Data Exchange server. It is not Spectrum.

company = SpectrumCompany()                                # or SpectrumCompany("harbor.spectrum")
company.authorize("AUTHORIZATION-ID")
company.add_vendor("MOOR", "Mooring Electric")
company.add_job("H101", "Pier 4 Office Refit", customer="PORT")
company.add_phase("H101", "06100", "S", "Rough carpentry")
status, headers, content = company.answer("POST", "/ws/UpdateSubcontract", headers, content)
company.subcontract("SC-001").total                        # what it now holds
company.effects("UpdateSubcontract", "MOOR", "SC-001")     # what was done to it, call by call
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.spectrum import entrance, failing, finding, info_link, views
from sandbox.spectrum.books import Books, Clock, Effect, Settings, utc_now
from sandbox.spectrum.by_hand import ByHand
from sandbox.spectrum.faults import APPLIED, Fault, Faults
from sandbox.spectrum.layouts import SERVICES
from sandbox.spectrum.reading import NotUnderstood, read
from sandbox.spectrum.replies import GOOD, Refused, Reply, Said, fault, plain, written
from sandbox.spectrum.writing import WRITES

LONGEST_NOTED = 8000
_SECRET = re.compile(rb"(<(?:\w+:)?Authorization_ID>)[^<]*")


class NoAnswer(Exception):
    """The line breaks, `after` so many seconds; the caller does not learn what was done."""

    def __init__(self, after: float) -> None:
        super().__init__("No answer came, because that fault was switched on.")
        self.after = after


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; names of headers in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def service(self) -> str:
        """What is asked: a SOAP service's name, or vendors, token, rotation; '' for nothing."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        match (self.method, *parts):
            case ("POST", "ws", name):
                return name
            case ("GET", "vendors", _):
                return "vendors"
            case ("POST", "connect", "token"):
                return "token"
            case ("POST", "secretRotation"):
                return "rotation"
        return ""


class SpectrumCompany:
    """One company, kept in a file (or in memory), and the server that answers for it.

    `clock` answers the time in UTC; `wait` waits a number of seconds (tests have one that does
    not, or that does something else meanwhile).
    """

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        code: str = "ABC",
        name: str = "A company on the stand-in",
        clock: Clock = utc_now,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Open the company kept at `path`; make it, with this code and name, if there is none."""
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.books = Books(path, clock)
        self.by_hand = ByHand(self.books)
        self.faults = Faults()
        self.wait = wait
        self._late: list[tuple[datetime, Asked]] = []
        if self.books.storage.fact("company code") is None:
            with self.books.storage.atomic():
                self.books.storage.set_fact("company code", code)
                self.books.storage.set_fact("company name", name)
                self.by_hand.set_up()

    def close(self) -> None:
        """Close the file."""
        self.books.storage.close()

    @property
    def code(self) -> str:
        """The company code."""
        return self.books.code

    @property
    def name(self) -> str:
        """The company's name, for people."""
        return str(self.books.storage.fact("company name"))

    @property
    def settings(self) -> Settings:
        """How this site is set up."""
        return self.books.settings

    def set(self, **changes: object) -> None:
        """Set the site up otherwise: the names are those of `Settings`."""
        self.books.set(**changes)

    # --- what it is given before anybody calls ---

    def authorize(self, authorization_id: str, services: list[str] | None = None) -> None:
        """Set up an Authorization ID for these services, or for all."""
        entrance.authorize(self.books, authorization_id, services)

    def switch_on_oauth(
        self, client_id: str, client_secret: str, told: int | None = entrance.TOKEN_LIVES
    ) -> None:
        """Enhanced authentication: from now on every call needs a token of this client. `told`: for
        how many seconds a token is said to be good; None: nothing is said of it."""
        entrance.set_client(self.books, client_id, client_secret, told)

    def switch_on_a_client(self) -> None:
        """Enhanced authentication, for a client that is made now; `client` tells which."""
        self.switch_on_oauth("demo-client", token_urlsafe(24))

    def switch_off_oauth(self) -> None:
        """Calls need no token from now on."""
        self.set(oauth=False)

    def withdraw_tokens(self) -> None:
        """No token that was given out does any longer."""
        for kept in self.books.storage.keys(entrance.TOKEN):
            self.books.storage.delete(entrance.TOKEN, *kept)

    def open_info_link(self, user: str, password: str) -> None:
        """Info-Link from now on, for this one user."""
        info_link.open_to(self.books, user, password)

    @property
    def authorization_ids(self) -> list[str]:
        """The Authorization IDs that are set up."""
        return [one for (one,) in self.books.storage.keys(entrance.AUTHORIZATION)]

    @property
    def info_link_user(self) -> tuple[str, str] | None:
        """Who may ask Info-Link, and with which password; None while nobody may."""
        known = self.books.storage.fact("info link")
        return (known["user"], known["password"]) if known else None

    @property
    def client(self) -> dict[str, Any] | None:
        """The `id` and `secret` of enhanced authentication; None while it is off."""
        client: dict[str, Any] | None = self.books.storage.fact("client")
        return client if self.settings.oauth else None

    def load(self, seed: Mapping[str, Any]) -> None:
        """Add what a seed lists; see `ByHand.load`."""
        self.by_hand.load(seed)

    def add_vendor(self, code: str, name: str, *, active: bool = True) -> None:
        """Add a vendor: code up to 10 characters, name up to 30."""
        self.by_hand.add_vendor(code, name, active=active)

    def add_job(self, number: str, description: str, customer: str = "", status: str = "A") -> None:
        """Add a job: number up to 10 characters, description up to 25; status A, I or C."""
        self.by_hand.add_job(number, description, customer, status)

    def add_phase(
        self, job: str, phase: str, cost_type: str, description: str, status: str = "A"
    ) -> None:
        """Add a phase and cost type to a job: description up to 25 characters."""
        self.by_hand.add_phase(job, phase, cost_type, description, status)

    def add_account(self, number: str, name: str, *, direct: bool = True) -> None:
        """Add a GL account; only a `direct` job cost account does for subcontracts."""
        self.by_hand.add_account(number, name, direct=direct)

    # --- what applications ask ---

    def answer(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Reply:
        """Do what is asked and answer it: status, headers, content.

        Raises NoAnswer where a fault takes the answer away, or the request before it is read.
        """
        small = {name.lower(): value for name, value in headers.items()}
        asked = Asked(method, path, small, content)
        if self.faults.delay:
            self.wait(self.faults.delay)
        self.catch_up()
        service = asked.service
        happens = self.faults.take(service, writes=service in WRITES)
        if happens is None:
            return self._carry_out(asked)
        if happens.kind == "applied_late":
            due = self.books.clock() + timedelta(seconds=happens.seconds)
            self._late.append((due, asked))
        if happens.kind in APPLIED:
            reply = self._carry_out(asked, happens)
        else:
            reply = (0, {}, b"")
            if happens.kind != "applied_late":
                self._note(asked, None, happens)
        if happens.kind in ("answer_lost", "applied_late", "request_lost"):
            raise NoAnswer(happens.seconds if happens.kind == "answer_lost" else 0.0)
        return failing.reply(happens, service, reply)

    def sign_in_to_info_link(self, user: str, password: str) -> None:
        """Raises SqlError for anybody but its user."""
        info_link.let_in(self.books, user, password)

    def ask_info_link(self, statement: str, parameters: Mapping[str, str]) -> info_link.Selected:
        """What a SELECT gives, with the values of its @parameters. Raises SqlError."""
        self.catch_up()
        asked = "\n".join([statement, *(f"@{name} = {it}" for name, it in parameters.items())])
        note = {
            "at": self.books.clock().isoformat(timespec="milliseconds"),
            "service": "Info-Link",
            "method": "SQL",
            "path": "",
            "asked": asked[:LONGEST_NOTED],
            "fault": "",
        }
        with self.books.storage.lock:
            try:
                found = info_link.select(self.books, statement, parameters)
            except info_link.SqlError as error:
                refused = {"status": error.number, "answered": error.words}
                self.books.storage.note("call", (), note | refused)
                raise
            rows = "\n".join(", ".join(str(cell) for cell in row) for row in found.rows)
            told = f"{', '.join(found.columns)}\n{rows}"[:LONGEST_NOTED]
            self.books.storage.note("call", (), note | {"status": 0, "answered": told})
        return found

    def catch_up(self, *, at_once: bool = False) -> None:
        """Carry out what was to be done late, if its time has come (or now, `at_once`)."""
        with self.books.storage.lock:
            now = self.books.clock()
            due = [late for late in self._late if at_once or late[0] <= now]
            self._late = [late for late in self._late if late not in due]
            for _, asked in due:
                self._carry_out(asked, Fault("applied_late"))

    def _carry_out(self, asked: Asked, happens: Fault | None = None) -> Reply:
        """Do it, and note the call with what came of it."""
        storage = self.books.storage
        with storage.atomic():
            self.books.call = self._note(asked, None, happens)
            reply = self._serve(asked)
            storage.rewrite_note(self.books.call, _noted(asked, reply, happens, self.books))
            self.books.call = 0
        return reply

    def _note(self, asked: Asked, reply: Reply | None, happens: Fault | None) -> int:
        body = _noted(asked, reply, happens, self.books)
        return self.books.storage.note("call", (), body)

    def _serve(self, asked: Asked) -> Reply:
        name, books = asked.service, self.books
        if name == "token":
            return entrance.token(books, asked.content)
        if name == "" or name not in (*SERVICES, "vendors", "rotation"):
            return plain(404, "There is no such service here.")
        refused = entrance.refuse_http(books, asked.headers, is_soap=name in SERVICES)
        if refused:
            return refused
        if name == "rotation":
            return entrance.rotate_secret(books)
        if name == "vendors":
            parts = urlsplit(asked.path)
            if unquote(parts.path).rpartition("/")[2] != books.code:
                return plain(404, "There is no such company.")
            return finding.vendors(books, dict(parse_qsl(parts.query)))
        return self._serve_soap(name, asked)

    def _serve_soap(self, name: str, asked: Asked) -> Reply:
        service, books = SERVICES[name], self.books
        action = asked.headers.get("soapaction", "").strip('"')
        try:
            if not asked.headers.get("content-type", "").startswith("text/xml"):
                raise NotUnderstood("The request is not text/xml.")
            if not action.endswith(f"/ws/{name}"):
                raise NotUnderstood(f"SOAPAction is {action!r}, not the address of {name}.")
            values = read(service, asked.content)
        except NotUnderstood as error:
            return fault(f"Error executing Web Service. {error}")
        try:
            entrance.refuse_soap(books, name, values)
            if not service.writes:
                return finding.find(books, name, values)
            said = WRITES[name](books, values)
        except Refused as refused:
            if service.writes:
                return written(name, refused.said)
            return finding.refused(name, refused.said)
        if books.settings.success == "G" and not said:
            said = [Said(GOOD, values[service.key[-1]], service.key[-1])]
        return written(name, said)

    # --- what it holds, and what was done ---

    def subcontracts(self) -> list[views.SubcontractView]:
        """All subcontracts with their lines and change orders."""
        self.catch_up()
        return views.subcontracts(self.books)

    def subcontract(self, number: str) -> views.SubcontractView:
        """The one subcontract with this number; KeyError if there is not exactly one."""
        found = [each for each in self.subcontracts() if each.number == number]
        if len(found) != 1:
            raise KeyError(f"There are {len(found)} subcontracts {number}.")
        return found[0]

    def job_phases(self, *beginning: str) -> list[views.JobPhaseView]:
        """The phases and cost types of all jobs, or of one (by job, phase, cost type)."""
        self.catch_up()
        return views.job_phases(self.books, *beginning)

    def records(self, kind: str) -> list[dict[str, str]]:
        """The records of a kind (see `books`) by Spectrum's own names of fields."""
        self.catch_up()
        return self.books.storage.all(kind)

    def calls(self, last: int = -1) -> list[dict[str, Any]]:
        """The calls (or only the `last` ones) in order: number, at, service, method, path, asked,
        status, answered, fault. No credentials stand in them."""
        self.catch_up()
        return self.books.storage.notes("call", last=last)

    def effects(self, service: str = "", *beginning: str) -> list[Effect]:
        """What was done by a service to the records whose natural keys begin like this."""
        self.catch_up()
        return self.books.effects(service, *beginning)

    def writes(self, service: str = "", *beginning: str) -> list[Effect]:
        """The same without the calls that found everything written already: one for a key means
        that it was written exactly once."""
        return [each for each in self.effects(service, *beginning) if each.what != "nothing"]


def _noted(
    asked: Asked, reply: Reply | None, happens: Fault | None, books: Books
) -> dict[str, Any]:
    is_soap = asked.service in SERVICES
    content = _SECRET.sub(rb"\1...", asked.content) if is_soap else b""
    answered = reply[2] if reply and asked.service not in ("token", "rotation") else b""
    return {
        "at": books.clock().isoformat(timespec="milliseconds"),
        "service": asked.service,
        "method": asked.method,
        "path": asked.path,
        "asked": content.decode(errors="replace")[:LONGEST_NOTED],
        "status": reply[0] if reply else 0,
        "answered": answered.decode(errors="replace")[:LONGEST_NOTED],
        "fault": happens.kind if happens else "",
    }
