"""The history: one row per step, append-only, each row chained to the one before it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from directory.models.places import Company


class Chain(models.Model):
    """The head of one company's history; the row without a company is the installation's own.

    It is locked last of all, after all reading and computing (see `directory.history.append`).
    """

    company = models.OneToOneField(Company, models.PROTECT, null=True)
    length = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company"], name="one_chain_each", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"History of {self.company or 'the installation'}"


class Event(models.Model):
    """What happened, as canonical JSON; the hash covers the hash before it and these bytes.

    The other columns repeat parts of `body` for reading; `manage.py verify_audit` compares them.
    A trigger refuses UPDATE, DELETE and TRUNCATE.
    """

    chain = models.ForeignKey(Chain, models.PROTECT, db_index=False)  # see event_place
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey("directory.User", models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=60)  # export:17, user:3
    body = models.TextField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="event_place")]
        indexes = [
            models.Index(fields=["subject", "id"], name="event_by_subject"),
            # Rows lie in the order of time, so a few blocks' bounds find the days.
            BrinIndex(fields=["at"], name="event_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"
