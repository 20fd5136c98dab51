"""Keeping files and removing them. Who may, and when, is for the app of their document to say."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Sum
from django.db.models.functions import Now

from attachments.content import Unfit, type_of
from attachments.models import Attachment, FileType, Piece
from connectors.contract import Attached
from directory.compiled import CompiledQuery
from directory.entered import unreadable
from directory.formats import size_text
from directory.models import Company, User

LARGEST = 25 * 1024 * 1024
MOST_AT_ONCE = 20
MOST_EACH = 100  # of one document
PIECE = 256 * 1024
ENDINGS = {
    FileType.PDF: (".pdf",),
    FileType.PNG: (".png",),
    FileType.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif"),
}


@dataclass(frozen=True)
class Fit:
    """A file that was looked at and can be kept."""

    file: UploadedFile[Any]
    name: str
    type: FileType
    size: int
    sha256: str


def attached(subjects: Collection[str]) -> dict[str, tuple[Attached, ...]]:
    """The files of each of these documents now, oldest first, as a frozen copy names them."""
    found: dict[str, tuple[Attached, ...]] = dict.fromkeys(subjects, ())
    for row in _ATTACHED.rows(list(subjects)):
        subject = row.pop("subject")
        found[subject] = (*found[subject], Attached(**row))
    return found


_ATTACHED = CompiledQuery(
    lambda subjects: (
        Attachment.objects.filter(subject__in=subjects, removed_at=None)
        .order_by("id")
        .values("subject", "id", "name", "type", "size", "sha256")
    ),
    list[str],
)


def named(file: Attachment) -> Attached:
    """The file as a frozen copy names it."""
    return Attached(id=file.pk, name=file.name, type=file.type, size=file.size, sha256=file.sha256)


def attached_to(subject: str) -> tuple[Attached, ...]:
    """The files of one document now, oldest first, as a frozen copy names them."""
    return attached([subject])[subject]


def fit(files: Sequence[UploadedFile[Any]]) -> list[Fit]:
    """The files, looked into. Raises ValidationError with a sentence for each that is not fit."""
    if not files:
        raise ValidationError("Choose at least one file.")
    if len(files) > MOST_AT_ONCE:
        raise ValidationError(f"These are {len(files)} files; {MOST_AT_ONCE} at once are possible.")
    faults, found = [], []
    for file in files:
        try:
            found.append(_look(file))
        except Unfit as fault:
            faults.append(f"{_shown(file)}: {fault}")
    if faults:
        raise ValidationError(faults)
    return found


def keep(company: Company, subject: str, files: Sequence[Fit], *, by: User) -> list[Attachment]:
    """Keep files with a document: all of them, or ValidationError. The caller has locked it, and
    its company, whose room is counted.

    One that the document has already, by name and content, is kept once. Another of the same name
    gets a number. Those that are new are returned.
    """
    now = Attachment.objects.filter(subject=subject, removed_at=None)
    here = set(now.values_list("name", "sha256"))
    chosen = {(file.name, file.sha256): file for file in files}
    new = [file for told, file in chosen.items() if told not in here]
    if len(here) + len(new) > MOST_EACH:
        raise ValidationError(f"A document has at most {MOST_EACH} attachments.")
    _check_room(company, sum(file.size for file in new))
    names = {name for name, _ in here}
    kept = []
    for file in new:
        name = _another(file.name, names)
        names.add(name)
        made = Attachment.objects.create(
            company=company,
            subject=subject,
            name=name,
            type=file.type,
            size=file.size,
            sha256=file.sha256,
            attached_by=by,
        )
        for number, data in enumerate(file.file.chunks(PIECE)):
            Piece.objects.create(attachment=made, number=number, data=data)
        kept.append(made)
    return kept


def told(files: Sequence[Attachment]) -> dict[str, Any]:
    """What the history keeps of files that came or went."""
    return {
        "changes": [f"{one.name} ({size_text(one.size)})" for one in files],
        "files": [{"id": one.pk, "name": one.name, "sha256": one.sha256} for one in files],
    }


def remove(attachments: Collection[Attachment], *, sent: Collection[int]) -> None:
    """Take files off their document. Those with an id in `sent`, which a copy names, are hidden."""
    hidden = [one.pk for one in attachments if one.pk in sent]
    Attachment.objects.filter(pk__in=hidden).update(removed_at=Now())
    Attachment.objects.filter(pk__in=[one.pk for one in attachments if one.pk not in sent]).delete()


def _look(file: UploadedFile[Any]) -> Fit:
    name = unicodedata.normalize("NFC", file.name or "").strip()
    if fault := unreadable(name):
        raise Unfit(f"its name cannot be kept. {fault}")
    size = file.size or 0
    if size > LARGEST:
        raise Unfit(f"it has {size_text(size)}; {size_text(LARGEST)} are possible.")
    if file.file is None:
        raise Unfit("it did not arrive. Choose it again.")
    kind = type_of(file.file, size)
    digest = hashlib.sha256()
    for part in file.chunks(PIECE):
        digest.update(part)
    return Fit(file, _ended(name or "file", kind), kind, size, digest.hexdigest())


def _shown(file: UploadedFile[Any]) -> str:
    name = "".join(c for c in file.name or "" if not unreadable(c)).strip()
    return f"{name[:97]}…" if len(name) > 98 else name or "A file without a name"


def _ended(name: str, kind: FileType) -> str:
    """The name with an ending that says what the file is."""
    if name.lower().endswith(ENDINGS[kind]):
        return name
    return name[: 255 - len(ENDINGS[kind][0])] + ENDINGS[kind][0]


def _another(name: str, taken: Collection[str]) -> str:
    """The name, with a number if there is one like it: photo (2).jpg."""
    stem, dot, ending = name.rpartition(".")
    number, made = 1, name
    while made in taken:
        number += 1
        counted = f" ({number}){dot}{ending}"
        made = stem[: 255 - len(counted)] + counted
    return made


def _check_room(company: Company, more: int) -> None:
    kept = Attachment.objects.filter(company=company).aggregate(n=Sum("size"))["n"] or 0
    most = settings.ATTACHMENTS_QUOTA
    if kept + more > most:
        raise ValidationError(
            f"{company} keeps {size_text(kept)} of attachments; {size_text(most)} are possible. "
            "The operator of this installation can give more."
        )
