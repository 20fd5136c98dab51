"""The first half of every exchange: whose turn it is, and what it asks."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from structlog.contextvars import unbind_contextvars

from connectors.contract import Connector, Request
from connectors.engine.messages import Asking, Unfit, body_of, send, store
from connectors.engine.outcomes import Outcome, Purpose, by_purpose, lock
from connectors.engine.queue import CLOSED, OPEN, WAITING, ready
from connectors.engine.scripts import Ask, Next, Reader
from connectors.engine.sessions import heard, hold
from connectors.engine.steps import asked_by, finish, next_step, stop
from connectors.models import Connection, Conversation, Exchange, Lane, Message, Session
from connectors.registry import connector_for, fingerprint
from directory.away import GONE
from directory.compiled import CompiledQuery, table
from directory.piggyback import send_along

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
    turn = first_ready(session)
    if turn is None:
        return None, False
    if turn.state == OPEN:
        exchanges = _asked_by(turn, session)
        step = _next_question(lane, connector, turn, exchanges, reader)
        if not isinstance(step, Ask):
            lock([turn])
            finish(lane, turn, step)
            return None, True
        if _travels_alone(connector, step.request):
            asking = Asking(turn, step.request, exchanges)
            return send(lane, connector, session, number, [asking]), True
    turns = [turn]
    if connector.capabilities.questions_at_once > 1:
        turns = _ALL_READY.all(session.connection_id, session.pk)
    return _together(lane, connector, session, number, reader, turns)


def next_turn(session: Session, ending: Mapping[Conversation, Next]) -> Conversation | None:
    """Whose turn it will be once these have ended. None: that cannot be told before, or not be
    sent in the same transaction, so `next_message` has to see.

    What is to begin in it is locked together with what ends, so it is looked for beforehand. That
    is done of an export that follows an export: what settles one puts nothing else in its place,
    and holds nothing back, and both lock rows of one kind.
    """
    if not ending:
        turn = first_ready(session)
        return turn if turn and turn.state == OPEN else None
    [ended, *others], [step, *_] = ending, ending.values()
    if others or ended.purpose != "export" or not isinstance(step, Outcome):
        return None
    turn = first_ready(session, ended.pk)
    return turn if turn and turn.purpose == "export" else None


def send_at_once(
    lane: Lane,
    session: Session,
    number: int,
    turn: Conversation,
    going: Mapping[Conversation, Ask],
    asked: Mapping[Conversation, list[Exchange]],
) -> Message | None:
    """The session's next message, if the one whose `turn` it is asks it; stored in the transaction
    that kept the answer to the last one. One that waits is locked already, and begun. `going`: who
    goes on after that answer, with all they `asked`.

    Nothing more is locked here, as what ended has locked its rows before: what ends is left to
    `next_message`, and so is what cannot be sent.
    """
    unbind_contextvars("message")  # what is logged from here on is not of the one answered
    if turn.state == WAITING and not _begin(lane, session, [turn], careful=False):
        return None
    connector = connector_for(lane.connection.erp)
    reader = Reader(connector, session.scripts)
    exchanges = asked.get(turn) or _asked_by(turn, session)
    step = _next_question(lane, connector, turn, exchanges, reader, going.get(turn))
    if not isinstance(step, Ask) or not _travels_alone(connector, step.request):
        return None
    asking = [Asking(turn, step.request, exchanges)]
    try:
        body = body_of(lane, connector, session, asking)
    except Unfit:
        return None
    return store(lane, session, number, asking, body)


def first_ready(session: Session, ended: int = 0) -> Conversation | None:
    """The one whose turn it is, if any; none while the company's tool is switched off. `ended`: one
    that is not counted any more."""
    turn = _FIRST_READY.first(session.connection_id, session.pk, ended)
    return turn if turn and turn.switched_on else None


def _asked_by(conversation: Conversation, session: Session) -> list[Exchange]:
    """What one of `first_ready` has asked."""
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


_FIRST_READY = CompiledQuery(
    # The first question, not whether there is one: for that PostgreSQL may read all exchanges.
    lambda connection, session, ended: ready(connection, session, ended).annotate(
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
    int,
)
_ALL_READY = CompiledQuery(
    lambda connection, session: ready(connection, session)[:MOST_TURNS], int, int
)
_NEWEST = CompiledQuery(
    lambda session: Message.objects.filter(session=session).order_by("-number").defer("reply")[:1],
    int,
)


def _begin(
    lane: Lane, session: Session, turns: Sequence[Conversation], *, careful: bool = True
) -> list[Conversation]:
    """Begin those that wait; what their purpose does not want begun is dropped. One that cannot be
    begun stops, alone; where it is not `careful`, this raises instead, and spares the savepoint.

    Nor is one begun that was taken out of the line, or whose company's tool was switched off, while
    its locks were waited for.
    """
    going = [conversation for conversation in turns if conversation.state == OPEN]
    code = fingerprint(lane.connection.erp)
    waits = [conversation for conversation in turns if conversation.state == WAITING]
    [connection] = _locked(lane.connection_id, waits) if waits else [None]
    if connection is None or not connection.switched_on:
        return going
    still = [one for one in turns if one.pk in connection.waiting]
    for purpose, waiting in by_purpose(still):
        for conversation in waiting:
            conversation.connection = connection
            conversation.is_first = conversation.subject not in connection.begun_before
            conversation.session = session
            conversation.fingerprint = code
        inputs, faults = _inputs(purpose, waiting) if careful else (purpose.begin(waiting), {})
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


def _locked(connection: int, waits: Sequence[Conversation]) -> list[Any]:
    """The connection, as the purposes use it; which of these conversations wait; and of whose
    subjects there was one before."""
    ids, subjects = [one.pk for one in waits], [one.subject for one in waits]
    return _LOCKED.all(connection, ids, subjects)


_LOCKED = CompiledQuery(
    lambda connection, conversations, subjects: Connection.objects.filter(pk=connection).annotate(
        switched_on=F("company__erp_enabled"),
        waiting=ArraySubquery(
            Conversation.objects.filter(pk__in=conversations, state=WAITING).values("pk")
        ),
        begun_before=ArraySubquery(
            Conversation.objects.filter(
                connection=OuterRef("pk"), subject__in=subjects, state=CLOSED
            ).values("subject")
        ),
    ),
    int,
    list[int],
    list[str],
)


def _keep_begun(session: Session, code: str, group: Sequence[Conversation]) -> None:
    begun, values = table(
        ("bigint", [conversation.pk for conversation in group]),
        ("text", [str(conversation.state) for conversation in group]),
        ("text", [conversation.outcome for conversation in group]),
        ("text", [conversation.input for conversation in group]),
    )
    send_along(
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


_ANSWERED = CompiledQuery(
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
