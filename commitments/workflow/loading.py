"""Loading a document with all that its rules and its pages look at."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from commitments.models import ChangeOrder, Commitment


def load_commitment(commitment_id: int) -> Commitment:
    """A commitment with its lines, in four queries. Raises Http404 if it was deleted."""
    rows = Commitment.objects.select_related(
        "export__created_by", "vendor", "company", "project__company", "project__job"
    ).prefetch_related("lines__cost_code", "lines__category")
    return get_object_or_404(rows, pk=commitment_id)


def load_change_order(change_order_id: int) -> ChangeOrder:
    """A change order with its lines, in five queries. Raises Http404 if it was deleted."""
    rows = ChangeOrder.objects.select_related(
        "company",
        "export__created_by",
        "commitment__export",
        "commitment__vendor",
        "commitment__project__company",
        "commitment__project__job",
    ).prefetch_related("lines__cost_code", "lines__category", "lines__commitment_line")
    return get_object_or_404(rows, pk=change_order_id)
