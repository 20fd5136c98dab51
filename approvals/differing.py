"""The page of differences: where the ERP holds something else than was exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from approvals import erp_wording
from approvals.comparing import differences_of, request_comparison
from approvals.models import Comparison, Export
from connectors.contract import Difference
from connectors.models import Connection, Conversation
from directory.access import open_company
from directory.formats import counted
from directory.http import person
from directory.perms import Level, Tool

MOST = 200


@dataclass(frozen=True, slots=True)
class Differing:
    """One export whose record in the ERP is not what was exported."""

    export: Export
    gone: bool
    compared_at: datetime
    differences: Sequence[Difference]


@login_required
@require_GET
def differing(request: HttpRequest, company_id: int) -> HttpResponse:
    """What the last comparison found, newest first; at most 200, and it says so."""
    access = open_company(person(request), company_id, Tool.ERP)
    connection = Connection.of(access.company.pk)
    erp = connection.capabilities if connection else None
    comparisons = Comparison.objects.filter(company=access.company)
    found = comparisons.filter(differs=True).select_related("export__project", "export__parent")
    rows = [
        Differing(
            one.export,
            one.gone,
            one.compared_at,
            differences_of(one),
        )
        for one in found.order_by("-compared_at")[:MOST]
    ]
    waiting = Conversation.objects.filter(connection=connection, purpose="compare").exclude(
        state=Conversation.State.CLOSED
    )
    context = {
        "access": access,
        "company": access.company,
        "current": "differences",
        "erp": erp,
        "rows": rows,
        "more": len(rows) == MOST,
        "compared_at": comparisons.aggregate(last=Max("compared_at"))["last"],
        "is_waiting": connection is not None and waiting.exists(),
        "soon": erp_wording.soon(erp),
        "unasked": erp_wording.why_unasked(erp) if erp and not erp_wording.asks(erp) else "",
        "why_not": [why] if (why := access.lacks(Tool.ERP, Level.STANDARD)) else [],
    }
    return render(request, "approvals/differences.html", context)


@login_required
@require_POST
def compare(request: HttpRequest, company_id: int) -> HttpResponse:
    """Compare what is synced with the ERP, where it can be asked."""
    access = open_company(person(request), company_id, Tool.ERP)
    access.need(Tool.ERP, Level.STANDARD)
    connection = get_object_or_404(Connection, company=access.company)
    erp = connection.capabilities
    if not erp_wording.asks(erp):
        messages.error(request, f"{erp_wording.why_unasked(erp)}, so nothing is compared.")
    elif queued := request_comparison(connection, access):
        items = counted(queued, "item is", "items are")
        messages.success(request, f"{items} compared {erp_wording.soon(erp)}.")
    else:
        messages.info(request, "Nothing to compare, or a comparison is waiting already.")
    return redirect("differences", access.company.pk)
