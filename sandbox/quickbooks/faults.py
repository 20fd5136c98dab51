"""What can go wrong between QuickBooks and a server, to be switched on for a demo or a test."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

# What a person reads about each fault.
DESCRIPTIONS = {
    "lose_request": "QuickBooks is never given the next request; the session is gone",
    "lose_answer": "QuickBooks does what is asked next; its answer is lost with the session",
    "late_answer": "the next answer comes only in the next session, under the old ticket",
    "repeat_answer": "the next answer is sent twice",
    "edit_order": "a bookkeeper edits the order just before the next change to it is written",
    "delete_order": "a bookkeeper deletes the order just before the next change to it is written",
    "hresult": "QuickBooks fails with this hresult on the next request and executes nothing",
    "connection_error": "QuickBooks cannot be opened in the next session (this hresult)",
    "wrong_company_file": "another company's file is open, until this is switched off",
    "delay": "seconds of waiting before each call, until set to 0",
    "stopped": "the Web Connector does not poll, until this is switched off",
    "writes_only": "losing, repeating and failing wait for a request that writes",
}


@dataclass(slots=True)
class Faults:
    """The faults that are switched on. A number says how many more times, an hresult acts once.

    Safe to change from another thread while a session runs.
    """

    lose_request: int = 0
    lose_answer: int = 0
    late_answer: int = 0
    repeat_answer: int = 0
    edit_order: int = 0
    delete_order: int = 0
    hresult: str = ""
    connection_error: str = ""
    wrong_company_file: bool = False
    delay: float = 0.0
    stopped: bool = False
    writes_only: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def take(self, name: str, *, writes: bool = True) -> bool:
        """Whether a counted fault happens now; it then happens once less from now on.

        `writes` says whether the request at hand writes: with `writes_only`, others are spared.
        """
        with self._lock:
            left: int = getattr(self, name)
            if left <= 0 or (self.writes_only and not writes):
                return False
            setattr(self, name, left - 1)
            return True

    def take_text(self, name: str, *, writes: bool = True) -> str:
        """The hresult of a fault that acts once, '' if it is not switched on."""
        with self._lock:
            text: str = getattr(self, name)
            if not text or (self.writes_only and not writes):
                return ""
            setattr(self, name, "")
            return text

    def set(self, values: Mapping[str, Any]) -> None:
        """Switch faults on or off by name. ValueError, with nothing changed, names the bad ones."""
        kinds = {each.name: type(getattr(self, each.name)) for each in fields(self)[:-1]}
        bad = [name for name in values if name not in kinds]
        read: dict[str, Any] = {}
        for name, value in values.items():
            if name in bad:
                continue
            try:
                read[name] = _read(kinds[name], value)
            except (TypeError, ValueError):
                bad.append(f"{name}={value!r}")
        if bad:
            raise ValueError(f"No such fault, or a bad value: {', '.join(bad)}.")
        with self._lock:
            for name, value in read.items():
                setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """All faults with their present values."""
        return {each.name: getattr(self, each.name) for each in fields(self)[:-1]}


def _read(kind: type, value: Any) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "1", "on", "false", "0", "off", ""):
            return str(value).lower() in ("true", "1", "on")
        raise ValueError(value)
    if kind in (int, float):
        number = kind(value)
        if not 0 <= number <= 3600:
            raise ValueError(value)
        return number
    if isinstance(value, str):
        return value
    raise TypeError(value)
