"""One document with all that its rules and its pages look at."""

from __future__ import annotations

from django.http import Http404

from commitments.models import ChangeOrder, Commitment


def load_commitment(commitment_id: int) -> Commitment:
    """A commitment with its lines, in four queries. Raises Http404 if it was deleted."""
    for found in Commitment.in_full([commitment_id]):
        return found
    raise Http404


def load_change_order(change_order_id: int) -> ChangeOrder:
    """A change order with its lines, in five queries. Raises Http404 if it was deleted."""
    for found in ChangeOrder.in_full([change_order_id]):
        return found
    raise Http404
