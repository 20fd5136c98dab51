"""Rows by COPY: fast, and always the same ones."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection
from django.db.models import NOT_PROVIDED, Model

PIECE = 1 << 20


def copy(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write `rows` into the table of `model`; None is NULL. A column that is not named gets what a
    new object has there."""
    others = _others(model, columns)
    ends = "".join("\t" + _text(value) for value in others.values()) + "\n"
    lines = ("\t".join(map(_text, row)) + ends for row in rows)
    names = ", ".join([*columns, *others])
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {model._meta.db_table} ({names}) FROM STDIN", _Lines(lines))


def _others(model: type[Model], columns: Sequence[str]) -> dict[str, object]:
    others: dict[str, object] = {}
    for field in model._meta.concrete_fields:
        named = field.column in columns or field.primary_key or field.generated
        if not named and field.db_default is NOT_PROVIDED:
            value = field.get_db_prep_save(field.get_default(), connection)
            others[str(field.column)] = value
    return others


@contextmanager
def unhindered(*tables: str) -> Iterator[None]:
    """While it lasts, the tables have neither indexes nor references to others; afterwards they
    have them again, checked: the fast way to a million rows."""
    constraints = _asked(
        """
        SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
        FROM pg_constraint WHERE conrelid = ANY(%s::regclass[]) AND contype = 'f'
        """,
        [list(tables)],
    )
    indexes = _asked(
        """
        SELECT quote_ident(indexname), indexdef FROM pg_indexes
        WHERE tablename = ANY(%s) AND NOT EXISTS (
            SELECT FROM pg_constraint WHERE conindid = quote_ident(indexname)::regclass
        )
        """,
        [list(tables)],
    )
    for table, name, _ in constraints:
        run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    yield
    run("SET maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        run(definition)
    for table, name, definition in constraints:
        run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def settle() -> None:
    """Let the planner know what is there, and the disk have it."""
    run("VACUUM ANALYZE")
    connection.close()


def run(statement: str, values: Sequence[int] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _asked(statement: str, values: Sequence[list[str]]) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _text(value: object) -> str:
    if value is None:
        return r"\N"
    text = str(value)
    if "\\" in text or "\n" in text or "\t" in text:
        return text.replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t")
    return text


class _Lines(io.StringIO):
    """A file that is made while it is read. Pieces may be larger than asked for."""

    def __init__(self, lines: Iterator[str]) -> None:
        super().__init__()
        self.lines = lines
        self.left = ""

    def read(self, size: int | None = -1) -> str:
        wanted = PIECE if size is None or size < 0 else size
        pieces, length = [self.left], len(self.left)
        for line in self.lines:
            pieces.append(line)
            length += len(line)
            if length >= wanted:
                break
        text = "".join(pieces)
        self.left = text[wanted:]
        return text[:wanted]
