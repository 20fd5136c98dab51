"""Queries that are asked with every call. Writing one in SQL takes Django longer than answering it
takes PostgreSQL, so these are written once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet, prefetch_related_objects
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=Model)

Value = int | str | datetime | list[int] | list[str]
FEW = 2  # rows that `table` writes one by one
# What stands in the places of the values while the SQL is written. No id and no text is like it.
_MARKS: dict[type[Value], list[Value]] = {
    int: [-(2**62) + place for place in range(9)],
    str: [f"\x01{place}" for place in range(9)],
    datetime: [datetime(1, 1, 1, 1, place, tzinfo=UTC) for place in range(9)],
    list[int]: [[-(2**61) + place] for place in range(9)],
    list[str]: [[f"\x02{place}"] for place in range(9)],
}
_LIST = "\0"  # where a list stands: no SQL has it


class CompiledQuery(Generic[M]):
    """A queryset whose SQL is written at the first call, and kept.

    `made` makes it from its values, of the given types; each value must stand in the SQL as it is,
    a list in an `__in` that is not negated. A queryset that locks rows is asked in a transaction.
    """

    def __init__(self, made: Callable[..., QuerySet[M, Any]], *types: type[Value]) -> None:
        self._made = made
        self._marks = [_MARKS[kind][place] for place, kind in enumerate(types)]

    @cached_property
    def _queryset(self) -> QuerySet[M, Any]:
        return self._made(*self._marks)

    @cached_property
    def _written(self) -> tuple[Any, list[str], list[int]]:
        """What reads the rows, SQL in pieces with lists between them, and which value stands in
        each of its places.

        What is always the same stands in the SQL itself: with a parameter in the condition of a
        partial index, PostgreSQL could use the index only by planning anew for each value.
        """
        compiler = self._queryset.query.get_compiler(connection.alias)
        sql, parameters = compiler.as_sql()
        marks = [mark[0] if isinstance(mark, list) else mark for mark in self._marks]
        lists = [mark[0] for mark in self._marks if isinstance(mark, list)]
        if any(mark not in parameters for mark in marks):
            raise ValueError(f"A value does not stand in {sql}")
        texts = []
        with connection.cursor() as cursor:
            for one in parameters:
                literal = cursor.mogrify("%s", [one]).decode().replace("%", "%%")
                texts.append(_LIST if one in lists else "%s" if one in marks else literal)
        sql = re.sub("%.", lambda found: texts.pop(0) if found[0] == "%s" else found[0], sql)
        if re.search(rf"NOT \([^()]* IN \({_LIST}", sql):
            raise ValueError(f"An empty list would exclude everything from {sql}")
        places = [marks.index(one) for one in parameters if one in marks]
        return compiler, sql.split(_LIST), places

    @cached_property
    def _read(self) -> Callable[[Sequence[Any]], M]:
        """Makes an object of a row."""
        compiler, _, _ = self._written
        model, columns = compiler.klass_info["model"], compiler.klass_info["select_fields"]
        alias = compiler.using
        first, last = columns[0], columns[-1] + 1
        names = [compiler.select[place][0].target.attname for place in range(first, last)]
        related = get_related_populators(  # type: ignore[call-arg]  # of Django 5.2, not of 6
            compiler.klass_info, compiler.select, alias
        )
        annotations = list(compiler.annotation_col_map.items())

        def read(row: Sequence[Any]) -> M:
            found: M = made(model, alias, names, row[first:last])
            for one in related:
                _populate(one, row, found)
            for name, place in annotations:
                setattr(found, name, row[place])
            return found

        return read

    @cached_property
    def _converters(self) -> dict[int, Any]:
        """What makes Python's values of the columns that need it, such as JSON."""
        compiler, _, _ = self._written
        columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
        converters: dict[int, Any] = compiler.get_converters(columns)
        return converters

    def _asked(self, values: tuple[Value, ...]) -> Iterable[Sequence[Any]]:
        """The rows for these values, as Python's values."""
        if len(values) != len(self._marks):
            raise TypeError(f"{len(self._marks)} values are needed")
        compiler, [sql, *pieces], places = self._written
        # Django looks as the SQL is written, and that is once.
        if compiler.query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError(
                "select_for_update cannot be used outside of a transaction."
            )
        given: list[Any] = []
        for place in places:
            if isinstance(value := values[place], list):
                # Nothing is equal to NULL, and an empty list is none to PostgreSQL.
                value = _of_few_lengths(value)
                sql += (", ".join(["%s"] * len(value)) or "NULL") + pieces.pop(0)
                given += value
            else:
                given.append(value)
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            rows: list[Sequence[Any]] = cursor.fetchall()
        return compiler.apply_converters(rows, self._converters) if self._converters else rows

    def all(self, *values: Value) -> list[M]:
        """The rows for these values as objects, with annotations and what it selects with them or
        prefetches."""
        found = [self._read(row) for row in self._asked(values)]
        if lookups := self._queryset._prefetch_related_lookups:  # type: ignore[attr-defined]
            prefetch_related_objects(found, *lookups)
        return found

    def first(self, *values: Value) -> M | None:
        """The first row, if there is one; the queryset should ask for no more."""
        return next(iter(self.all(*values)), None)

    def rows(self, *values: Value) -> list[dict[str, Any]]:
        """The rows of a queryset that was made with `values`, as dictionaries."""
        rows = self._asked(values)
        names = list(self._written[0].query.selected)
        return [dict(zip(names, row, strict=True)) for row in rows]


def _of_few_lengths(values: list[Any]) -> list[Any]:
    """The same values, the last one as often as makes their number a power of two: each number is a
    statement of its own to PostgreSQL, and a connection keeps so many plans and no more."""
    more = (1 << (len(values) - 1).bit_length()) - len(values) if values else 0
    return values + values[-1:] * more


def made(model: Any, alias: str, names: Sequence[str], values: Sequence[Any]) -> Any:
    """An object of the database. Unlike Django's own way it sets no attribute by itself, which
    takes most of the time where there are hundreds."""
    made = model.__new__(model)
    state = ModelState()
    state.adding, state.db, state.fields_cache = False, alias, {}
    made.__dict__.update(zip(names, values, strict=True), _state=state)
    return made


def _populate(related: Any, row: Sequence[Any], owner: Model) -> None:
    """What `select_related` brought with an object, as Django's RelatedPopulator reads it."""
    values = row[related.cols_start : related.cols_end]
    found = None
    if values[related.pk_idx] is not None:
        found = made(related.model_cls, related.db, related.init_list, values)
        for further in related.related_populators:
            _populate(further, row, found)
        related.remote_setter(found, owner)
    related.local_setter(owner, found)


def table(*columns: tuple[str, list[Any]]) -> tuple[str, list[Any]]:
    """SQL for a table of these columns, each an SQL type and its values, and its parameters.

    A row or two are written as such: PostgreSQL takes any array for ten, and so believes that
    planning the statement anew pays each time.
    """
    rows = len(columns[0][1])
    if 0 < rows <= FEW:
        row = "(" + ", ".join(f"%s::{kind}" for kind, _ in columns) + ")"
        values = [values[n] for n in range(rows) for _, values in columns]
        return f"(VALUES {', '.join([row] * rows)})", values
    arrays = ", ".join(f"%s::{kind}[]" for kind, _ in columns)
    return f"unnest({arrays})", [values for _, values in columns]


def point(rows: Iterable[Model], name: str, to: Iterable[Model]) -> None:
    """Where the foreign key `name` of `rows` leads, of those that were read: no query is asked for
    these afterwards, as after `select_related`."""
    by_id = {one.pk: one for one in to}
    key = f"{name}_id"
    for row in rows:
        if (other := by_id.get(row.__dict__[key])) is not None:
            row._state.fields_cache[name] = other


def keep(owner: Model, name: str, rows: list[Any]) -> None:
    """What `owner.name.all()` answers from now on, as after `prefetch_related`."""
    found = getattr(owner, name).get_queryset()
    found._result_cache, found._prefetch_done = rows, True
    kept = owner.__dict__.setdefault("_prefetched_objects_cache", {})
    kept[name] = found


def let_go(owner: Model) -> None:
    """What was kept for it is gone now, and not when Python next looks through all objects for
    what only leads to itself, as an owner and its rows do."""
    owner.__dict__.pop("_prefetched_objects_cache", None)
