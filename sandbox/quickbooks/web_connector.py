"""The stand-in for the QuickBooks Web Connector: it polls a server and serves it QuickBooks.

    connector = WebConnector(Qwc.read(Path("bridge.qwc")), password, company_file)
    result = connector.run_once()

One session is a generator, `WebConnector.steps`: it stops after every call to the server and after
every request to QuickBooks, so a test can kill it between any two of them. What QuickBooks wrote by
then stays written. A SOAP call that fails ends the session and is never repeated.
"""

from __future__ import annotations

import fcntl
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from xml.etree.ElementTree import Element

from sandbox.quickbooks.books import Session
from sandbox.quickbooks.company_file import CompanyFile
from sandbox.quickbooks.faults import Faults
from sandbox.quickbooks.qwc import Qwc
from sandbox.quickbooks.soap import SoapClient, SoapFailed, number_of, text_of, texts_of
from sandbox.quickbooks.statuses import NotParsed

VERSION = "2.3.0.215"
QUICKBOOKS = "QuickBooks"
NO_OP_SECONDS = 5.0
_WRITES = re.compile(r"<\w+(Add|Mod|Del|Void)Rq\b")
_REFUSAL = re.compile(r'statusCode="(\d+)" statusSeverity="Error" statusMessage="([^"]*)"')
_CHANGED_TXN = re.compile(r"<(?:PurchaseOrder|Estimate)Mod>\s*<TxnID>([^<]+)</TxnID>")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: a call to the server (`name` is the operation), or a request to
    QuickBooks (`name` is "QuickBooks"). The password never stands in `sent`."""

    name: str
    sent: Mapping[str, str]
    got: str | int | tuple[str, ...]


@dataclass(slots=True)
class SessionResult:
    """What came of one session.

    `outcome`: done, nothing to do, busy, refused (user or password), postponed, error (told by the
    server or met on the way), lost (a fault dropped the session), killed (stopped from outside),
    locked (another update was running).
    """

    outcome: str = "killed"
    message: str = ""
    steps: list[Step] = field(default_factory=list)
    reached: bool = True
    postponed_seconds: float = 0.0
    shortest_interval: float = 0.0

    @property
    def operations(self) -> list[str]:
        """The names of the steps, in order."""
        return [step.name for step in self.steps]

    @property
    def requests(self) -> list[str]:
        """The qbXML documents that QuickBooks was given."""
        return [step.sent["qbxml"] for step in self.steps if step.name == QUICKBOOKS]

    @property
    def answers(self) -> list[str]:
        """What QuickBooks answered to each ('' where it failed with an hresult)."""
        return [str(step.got) for step in self.steps if step.name == QUICKBOOKS]

    @property
    def refusals(self) -> list[str]:
        """What QuickBooks refused: its messages, with the status code or hresult before them."""
        said = [
            f"{code}: {unescape(message)}"
            for answer in self.answers
            for code, message in _REFUSAL.findall(answer)
        ]
        for step in self.steps:
            if step.name == "receiveResponseXML" and step.sent["hresult"]:
                said.append(f"{step.sent['hresult']}: {step.sent['message']}")
        return said

    @property
    def writes(self) -> int:
        """How many of the requests wanted to write."""
        return sum(1 for request in self.requests if is_write(request))


class _Ended(Exception):
    """The session is over, with an outcome and a message."""

    def __init__(self, outcome: str, message: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.message = message


Steps = Generator[Step, None, SessionResult]


class WebConnector:
    """A Web Connector on one machine, with one application and one company file.

    `wait` waits for a number of seconds (tests pass one that does not); `machine` names the PC:
    connectors on the same machine never run at the same time, on two machines they may.
    """

    def __init__(
        self,
        qwc: Qwc,
        password: str,
        company_file: CompanyFile,
        *,
        faults: Faults | None = None,
        wait: Callable[[float], object] = time.sleep,
        machine: str = "office-pc",
        timeout: float = 60.0,
        expect_continue: bool = False,
    ) -> None:
        self.qwc = qwc
        self.company_file = company_file
        self.faults = faults or Faults()
        self.machine = machine
        self._password = password
        self._wait = wait
        self._timeout = timeout
        self._expect_continue = expect_continue
        self._late: dict[str, str] | None = None
        self.last = SessionResult()

    def run_once(self) -> SessionResult:
        """Run one whole session (*Update Selected*)."""
        session = self.steps()
        while True:
            try:
                next(session)
            except StopIteration as end:
                result: SessionResult = end.value
                return result

    def steps(self) -> Steps:
        """One session, step by step; its value is the `SessionResult`, also kept in `last`."""
        result = self.last = SessionResult()
        client = self.connect()
        try:
            with self._update_lock():
                yield from self._session(_Caller(client, self, result), result)
        except _Ended as end:
            result.outcome, result.message = end.outcome, end.message
        except SoapFailed as failure:
            result.outcome, result.message = "error", str(failure)
            result.reached = failure.reached
        finally:
            client.close()
        return result

    def connect(self) -> SoapClient:
        """The connection to the server that one session speaks over."""
        return SoapClient(
            self.qwc.url, timeout=self._timeout, expect_continue=self._expect_continue
        )

    # --- one session ---

    def _session(self, call: _Caller, result: SessionResult) -> Generator[Step]:
        yield from call.text("serverVersion")
        said = yield from call.text("clientVersion", strVersion=VERSION)
        if said.startswith("E:"):
            raise _Ended("error", said[2:])
        ticket = yield from self._authenticate(call, result)
        company_file = self._open_company_file()
        hcp = company_file.host_company_preferences(self.qwc.owner_id)
        major, minor = company_file.highest_version.split(".")
        quickbooks = company_file.open_session()
        while True:
            request = yield from call.text(
                "sendRequestXML",
                ticket=ticket,
                strHCPResponse=hcp,
                strCompanyFileName=company_file.path,
                qbXMLCountry="US",
                qbXMLMajorVers=major,
                qbXMLMinorVers=minor,
            )
            hcp = ""
            if request in ("", "NoOp"):
                said = yield from call.text("getLastError", ticket=ticket)
                if said != "NoOp":
                    yield from self._close(call, ticket, "error" if said else "done", said)
                self._wait(NO_OP_SECONDS)
                continue
            percent = yield from self._serve(call, company_file, quickbooks, ticket, request)
            if percent < 0:
                said = yield from call.text("getLastError", ticket=ticket)
                yield from self._close(call, ticket, "error", said)
            if percent >= 100:
                yield from self._close(call, ticket, "done")

    def _authenticate(self, call: _Caller, result: SessionResult) -> Generator[Step, None, str]:
        said = yield from call.texts(
            "authenticate", strUserName=self.qwc.user, strPassword=self._password
        )
        if not 2 <= len(said) <= 4:
            raise SoapFailed(f"QBWC1012: authenticate returned {len(said)} strings, not 2 to 4.")
        if self._late:
            late, self._late = self._late, None
            yield from call.number("receiveResponseXML", **late)
        ticket, code = said[0], said[1]
        result.postponed_seconds = _seconds(said, 2)
        result.shortest_interval = _seconds(said, 3)
        if code.lower() == "none":
            yield from self._close(call, ticket, "nothing to do")
        if code.lower() == "nvu":
            yield from self._close(call, ticket, "refused", "Unknown user or wrong password.")
        if code.lower() == "busy":
            raise _Ended("busy", "The server is busy; the next poll tries again.")
        if result.postponed_seconds:
            raise _Ended("postponed", f"Postponed for {result.postponed_seconds:g} seconds.")
        yield from self._reach_quickbooks(call, ticket, code)
        return ticket

    def _reach_quickbooks(self, call: _Caller, ticket: str, wanted: str) -> Generator[Step]:
        """Open QuickBooks with the company file that the server wants, or any that is open."""
        while True:
            hresult = self.faults.take_text("connection_error")
            message = "QuickBooks cannot be started."
            if not hresult and wanted and wanted != self.company_file.path:
                hresult, message = "0x8004040A", "Another company file is open in QuickBooks."
            if not hresult:
                return
            said = yield from call.text(
                "connectionError", ticket=ticket, hresult=hresult, message=message
            )
            if said.lower() == "done":
                raise _Ended("error", f"{hresult}: {message}")
            wanted = said

    def _open_company_file(self) -> CompanyFile:
        """The company file that is open now; on the first connect it is given the FileID."""
        owner_id = self.qwc.owner_id
        if self.faults.wrong_company_file:
            other = CompanyFile.create(
                company_name="Some Other Company", clock=self.company_file.books.clock
            )
            other.set_private_data(owner_id, "FileID", "{00000000-0000-0000-0000-00000000FA15}")
            return other
        if self.company_file.file_id(owner_id) is None:
            self.company_file.set_private_data(owner_id, "FileID", self.qwc.file_id)
            self.company_file.set_private_data(owner_id, "AppLock", f"LOCKED:{self.machine}")
        return self.company_file

    def pause_before_call(self) -> None:
        """Wait before a call, when that fault is switched on."""
        if self.faults.delay:
            self._wait(self.faults.delay)

    def _serve(
        self,
        call: _Caller,
        company_file: CompanyFile,
        quickbooks: Session,
        ticket: str,
        request: str,
    ) -> Generator[Step, None, int]:
        """Put one request to QuickBooks and take its answer back. Answers the percentage."""
        faults, writes = self.faults, is_write(request)
        if faults.take("lose_request", writes=writes):
            raise _Ended("lost", "The request never reached QuickBooks; the session is gone.")
        self._touch_by_hand(company_file, request)
        answer, message = "", "QuickBooks failed, because that fault was switched on."
        hresult = faults.take_text("hresult", writes=writes)
        if not hresult:
            try:
                answer, message = company_file.answer(request, quickbooks), ""
            except NotParsed as refused:
                hresult, message = refused.hresult, refused.message
        yield call.note(Step(QUICKBOOKS, {"qbxml": request}, answer))
        if faults.take("lose_answer", writes=writes):
            raise _Ended("lost", "The answer of QuickBooks was lost; the session is gone.")
        sent = {"ticket": ticket, "response": answer, "hresult": hresult, "message": message}
        if faults.take("late_answer", writes=writes):
            self._late = sent
            raise _Ended("lost", "The answer of QuickBooks will come late, in the next session.")
        percent = yield from call.number("receiveResponseXML", **sent)
        if faults.take("repeat_answer", writes=writes):
            yield from call.number("receiveResponseXML", **sent)
        return percent

    def _touch_by_hand(self, company_file: CompanyFile, request: str) -> None:
        """The bookkeeper who is a moment faster, when that fault is switched on."""
        changed = _CHANGED_TXN.search(request)
        if changed is None:
            return
        if self.faults.take("edit_order"):
            memo = company_file.memo(changed[1])
            company_file.by_hand.edit_order(changed[1], Memo=f"{memo} (edited)".strip())
        if self.faults.take("delete_order"):
            company_file.by_hand.delete_order(changed[1])

    def _close(
        self, call: _Caller, ticket: str, outcome: str, message: str = ""
    ) -> Generator[Step]:
        said = yield from call.text("closeConnection", ticket=ticket)
        raise _Ended(outcome, message or said)

    @contextmanager
    def _update_lock(self) -> Iterator[None]:
        """One update at a time on one machine; a killed process leaves no lock behind."""
        busy = _Ended("locked", "Another update is running on this machine.")
        if self.company_file.path == ":memory:":
            lock = self.company_file.update_locks[self.machine]
            if not lock.acquire(blocking=False):
                raise busy
            try:
                yield
            finally:
                lock.release()
            return
        with Path(f"{self.company_file.path}.{self.machine}.lock").open("w") as lock_file:
            try:
                fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise busy from None
            yield


class _Caller:
    """Makes the calls of one session, notes each in the result, and stops after each."""

    def __init__(self, client: SoapClient, connector: WebConnector, result: SessionResult) -> None:
        self._client = client
        self._connector = connector
        self._result = result

    def text(self, operation: str, **values: str) -> Generator[Step, None, str]:
        """A call that answers a string."""
        got = text_of(operation, self._call(operation, values))
        yield self._made(operation, values, got)
        return got

    def texts(self, operation: str, **values: str) -> Generator[Step, None, tuple[str, ...]]:
        """A call that answers an array of strings."""
        got = tuple(texts_of(operation, self._call(operation, values)))
        yield self._made(operation, values, got)
        return got

    def number(self, operation: str, **values: str) -> Generator[Step, None, int]:
        """A call that answers a whole number."""
        got = number_of(operation, self._call(operation, values))
        yield self._made(operation, values, got)
        return got

    def note(self, step: Step) -> Step:
        """Note a step in the result."""
        self._result.steps.append(step)
        return step

    def _call(self, operation: str, values: Mapping[str, str]) -> Element | None:
        self._connector.pause_before_call()
        return self._client.call(operation, values)

    def _made(
        self, operation: str, values: Mapping[str, str], got: str | int | tuple[str, ...]
    ) -> Step:
        shown = {name: "…" if name == "strPassword" else text for name, text in values.items()}
        return self.note(Step(operation, shown, got))


def is_write(request: str) -> bool:
    """Whether a qbXML document wants to add, change or delete something."""
    return _WRITES.search(request) is not None


def _seconds(said: tuple[str, ...], place: int) -> float:
    text = said[place] if len(said) > place else ""
    return float(text) if text.strip().isdigit() else 0.0
