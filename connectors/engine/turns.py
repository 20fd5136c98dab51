"""The two halves of every exchange: what goes out next, and what follows from the answer."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from connectors.contract import Connector, Request
from connectors.engine.ends import abandon, put_back, settle
from connectors.engine.outcomes import Outcome, by_purpose, lock
from connectors.engine.queue import CLOSED, OPEN, WAITING, withdraw
from connectors.engine.scripts import Ask, Back, Broken, Next, Reader, advance
from connectors.engine.sessions import lock_lane
from connectors.models import Conversation, Exchange, Known, Lane, Message, Session
from connectors.registry import connector_for, fingerprint

log = logging.getLogger(__name__)

# Questions that share one message: QuickBooks answers them in one go.
MOST_QUESTIONS = 50
MOST_BYTES = 500_000


class Asking(NamedTuple):
    """A conversation's next request, and how many it made before."""

    conversation: Conversation
    request: Request
    position: int

    @property
    def id(self) -> str:
        """What the answer to it is called by."""
        request = self.request
        return request.key if request.alone else f"c{self.conversation.pk}-{self.position}"


class SessionOver(Exception):
    """The session has ended or another one has taken its lane."""


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
    lane = _hold(session)
    newest = Message.objects.filter(session=session).order_by("-number").defer("reply").first()
    if newest is not None and newest.replied_at is None:
        return newest, False
    number = newest.number + 1 if newest else 1
    connector = connector_for(lane.connection.erp)
    reader = Reader(connector)
    # What goes on is mostly a write, which travels alone: nobody else need be looked at.
    turns = list(_ready(session)[:1])
    if turns and turns[0].state == OPEN:
        [conversation] = turns
        exchanges = _asked(turns).get(conversation.pk, [])
        step = _next_step(lane, connector, conversation, exchanges, reader)
        if not isinstance(step, Ask):
            lock(turns)
            _finish(lane, conversation, step)
            return None, True
        if step.request.alone:
            asking = Asking(conversation, step.request, len(exchanges))
            return _send(lane, connector, session, number, [asking]), True
    return _together(lane, connector, session, number, reader)


def _together(
    lane: Lane, connector: Connector, session: Session, number: int, reader: Reader
) -> tuple[Message | None, bool]:
    """Begin what waits; the questions of all travel in one message, or else the first write."""
    ready = list(_ready(session)[:MOST_QUESTIONS])
    lock(ready)
    turns = _begin(session, ready, fingerprint(lane.connection.erp))
    asked = _asked(turns)
    questions: list[Asking] = []
    # What was dropped makes room for the next one of its record.
    size, moved = 0, len(turns) < len(ready)
    for conversation in turns:
        if questions and conversation.pk in asked:
            continue
        exchanges = asked.get(conversation.pk, [])
        step = _next_step(lane, connector, conversation, exchanges, reader)
        if not isinstance(step, Ask):
            _finish(lane, conversation, step)
            moved = True
            continue
        asking = Asking(conversation, step.request, len(exchanges))
        if not step.request.alone:
            questions.append(asking)
            size += len(step.request.body)
            if len(questions) >= MOST_QUESTIONS or size > MOST_BYTES:
                break
        elif not questions:
            return _send(lane, connector, session, number, [asking]), True
    if questions:
        return _send(lane, connector, session, number, questions), True
    return None, moved


def _hold(session: Session) -> Lane:
    """The session's lane, locked, if it is still the session's. Notes that it was heard."""
    lane = lock_lane(session.connection_id)
    if lane.session_id != session.pk:
        raise SessionOver
    Session.objects.filter(pk=session.pk).update(last_seen_at=Now())
    return lane


def turns_left(session: Session) -> int:
    """How many conversations could be spoken in this session now; more may follow them."""
    return _ready(session)[:MOST_QUESTIONS].count()


def _ready(session: Session) -> QuerySet[Conversation]:
    """The first conversation of each ERP record, in the order of acceptance, if it may go now.

    One that waits (for its quarantine, for another session) holds back the others of its own
    record, and nothing else.
    """
    ahead = Conversation.objects.exclude(state=CLOSED).filter(
        connection=OuterRef("connection"), record=OuterRef("record"), place__lt=OuterRef("place")
    )
    ready = Q(state=OPEN, session=session) | Q(state=WAITING, not_before__lte=Now()) & ~Q(
        not_in=session
    )
    # From the front of the lane, so that it does not matter how much stands behind.
    rows = Conversation.objects.exclude(state=CLOSED).filter(connection=session.connection_id)
    return rows.filter(ready).filter(~Exists(ahead)).order_by("place")


def _begin(session: Session, turns: Sequence[Conversation], code: str) -> list[Conversation]:
    """Begin those that wait; what their purpose does not want begun is dropped."""
    going = [conversation for conversation in turns if conversation.state == OPEN]
    for purpose, group in by_purpose(c for c in turns if c.state == WAITING):
        for conversation in group:
            conversation.session = session
            conversation.fingerprint = code
        inputs = purpose.begin(group)
        for conversation in group:
            given = inputs.get(conversation.subject)
            conversation.state = CLOSED if given is None else OPEN
            conversation.outcome = "dropped" if given is None else ""
            conversation.input = given or ""
            if given is not None:
                going.append(conversation)
        Conversation.objects.bulk_update(
            group, ["state", "outcome", "input", "fingerprint", "session"]
        )
        Conversation.objects.filter(pk__in=[c.pk for c in group]).update(began_at=Now())
    return sorted(going, key=lambda conversation: conversation.place)


def _asked(conversations: Sequence[Conversation]) -> dict[int, list[Exchange]]:
    """What each conversation has asked so far, in order."""
    asked: dict[int, list[Exchange]] = {}
    rows = Exchange.objects.filter(conversation__in=conversations).select_related("message")
    for exchange in rows.order_by("conversation_id", "position"):
        asked.setdefault(exchange.conversation_id, []).append(exchange)
    return asked


def _next_step(
    lane: Lane,
    connector: Connector,
    conversation: Conversation,
    exchanges: list[Exchange],
    reader: Reader,
) -> Next:
    """How the conversation goes on: what it asks the ERP next, or how it ended."""
    while True:
        step = _advance(lane, connector, conversation, exchanges, reader)
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


def _advance(
    lane: Lane,
    connector: Connector,
    conversation: Conversation,
    exchanges: Sequence[Exchange],
    reader: Reader,
) -> Next:
    if exchanges and conversation.fingerprint != fingerprint(lane.connection.erp):
        return Broken("The connector was changed while this was under way.")
    try:
        with transaction.atomic():
            return advance(connector, conversation, exchanges, reader)
    except Exception as error:
        return Broken(f"The answer could not be understood: {error!r}")


def _finish(lane: Lane, conversation: Conversation, step: Outcome | Back | Broken) -> None:
    """End a conversation, whole. What cannot be kept of it stops it alone, and not its lane."""
    settled = list(lane.settled)
    try:
        with transaction.atomic():
            _end(lane, conversation, step)
    except OperationalError:
        raise  # the database's trouble, not this conversation's
    except Exception as error:
        log.exception("Conversation %s could not be ended", conversation.pk)
        lane.settled = settled
        abandon(lane, [conversation], f"What came of it could not be kept: {error!r}")


def _end(lane: Lane, conversation: Conversation, step: Outcome | Back | Broken) -> None:
    if isinstance(step, Outcome):
        settle(lane, [step])
    elif isinstance(step, Back):
        put_back(lane, [conversation], step.why)
    else:
        abandon(lane, [conversation], step.why)


def _already_answered(
    connector: Connector, conversation: Conversation, request: Request, reader: Reader
) -> Exchange | None:
    """The exchange of this session whose answer holds the record that is asked for, if any.

    Only the newest counts: after a refused write nothing is known any more.
    """
    if request.alone or request.fresh or not request.record:
        return None
    newest = (
        Exchange.objects.filter(
            record=request.record,
            message__session=conversation.session,
            message__replied_at__isnull=False,
        )
        .select_related("message")
        .order_by("-message__number")
        .first()
    )
    if newest is None or newest.message.fault:
        return None
    answer = reader.answers(newest.message).get(newest.request_id)
    if answer is None or request.record not in connector.records(answer):
        return None
    return newest


def _send(
    lane: Lane, connector: Connector, session: Session, number: int, asking: Sequence[Asking]
) -> Message:
    """Store a message and its exchanges. A write under a key of old goes out in its old bytes."""
    only = asking[0].request if asking[0].request.alone else None
    earlier = (
        Message.objects.filter(key=only.key, writes=True, session__connection=lane.connection)
        .order_by("id")
        .first()
        if only and only.writes
        else None
    )
    if earlier is not None:
        body = earlier.body
    else:
        clear = ""
        if only and only.writes and lane.settled:
            clear = lane.settled.pop(0)
            lane.save(update_fields=["settled"])
        body = connector.wrap({one.id: one.request for one in asking}, clear=clear)
    message = Message.objects.create(
        session=session,
        number=number,
        key=only.key if only else "",
        writes=bool(only and only.writes),
        body=body,
    )
    Exchange.objects.bulk_create(
        Exchange(
            conversation=one.conversation,
            position=one.position,
            message=message,
            request_id=one.id,
            request=one.request.canonical(),
            record=one.request.record,
            writes=one.request.writes,
        )
        for one in asking
    )
    return message


def receive(session: Session, reply: str) -> int:
    """The ERP's answer to the message that is out. Returns the progress, 0 to 100.

    100 is said only when nothing is left. An answer that comes twice changes nothing; one that
    comes late, from a session that has lost its lane, is kept and counts as evidence, and raises
    SessionOver.
    """
    with transaction.atomic():
        lane = lock_lane(session.connection_id)
        late = lane.session_id != session.pk
        message = Message.objects.filter(session=session, replied_at=None).first()
        if message is not None:
            message.reply = reply
            Message.objects.filter(pk=message.pk).update(reply=reply, replied_at=Now())
            _follow(lane, message, late=late)
        if not late:
            Session.objects.filter(pk=session.pk).update(last_seen_at=Now())
    if late:
        raise SessionOver
    return progress(session)


def fail_message(session: Session, fault: str) -> None:
    """The ERP could not be reached with the message that is out, or broke over it.

    A write may still have been carried out, so it is looked for later.
    """
    with transaction.atomic():
        lane = _hold(session)
        message = Message.objects.filter(session=session, replied_at=None).first()
        if message is not None:
            Message.objects.filter(pk=message.pk).update(fault=fault, replied_at=Now())
            abandon(lane, _talking(message), fault)


def progress(session: Session) -> int:
    """Per cent done, never rounded up: 100 means that there is nothing left to say."""
    left = turns_left(session)
    done = Session.objects.values_list("finished", flat=True).get(pk=session.pk)
    return 100 if not left else min(99, done * 100 // (done + left))


def _follow(lane: Lane, message: Message, *, late: bool) -> None:
    """What follows from an answer: the conversations that it concerns take their next step."""
    connector = connector_for(lane.connection.erp)
    reader = Reader(connector)
    conversations = _talking(message)
    if late:
        conversations = [c for c in conversations if c.outcome == "lost"]
    lock(conversations)
    if late:
        # Their answer is the best evidence there is, as long as the search for them waits.
        conversations = [
            c for c in conversations if _is_searched(c) and withdraw(c.connection_id, c.subject)
        ]
    # What reads lists and costs has locked nothing: it writes its rows before a step of an export
    # locks the history's head.
    conversations.sort(key=lambda conversation: conversation.purpose not in ("pull", "costs"))
    asked = _asked(conversations)
    for conversation in conversations:
        step = _advance(lane, connector, conversation, asked[conversation.pk], reader)
        if late and not isinstance(step, Outcome):
            abandon(lane, [conversation], "A late answer could not be used.")
        elif not isinstance(step, Ask):
            _finish(lane, conversation, step)
    _remember(lane, connector, message, reader)


def _is_searched(conversation: Conversation) -> bool:
    """Whether the search for it waits to begin; a new export of the same subject is none."""
    return Conversation.objects.filter(
        connection=conversation.connection_id,
        subject=conversation.subject,
        purpose="find",
        state=WAITING,
    ).exists()


def _talking(message: Message) -> list[Conversation]:
    asking = message.exchanges.filter(borrowed=False).values("conversation")
    return list(Conversation.objects.filter(pk__in=asking).order_by("place"))


def _remember(lane: Lane, connector: Connector, message: Message, reader: Reader) -> None:
    """Keep the ERP records that the answers hold, for previews."""
    try:
        answers = reader.answers(message).values()
        found = {
            name: value for answer in answers for name, value in connector.records(answer).items()
        }
    except ValueError as error:
        Message.objects.filter(pk=message.pk).update(fault=str(error))
        return
    Known.objects.bulk_create(
        [
            Known(connection_id=lane.connection_id, record=name, value=value, seen_at=Now())
            for name, value in sorted(found.items())
        ],
        update_conflicts=True,
        unique_fields=["connection", "record"],
        update_fields=["value", "seen_at"],
    )
