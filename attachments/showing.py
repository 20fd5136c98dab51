"""What a document's page shows of its files, and what it says when some come or go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from attachments.models import Attachment
from directory.compiled import CompiledQuery


@dataclass(frozen=True, slots=True)
class Files:
    """What `attachments/files.html` shows. Files are attached at `address`; each has its own below
    that, and is removed below its own."""

    address: str
    all: Sequence[Attachment]
    why_not: Sequence[str]  # this person cannot attach now
    removable: frozenset[int]
    note: str = ""


def kept(subject: str) -> list[Attachment]:
    """The files of one document now, oldest first."""
    return _KEPT.all(subject)


_KEPT = CompiledQuery(
    lambda subject: (
        Attachment.objects.filter(subject=subject, removed_at=None)
        .select_related("attached_by")
        .order_by("id")
    ),
    str,
)


def attach_chosen(
    request: HttpRequest, attach: Callable[[Sequence[UploadedFile[Any]]], list[Attachment]]
) -> None:
    """Attach the files that were chosen in the form, and say what came of it."""
    try:
        new = attach(request.FILES.getlist("file"))
    except ValidationError as error:
        messages.error(request, " ".join(["Nothing was attached.", *error.messages]))
    else:
        names = ", ".join(one.name for one in new)
        messages.success(request, f"Attached: {names}." if new else "These were attached already.")


def remove_chosen(request: HttpRequest, remove: Callable[[], None]) -> None:
    """Take a file off its document, and say what came of it."""
    try:
        remove()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "The attachment is removed.")
