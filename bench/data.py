"""Rows by COPY, always the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from django.db import connection


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write `rows` into `table`; None is NULL."""
    pieces = Pieces("\t".join(map(_text, row)) + "\n" for row in rows)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", pieces)


def analyze() -> None:
    """Tell the planner what is there."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _text(value: object) -> str:
    if value is None:
        return r"\N"
    text = str(value)
    if "\\" in text or "\n" in text or "\t" in text:
        return text.replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t")
    return text


class Pieces(StringIO):
    """A file that is made while it is read."""

    def __init__(self, lines: Iterator[str]) -> None:
        super().__init__()
        self.lines = lines

    def read(self, size: int | None = -1) -> str:
        taken: list[str] = []
        length = 0
        wanted = 1 << 20 if size is None or size < 0 else size
        for line in self.lines:
            taken.append(line)
            length += len(line)
            if length >= wanted:
                break
        return "".join(taken)
