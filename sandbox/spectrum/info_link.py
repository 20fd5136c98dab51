"""Info-Link as it is played here: the records as views that may be asked in SQL.

The names of the views are Spectrum's, as another connector tells them in public. Their columns are
not known: here they are called like the fields of the services, which a live Info-Link surely does
not do throughout. What answers is SQLite, so only plain SELECT statements do what they would there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal

from sandbox.spectrum import books as kinds
from sandbox.spectrum.books import Books
from sandbox.spectrum.fields import Field
from sandbox.spectrum.layouts import SERVICES

Cell = str | Decimal | None

# Numbers of SQL Server's own errors.
LOGIN_FAILED, NO_OBJECT, NO_COLUMN, SYNTAX = 18456, 208, 207, 102
_OWNER = ("Job_Number", "Customer_Code", "Change_Request_Number")


class SqlError(Exception):
    """What the server refuses, by the number and in the words of SQL Server."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(words)
        self.number, self.words = number, words


@dataclass(frozen=True, slots=True)
class View:
    """One view: the kind of record, the columns of its key, and the service that has the others."""

    kind: str
    key: tuple[str, ...]
    service: str


VIEWS = {
    "VN_SUBCONTRACT_MC": View(
        kinds.SUBCONTRACT, ("Vendor_Code", "Subcontract_Number"), "UpdateSubcontract"
    ),
    "VN_SUBCONTRACT_PHASE_MC": View(
        kinds.SUBCONTRACT_PHASE,
        ("Vendor_Code", "Subcontract_Number", "Phase_Code", "Cost_Type", "Bid_Item_Number"),
        "UpdateSubcontractPhases",
    ),
    "CR_CHNG_REQ_HDR_MC": View(kinds.CHANGE_REQUEST, _OWNER, "ARChangeRequest"),
    "CR_CHNG_REQ_CON_DET_MC": View(kinds.COST_LINE, _OWNER, "ARChangeRequest"),
}


@dataclass(frozen=True, slots=True)
class Selected:
    """What a statement gives."""

    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


def open_to(books: Books, user: str, password: str) -> None:
    """Info-Link from now on, for this one user."""
    books.storage.set_fact("info link", {"user": user, "password": password})


def let_in(books: Books, user: str, password: str) -> None:
    """Raises SqlError for anybody but the one user of Info-Link."""
    known = books.storage.fact("info link") or {}
    if not known or (known["user"], known["password"]) != (user, password):
        raise SqlError(LOGIN_FAILED, f"Login failed for user '{user}'.")


def select(books: Books, statement: str, parameters: Mapping[str, str]) -> Selected:
    """What a SELECT gives, with the values of its @parameters. Raises SqlError."""
    detect = sqlite3.PARSE_DECLTYPES
    with closing(sqlite3.connect(":memory:", detect_types=detect)) as database:
        for name, view in VIEWS.items():
            _fill(database, books, name, view)
        database.execute("PRAGMA query_only = ON")
        try:
            found = database.execute(statement, dict(parameters))
            rows = found.fetchall()
        except sqlite3.Error as error:
            raise _told(str(error)) from None
    if found.description is None:
        raise SqlError(SYNTAX, "Only SELECT is played.")
    columns = tuple(one[0] for one in found.description)
    return Selected(columns, [tuple(_cell(value) for value in row) for row in rows])


sqlite3.register_converter("MONEY", lambda text: Decimal(text.decode()))


def _fill(database: sqlite3.Connection, books: Books, name: str, view: View) -> None:
    fields: Sequence[Field] = SERVICES[view.service].fields
    sums = {one.name for one in fields if one.kind == "number"}
    columns = list(dict.fromkeys(["Company_Code", *view.key, *(one.name for one in fields)]))
    declared = ", ".join(
        f'"{one}" {"MONEY" if one in sums else "TEXT"} COLLATE NOCASE' for one in columns
    )
    database.execute(f'CREATE TABLE "{name}" ({declared})')
    places = ", ".join("?" * len(columns))
    for key in books.storage.keys(view.kind):
        record = books.storage.get(view.kind, *key) or {}
        values = {**record, **dict(zip(view.key, key, strict=False)), "Company_Code": books.code}
        row = [values.get(one) or None for one in columns]
        database.execute(f'INSERT INTO "{name}" VALUES ({places})', row)


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    return str(value)


def _told(words: str) -> SqlError:
    """SQLite's words in those of SQL Server."""
    what, _, name = words.partition(": ")
    if what == "no such table":
        return SqlError(NO_OBJECT, f"Invalid object name '{name}'.")
    if what == "no such column":
        return SqlError(NO_COLUMN, f"Invalid column name '{name}'.")
    return SqlError(SYNTAX, f"Incorrect syntax: {words}.")
