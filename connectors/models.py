"""The one connection of a company to its ERP, and every word that was exchanged over it.

A foreign key has no index of its own where another one begins with it: each costs every write, and
PostgreSQL, while it knows little of a lane that has just been filled, may choose the wrong one.
"""

from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now, Upper
from django.utils import timezone

from directory.models import Company
from directory.prepared import Prepared

# How often the .qwc file has the Web Connector call.
CALLS_EVERY = timedelta(minutes=15)
# Settings that only say how the ERP is called: they may change while something is on its way.
CALLING = frozenset({"oauth", "basic_for_soap"})
INTERVALS_KEPT, INTERVALS_NEEDED = 5, 3


class NextPlace(Func):
    """The next turn, from a sequence that the first migration makes."""

    template = "nextval('connectors_place')"
    output_field = models.BigIntegerField()


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
    address = models.CharField(max_length=300, blank=True, default="")
    sealed = models.TextField(blank=True, default="")
    settings = models.JSONField(default=dict)
    # Settings that somebody has seen at work in the ERP, as they were then: name -> value.
    confirmed = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    # What the ERP said of itself when a session last began.
    erp_company = models.CharField(max_length=120, blank=True, default="")
    erp_version = models.CharField(max_length=120, blank=True, default="")
    facts = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    # Seconds between its last calls, the latest first: by these the next one is expected.
    intervals = ArrayField(models.IntegerField(), default=list)
    last_result = models.CharField(max_length=300, blank=True, default="")
    sync_minutes = models.PositiveSmallIntegerField(
        "sync vendors, jobs, items and job costs",
        choices=Schedule.choices,
        default=Schedule.FOUR_HOURS,
    )
    sync_queued_at = models.DateTimeField(null=True)
    # What the ERP shows the user that speaks for it, as `connectors.contract.Area`.
    areas = models.JSONField(default=list)
    tested_at = models.DateTimeField(null=True)
    # New vendors and cost codes of the ERP are imported at once; else they wait for a person.
    imports_at_once = models.BooleanField(default=False)
    # Approvers and administrators are told of a longer silence; 0: never.
    silent_hours = models.PositiveSmallIntegerField("tell of a silence longer than", default=24)

    def __str__(self) -> str:
        return f"{self.erp} of {self.company}"

    @property
    def settings_of_documents(self) -> dict[str, str]:
        """Those that say what a document becomes there: what is accepted, is accepted with them."""
        return {k: v for k, v in self.settings.items() if k not in CALLING}

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
    incomplete = models.CharField(max_length=300, blank=True, default="")
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


_OF_COMPANY = Prepared(lambda company: Connection.objects.filter(company_id=company), int)


class Lane(models.Model):
    """The right to speak to one ERP: one holder at a time. Locked before anything else is read.

    Every session gets the next `fence`; what an older session still says no longer counts.
    """

    connection = models.OneToOneField(Connection, models.CASCADE, primary_key=True)
    fence = models.BigIntegerField(default=0)
    session = models.ForeignKey("Session", models.PROTECT, null=True, related_name="+")
    # Keys of settled writes that the ERP may forget; each next write clears one.
    settled = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Lane of {self.connection_id}"


class Session(models.Model):
    """One visit: the Web Connector from `authenticate` to `closeConnection`, or a worker's turn."""

    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="sessions", db_index=False
    )
    fence = models.BigIntegerField()
    ticket_digest = models.CharField(max_length=64, unique=True, null=True)
    started_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    greeted = models.BooleanField(default=False)
    error = models.TextField(blank=True, default="")
    finished = models.IntegerField(default=0)

    scripts: Any = None  # a dictionary where it keeps its scripts: see `connectors.engine.scripts`

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "fence"], name="session_fence"),
            models.UniqueConstraint(
                fields=["connection"], condition=Q(ended_at=None), name="one_session_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Session {self.fence} of {self.connection_id}"


class Conversation(models.Model):
    """One run of one script. Waits, is begun in a session, and is closed with an outcome.

    `place` is its turn in the lane: the order of acceptance, kept when it is put back.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        OPEN = "open"
        CLOSED = "closed"

    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="conversations", db_index=False
    )
    purpose = models.CharField(max_length=12)
    subject = models.CharField(max_length=100)
    record = models.CharField(max_length=120)
    place = models.BigIntegerField(db_default=NextPlace())
    tries = models.IntegerField(default=0)
    key = models.CharField(max_length=20, blank=True, default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    not_before = models.DateTimeField(db_default=Now())
    not_in = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    session = models.ForeignKey(Session, models.PROTECT, null=True, related_name="conversations")
    input = models.TextField(blank=True, default="")
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    queued_at = models.DateTimeField(db_default=Now())
    began_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # done, seen (looked, and not there), refused, put_back, stopped (between two writes), lost,
    # dropped
    outcome = models.CharField(max_length=12, blank=True, default="")
    fault = models.TextField(blank=True, default="")
    # A person attested that nothing of what it wrote is in the ERP.
    disowned = models.BooleanField(db_default=False)

    held: Any = None  # what its purpose has locked in this transaction

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "subject"],
                condition=~Q(state="closed"),
                name="one_open_attempt",
            )
        ]
        indexes = [
            # The next turns of a lane: in their order, and the first of each ERP record.
            models.Index(
                fields=["connection", "place"],
                condition=~Q(state="closed"),
                name="conversation_places",
            ),
            models.Index(
                fields=["connection", "record", "place"],
                condition=~Q(state="closed"),
                name="conversation_turns",
            ),
            models.Index(fields=["connection", "subject", "id"], name="conversation_subject"),
            models.Index(fields=["session"], condition=Q(state="open"), name="conversation_open"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.subject}"

    @property
    def logged(self) -> dict[str, object]:
        """What a line of the log says of it."""
        of_item = self.purpose in ("export", "find", "unlink")
        return {"conversation": self.pk, **({"export": int(self.subject)} if of_item else {})}


class Message(models.Model):
    """What went out to the ERP, byte for byte, stored before it went; and what came back."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="messages", db_index=False)
    number = models.IntegerField()
    key = models.CharField(max_length=23, blank=True, default="")
    writes = models.BooleanField(default=False)
    body = models.TextField()
    sent_at = models.DateTimeField(db_default=Now())
    # What came back; of a long reply its beginning, and how long it is: it stands in its parts.
    reply = models.TextField(null=True)
    reply_bytes = models.BigIntegerField(null=True)
    replied_at = models.DateTimeField(null=True)
    fault = models.TextField(blank=True, default="")
    # A settled write: the ERP has been told, or will be told with a later one, to forget its key.
    forgotten = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="message_turn")]
        indexes = [
            models.Index(fields=["key", "id"], condition=~Q(key=""), name="message_key"),
        ]

    def __str__(self) -> str:
        return f"Message {self.number} of session {self.session_id}"


class ReplyPart(models.Model):
    """A part of a long reply, packed by zlib; `start` is where in the reply it begins, in bytes."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="+")
    start = models.BigIntegerField()
    packed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "start"], name="reply_part")]

    def __str__(self) -> str:
        return f"{self.message_id} from {self.start}"


class Exchange(models.Model):
    """One request of one conversation, and the message that carries its answer.

    Several conversations may share a message of questions; an answer that an earlier message of
    the session already holds is taken from there, so this may name another one's message.
    """

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="exchanges", db_index=False
    )
    position = models.IntegerField()
    message = models.ForeignKey(Message, models.PROTECT, related_name="exchanges")
    request_id = models.CharField(max_length=50)
    request = models.TextField()
    record = models.CharField(max_length=120, blank=True, default="")
    writes = models.BooleanField(default=False)
    borrowed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "position"], name="exchange_turn")
        ]
        indexes = [
            models.Index(fields=["record", "-id"], condition=~Q(record=""), name="exchange_record")
        ]

    def __str__(self) -> str:
        return f"{self.request_id}"


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
