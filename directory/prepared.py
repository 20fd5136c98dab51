"""Queries that are asked with every call. Writing one in SQL takes Django longer than answering it
takes PostgreSQL, so these are written once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

Value = int | str
# What stands in the places of the values while the SQL is written. No id and no text is like it.
_MARKS: dict[type[Value], list[Value]] = {
    int: [-(2**62) + place for place in range(9)],
    str: [f"\x01{place}" for place in range(9)],
}


class Prepared(Generic[M]):
    """A queryset whose SQL is written at the first call, and kept.

    `made` makes it from its values, of the given types; each value must stand in the SQL as it is.
    No `select_related` and no `values`: the rows are objects of one model, with annotations.
    """

    def __init__(self, made: Callable[..., QuerySet[M]], *types: type[Value]) -> None:
        self._made = made
        self._marks = [_MARKS[kind][place] for place, kind in enumerate(types)]

    @cached_property
    def _written(self) -> tuple[type[M], str, tuple[object, ...]]:
        queryset = self._made(*self._marks)
        sql, places = queryset.query.sql_with_params()
        missing = [mark for mark in self._marks if mark not in places]
        if missing:
            raise ValueError(f"A value does not stand in {sql}")
        return queryset.model, sql, places

    def all(self, *values: Value) -> list[M]:
        """The rows for these values."""
        model, sql, places = self._written
        filled = [
            values[self._marks.index(place)] if place in self._marks else place for place in places
        ]
        return list(model._default_manager.raw(sql, filled))

    def first(self, *values: Value) -> M | None:
        """The first row, if there is one; the queryset should ask for no more."""
        return next(iter(self.all(*values)), None)
