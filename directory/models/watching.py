"""Watching over the installation: what workers last did, and whether all that is stored holds."""

from django.db import models
from django.db.models.functions import Now

from directory.formats import counted


class Heartbeat(models.Model):
    """When the workers last did what they do again and again; by its name, like `sweep`."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def now(name: str) -> None:
        """It is done, at this moment."""
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, at=Now())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )


class Verification(models.Model):
    """One run of `manage.py verify`, at night or by an operator. Without an end it was cut off, or
    is under way. `first` holds the first faults of each rule: rule, company, item, what."""

    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(default=0)
    faults = models.BigIntegerField(default=0)
    first = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["-ended_at"], name="verification_latest")]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}: {self.found}"

    @property
    def found(self) -> str:
        """What it found, in words."""
        if not self.faults:
            return "nothing wrong"
        return counted(self.faults, "fault")

    @property
    def is_sound(self) -> bool:
        """Whether it came to its end and found nothing."""
        return self.ended_at is not None and not self.faults

    @staticmethod
    def last() -> "Verification | None":
        """The last one that came to its end."""
        return Verification.objects.filter(ended_at__isnull=False).order_by("-ended_at").first()
