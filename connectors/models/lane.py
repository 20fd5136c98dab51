"""Whose turn it is to speak to an ERP, and every word that was exchanged.

A foreign key has no index of its own where another one begins with it: each costs every write, and
PostgreSQL, while it knows little of a lane that has just been filled, may choose the wrong one.
"""

from typing import Any

from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now

from connectors.models.connection import Connection

# The purposes of what is said about an item on its way. What else is asked only reads.
ABOUT_ITEMS = ("export", "find", "unlink")


class NextPlace(Func):
    """The next turn, from a sequence that the first migration makes."""

    template = "nextval('connectors_place')"
    output_field = models.BigIntegerField()


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

    # Where it stays in one process: a dictionary of its scripts (see `connectors.engine.scripts`),
    # and the exchange that waits for its answer, with its conversation and message.
    scripts: Any = None
    out: Any = None

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
    # done, seen (looked, and not there), refused, unclear (answered, and a person has to look),
    # put_back, stopped (between two writes), lost, dropped
    outcome = models.CharField(max_length=12, blank=True, default="")
    fault = models.TextField(blank=True, default="")
    # A person attested that nothing of what it wrote is in the ERP; of an ERP that cannot be asked,
    # also that all of it is.
    disowned = models.BooleanField(db_default=False)

    held: Any = None  # what its purpose has locked in this transaction
    is_first = False  # as it begins: whether nothing was ever begun of its subject

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
            # What only reads, by its age: see `connectors.retention`.
            models.Index(
                fields=["queued_at"],
                condition=~Q(purpose__in=ABOUT_ITEMS),
                name="conversation_read",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.subject}"

    @property
    def logged(self) -> dict[str, object]:
        """What a line of the log says of it."""
        of_item = self.purpose in ABOUT_ITEMS
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
