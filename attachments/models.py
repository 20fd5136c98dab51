"""A file that belongs to a document, and the pieces it lies in."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from directory.models import Company, User


class FileType(models.TextChoices):
    PDF = "pdf", "PDF"
    PNG = "png", "PNG"
    JPEG = "jpeg", "JPEG"


class Attachment(models.Model):
    """A file of one document. `subject` names the document as the history does: export:17.

    Its content never changes. What was sent with a document stays when it is removed from it
    (`removed_at`), so that a frozen copy keeps what it names.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    subject = models.CharField(max_length=60)
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=4, choices=FileType.choices)
    size = models.BigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    attached_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    attached_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="attachment_of"),
            # What a company keeps, added up without reading the rows.
            models.Index(fields=["company"], include=["size"], name="attachment_kept"),
        ]

    def __str__(self) -> str:
        return self.name


class Piece(models.Model):
    """A part of a file's content, numbered from 0."""

    attachment = models.ForeignKey(Attachment, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attachment", "number"], name="attachment_piece")
        ]

    def __str__(self) -> str:
        return f"{self.attachment_id}/{self.number}"
