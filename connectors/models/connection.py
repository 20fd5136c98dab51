"""A company's connection to its ERP, and what is kept of the connection itself."""

from datetime import datetime, timedelta
from statistics import median

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from connectors.contract import Capabilities
from connectors.registry import connector_for
from directory.compiled import CompiledQuery
from directory.models import Company

# How often the .qwc file has the Web Connector call.
CALLS_EVERY = timedelta(minutes=15)
# Settings that only say how the ERP is called: they may change while something is on its way.
CALLING = frozenset(
    {
        *("oauth", "basic_for_soap"),
        *("infolink", "infolink_address", "infolink_database"),
        *("infolink_subcontract", "infolink_known_subcontract"),
        *("infolink_change_request", "infolink_known_change_request"),
    }
)
INTERVALS_KEPT, INTERVALS_NEEDED = 5, 3


class Connection(models.Model):
    """A company's ERP. QuickBooks: one company file and the Web Connector that speaks for it.
    Spectrum: one company of a server that we call."""

    class Schedule(models.IntegerChoices):
        NEVER = 0, "only when somebody asks"
        HOURLY = 60, "every hour"
        TWO_HOURS = 120, "every 2 hours"
        FOUR_HOURS = 240, "every 4 hours"
        DAILY = 1440, "once a day"

    company = models.OneToOneField(Company, models.PROTECT, related_name="connection")
    erp = models.CharField(max_length=20)
    # QuickBooks: the FileID that the Web Connector writes into the company file. Never changes.
    # Of an ERP that we call: host:port/company, so that no two companies write into the same one.
    company_file = models.CharField(max_length=300, unique=True)
    # What the Web Connector signs in with; an ERP that we call has none.
    user_name = models.CharField(max_length=40, unique=True, null=True)
    password_digest = models.CharField(max_length=64, blank=True, default="")
    # Where an ERP is called, and with what: see `connectors.secrets`.
    address = models.CharField(max_length=300, blank=True, default="", db_default="")
    sealed = models.TextField(blank=True, default="", db_default="")
    settings = models.JSONField(default=dict)
    # Settings that somebody has seen at work in the ERP, as they were then: name -> value.
    confirmed = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(db_default=Now())
    # What the ERP said of itself when a session last began.
    erp_company = models.CharField(max_length=120, blank=True, default="")
    erp_version = models.CharField(max_length=120, blank=True, default="")
    facts = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    # Seconds between its last calls, the latest first: by these the next one is expected.
    intervals = ArrayField(models.IntegerField(), default=list, db_default=[])
    last_result = models.CharField(max_length=300, blank=True, default="")
    sync_minutes = models.PositiveSmallIntegerField(
        "sync vendors, jobs, items and job costs",
        choices=Schedule.choices,
        default=Schedule.FOUR_HOURS,
    )
    sync_queued_at = models.DateTimeField(null=True)
    # What the ERP shows the user that speaks for it, as `connectors.contract.Area`.
    areas = models.JSONField(default=list, db_default=[])
    tested_at = models.DateTimeField(null=True)
    # New vendors and cost codes of the ERP are imported at once; else they wait for a person.
    imports_at_once = models.BooleanField(default=False, db_default=False)
    # Approvers and administrators are told of a longer silence; 0: never.
    silent_hours = models.PositiveSmallIntegerField("tell of a silence longer than", default=24)

    def __str__(self) -> str:
        return f"Connection of {self.company}"

    @property
    def capabilities(self) -> Capabilities:
        """What its ERP takes and can be asked, and how it is spoken of."""
        return connector_for(self.erp).capabilities

    @property
    def settings_of_documents(self) -> dict[str, str]:
        """Those that say what a document becomes there: what is accepted, is accepted with them."""
        return {k: v for k, v in self.settings.items() if k not in CALLING}

    @property
    def servers(self) -> tuple[str, str]:
        """Whom its credentials are for: an ERP that we call, and the database beside it."""
        return self.address, self.settings.get("infolink_address", "")

    @classmethod
    def of(cls, company_id: int) -> "Connection | None":
        """The company's connection, if it has one."""
        return _OF_COMPANY.first(company_id)

    @property
    def calls_every(self) -> timedelta:
        """How long it leaves between two calls: the middle of the last ones, once there are some;
        a call by hand now and then does not count much."""
        if len(self.intervals) < INTERVALS_NEEDED:
            return CALLS_EVERY
        return timedelta(seconds=median(self.intervals))

    @property
    def next_call_at(self) -> datetime | None:
        """About when it should call again; None if it never has."""
        return self.last_seen_at + self.calls_every if self.last_seen_at else None

    @property
    def trouble(self) -> str:
        """What the last visit stumbled over; '' if over nothing."""
        return "" if self.last_result.startswith("OK:") else self.last_result

    @property
    def is_silent(self) -> bool:
        """Whether the ERP has called once and then not for longer than the company allows."""
        if not self.silent_hours or self.last_seen_at is None:
            return False
        if self.address and not self.sync_minutes:
            return False  # we call it, and only when there is something to ask
        return timezone.now() - self.last_seen_at > timedelta(hours=self.silent_hours)


class Reading(models.Model):
    """How far one of the ERP's lists has been read: what the next reading may leave out.

    A reading takes several pages and may break off; only one that came to its end counts.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="readings")
    what = models.CharField(max_length=20)
    began_at = models.DateTimeField(null=True)  # the one under way, or the last
    since = models.DateTimeField(null=True)  # from when it asks; null: for everything
    # Why something may be missing from it; such a reading never counts as one that came to its end.
    incomplete = models.CharField(max_length=300, blank=True, default="", db_default="")
    # When those began that came to their end: the last one, and the last one for everything.
    complete_from = models.DateTimeField(null=True)
    full_from = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "what"], name="one_reading_of_a_list")
        ]

    def __str__(self) -> str:
        return self.what


class Renewal(models.Model):
    """Having an ERP that hands out tokens make a new secret for us: when next, and how it went.

    See `connectors.renewing`.
    """

    EVERY = timedelta(days=30)

    connection = models.OneToOneField(Connection, models.CASCADE, primary_key=True)
    due_at = models.DateTimeField(null=True)  # null: never, no tokens are used
    # When it was asked, for as long as no answer is here. What is kept may have ended then.
    asked_at = models.DateTimeField(null=True)
    # What the last one replaced, until what came of it has worked: see `connectors.secrets`.
    sealed_before = models.TextField(blank=True, default="")
    renewed_at = models.DateTimeField(null=True)
    fault = models.TextField(blank=True, default="")
    locked_out = models.BooleanField(default=False)  # none of what is kept works any more

    def __str__(self) -> str:
        return f"Renewal of {self.connection_id}"


class Guesses(models.Model):
    """Wrong passwords for a connection from one address, and when they are forgotten."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    address = models.CharField(max_length=45)
    count = models.IntegerField()
    forgotten_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "address"], name="guesses_of_address")
        ]

    def __str__(self) -> str:
        return f"{self.count} from {self.address}"


_OF_COMPANY = CompiledQuery(lambda company: Connection.objects.filter(company_id=company), int)
