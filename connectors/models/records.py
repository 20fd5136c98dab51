"""The ERP's records as we know them."""

from django.db import models
from django.db.models.functions import Now, Upper

from connectors.models.connection import Connection


class Known(models.Model):
    """An ERP record as we last saw it, and when. Previews read it; nothing is decided by it."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+", db_index=False)
    record = models.CharField(max_length=120)
    value = models.JSONField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "record"], name="known_record")
        ]

    def __str__(self) -> str:
        return self.record


class UsedNumber(models.Model):
    """A number that a document was accepted to have in the ERP, within one of its jobs; without a
    job, the whole record that it writes.

    Kept for ever, and never another document's: see `connectors.numbers`.
    """

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="+", db_index=False)
    job = models.CharField(max_length=60)  # the ERP's id
    number = models.CharField(max_length=120)
    subject = models.CharField(max_length=40)  # the document: its kind and id
    its_number = models.CharField(max_length=40)  # what it was called here then
    used_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # ab-1 and AB-1 are one number: no ERP that takes both is worth the confusion.
            models.UniqueConstraint("connection", "job", Upper("number"), name="number_used_once")
        ]

    def __str__(self) -> str:
        return f"{self.number} in {self.job}"
