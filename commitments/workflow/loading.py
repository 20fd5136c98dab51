"""Loading a document with all that its rules and its pages look at."""

from __future__ import annotations

from functools import partial
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from commitments.models import AnyLine, ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from directory.models import Category, CostCode
from directory.prepared import Prepared, keep, point

D = TypeVar("D", Commitment, ChangeOrder)


class _Loading(Generic[D]):
    """What `in_full` fetches of one document, by queries that are written once.

    `owner` leads from a line to its document; `others` is what else a line points to.
    """

    def __init__(
        self, model: type[D], line: type[AnyLine], owner: str, **others: type[Model]
    ) -> None:
        self._document: Prepared[D] = Prepared(
            lambda pk: model.in_full().prefetch_related(None).filter(pk=pk), int
        )

        def lines(pk: int) -> QuerySet[AnyLine]:
            return line._default_manager.filter(**{owner: pk})

        def pointed_to(name: str, other: type[Model], pk: int) -> QuerySet[Model]:
            return other._default_manager.filter(pk__in=lines(pk).values(name)).order_by()

        others |= {"cost_code": CostCode, "category": Category}
        self._lines = Prepared(lines, int)
        self._others = {
            name: Prepared(partial(pointed_to, name, other), int) for name, other in others.items()
        }

    def load(self, pk: int) -> D:
        found = self._document.first(pk)
        if found is None:
            raise Http404
        point([found.export], "company", [found.project.company])
        lines = self._lines.all(pk)
        for name, others in self._others.items():
            point(lines, name, others.all(pk))
        keep(found, "lines", lines)
        return found


_COMMITMENT = _Loading[Commitment](Commitment, CommitmentLine, "commitment")
_CHANGE_ORDER = _Loading[ChangeOrder](
    ChangeOrder, ChangeOrderLine, "change_order", commitment_line=CommitmentLine
)


def load_commitment(commitment_id: int) -> Commitment:
    """A commitment with its lines, in four queries. Raises Http404 if it was deleted."""
    return _COMMITMENT.load(commitment_id)


def load_change_order(change_order_id: int) -> ChangeOrder:
    """A change order with its lines, in five queries. Raises Http404 if it was deleted."""
    found = _CHANGE_ORDER.load(change_order_id)
    point([found.export], "parent", [found.commitment.export])
    return found
