"""The files of a change event: photographs of what was found, quotes, the owner's letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404
from django.urls import reverse

from attachments import keeping
from attachments.models import Attachment
from attachments.showing import Files, kept
from change_events.models import ChangeEvent
from change_events.workflow.events import (
    begin,
    load_event,
    tell,
    why_not_change,
    why_not_edit,
    why_off,
)
from directory.access import Access


def files_of(event: ChangeEvent, access: Access) -> Files:
    """The files of a change event, for somebody who may read it; one query."""
    why = why_not_change(event, access) or _why_not_now(event)
    found = kept(event.subject)
    removable = frozenset() if why else frozenset(one.pk for one in found)
    address = reverse("change_event_attach", args=[event.project_id, event.pk])
    return Files(address, found, [why] if why else [], removable)


def attach(
    event: ChangeEvent, files: Sequence[UploadedFile[Any]], *, by: Access
) -> list[Attachment]:
    """Attach files: all of them or none. Returns those that are new.

    Raises PermissionDenied, or ValidationError with every fault.
    """
    need_to_attach(event, by)
    looked_at = keeping.fit(files)
    with transaction.atomic():
        now = _locked(event, by)
        new = keeping.keep(by.company, now.subject, looked_at, by=by.user)
        if new:
            tell("attach-file", now, by, **keeping.told(new))
    return new


@transaction.atomic
def remove(event: ChangeEvent, attachment_id: int, *, by: Access) -> None:
    """Take a file off it. Raises Http404, PermissionDenied or ValidationError."""
    need_to_attach(event, by)
    now = _locked(event, by)
    file = find(now, attachment_id)
    keeping.remove([file], sent=())
    tell("remove-file", now, by, **keeping.told([file]))


def find(event: ChangeEvent, attachment_id: int) -> Attachment:
    """A file of this change event, for whoever may read it. Raises Http404."""
    found = next((one for one in kept(event.subject) if one.pk == attachment_id), None)
    if found is None:
        raise Http404
    return found


def need_to_attach(event: ChangeEvent, by: Access) -> None:
    """PermissionDenied, in words, unless this person may attach and remove files."""
    if why := why_not_change(event, by):
        raise PermissionDenied(why)


def _why_not_now(event: ChangeEvent) -> str:
    return why_off(event.project) or why_not_edit(event)


def _locked(event: ChangeEvent, by: Access) -> ChangeEvent:
    """As it is once its row is held: no version of it is out of date for a file."""
    begin(event, by)
    ChangeEvent.objects.select_for_update(no_key=True).get(pk=event.pk)
    now = load_event(event.pk)
    if why := _why_not_now(now):
        raise ValidationError(why)
    return now
