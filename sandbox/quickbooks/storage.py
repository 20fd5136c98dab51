"""Where a company file is kept: one SQLite file that several processes may have open.

A message set is one database transaction, so a Web Connector killed at any moment leaves either
everything of it (and its memory) or nothing. ``:memory:`` keeps the company file in memory only.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sandbox.quickbooks.records import ListEntry, Transaction, dump, load_into

_TABLES = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS list_entry (
    list_id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
    full_name TEXT NOT NULL COLLATE NOCASE, parent TEXT, is_active INTEGER NOT NULL,
    edit_sequence TEXT NOT NULL, time_created TEXT NOT NULL, time_modified TEXT NOT NULL,
    details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS list_entry_name ON list_entry (kind, full_name);
CREATE TABLE IF NOT EXISTS txn (
    txn_id TEXT PRIMARY KEY, kind TEXT NOT NULL, txn_number INTEGER NOT NULL,
    edit_sequence TEXT NOT NULL, time_created TEXT NOT NULL, time_modified TEXT NOT NULL,
    ref_number TEXT NOT NULL COLLATE NOCASE, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS txn_ref_number ON txn (kind, ref_number);
CREATE INDEX IF NOT EXISTS txn_order ON txn (kind, txn_number);
CREATE TABLE IF NOT EXISTS txn_lock (txn_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS deleted (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
    time_created TEXT NOT NULL, time_deleted TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS message_set (
    id TEXT PRIMARY KEY, checksum TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS private_data (
    owner_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (owner_id, name));
"""
_LIST_COLUMNS = (
    "kind, list_id, name, full_name, parent, is_active, edit_sequence, time_created,"
    " time_modified, details"
)
_TXN_COLUMNS = "kind, txn_id, txn_number, edit_sequence, time_created, time_modified, body"


class Storage:
    """Typed access to the tables. Safe to use from several threads."""

    def __init__(self, path: str | Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=30, cached_statements=256
        )
        if str(path) != ":memory:":
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def copy_to(self, path: str | Path) -> None:
        """Write a backup of everything to another file."""
        with self._lock, closing(sqlite3.connect(path)) as other:
            self._db.backup(other)

    def copy_from(self, path: str | Path) -> None:
        """Put everything back to what a backup holds."""
        with self._lock, closing(sqlite3.connect(path)) as other:
            other.backup(self._db)

    def image(self) -> bytes:
        """Everything, as a backup file would hold it."""
        with self._lock:
            return self._db.serialize()

    def become(self, image: bytes) -> None:
        """Put everything back to what an image holds; of a company file in memory."""
        with self._lock:
            self._db.deserialize(image)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All or nothing. Inside another one: a part that may fail without taking it along."""
        with self._lock:
            name = f"part{self._depth}"
            self._db.execute(f"SAVEPOINT {name}" if self._depth else "BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth:
                    self._db.execute(f"ROLLBACK TO {name}")
                    self._db.execute(f"RELEASE {name}")
                else:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            self._db.execute(f"RELEASE {name}" if self._depth else "COMMIT")

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._rows(statement, *values)
        return rows[0] if rows else None

    # --- facts, counters, private data ---

    def fact(self, name: str) -> Any:
        """A stored fact (JSON), None if there is none."""
        row = self._row("SELECT value FROM fact WHERE name = ?", name)
        return json.loads(row[0]) if row else None

    def set_fact(self, name: str, value: object) -> None:
        """Store a fact (anything that JSON can hold)."""
        self._rows("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, json.dumps(value))

    def next_number(self, counter: str, at_least: int = 1) -> int:
        """Count one up, to `at_least` or higher, and answer the number."""
        row = self._row(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
            " SET value = max(value + 1, excluded.value) RETURNING value",
            counter,
            at_least,
        )
        assert row is not None
        return int(row[0])

    def private_data(self, owner_id: str) -> dict[str, str]:
        """What an application keeps in the company file under its own OwnerID."""
        rows = self._rows(
            "SELECT name, value FROM private_data WHERE owner_id = ? ORDER BY name",
            owner_id.upper(),
        )
        return dict(rows)

    def set_private_data(self, owner_id: str, name: str, value: str) -> None:
        """Keep one private value of an application."""
        self._rows(
            "INSERT OR REPLACE INTO private_data VALUES (?, ?, ?)", owner_id.upper(), name, value
        )

    # --- lists ---

    def entry(self, list_id: str) -> ListEntry | None:
        """The list entry with this ListID."""
        row = self._row(f"SELECT {_LIST_COLUMNS} FROM list_entry WHERE list_id = ?", list_id)
        return _entry(row) if row else None

    def full_name(self, list_id: str) -> str:
        """The full name of a list entry, '' if there is none."""
        row = self._row("SELECT full_name FROM list_entry WHERE list_id = ?", list_id)
        return str(row[0]) if row else ""

    def entry_named(self, kind: str, full_name: str) -> ListEntry | None:
        """The entry of a list with this full name; upper and lower case are the same."""
        row = self._row(
            f"SELECT {_LIST_COLUMNS} FROM list_entry WHERE kind = ? AND full_name = ?",
            kind,
            full_name,
        )
        return _entry(row) if row else None

    def entries(self, kind: str) -> list[ListEntry]:
        """A whole list, by full name."""
        return [
            _entry(row)
            for row in self._rows(
                f"SELECT {_LIST_COLUMNS} FROM list_entry WHERE kind = ? ORDER BY full_name", kind
            )
        ]

    def save_entry(self, entry: ListEntry) -> None:
        """Insert or replace a list entry."""
        self._rows(
            f"INSERT OR REPLACE INTO list_entry ({_LIST_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",
            entry.kind,
            entry.list_id,
            entry.name,
            entry.full_name,
            entry.parent,
            entry.is_active,
            entry.edit_sequence,
            entry.time_created,
            entry.time_modified,
            json.dumps(entry.details),
        )

    def delete_entry(self, entry: ListEntry, kind: str, time_deleted: str) -> None:
        """Remove a list entry; that it was there stays known, under the kind given."""
        self._rows("DELETE FROM list_entry WHERE list_id = ?", entry.list_id)
        self._note_deleted(entry.list_id, kind, entry.full_name, entry.time_created, time_deleted)

    # --- transactions ---

    def transaction(self, txn_id: str) -> Transaction | None:
        """The transaction with this TxnID."""
        row = self._row(f"SELECT {_TXN_COLUMNS} FROM txn WHERE txn_id = ?", txn_id)
        return _transaction(row) if row else None

    def transactions(self, kind: str | None = None) -> list[Transaction]:
        """All transactions of a kind (or all), in the order in which they were entered."""
        return [
            _transaction(row)
            for row in self._rows(
                f"SELECT {_TXN_COLUMNS} FROM txn WHERE ? IN (kind, '') ORDER BY txn_number",
                kind or "",
            )
        ]

    def transactions_numbered(self, kind: str, ref_number: str) -> list[Transaction]:
        """The transactions of a kind with this RefNumber; upper and lower case are the same."""
        return [
            _transaction(row)
            for row in self._rows(
                f"SELECT {_TXN_COLUMNS} FROM txn WHERE kind = ? AND ref_number = ?"
                " ORDER BY txn_number",
                kind,
                ref_number,
            )
        ]

    def save_transaction(self, transaction: Transaction) -> None:
        """Insert or replace a transaction."""
        self._rows(
            f"INSERT OR REPLACE INTO txn ({_TXN_COLUMNS}, ref_number) VALUES (?,?,?,?,?,?,?,?)",
            transaction.kind,
            transaction.txn_id,
            transaction.txn_number,
            transaction.edit_sequence,
            transaction.time_created,
            transaction.time_modified,
            dump(transaction),
            transaction.text("RefNumber"),
        )

    def delete_transaction(self, transaction: Transaction, time_deleted: str) -> None:
        """Remove a transaction; that it was there stays known."""
        self._rows("DELETE FROM txn WHERE txn_id = ?", transaction.txn_id)
        self._note_deleted(
            transaction.txn_id,
            transaction.kind,
            transaction.text("RefNumber"),
            transaction.time_created,
            time_deleted,
        )

    def _note_deleted(self, *row: str) -> None:
        self._rows("INSERT OR REPLACE INTO deleted VALUES (?, ?, ?, ?, ?)", *row)

    def deleted(self, kinds: set[str]) -> list[tuple[str, str, str, str, str]]:
        """(id, kind, name or number, created, deleted) of what was deleted, oldest first."""
        rows = self._rows("SELECT * FROM deleted ORDER BY time_deleted, id")
        return [(r[0], r[1], r[2], r[3], r[4]) for r in rows if r[1] in kinds]

    def lock_transaction(self, txn_id: str, locked: bool) -> None:
        """Somebody has the transaction open on the screen, or no longer."""
        if locked:
            self._rows("INSERT OR IGNORE INTO txn_lock VALUES (?)", txn_id)
        else:
            self._rows("DELETE FROM txn_lock WHERE txn_id = ?", txn_id)

    def is_locked(self, txn_id: str) -> bool:
        """Whether somebody has the transaction open on the screen."""
        return self._row("SELECT 1 FROM txn_lock WHERE txn_id = ?", txn_id) is not None

    # --- message-set memory ---

    def message_set(self, set_id: str) -> tuple[str, str] | None:
        """Checksum and answer of a remembered message set."""
        row = self._row("SELECT checksum, answer FROM message_set WHERE id = ?", set_id)
        return (row[0], row[1]) if row else None

    def remember_message_set(self, set_id: str, checksum: str, answer: str) -> None:
        """Remember a message set."""
        self._rows("INSERT INTO message_set VALUES (?, ?, ?)", set_id, checksum, answer)

    def forget_message_set(self, set_id: str) -> bool:
        """Forget a message set; whether there was one."""
        return bool(self._rows("DELETE FROM message_set WHERE id = ? RETURNING id", set_id))

    def message_sets(self) -> list[str]:
        """The ids of all remembered message sets."""
        return [row[0] for row in self._rows("SELECT id FROM message_set ORDER BY rowid")]


def _entry(row: tuple[Any, ...]) -> ListEntry:
    entry = ListEntry(*row)
    entry.is_active, entry.details = bool(entry.is_active), json.loads(row[-1])
    return entry


def _transaction(row: tuple[Any, ...]) -> Transaction:
    *columns, body = row
    return load_into(Transaction(*columns), body)
