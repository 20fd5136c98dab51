"""The forms by which a person links an item to a record that the ERP has already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from approvals import adopting, linkable, manner, seconding
from approvals.doors import open_export
from approvals.errors import AwaitsSecond, StepError
from approvals.look_ups import candidates_of
from approvals.models import Export, LookUp
from approvals.panel import connection_of
from approvals.rights import why_not
from approvals.states import EDITABLE
from connectors.contract import Capabilities
from directory.access import Access
from directory.http import person, say_refused


def shown(export: Export, access: Access, erp: Capabilities | None) -> dict[str, Any] | None:
    """What `approvals/link.html` shows of one item; None where nothing can be linked."""
    step = linkable.step_of(export)
    if step is None or not access.is_approver:
        return None
    asked = LookUp.objects.filter(export=export, version=export.version).first()
    terms = export.frozen_terms
    return {
        "soon": manner.soon(erp),
        "unasked": manner.why_unasked(erp) if erp and not manner.asks(erp) else "",
        "number": terms.number if terms else export.number if export.parent_id is None else "",
        "why": [why] if (why := why_not(step, access, export.sent_by_id, export.kind)) else [],
        "second": _second(export),
        "asked": asked,
        "candidates": candidates_of(asked),
        "was_unknown": step.name == "record-found",
    }


def _second(export: Export) -> seconding.Second | None:
    """Who has and who is missing of a large amount that was never sent; the panel says it of what
    needs attention."""
    if export.company.second_approver_from is None or export.status not in EDITABLE:
        return None
    document = export.live()
    return seconding.second_for(export, document.to_document()) if document else None


@login_required
@require_POST
def look_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the ERP looked through when it is spoken to next."""
    export, access = open_export(person(request), pk)
    number = request.POST.get("number", "")
    return _do(
        request,
        export,
        lambda version: adopting.ask(export.pk, by=access, version=version, number=number),
        "The ERP is looked through {soon}. Come back to this page for what it found.",
    )


@login_required
@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Link the item to the record that was chosen."""
    export, access = open_export(person(request), pk)
    record = request.POST.get("record", "")
    return _do(
        request,
        export,
        lambda version: adopting.link(export.pk, by=access, version=version, record=record),
        "Linked. It is Synced from now on.",
    )


@login_required
@require_POST
def attest(request: HttpRequest, pk: int) -> HttpResponse:
    """Link the item to a record that a person saw in an ERP that cannot be asked."""
    export, access = open_export(person(request), pk)
    return _do(
        request,
        export,
        lambda version: adopting.attest(
            export.pk,
            by=access,
            version=version,
            number=request.POST.get("number", ""),
            note=request.POST.get("note", ""),
            attested=request.POST.get("attested") == "yes",
            completed=request.POST.get("completed") == "yes",
        ),
        "Recorded. It is Synced from now on.",
    )


def _do(
    request: HttpRequest, export: Export, verb: Callable[[int], object], done: str
) -> HttpResponse:
    version = request.POST.get("version", "")
    try:
        verb(int(version) if version.isascii() and version.isdigit() else -1)
    except AwaitsSecond as waits:
        messages.success(request, waits.message)
    except StepError as refused:
        say_refused(request, refused.message)
    else:
        messages.success(request, done.format(soon=manner.soon(connection_of(export)[1])))
    return redirect("export", export.pk)
