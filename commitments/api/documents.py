"""What programs do with one document, of either kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from commitments.api.asked import (
    ChangeOrderStatusBody,
    CommitmentStatusBody,
    DeleteQuery,
    WholeChangeOrder,
    WholeCommitment,
)
from commitments.models import ChangeOrder, Commitment
from commitments.workflow.verbs import Verbs
from directory.access import Access
from directory.asked import body, parameters

D = TypeVar("D", bound=Commitment | ChangeOrder)


def one(
    request: Request,
    opened: tuple[D, Access],
    verbs: Verbs[D],
    whole: type[WholeCommitment] | type[WholeChangeOrder],
    answer: Callable[[D], Any],
) -> Response:
    """Read it; save it as a `whole`; delete a Draft."""
    found, access = opened
    if request.method == "DELETE":
        version = parameters(request, DeleteQuery).version
        verbs.delete(found, by=access, version=version)
        return Response(status=204)
    if request.method == "PUT":
        asked = body(request, whole)
        found = verbs.update(found, by=access, version=asked.version, data=asked.entry())
    return Response(answer(found))


def status(
    request: Request,
    opened: tuple[D, Access],
    verbs: Verbs[D],
    wanted: type[CommitmentStatusBody] | type[ChangeOrderStatusBody],
    answer: Callable[[D], Any],
) -> Response:
    """Give it another business status."""
    found, access = opened
    asked = body(request, wanted)
    after = verbs.set_status(found, by=access, version=asked.version, status=asked.status)
    return Response(answer(after))
