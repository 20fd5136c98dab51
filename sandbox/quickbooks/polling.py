"""A Web Connector with Auto-Run on: it polls, and can be told to poll now."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.quickbooks.web_connector import SessionResult, WebConnector

LONGEST_BACK_OFF = 60.0
KEPT_SESSIONS = 30
_TICK = 0.2


@dataclass(frozen=True, slots=True)
class Session:
    """A session that took place. `number` counts all of them, the idle ones too."""

    number: int
    started: datetime
    ended: datetime
    result: SessionResult


def pause_after(result: SessionResult, every: float, failures: int) -> float:
    """Seconds until the next poll: `every`, or longer when the server asked for it. After
    `failures` sessions in a row that did not reach the server, twice as long for each, but at
    most a minute (or `every`, if that is longer)."""
    if failures:
        return max(every, min(every * 2.0**failures, LONGEST_BACK_OFF))
    return max(every, result.postponed_seconds, result.shortest_interval)


class Poller:
    """Runs the sessions of one Web Connector, one after the other, in the thread that calls `run`.

    The server's own delays are kept, and while it is down the waits grow to a minute. `sessions`
    holds the last ones in which something was done, the newest first.
    """

    def __init__(
        self,
        connector: WebConnector,
        every: float,
        *,
        on_session: Callable[[Session], object] = lambda session: None,
    ) -> None:
        self.connector = connector
        self.every = every
        self.sessions: deque[Session] = deque(maxlen=KEPT_SESSIONS)
        self.latest: Session | None = None
        self._on_session = on_session
        self._stop = threading.Event()
        self._now = threading.Event()
        self._ended = threading.Condition()
        self._begun = 0

    def run(self) -> None:
        """Poll until `stop` is called; a session under way is then left between two steps."""
        failures = 0
        while not self._stop.is_set():
            pause = self.every
            if self._now.is_set() or not self.connector.faults.stopped:
                self._now.clear()
                result = self._run_session()
                failures = 0 if result.reached else failures + 1
                pause = pause_after(result, self.every, failures)
            end = time.monotonic() + pause
            while not self._stop.is_set() and not self._now.is_set() and time.monotonic() < end:
                self._stop.wait(_TICK)

    def stop(self) -> None:
        """Let `run` return soon."""
        self._stop.set()

    def sync(self, timeout: float = 60.0) -> Session | None:
        """Poll now, also while polling is switched off, and wait for the end of a session that
        begins after this call.

        None when it did not end within `timeout` seconds.
        """
        with self._ended:
            begun = self._begun
            self._now.set()
            self._ended.wait_for(lambda: self._ended_after(begun), timeout)
            return self.latest if self._ended_after(begun) else None

    def _ended_after(self, begun: int) -> bool:
        return self.latest is not None and self.latest.number > begun

    def _run_session(self) -> SessionResult:
        clock = self.connector.company_file.books.clock
        started = clock()
        with self._ended:
            self._begun += 1
        steps = self.connector.steps()
        for _ in steps:
            if self._stop.is_set():
                steps.close()
        result = self.connector.last
        session = Session(self._begun, started, clock(), result)
        if result.outcome != "nothing to do":
            self.sessions.appendleft(session)
        self._on_session(session)
        with self._ended:
            self.latest = session
            self._ended.notify_all()
        return result
