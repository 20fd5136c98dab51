"""Where a company is kept: records under their kind and natural key, in one SQLite file.

A record is what Spectrum keeps of one thing, by Spectrum's own field names; texts throughout.
``:memory:`` keeps everything in memory only.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS note (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS note_key ON note (kind, key);
"""
_BETWEEN, _BEHIND = "\x1f", "\x20"  # no field holds the first; the second sorts just behind it

Values = dict[str, str]


class Storage:
    """Typed access to the tables. Safe to use from several threads."""

    def __init__(self, path: str | Path) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        if str(path) != ":memory:":
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def image(self) -> bytes:
        """Everything, as a backup would hold it."""
        with self.lock:
            return self._db.serialize()

    def become(self, image: bytes) -> None:
        """Put everything back to what an image holds; of a company in memory."""
        with self.lock:
            self._db.deserialize(image)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All or nothing, one at a time; inside another one it is part of that."""
        with self.lock:
            if not self._depth:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if not self._depth:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if not self._depth:
                self._db.execute("COMMIT")

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._db.execute(statement, values).fetchall()

    # --- facts ---

    def fact(self, name: str) -> Any:
        """A stored fact (JSON), None if there is none."""
        rows = self._rows("SELECT value FROM fact WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def set_fact(self, name: str, value: object) -> None:
        """Store a fact (anything that JSON can hold)."""
        self._rows("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, json.dumps(value))

    # --- records ---

    def get(self, kind: str, *key: str) -> Values | None:
        """The record under a key, None if there is none."""
        rows = self._rows(
            "SELECT body FROM record WHERE kind = ? AND key = ?", kind, _BETWEEN.join(key)
        )
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: str, *beginning: str) -> list[Values]:
        """The records of a kind whose keys begin like this, in the order of their keys."""
        return [json.loads(body) for _, body in self._beginning(kind, beginning)]

    def keys(self, kind: str, *beginning: str) -> list[tuple[str, ...]]:
        """The keys of a kind that begin like this (or are this), in order."""
        return [tuple(key.split(_BETWEEN)) for key, _ in self._beginning(kind, beginning)]

    def _beginning(self, kind: str, beginning: tuple[str, ...]) -> list[tuple[str, str]]:
        first = _BETWEEN.join(beginning)
        last = f"{first}{_BEHIND}" if first else "\U0010ffff"
        rows = self._rows(
            "SELECT key, body FROM record WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
            kind,
            first,
            last,
        )
        return [(key, body) for key, body in rows if key == first or _begins(key, first)]

    def save(self, kind: str, key: tuple[str, ...], values: Values) -> None:
        """Insert or replace a record."""
        self._rows(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)",
            kind,
            _BETWEEN.join(key),
            json.dumps(values),
        )

    def delete(self, kind: str, *key: str) -> bool:
        """Remove a record; whether there was one."""
        return bool(
            self._rows(
                "DELETE FROM record WHERE kind = ? AND key = ? RETURNING key",
                kind,
                _BETWEEN.join(key),
            )
        )

    # --- notes: what happened, in order ---

    def note(self, kind: str, key: tuple[str, ...], body: dict[str, Any]) -> int:
        """Write down that something happened. Answers the note's number."""
        rows = self._rows(
            "INSERT INTO note (kind, key, body) VALUES (?, ?, ?) RETURNING number",
            kind,
            _BETWEEN.join(key),
            json.dumps(body),
        )
        return int(rows[0][0])

    def rewrite_note(self, number: int, body: dict[str, Any]) -> None:
        """Write a note anew."""
        self._rows("UPDATE note SET body = ? WHERE number = ?", json.dumps(body), number)

    def notes(self, kind: str, *key: str, last: int = -1) -> list[dict[str, Any]]:
        """The notes of a kind (under a key, if one is given), the oldest first; the `last` ones
        only, if that is not negative."""
        rows = self._rows(
            "SELECT number, body FROM note WHERE kind = ? AND ? IN (key, '')"
            " ORDER BY number DESC LIMIT ?",
            kind,
            _BETWEEN.join(key),
            last,
        )
        return [{"number": number, **json.loads(body)} for number, body in reversed(rows)]


def _begins(key: str, first: str) -> bool:
    return not first or key.startswith(f"{first}{_BETWEEN}")
