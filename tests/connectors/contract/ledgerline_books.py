"""The ERP that nobody sells: what it keeps, and how it answers. In memory, for the tests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.spectrum import NoAnswer

KEY = "ledgerline-key-0123456789"
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Books:
    """Records by their paths; `made` counts how often each was made or really changed. The answers
    to the next `lost` writes never come."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    lost: int = 0

    def answer(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Reply:
        """Do what is asked: status, headers, content."""
        small = {name.lower(): value for name, value in headers.items()}
        if small.get("x-ledgerline-key") != KEY:
            return _json(401, {"error": "unknown key"})
        if method == "POST":
            wanted = {**json.loads(content), "path": path}
            if self.records.get(path) != wanted:
                self.made[path] += 1
                self.records[path] = wanted
            if self.lost:
                self.lost -= 1
                raise NoAnswer(0)
            return _json(200, wanted)
        if path.strip("/") in self.lists:
            return _json(200, {"rows": self.lists[path.strip("/")]})
        if path.endswith("/costs"):
            return _json(200, {})
        if path in self.records:
            return _json(200, self.records[path])
        return _json(404, {"error": "there is none"})


def _json(status: int, value: object) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()
