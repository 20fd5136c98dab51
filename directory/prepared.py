"""Queries that are asked with every call. Writing one in SQL takes Django longer than answering it
takes PostgreSQL, so these are written once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

Value = int | str | datetime
# What stands in the places of the values while the SQL is written. No id and no text is like it.
_MARKS: dict[type[Value], list[Value]] = {
    int: [-(2**62) + place for place in range(9)],
    str: [f"\x01{place}" for place in range(9)],
    datetime: [datetime(1, 1, 1, 1, place, tzinfo=UTC) for place in range(9)],
}


class Prepared(Generic[M]):
    """A queryset whose SQL is written at the first call, and kept.

    `made` makes it from its values, of the given types; each value must stand in the SQL as it is.
    What `select_related` would bring is left out.
    """

    def __init__(self, made: Callable[..., QuerySet[M, Any]], *types: type[Value]) -> None:
        self._made = made
        self._marks = [_MARKS[kind][place] for place, kind in enumerate(types)]

    @cached_property
    def _written(self) -> tuple[type[M], str, list[tuple[int | None, Any]]]:
        """Model, SQL, and its parameters: which value stands there, or what always does."""
        queryset = self._made(*self._marks)
        sql, parameters = queryset.query.sql_with_params()
        if any(mark not in parameters for mark in self._marks):
            raise ValueError(f"A value does not stand in {sql}")
        marks = self._marks
        return (
            queryset.model,
            sql,
            [(marks.index(one) if one in marks else None, one) for one in parameters],
        )

    def _filled(self, values: tuple[Value, ...]) -> list[Any]:
        if len(values) != len(self._marks):
            raise TypeError(f"{len(self._marks)} values are needed")
        _, _, parameters = self._written
        return [one if place is None else values[place] for place, one in parameters]

    def all(self, *values: Value) -> list[M]:
        """The rows for these values, as objects, with annotations."""
        model, sql, _ = self._written
        return list(model._default_manager.raw(sql, self._filled(values)))

    def first(self, *values: Value) -> M | None:
        """The first row, if there is one; the queryset should ask for no more."""
        return next(iter(self.all(*values)), None)

    def rows(self, *values: Value) -> list[dict[str, Any]]:
        """The rows of a queryset that was made with `values`, as dictionaries."""
        _, sql, _ = self._written
        with connection.cursor() as cursor:
            cursor.execute(sql, self._filled(values))
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
