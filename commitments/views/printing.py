"""Commitments and change orders on paper, for signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from commitments import forms, workflow
from commitments.models import AnyLine, ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus, CommitmentStatus
from commitments.views.showing import approved_changes, with_quantities
from directory.access import open_project
from directory.http import person
from directory.models import Project
from directory.perms import Tool

ZERO = Decimal("0.00")
# A commitment in one of these is what was agreed; anything else is a draft of it.
AGREED = frozenset({CommitmentStatus.APPROVED, CommitmentStatus.COMPLETE})


@dataclass(frozen=True, slots=True)
class Sums:
    """How a change order changes the contract's sum.

    `before` are the approved change orders that were made before it, `later` those after it: they
    are in none of the sums, and the paper says so.
    """

    original: Decimal
    before: Sequence[ChangeOrder]
    this: Decimal
    later: Sequence[ChangeOrder]

    @property
    def net_before(self) -> Decimal:
        return sum((one.export.amount for one in self.before), ZERO)

    @property
    def sum_before(self) -> Decimal:
        return self.original + self.net_before

    @property
    def sum_now(self) -> Decimal:
        return self.sum_before + self.this


@login_required
@require_GET
def commitment_print(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """A commitment on paper: its schedule of values, what was changed, and where to sign."""
    open_project(person(request), project_id, Tool.COMMITMENTS)
    now = workflow.load_commitment(pk)
    if now.project_id != project_id:
        raise Http404
    approved = _approved(now)
    sums = approved_changes(now)
    lines = []
    for line in now.lines.all():
        change = sums.get(line.pk, ZERO)
        if line.introduced_by_id is None or line.pk in sums:
            lines.append(_line(line) | {"changed": change, "revised": line.amount + change})
    changed = sum((one.export.amount for one in approved), ZERO)
    context = {
        **_paper(now, now.project, now),
        "is_draft": now.status not in AGREED,
        "lines": lines,
        "approved": approved,
        "original": now.total,
        "changed": changed,
        "revised": now.total + changed,
    }
    return render(request, "commitments/print_commitment.html", context)


@login_required
@require_GET
def change_order_print(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """A change order on paper: what it changes, the contract's sum before and after, signatures."""
    open_project(person(request), project_id, Tool.COMMITMENTS, Tool.CHANGE_ORDERS)
    now = workflow.load_change_order(pk)
    if now.commitment.project_id != project_id:
        raise Http404
    commitment = workflow.load_commitment(now.commitment_id)
    approved = [one for one in _approved(commitment) if one.pk != now.pk]
    sums = Sums(
        original=commitment.total,
        before=[one for one in approved if one.pk < now.pk],
        this=now.total,
        later=[one for one in approved if one.pk > now.pk],
    )
    lines = [
        {
            **_line(line),
            "target": line.commitment_line.number,
            "new_scope": line.commitment_line.introduced_by_id == now.pk,
        }
        for line in now.lines.all()
    ]
    context = {
        **_paper(now, commitment.project, commitment),
        "is_draft": now.status != ChangeOrderStatus.APPROVED,
        "change_order": now,
        "lines": lines,
        "sums": sums,
    }
    return render(request, "commitments/print_change_order.html", context)


def _paper(
    document: Commitment | ChangeOrder, project: Project, commitment: Commitment
) -> dict[str, Any]:
    """What both papers say."""
    return {
        "document": document,
        "company": project.company,
        "project": project,
        "commitment": commitment,
        "vendor": commitment.vendor,
        "with_quantities": with_quantities(document),
        "attachments": document.export.attached,
    }


def _line(line: AnyLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "code": line.cost_code.code,
        "code_name": line.cost_code.name,
        "description": line.description,
        "quantity": forms.quantity(line),
        "amount": line.amount,
    }


def _approved(commitment: Commitment) -> list[ChangeOrder]:
    """Its approved change orders, in the order in which they were made."""
    rows = commitment.change_orders.filter(status=ChangeOrderStatus.APPROVED)
    return list(rows.select_related("export").order_by("id"))
