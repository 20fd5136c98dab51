"""The forms by which a person links an item to a record that the ERP has already."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from approvals import erp_wording
from approvals.access import open_export
from approvals.errors import AwaitsSecond, StepError
from approvals.item import entered_of, item_page
from approvals.linking import workflow
from approvals.models import Export
from approvals.panel import Tried, connection_of
from directory.http import person, posted_version


@login_required
@require_POST
def look_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the ERP looked through when it is spoken to next."""
    export, access = open_export(person(request), pk)
    number = request.POST.get("number", "")
    return _do(
        request,
        export,
        "look-up",
        lambda version: workflow.ask(export.pk, by=access, version=version, number=number),
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
        "link",
        lambda version: workflow.link(export.pk, by=access, version=version, record=record),
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
        "attest",
        lambda version: workflow.attest(
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
    request: HttpRequest, export: Export, step: str, verb: Callable[[int], object], done: str
) -> HttpResponse:
    try:
        verb(posted_version(request))
    except AwaitsSecond as waits:
        messages.success(request, waits.message)
    except StepError as refused:
        tried = Tried(step, refused.message, about=refused.field, entered=entered_of(request))
        return _refused(request, export.pk, tried, 409)
    except PermissionDenied as refused:
        tried = Tried(step, str(refused), entered=entered_of(request))
        return _refused(request, export.pk, tried, 403)
    else:
        messages.success(request, done.format(soon=erp_wording.soon(connection_of(export)[1])))
    return redirect("export", export.pk)


def _refused(request: HttpRequest, pk: int, tried: Tried, status: int) -> HttpResponse:
    item, access = open_export(person(request), pk)
    return item_page(request, item, access, tried, status)
