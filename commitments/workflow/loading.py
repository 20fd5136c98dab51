"""Loading a document with all that its rules and its pages look at."""

from __future__ import annotations

from django.http import Http404

from commitments.models import ChangeOrder, Commitment
from directory.prepared import Prepared

_COMMITMENT = Prepared(lambda pk: Commitment.in_full().filter(pk=pk), int)
_CHANGE_ORDER = Prepared(lambda pk: ChangeOrder.in_full().filter(pk=pk), int)


def load_commitment(commitment_id: int) -> Commitment:
    """A commitment with its lines, in four queries. Raises Http404 if it was deleted."""
    found = _COMMITMENT.first(commitment_id)
    if found is None:
        raise Http404
    return found


def load_change_order(change_order_id: int) -> ChangeOrder:
    """A change order with its lines, in five queries. Raises Http404 if it was deleted."""
    found = _CHANGE_ORDER.first(change_order_id)
    if found is None:
        raise Http404
    return found
