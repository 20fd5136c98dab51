"""What a transaction writes last: into the history, whose head every step of a company locks, and
then the counters. Of several steps in one transaction it is written once, as that ends, so that
nobody waits for the head for longer than this takes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connection

Row = TypeVar("Row")
Write = Callable[[int | None, Sequence[Any]], None]


@dataclass(slots=True)
class _Kept:
    """Rows by who writes them, and for which company; in the order in which they first came."""

    depth: int  # of savepoints: what is inside a further one may be undone alone
    rows: dict[tuple[Write, int | None], list[Any]] = field(default_factory=dict)


_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


def write_last(
    write: Callable[[int | None, Sequence[Row]], None], company: int | None, rows: Sequence[Row]
) -> None:
    """Have `write` called for `company` with these rows: at once, or within `at_the_end` with all
    others. Must run inside a transaction."""
    kept = _kept.get()
    if kept is None or kept.depth != len(connection.savepoint_ids):
        write(company, rows)
    else:
        kept.rows.setdefault((write, company), []).extend(rows)


@contextmanager
def at_the_end() -> Iterator[None]:
    """What is written last within it is written as it ends, before its transaction does; nothing
    of it if it raises, for then the transaction has to be undone."""
    kept = _Kept(len(connection.savepoint_ids))
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
    for (write, company), rows in kept.rows.items():
        write(company, rows)
