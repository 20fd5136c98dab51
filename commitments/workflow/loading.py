"""Loading a document with all that its rules and its pages look at."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from commitments.models import ChangeOrder, Commitment


def load_commitment(commitment_id: int) -> Commitment:
    """A commitment with its lines, in four queries. Raises Http404 if it was deleted."""
    return get_object_or_404(Commitment.in_full(), pk=commitment_id)


def load_change_order(change_order_id: int) -> ChangeOrder:
    """A change order with its lines, in five queries. Raises Http404 if it was deleted."""
    return get_object_or_404(ChangeOrder.in_full(), pk=change_order_id)
