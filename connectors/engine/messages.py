"""What goes out: requests of one or more conversations as one message, stored before it goes."""

import json
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from django.db import connection as database
from django.db import transaction
from structlog.contextvars import bind_contextvars

from connectors.contract import Connector, Request
from connectors.engine.outcomes import lock
from connectors.engine.steps import stop
from connectors.models import Conversation, Exchange, Lane, Message, Session
from directory.compiled import CompiledQuery


class Asking(NamedTuple):
    """A conversation's next request, and what it asked before."""

    conversation: Conversation
    request: Request
    before: Sequence[Exchange]

    @property
    def id(self) -> str:
        """What the answer to it is called by."""
        request = self.request
        return request.key if request.alone else f"c{self.conversation.pk}-{len(self.before)}"

    @property
    def repeats(self) -> bool:
        """Whether something may have been written under its key: one of the conversation's own, as
        they are drawn by lot, is new until it is used."""
        key, own = self.request.key, self.conversation.key
        used = any(key == exchange.request_id for exchange in self.before)
        return self.request.writes and (used or not own or not key.startswith(own))


def send(
    lane: Lane, connector: Connector, session: Session, number: int, asking: Sequence[Asking]
) -> Message | None:
    """Store a message and its exchanges. None where a request cannot be put on the wire: its
    conversation ends with it."""
    try:
        body = body_of(lane, connector, session, asking)
    except Unfit as unfit:
        _stop_unfit(lane, connector, asking, unfit.why)
        return None
    return store(lane, session, number, asking, body)


class Unfit(Exception):
    """Requests of which no message can be made."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why


def body_of(lane: Lane, connector: Connector, session: Session, asking: Sequence[Asking]) -> str:
    """What goes out. A write under a key of old goes out in its old bytes. Raises Unfit.

    Not so where the ERP cannot be asked: there, what was confirmed is told by the request itself.
    """
    first = asking[0].request
    of_old = asking[0].repeats and connector.capabilities.can_find
    earlier = _OF_OLD.first(session.connection_id, first.key) if of_old else None
    if earlier:
        return earlier.body
    clear = lane.settled[0] if first.writes and lane.settled else ""
    try:
        body = _wrapped(connector, asking, clear)
    except Exception as why:
        raise Unfit(why) from why
    lane.settled = lane.settled[1:] if clear else lane.settled
    return body


def store(
    lane: Lane, session: Session, number: int, asking: Sequence[Asking], body: str
) -> Message:
    first = asking[0].request
    writes, key = first.writes, first.key if first.alone else ""
    message = Message(session=session, number=number, key=key, writes=writes, body=body)
    exchanges = [
        Exchange(
            conversation=one.conversation,
            position=len(one.before),
            message=message,
            request_id=one.id,
            request=one.request.canonical(),
            record=one.request.record,
            writes=writes,
        )
        for one in asking
    ]
    with database.cursor() as cursor:
        cursor.execute(
            _SENT,
            {
                "session": session.pk,
                "number": number,
                "key": key,
                "writes": writes,
                "body": body,
                "connection": session.connection_id,
                "settled": json.dumps(lane.settled),
                "conversations": [one.conversation_id for one in exchanges],
                "positions": [one.position for one in exchanges],
                "ids": [one.request_id for one in exchanges],
                "requests": [one.request for one in exchanges],
                "records": [one.record for one in exchanges],
            },
        )
        [(message.pk, first_asked)] = cursor.fetchall()
    bind_contextvars(message=message.pk)
    if session.scripts is not None and len(exchanges) == 1:
        [out] = exchanges
        out.pk, out.message = first_asked, message
        transaction.on_commit(partial(setattr, session, "out", out))
    return message


# The message, what each conversation asks with it, the settled keys that are left to forget, and
# that the session is not silent.
_SENT = """
    WITH message AS (
        INSERT INTO connectors_message (session_id, number, key, writes, body, fault, forgotten)
        VALUES (%(session)s, %(number)s, %(key)s, %(writes)s, %(body)s, '', false) RETURNING id
    ), asked AS (
        INSERT INTO connectors_exchange (message_id, conversation_id, position, request_id, request,
                                         record, writes, borrowed)
        SELECT message.id, one.*, %(writes)s, false
        FROM message, unnest(%(conversations)s::bigint[], %(positions)s::int[], %(ids)s::text[],
                             %(requests)s::text[], %(records)s::text[]) AS one
        RETURNING id
    ), heard AS (
        UPDATE connectors_session SET last_seen_at = statement_timestamp() WHERE id = %(session)s
    ), lane AS (
        UPDATE connectors_lane SET settled = %(settled)s::jsonb
        WHERE connection_id = %(connection)s AND settled <> %(settled)s::jsonb
    )
    SELECT id, (SELECT min(id) FROM asked) FROM message
"""
_OF_OLD = CompiledQuery(
    lambda connection, key: Message.objects.filter(
        key=key, writes=True, session__connection=connection
    ).order_by("id")[:1],
    int,
    str,
)


def _wrapped(connector: Connector, asking: Sequence[Asking], clear: str = "") -> str:
    for one in asking:
        if len(one.request.record) > _LONGEST_RECORD:
            raise ValueError(f"no record has so long a name: {one.request.record}")
    return connector.wrap({one.id: one.request for one in asking}, clear=clear)


_LONGEST_RECORD = Exchange._meta.get_field("record").max_length or 0


def _stop_unfit(
    lane: Lane, connector: Connector, asking: Sequence[Asking], error: Exception
) -> None:
    """Stop the conversations whose request is no message by itself; else all that shared it."""
    unfit: list[tuple[Conversation, Exception]] = []
    for one in asking:
        try:
            _wrapped(connector, [one])
        except Exception as own:
            unfit.append((one.conversation, own))
    stopped = unfit or [(one.conversation, error) for one in asking]
    lock(conversation for conversation, _ in stopped)
    for conversation, why in stopped:
        stop(lane, conversation, why)
