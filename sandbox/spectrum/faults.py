"""What can go wrong between Spectrum and its callers, to be switched on for a demo or a test."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.spectrum.layouts import SERVICES

# What a person reads about each fault.
DESCRIPTIONS = {
    "answer_lost": "it is done, and its answer never comes",
    "applied_late": "no answer comes; it is done some seconds later",
    "request_lost": "the line breaks before the request was read: nothing is done",
    "error_500": "an error 500: nothing is done",
    "error_500_applied": "an error 500, and yet it is done",
    "soap_fault": "a SOAP fault with status 200: nothing is done",
    "soap_fault_applied": "a SOAP fault with status 200, and yet it is done",
    "refused": "it is refused as an invalid value",
    "two_errors": "it is refused with two errors in one answer",
    "cut": "it is done, and its answer ends in the middle",
    "too_many": "429, with seconds to wait: nothing is done",
    "unavailable": "503, with seconds to wait: nothing is done",
    "unauthorized": "the Authorization ID may no longer: nothing is done",
    "timed_out": "“Time out has occurred”: nothing is done",
    "huge": "it is done, and its answer is as long as 100 MB",
    "dtd": "it is done, and its answer declares entities that grow",
    "redirect": "the caller is sent to another address: nothing is done",
}
# The faults for which the call is carried out.
APPLIED = {
    "answer_lost",
    "error_500_applied",
    "soap_fault_applied",
    "cut",
    "huge",
    "dtd",
}
LONGEST = 3600.0
WRITES, ANY = "writes", "any"


@dataclass(slots=True)
class Fault:
    """A fault that is switched on: at the `call`-th call from now on of a service (or of ``writes``
    or ``any``), and then `times` times in all.

    `seconds`: after which it is done (applied_late), the line breaks (answer_lost), or one may
    call again (too_many, unavailable). `text`: what is said (refused), where to (redirect).
    """

    kind: str
    service: str = WRITES
    call: int = 1
    times: int = 1
    seconds: float = 0.0
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in DESCRIPTIONS:
            raise ValueError(f"There is no fault {self.kind}; there are: {', '.join(DESCRIPTIONS)}")
        if self.service not in (WRITES, ANY, "vendors", "token", "rotation", *SERVICES):
            raise ValueError(f"There is no service {self.service}.")
        if self.call < 1 or self.times < 1 or not 0 <= self.seconds <= LONGEST:
            raise ValueError("A fault acts from call 1, once or more, and waits up to an hour.")

    def meets(self, service: str, *, writes: bool) -> bool:
        """Whether a call is one that it counts."""
        return self.service in (ANY, service) or (self.service == WRITES and writes)


@dataclass(slots=True)
class Faults:
    """The faults that are switched on, and how long every call takes (`delay`, in seconds).

    Safe to change from another thread while calls are answered.
    """

    delay: float = 0.0
    _waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(
        self,
        kind: str,
        service: str = WRITES,
        *,
        call: int = 1,
        times: int = 1,
        seconds: float = 0.0,
        text: str = "",
    ) -> None:
        """Switch a fault on; see `Fault`. ValueError if there is no such fault or service."""
        with self._lock:
            self._waiting.append(Fault(kind, service, call, times, seconds, text))

    def clear(self, kind: str = "") -> None:
        """Switch the faults of a kind off, or all of them and the delay too."""
        with self._lock:
            self._waiting = [each for each in self._waiting if kind not in ("", each.kind)]
            if not kind:
                self.delay = 0.0

    def take(self, service: str, *, writes: bool) -> Fault | None:
        """What happens to the call at hand, if anything; it then happens once less from now on."""
        with self._lock:
            for fault in self._waiting:
                if not fault.meets(service, writes=writes):
                    continue
                if fault.call > 1:
                    fault.call -= 1
                    continue
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
                return fault
        return None

    def set(self, values: Mapping[str, Any]) -> None:
        """Switch on what a form or a JSON object says: ``kind`` with the fields of `Fault`, or
        ``off`` (a kind), or ``delay``. ValueError, with nothing changed, says what is wrong."""
        if "delay" in values:
            delay = float(values["delay"])
            if not 0 <= delay <= LONGEST:
                raise ValueError("A call takes up to an hour.")
            self.delay = delay
        elif "off" in values:
            self.clear(str(values["off"]))
        else:
            kinds = {"call": int, "times": int, "seconds": float}
            read = {name: kinds.get(name, str)(value) for name, value in values.items()}
            try:
                self.add(**read)
            except TypeError:
                raise ValueError(f"A fault is not described by {', '.join(values)}.") from None

    def as_list(self) -> list[dict[str, Any]]:
        """The faults that wait for their call."""
        with self._lock:
            return [asdict(each) for each in self._waiting]
