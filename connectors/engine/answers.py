"""The second half of every exchange: the ERP's answer, and what follows from it."""

import json
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from structlog.contextvars import bind_contextvars

from connectors.contract import Connector, Reply
from connectors.engine.ends import abandon, leave
from connectors.engine.outcomes import Outcome, lock
from connectors.engine.queue import WAITING, ready, withdraw
from connectors.engine.scripts import Ask, Reader, fed
from connectors.engine.sessions import SessionOver, heard, hold, lock_lane
from connectors.engine.steps import finish, next_step
from connectors.engine.turns import MOST_TURNS, next_turn, send_at_once
from connectors.models import Conversation, Exchange, Lane, Message, Session
from connectors.registry import connector_for
from connectors.replies import keep
from directory.away import GONE
from directory.compiled import CompiledQuery
from directory.deferred_writes import at_the_end

log = logging.getLogger(__name__)


def receive(session: Session, reply: Reply) -> int:
    """The ERP's answer to the message that is out. Returns the progress, 0 to 100.

    100 is said only when nothing is left. An answer that comes twice changes nothing; one that
    comes late, from a session that has lost its lane, is kept and counts as evidence, and raises
    SessionOver.
    """
    _taken_in(session, reply)
    return progress(session)


def exchange(session: Session, message: Message, reply: Reply) -> Message | None:
    """The ERP's answer to `message`, and what goes out next: for a worker that makes one call after
    the other, both in one transaction. None: ask `next_message`.

    Raises SessionOver as `receive` does. The message is named: whoever did not hear that its answer
    was kept, as the connection broke just then, says it again, when the next one is out already.
    """
    return _taken_in(session, reply, message)


def _taken_in(session: Session, reply: Reply, to: Message | None = None) -> Message | None:
    """What goes out next. An answer is not lost over what follows from it: where that goes wrong,
    it is taken in once more, with care."""
    try:
        late, following = _take_in(session, reply, to, careful=False)
    except GONE:
        raise
    except Exception:
        log.exception("What follows from an answer went wrong")
        late, following = _take_in(session, reply, to, careful=True)
    if late:
        raise SessionOver
    return following


@transaction.atomic
def _take_in(
    session: Session, reply: Reply, to: Message | None, *, careful: bool
) -> tuple[bool, Message | None]:
    """Whether the answer came too late, and what goes out next.

    `careful`: nothing is taken from memory, each conversation ends within a savepoint, and nothing
    goes out with it.
    """
    lane = lock_lane(session.connection_id)
    late = lane.session_id != session.pk
    message, asked = (None if late or careful else _remembered(session, to)) or _out(session)
    if message is None or to not in (None, message):
        message = None if late or to is None else message  # it went out with an answer told again
    else:
        keep(message, reply)
        goes_on = to is not None and not (late or careful)
        with nullcontext() if careful else at_the_end():
            message = _follow(
                lane, session, message, asked, goes_on=goes_on, late=late, careful=careful
            )
    if message is None and not late:
        heard(session)
    return late, message


def fail_message(session: Session, fault: str) -> None:
    """The ERP could not be reached with the message that is out, or broke over it.

    A write may still have been carried out, so it is looked for later.
    """
    with transaction.atomic():
        lane = hold(session)
        message, asked = _out(session)
        if message is not None:
            Message.objects.filter(pk=message.pk).update(fault=fault, replied_at=Now())
            abandon(lane, list(asked), fault)


def unsent(session: Session, why: str, *, counts: bool = False) -> None:
    """The message that is out never went. Nothing was written with it, so whom it speaks for goes
    on another time. The try only `counts` where it was the message's own fault; an ERP that could
    not be reached may be away for as long as it takes."""
    with transaction.atomic():
        lane = hold(session)
        message, asked = _out(session)
        if message is not None:
            Message.objects.filter(pk=message.pk).update(fault=why, replied_at=Now(), writes=False)
            Exchange.objects.filter(message=message).update(writes=False)
            leave(lane, list(asked), why if counts else "")


Out = tuple[Message | None, dict[Conversation, list[Exchange]]]


def _remembered(session: Session, to: Message | None) -> Out | None:
    """`_out` without asking the database, where this process sent `to` itself: while it holds the
    lane, nobody else changes what it wrote.

    It is taken out: an answer that is told again, as nobody heard that it was kept, asks for it.
    """
    last: Exchange | None = session.out
    session.out = None
    if to is None or last is None or last.message != to:
        return None
    before = fed(session.scripts, last.conversation_id)
    if len(before) != last.position:
        return None
    bind_contextvars(message=to.pk)
    return last.message, {last.conversation: [*before, last]}


def _out(session: Session) -> tuple[Message | None, dict[Conversation, list[Exchange]]]:
    """The message that is out; whom it speaks for, in their order, and all they asked so far."""
    # The script that asked last may wait in this process, and knows what it was answered before.
    last = next(reversed(session.scripts), 0) if session.scripts else 0
    known = fed(session.scripts, last)
    exchanges = _SPOKEN.all(session.pk, last, known[-1].pk if known else 0)
    message = next((one.message for one in exchanges if one.message.replied_at is None), None)
    if message is not None:
        bind_contextvars(message=message.pk)
    asked: dict[Conversation, list[Exchange]] = {}
    for exchange in exchanges:
        if message is not None and exchange.message_id == message.pk:
            exchange.message = message  # the one that the reply is kept with
        mine = known if exchange.conversation_id == last else []
        asked.setdefault(exchange.conversation, list(mine)).append(exchange)
    return message, asked


_SPOKEN = CompiledQuery(
    lambda session, last, after: (
        Exchange.objects.filter(
            conversation__in=Exchange.objects.filter(
                message__session=session, message__replied_at=None, borrowed=False
            ).values("conversation")
        )
        .exclude(conversation=last, pk__lte=after)
        .select_related("conversation", "message")
        .defer("message__body")
        .order_by("conversation__place", "position")
    ),
    int,
    int,
    int,
)


def progress(session: Session) -> int:
    """Per cent done, never rounded up: 100 means that there is nothing left to say."""
    [now] = _PROGRESS.rows(session.connection_id, session.pk)
    done, left = now["finished"], len(now["left"])
    return 100 if not left else min(99, done * 100 // (done + left))


# How many conversations could be spoken now; more may follow them.
_PROGRESS = CompiledQuery(
    lambda connection, session: (
        Session.objects.filter(pk=session)
        .annotate(
            left=ArraySubquery(
                ready(connection, session)
                .filter(connection__company__erp_enabled=True)
                .values("id")[:MOST_TURNS]
            )
        )
        .values("finished", "left")
    ),
    int,
    int,
)


def _follow(
    lane: Lane,
    session: Session,
    message: Message,
    asked: Mapping[Conversation, list[Exchange]],
    *,
    goes_on: bool,
    late: bool,
    careful: bool,
) -> Message | None:
    """What follows from an answer: the conversations that it concerns take their next step. Where
    the session `goes_on` at once, what it sends next."""
    connector = connector_for(lane.connection.erp)
    reader = Reader(connector, session.scripts)
    reader.expect(exchange for exchanges in asked.values() for exchange in exchanges)
    steps = {
        one: next_step(lane, connector, one, exchanges, reader)
        for one, exchanges in asked.items()
        if not late or one.outcome == "lost"
    }
    ending = [one for one, step in steps.items() if late or not isinstance(step, Ask)]
    turn = next_turn(session, {one: steps[one] for one in ending}) if goes_on else None
    lock([*ending, turn] if turn and turn.state == WAITING else ending)
    # What reads lists and costs has locked nothing: it writes its rows before a step of an export
    # locks the history's head.
    for one in sorted(ending, key=lambda one: one.purpose not in ("pull", "costs")):
        step = steps[one]
        # A late answer is the best evidence there is, as long as the search for it waits.
        if late and not (_is_searched(one) and withdraw(one.connection_id, one.subject)):
            continue
        if isinstance(step, Ask) or (late and not isinstance(step, Outcome)):
            abandon(lane, [one], "A late answer could not be used.")
        else:
            finish(lane, one, step, careful=careful)
    _remember(lane, connector, message, reader)
    if turn is None:
        return None
    going = {one: step for one, step in steps.items() if isinstance(step, Ask)}
    return send_at_once(lane, session, message.number + 1, turn, going, asked)


def _is_searched(conversation: Conversation) -> bool:
    """Whether the search for what it wrote waits to begin, and not one for what a later try did: of
    that its answer says nothing."""
    about = Conversation.objects.filter(
        connection=conversation.connection_id, subject=conversation.subject
    )
    waits = about.filter(purpose="find", state=WAITING)
    later = about.filter(purpose="export", pk__gt=conversation.pk)
    return waits.exists() and not later.exists()


def _remember(lane: Lane, connector: Connector, message: Message, reader: Reader) -> None:
    """Keep the ERP records that the answers hold, for previews.

    Nothing hangs on them: what cannot be read or kept is noted with the message.
    """
    try:
        answers = reader.answers(message).values()
        found = {name: value for one in answers for name, value in connector.records(one).items()}
        if found:
            _keep_known(lane.connection_id, found)
    except GONE:
        raise
    except Exception as error:
        log.warning("The answer to message %s could not be read whole: %r", message.pk, error)
        Message.objects.filter(pk=message.pk).update(fault=str(error) or repr(error))


@transaction.atomic
def _keep_known(connection: int, found: Mapping[str, Mapping[str, Any]]) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO connectors_known (connection_id, record, value, seen_at)
            SELECT %s, one.*, statement_timestamp() FROM unnest(%s::text[], %s::jsonb[]) AS one
            ON CONFLICT (connection_id, record)
                DO UPDATE SET value = EXCLUDED.value, seen_at = EXCLUDED.seen_at
            """,
            [connection, sorted(found), [json.dumps(found[name]) for name in sorted(found)]],
        )
