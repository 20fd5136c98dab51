"""That a worker is alive, said while a call takes long: the lane of a dead one is soon another's.

A worker is heard of with each message. In between, a thread of its own says every few seconds that
the process lives. One that was killed says nothing any more, and its lane is taken over after
`LEASE`; what it had written without an answer waits for the quarantine all the same.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from threading import Event, Thread

from django.db import Error, connection

from connectors import engine
from connectors.models import Session

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)  # silent for so long, a worker is dead
EVERY = 10.0  # seconds
STUCK = 600.0  # seconds without a message or a call after which a worker is none, though it lives


class Pulse:
    """Says that whoever serves `session` is alive, for as long as it is entered and moves."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._left = Event()
        self._moved_at = time.monotonic()

    def moved(self) -> None:
        """The worker itself has just done something."""
        self._moved_at = time.monotonic()

    def beat(self) -> None:
        """Say it now, unless the worker is stuck. A database that is away is left alone."""
        if time.monotonic() - self._moved_at > STUCK:
            log.warning("A worker has not moved for a long time and gives up its lane")
            return
        try:
            engine.alive(self._session)
        except Error:
            log.warning("That a worker is alive could not be said")

    def __enter__(self) -> Pulse:
        self._thread = Thread(target=self._run, name="pulse", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._left.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._left.wait(EVERY):
            self.beat()
            connection.close()
