"""The first half of every exchange: whose turn it is, and what it asks."""

import logging
from collections.abc import Mapping, Sequence

from django.db import connection as database
from django.db import transaction
from django.db.models import OuterRef, Subquery

from connectors.contract import Connector, Request
from connectors.engine.messages import Asking, Unfit, body_of, send, store
from connectors.engine.outcomes import Purpose, by_purpose, lock
from connectors.engine.queue import CLOSED, OPEN, WAITING, ready
from connectors.engine.scripts import Ask, Next, Reader
from connectors.engine.sessions import heard, hold
from connectors.engine.steps import asked_by, finish, next_step, stop
from connectors.models import Connection, Conversation, Exchange, Lane, Message, Session
from connectors.registry import connector_for, fingerprint
from directory.away import GONE
from directory.prepared import Prepared, table

log = logging.getLogger(__name__)

# What is looked at in one go, and how long the questions may be that share a message.
MOST_TURNS = 50
MOST_BYTES = 500_000


def next_message(session: Session) -> Message | None:
    """What the ERP is to be sent now, stored before it is returned; None when nothing is left.

    Asked again without an answer in between, it returns the same message. Raises SessionOver.
    """
    while True:
        message, moved = _turn(session)
        if message is not None or not moved:
            return message


@transaction.atomic
def _turn(session: Session) -> tuple[Message | None, bool]:
    """One transaction: a message, or whether some conversations ended so that others may begin."""
    lane = hold(session)
    newest = _NEWEST.first(session.pk)
    if newest is not None and newest.replied_at is None:
        heard(session)
        return newest, False
    number = newest.number + 1 if newest else 1
    connector = connector_for(lane.connection.erp)
    reader = Reader(connector, session.scripts)
    # What goes on is mostly a write, which travels alone: nobody else need be looked at.
    turns: Sequence[Conversation] = _first_ready(session)
    if not turns:
        return None, False
    if turns[0].state == OPEN:
        [conversation] = turns
        exchanges = _asked_by(conversation, session)
        step = _next_question(lane, connector, conversation, exchanges, reader)
        if not isinstance(step, Ask):
            lock(turns)
            finish(lane, conversation, step)
            return None, True
        if _travels_alone(connector, step.request):
            asking = Asking(conversation, step.request, exchanges)
            return send(lane, connector, session, number, [asking]), True
    if connector.capabilities.questions_at_once > 1:
        turns = _ALL_READY.all(session.connection_id, session.pk)
    return _together(lane, connector, session, number, reader, turns)


def next_of_begun(
    lane: Lane,
    session: Session,
    number: int,
    going: Mapping[Conversation, Ask],
    asked: Mapping[Conversation, list[Exchange]],
) -> Message | None:
    """The session's next message, if one that has begun asks it; stored in the transaction that
    kept the answer to the last one. `going`: who goes on after that, with all they `asked`.

    The history's head is locked by now, so nothing is begun or ended here: that is left to
    `next_message`, and so is what cannot be sent.
    """
    turns = _first_ready(session)
    if not turns or turns[0].state != OPEN:
        return None
    [conversation] = turns
    connector = connector_for(lane.connection.erp)
    reader = Reader(connector, session.scripts)
    exchanges = asked.get(conversation) or _asked_by(conversation, session)
    step = _next_question(lane, connector, conversation, exchanges, reader, going.get(conversation))
    if not isinstance(step, Ask) or not _travels_alone(connector, step.request):
        return None
    asking = [Asking(conversation, step.request, exchanges)]
    try:
        body = body_of(lane, connector, session, asking)
    except Unfit:
        return None
    return store(lane, session, number, asking, body)


def _first_ready(session: Session) -> list[Conversation]:
    """The one whose turn it is, if any; none while the company's tool is switched off."""
    turns = _FIRST_READY.all(session.connection_id, session.pk)
    return [one for one in turns if one.switched_on]


def _asked_by(conversation: Conversation, session: Session) -> list[Exchange]:
    """What one of `_FIRST_READY` has asked."""
    if conversation.first_asked is None:  # type: ignore[attr-defined]
        return []
    return asked_by([conversation], session.scripts)[conversation.pk]


def _travels_alone(connector: Connector, request: Request) -> bool:
    return request.alone or connector.capabilities.questions_at_once == 1


def _together(
    lane: Lane,
    connector: Connector,
    session: Session,
    number: int,
    reader: Reader,
    turns: Sequence[Conversation],
) -> tuple[Message | None, bool]:
    """Begin what waits; the questions of all travel in one message, or else the first write."""
    lock(turns)
    asked = asked_by([one for one in turns if one.state == OPEN])
    going = _begin(lane, session, turns)
    questions: list[Asking] = []
    # What was dropped makes room for the next one of its record.
    size, moved = 0, len(going) < len(turns)
    for conversation in going:
        if questions and conversation.pk in asked:
            continue
        exchanges = asked.get(conversation.pk, [])
        step = _next_question(lane, connector, conversation, exchanges, reader)
        if not isinstance(step, Ask):
            finish(lane, conversation, step)
            moved = True
            continue
        asking = Asking(conversation, step.request, exchanges)
        if not step.request.alone:
            questions.append(asking)
            size += len(step.request.body)
            full = len(questions) >= connector.capabilities.questions_at_once
            if full or size > MOST_BYTES:
                break
        elif not questions:
            return send(lane, connector, session, number, [asking]), True
    if questions:
        return send(lane, connector, session, number, questions), True
    return None, moved


_FIRST_READY = Prepared(
    # The first question, not whether there is one: for that PostgreSQL may read all exchanges.
    lambda connection, session: ready(connection, session).annotate(
        first_asked=Subquery(
            Exchange.objects.filter(conversation=OuterRef("pk"))
            .order_by("position")
            .values("pk")[:1]
        ),
        # Asked once the lane is locked: what is read as it is locked may be older than that lock.
        switched_on=Subquery(
            Connection.objects.filter(pk=OuterRef("connection")).values("company__erp_enabled")
        ),
    )[:1],
    int,
    int,
)
_ALL_READY = Prepared(lambda connection, session: ready(connection, session)[:MOST_TURNS], int, int)
_NEWEST = Prepared(
    lambda session: Message.objects.filter(session=session).order_by("-number").defer("reply")[:1],
    int,
)


def _begin(lane: Lane, session: Session, turns: Sequence[Conversation]) -> list[Conversation]:
    """Begin those that wait; what their purpose does not want begun is dropped."""
    going = [conversation for conversation in turns if conversation.state == OPEN]
    code = fingerprint(lane.connection.erp)
    for purpose, waiting in by_purpose(c for c in turns if c.state == WAITING):
        for conversation in waiting:
            conversation.session = session
            conversation.fingerprint = code
        inputs, faults = _inputs(purpose, waiting)
        group = [conversation for conversation in waiting if conversation.pk not in faults]
        for conversation in group:
            given = inputs.get(conversation.subject)
            conversation.state = CLOSED if given is None else OPEN
            conversation.outcome = "dropped" if given is None else ""
            conversation.input = given or ""
            if given is not None:
                going.append(conversation)
        _keep_begun(session, code, group)
        for conversation in waiting:
            if conversation.pk in faults:
                stop(lane, conversation, faults[conversation.pk])
    return sorted(going, key=lambda conversation: conversation.place)


def _keep_begun(session: Session, code: str, group: Sequence[Conversation]) -> None:
    begun, values = table(
        ("bigint", [conversation.pk for conversation in group]),
        ("text", [str(conversation.state) for conversation in group]),
        ("text", [conversation.outcome for conversation in group]),
        ("text", [conversation.input for conversation in group]),
    )
    with database.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE connectors_conversation AS one
            SET state = begun.state, outcome = begun.outcome, input = begun.input,
                fingerprint = %s, session_id = %s, began_at = statement_timestamp()
            FROM {begun} AS begun (id, state, outcome, input)
            WHERE one.id = begun.id
            """,  # noqa: S608 our own words
            [code, session.pk, *values],
        )


def _inputs(
    purpose: Purpose, waiting: Sequence[Conversation]
) -> tuple[Mapping[str, str | None], dict[int, Exception]]:
    """What each one begins with, by subject, and what is wrong with those that cannot begin."""
    try:
        with transaction.atomic():
            return purpose.begin(waiting), {}
    except GONE:
        raise  # the database's trouble, not theirs
    except Exception as error:
        lock(waiting)
        if len(waiting) == 1:
            return {}, {waiting[0].pk: error}
    # One of them spoils it for all: each by itself.
    inputs: dict[str, str | None] = {}
    faults: dict[int, Exception] = {}
    for conversation in waiting:
        given, wrong = _inputs(purpose, [conversation])
        inputs |= given
        faults |= wrong
    return inputs, faults


def _next_question(
    lane: Lane,
    connector: Connector,
    conversation: Conversation,
    exchanges: list[Exchange],
    reader: Reader,
    step: Next | None = None,
) -> Next:
    """How the conversation goes on: what it asks the ERP next, or how it ended. `step`: what it
    asks after these exchanges, if that is known."""
    while True:
        step = step or next_step(lane, connector, conversation, exchanges, reader)
        if not isinstance(step, Ask):
            return step
        held = _already_answered(connector, conversation, step.request, reader)
        if held is None:
            return step
        exchanges.append(
            Exchange.objects.create(
                conversation=conversation,
                position=len(exchanges),
                message=held.message,
                request_id=held.request_id,
                request=step.request.canonical(),
                record=step.request.record,
                borrowed=True,
            )
        )
        step = None


def _already_answered(
    connector: Connector, conversation: Conversation, request: Request, reader: Reader
) -> Exchange | None:
    """The exchange of this session whose answer holds the record that is asked for, if any.

    Only the newest counts: after a refused write nothing is known any more.
    """
    if request.alone or request.fresh or not request.record:
        return None
    newest = _ANSWERED.first(request.record, conversation.session_id or 0)
    if newest is None or newest.message.fault:
        return None
    reader.expect([newest])
    answer = reader.answers(newest.message).get(newest.request_id)
    if answer is None or request.record not in connector.records(answer):
        return None
    return newest


_ANSWERED = Prepared(
    lambda record, session: (
        Exchange.objects.filter(
            record=record, message__session=session, message__replied_at__isnull=False
        )
        .select_related("message")
        .defer("message__body")
        .order_by("-message__number")[:1]
    ),
    str,
    int,
)
