"""The files of a document that goes to the ERP: who may attach, see and remove them, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from approvals.access import open_export, sees_document
from approvals.models import Export
from approvals.moves import lock_exports
from approvals.saving import one_at_a_time
from approvals.states import EDITABLE, Status
from attachments import keeping
from attachments.models import Attachment
from attachments.serving import served
from attachments.showing import Files, attach_chosen, kept, remove_chosen
from directory.access import Access
from directory.history import Happened, append
from directory.http import person
from directory.models import User

# What is on its way is what its approver sees; before that and after it files may come.
OPEN = EDITABLE | {Status.SYNCED}
CAME_LATER = "Accounting has approved what was sent; what comes later is kept here."


def files_of(export: Export, access: Access) -> Files:
    """The files of a live document, for somebody who may read it; one query, and the export need
    not ask again."""
    why = _may_not(export, access) or why_not_attach(export)
    found = kept(export.subject)
    export.attached = tuple(keeping.named(one) for one in found)
    removable = frozenset(one.pk for one in found if not why and not why_not_remove(export, one.pk))
    synced = export.status == Status.SYNCED
    address = reverse("attach", args=[export.pk])
    return Files(address, found, [why] if why else [], removable, CAME_LATER if synced else "")


def why_not_attach(export: Export) -> str:
    """'' if files may be attached now, else why not and what to do."""
    if export.status in OPEN:
        return ""
    if export.status == Status.SENT:
        return "It waits for accounting as it was sent. Retrieve it from ERP to attach more."
    return (
        f"It is on its way to the ERP ({export.get_status_display()}). Files can be attached again "
        "once it is Synced, or back with its project manager."
    )


def why_not_remove(export: Export, attachment_id: int) -> str:
    """'' if this file may be taken off its document now, else why not."""
    if export.status == Status.SYNCED and attachment_id in sent_with(export):
        return "It was sent with the document, which is in the ERP. It stays."
    return why_not_attach(export)


def sent_with(export: Export) -> frozenset[int]:
    """The ids of the files that the frozen copy names."""
    return frozenset(one.id for one in export.document.attachments) if export.copy else frozenset()


# --- Verbs -------------------------------------------------------------------------------------


def need_to_attach(export: Export, by: Access) -> None:
    """PermissionDenied, in words, unless this person may attach and remove files."""
    if why := _may_not(export, by):
        raise PermissionDenied(why)


def attach(export: Export, files: Sequence[UploadedFile[Any]], *, by: Access) -> list[Attachment]:
    """Attach files to the export's document: all of them or none.

    Returns those that are new. Raises PermissionDenied, or ValidationError with every fault.
    """
    need_to_attach(export, by)
    if why := why_not_attach(export):
        raise ValidationError(why)
    looked_at = keeping.fit(files)
    with transaction.atomic():
        one_at_a_time(by)  # so is what a company keeps counted
        locked = lock_exports([export.pk])[export.pk]
        if why := why_not_attach(locked):
            raise ValidationError(why)
        new = keeping.keep(by.company, export.subject, looked_at, by=by.user)
        _record("attach-file", locked, new, by)
    return new


@transaction.atomic
def remove(export: Export, attachment_id: int, *, by: Access) -> None:
    """Take a file off the export's document. A frozen copy that names it keeps it.

    Raises Http404, PermissionDenied or ValidationError.
    """
    need_to_attach(export, by)
    locked = lock_exports([export.pk])[export.pk]
    rows = Attachment.objects.filter(subject=export.subject, removed_at=None)
    found = rows.filter(pk=attachment_id).first()
    if found is None:
        raise Http404
    if why := why_not_remove(locked, found.pk):
        raise ValidationError(why)
    _record("remove-file", locked, [found], by)
    keeping.remove([found], sent=sent_with(locked))


def remove_all(export: Export) -> None:
    """The document is being deleted; what its frozen copy names stays. The caller locked it."""
    rows = Attachment.objects.filter(subject=export.subject, removed_at=None)
    keeping.remove(list(rows), sent=sent_with(export))


def open_attachment(user: User, export_id: int, attachment_id: int) -> Attachment:
    """A file that `user` may read: one of a document that they may open, or of a frozen copy that
    they may see. Raises Http404."""
    export, access = open_export(user, export_id)
    rows = Attachment.objects.filter(company=export.company_id, subject=export.subject)
    found = rows.filter(pk=attachment_id).first()
    if found is None:
        raise Http404
    with_document = found.removed_at is None and sees_document(export, access)
    if not with_document and found.pk not in sent_with(export):
        raise Http404
    return found


def _may_not(export: Export, access: Access) -> str:
    document = export.live()
    return document.may_attach(access) if document else "Its document was deleted."


def _record(verb: str, export: Export, files: Sequence[Attachment], by: Access) -> None:
    """Write it into the history and move the version: whoever sends has seen these files."""
    if not files:
        return
    told = {"version": export.version + 1, **keeping.told(files)}
    Export.objects.filter(pk=export.pk).update(version=F("version") + 1)
    append(export.company_id, [Happened(verb, export.subject, by.user.pk, told)])


# --- Pages -------------------------------------------------------------------------------------


@login_required
@require_POST
def attach_files(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Attach the files that were chosen."""
    export, access = open_export(person(request), pk)
    attach_chosen(request, lambda files: attach(export, files, by=access))
    return _back(export)


@login_required
@require_POST
def attachment_remove(request: HttpRequest, pk: int, attachment_id: int) -> HttpResponseBase:
    """Take a file off its document."""
    export, access = open_export(person(request), pk)
    remove_chosen(request, lambda: remove(export, attachment_id, by=access))
    return _back(export)


@login_required
@require_GET
def attachment(request: HttpRequest, pk: int, attachment_id: int) -> HttpResponseBase:
    """A file as a download; with `?view` a picture in the browser."""
    return served(open_attachment(person(request), pk, attachment_id), shown="view" in request.GET)


def _back(export: Export) -> HttpResponseBase:
    document = export.live()
    address = document.get_absolute_url() if document else ""
    return redirect(f"{address}#attachments" if address else "home")
