"""Documents with all that their rules and their pages look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from directory.compiled import CompiledQuery, keep, point
from directory.models import Category, CostCode

D = TypeVar("D", bound=Model)


class InFull(Generic[D]):
    """A query for documents, one for their lines, and one for each kind of row that lines point to.

    `related` is read with a document; `owner` leads from a line to it; `others` is what a line
    points to beside its codes.
    """

    def __init__(
        self,
        model: type[D],
        line: type[Model],
        owner: str,
        related: Collection[str],
        **others: type[Model],
    ) -> None:
        self._documents: CompiledQuery[D] = CompiledQuery(
            lambda pks: model._default_manager.select_related(*related).filter(pk__in=pks),
            list[int],
        )

        def lines(pks: list[int]) -> QuerySet[Any]:
            return line._default_manager.filter(**{f"{owner}__in": pks})

        def pointed_to(name: str, other: type[Model], pks: list[int]) -> QuerySet[Model]:
            return other._default_manager.filter(pk__in=lines(pks).values(name)).order_by()

        others |= {"cost_code": CostCode, "category": Category}
        self._owner = f"{owner}_id"
        self._lines = CompiledQuery(lines, list[int])
        self._others = {
            name: CompiledQuery(partial(pointed_to, name, other), list[int])
            for name, other in others.items()
        }

    def load(self, pks: Sequence[int]) -> list[D]:
        """Those of these documents that there are, in the same queries for however many."""
        found = self._documents.all(list(pks))
        lines = self._lines.all(list(pks))
        for name, others in self._others.items():
            point(lines, name, others.all(list(pks)))
        of: defaultdict[int, list[Model]] = defaultdict(list)
        for one in lines:
            of[getattr(one, self._owner)].append(one)
        for document in found:
            keep(document, "lines", of[document.pk])
        return found
