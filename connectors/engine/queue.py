"""Work is a row: putting a conversation into a lane, and asking whether there is any."""

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from connectors.models import Conversation, Session
from directory.piggyback import send_along

WAITING, OPEN, CLOSED = (
    Conversation.State.WAITING,
    Conversation.State.OPEN,
    Conversation.State.CLOSED,
)


def queue(
    connection: int,
    purpose: str,
    subject: str,
    record: str,
    *,
    place: int | None = None,
    tries: int = 0,
    wait: timedelta = timedelta(0),
    not_in: Session | None = None,
    key: str = "",
) -> Conversation:
    """Put a conversation into the lane, at the end or at `place`.

    It is begun no earlier than `wait` from now and not in the session `not_in`. `key` names the
    attempt; without one it gets a new one: 20 characters, so that it fits QuickBooks' 23.
    """
    conversation = Conversation(
        connection_id=connection,
        purpose=purpose,
        subject=subject,
        record=record,
        tries=tries,
        not_in=not_in,
        key=key or new_key(),
        not_before=Now() + wait,
    )
    if place is not None:
        conversation.place = place
    conversation.save()
    return conversation


def queue_all(connection: int, purpose: str, work: Sequence[tuple[str, str]]) -> None:
    """Put (subject, record) pairs at the end of the lane, in this order, in one statement."""
    if not work:
        return
    subjects, records = zip(*work, strict=True)
    keys = [new_key() for _ in work]
    # Five hundred rows as three parameters: Django's own bulk_create takes longer to write them
    # down than PostgreSQL to insert them.
    send_along(
        """
        INSERT INTO connectors_conversation (connection_id, purpose, subject, record, key, tries,
                                             state, input, fingerprint, outcome, fault)
        SELECT %s, %s, subject, record, key, 0, %s, '', '', '', ''
        FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY
            AS work (subject, record, key, n) ORDER BY n
        """,
        [connection, purpose, WAITING.value, list(subjects), list(records), keys],
    )


def new_key() -> str:
    """A key that no other attempt has: 20 characters, so that it fits QuickBooks' 23."""
    return f"EB{secrets.token_hex(9)}"


def withdraw(connection: int, subject: str, *, due: bool = False) -> bool:
    """Take a waiting conversation out of the lane; False if it has begun already.

    `due`: only one whose time has come (a search whose quarantine is over).
    """
    waiting = Conversation.objects.filter(connection_id=connection, subject=subject, state=WAITING)
    if due:
        waiting = waiting.filter(not_before__lte=Now())
    return bool(waiting.update(state=CLOSED, outcome="dropped", closed_at=Now()))


def withdraw_all(connection: int, subjects: Collection[str]) -> set[str]:
    """Take waiting conversations out of the lane; the subjects of those that have begun already."""
    mine = Conversation.objects.filter(connection_id=connection, subject__in=subjects)
    mine.filter(state=WAITING).update(state=CLOSED, outcome="dropped", closed_at=Now())
    return set(mine.filter(state=OPEN).values_list("subject", flat=True))


def is_writing(connection: int) -> bool:
    """Whether something accepted waits, is under way, or is looked for after a lost answer."""
    return (
        Conversation.objects.filter(connection_id=connection, purpose__in=["export", "find"])
        .exclude(state=CLOSED)
        .exists()
    )


def due() -> QuerySet[Conversation]:
    """What a session begun now could go on with.

    Not what stands behind another one of its ERP record: that waits, and the ERP is not woken. Nor
    anything of a company whose tool is switched off.
    """
    may = Q(state=OPEN) | Q(state=WAITING, not_before__lte=Now()) & _first_of_its_record()
    return Conversation.objects.filter(may, connection__company__erp_enabled=True)


def ready(connection: int, session: int, ended: int = 0) -> QuerySet[Conversation]:
    """The first conversation of each ERP record, in the order of acceptance, if it may go now.

    One that waits (for its quarantine, for another session) holds back the others of its own
    record, and nothing else. `ended`: one that is not counted any more.
    """
    waits = Q(state=WAITING, not_before__lte=Now()) & ~Q(not_in=session)
    # From the front of the lane, so that it does not matter how much stands behind.
    rows = _left(ended).filter(connection=connection)
    may = Q(state=OPEN, session=session) | waits
    return rows.filter(may).filter(_first_of_its_record(ended)).order_by("place")


def _left(ended: int) -> QuerySet[Conversation]:
    rows = Conversation.objects.exclude(state=CLOSED)
    return rows.exclude(pk=ended) if ended else rows


def _first_of_its_record(ended: int = 0) -> Q:
    """It stands at the front of its ERP record.

    The place at the front is asked for, not whether there is one ahead: so PostgreSQL takes it from
    the index of turns, whatever it believes of how many there are; and it plans this once.
    """
    front = _left(ended).filter(connection=OuterRef("connection"), record=OuterRef("record"))
    return Q(place__lte=Subquery(front.order_by("place").values("place")[:1]))
