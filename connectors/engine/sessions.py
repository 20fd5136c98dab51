"""Sessions: who holds a lane, and what becomes of their work when they fall silent."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from structlog.contextvars import bind_contextvars, unbind_contextvars

from connectors.engine.ends import leave, quarantine
from connectors.models import Conversation, Lane, Message, Session
from directory.away import GONE
from directory.compiled import CompiledQuery
from directory.piggyback import send_along

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Silence:
    """Another session has a write out and may still be answered: come back later."""

    seconds: int


class SessionOver(Exception):
    """The session has ended or another one has taken its lane."""


@transaction.atomic
def open_session(
    connection: int, ticket_digest: str | None = None, *, lease: timedelta | None = None
) -> Session | Silence:
    """Take the lane of `connection` and end whatever session held it.

    A visitor who comes again takes over from his last visit; but while that one has a write out
    and has not been silent for the quarantine, the answer is how many seconds it still has. Workers
    hold a lane for `lease` since they were last heard of; they say that they live while they call.
    Otherwise the old ticket is dead from here on: what it had only asked is put back, what it had
    written is lost and will be looked for.
    """
    lane = lock_lane(connection)
    held = lane.session
    if held is not None:
        left = _seconds_left(held, lease)
        if left > 0:
            return Silence(left)
        end(lane, held)
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH session AS (
                INSERT INTO connectors_session (connection_id, fence, ticket_digest, greeted, error,
                                                finished)
                VALUES (%(connection)s, %(fence)s, %(ticket)s, false, '', 0) RETURNING id, fence
            )
            UPDATE connectors_lane AS lane SET fence = session.fence, session_id = session.id
            FROM session WHERE lane.connection_id = %(connection)s RETURNING session.id
            """,
            {"connection": connection, "fence": lane.fence + 1, "ticket": ticket_digest},
        )
        [(made,)] = cursor.fetchall()
    bind_contextvars(session=made)
    log.info("A session began")
    return Session(
        pk=made, connection_id=connection, fence=lane.fence + 1, ticket_digest=ticket_digest
    )


@transaction.atomic
def close_session(session: Session) -> None:
    """The visitor says goodbye. Closing twice changes nothing."""
    lane = lock_lane(session.connection_id)
    if lane.session_id == session.pk:
        end(lane, session)


@transaction.atomic
def interrupt(connection: int) -> None:
    """End whatever session holds the lane: where the ERP is reached, or as whom, changes. Whoever
    held it is told at its next word, and sends nothing more."""
    lane = lock_lane(connection)
    if lane.session is not None:
        end(lane, lane.session)


def idle_time() -> timedelta:
    """How long a session may be silent before it is given up."""
    return timedelta(seconds=settings.ERP_SESSION_IDLE_SECONDS)


def expire_sessions() -> int:
    """End every session that has been silent for too long; returns how many."""
    idle = idle_time()
    silent = Session.objects.filter(ended_at=None, last_seen_at__lt=Now() - idle)
    ended = 0
    for session in silent:
        try:
            ended += _expire(session, idle)
        except GONE:
            raise
        except Exception:
            # All of it stays as it is until the next time; the other companies do not wait for it.
            log.exception("Silent session %s could not be ended", session.pk)
    return ended


@transaction.atomic
def _expire(session: Session, idle: timedelta) -> bool:
    lane = lock_lane(session.connection_id)
    still = Session.objects.filter(pk=session.pk, last_seen_at__lt=Now() - idle)
    if lane.session_id != session.pk or not still.exists():
        return False
    end(lane, session)
    return True


def lock_lane(connection: int) -> Lane:
    """The lane's row, locked: the first lock of every transaction of the engine."""
    lane = _LANE.first(connection)
    if lane is None:
        Lane.objects.get_or_create(connection_id=connection)
        return lock_lane(connection)
    unbind_contextvars("message")
    bind_contextvars(
        company=lane.connection.company_id, connection=connection, session=lane.session_id
    )
    return lane


_LANE = CompiledQuery(
    lambda connection: (
        Lane.objects.select_for_update(of=("self",))
        .select_related("connection")
        .only("fence", "session", "settled", "connection__erp", "connection__company")
        .filter(connection_id=connection)
    ),
    int,
)


def hold(session: Session) -> Lane:
    """The session's lane, locked, if it is still the session's. Raises SessionOver."""
    lane = lock_lane(session.connection_id)
    if lane.session_id != session.pk:
        raise SessionOver
    return lane


@transaction.atomic
def still_here(session: Session) -> None:
    """A worker is at it yet. Raises SessionOver where another one has taken the lane."""
    hold(session)
    heard(session)


def alive(session: Session) -> None:
    """A worker lives, though nothing was heard of it; no lock is taken. What ended stays so."""
    Session.objects.filter(pk=session.pk, ended_at=None).update(last_seen_at=Now())


def heard(session: Session) -> None:
    """The visitor has called: the session is not silent."""
    send_along(
        "UPDATE connectors_session SET last_seen_at = statement_timestamp() WHERE id = %s",
        [session.pk],
    )


def end(lane: Lane, session: Session) -> None:
    """End a session under the lane's lock and settle what it left open."""
    if left_open := _LEFT_OPEN.all(session.pk):
        leave(lane, left_open)
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH ended AS (
                UPDATE connectors_session SET ended_at = statement_timestamp() WHERE id = %s
            )
            UPDATE connectors_lane SET session_id = NULL WHERE connection_id = %s
            """,
            [session.pk, lane.connection_id],
        )
    log.info("A session ended")
    lane.session = None


_LEFT_OPEN = CompiledQuery(
    lambda session: Conversation.objects.filter(
        session=session, state=Conversation.State.OPEN
    ).order_by("place"),
    int,
)


def _seconds_left(session: Session, lease: timedelta | None) -> int:
    """Seconds until a session may be taken over: see `open_session`."""
    if lease is None:
        if not Message.objects.filter(session=session, writes=True, replied_at=None).exists():
            return 0
        lease = quarantine()
    silent = Session.objects.annotate(
        silent=ExpressionWrapper(Now() - F("last_seen_at"), output_field=DurationField())
    ).get(pk=session.pk)
    left: timedelta = lease - silent.silent
    return max(0, ceil(left.total_seconds()))
