"""How a conversation ends: settled, put back, stopped between two writes, lost, or dropped before
it began."""

import json
import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection as database
from django.db.models import QuerySet
from django.db.models.functions import Now

from connectors.contract import (
    Absent,
    Again,
    CannotTell,
    Capabilities,
    Refused,
    StillThere,
    Unclear,
)
from connectors.engine.attempts import attempts_of, may_be_there
from connectors.engine.outcomes import Outcome, by_purpose, lock
from connectors.engine.queue import CLOSED, queue
from connectors.models import Conversation, Exchange, Lane
from directory.piggyback import send_along

log = logging.getLogger(__name__)

MOST_TRIES = 20
NO_ANSWER = "No answer came."


def quarantine() -> timedelta:
    """How long an ERP may take to carry out what it never answered."""
    return timedelta(seconds=settings.ERP_QUARANTINE_SECONDS)


def settle(lane: Lane, outcomes: Sequence[Outcome]) -> None:
    """The ERP answered for good, and the purposes are told. One statement each, and theirs."""
    for outcome in outcomes:
        _close_settled(lane, outcome)
    told = {outcome.conversation.pk: outcome for outcome in outcomes}
    for purpose, group in by_purpose(outcome.conversation for outcome in outcomes):
        purpose.settle([told[conversation.pk] for conversation in group])


def _close_settled(lane: Lane, outcome: Outcome) -> None:
    """The conversation is closed and counted."""
    conversation = outcome.conversation
    erp = lane.connection.capabilities
    send_along(
        """
        WITH ended AS (
            UPDATE connectors_conversation
            SET state = 'closed', outcome = %s, fault = %s, closed_at = statement_timestamp()
            WHERE id = %s RETURNING session_id
        )
        UPDATE connectors_session SET finished = finished + 1
        FROM ended WHERE connectors_session.id = ended.session_id
        """,
        [_word(outcome, erp), str(outcome.error or ""), conversation.pk],
    )
    if erp.remembers_keys and _is_final(outcome) and _may_have_written(outcome):
        _let_forget(lane, conversation.subject)


def _let_forget(lane: Lane, subject: str) -> None:
    """The keys under which a subject was ever written are not needed any more, so the ERP is told,
    with the next writes of the lane, to forget them."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH forgotten AS (
                UPDATE connectors_message SET forgotten = true
                WHERE writes AND NOT forgotten AND id IN (
                    SELECT exchange.message_id FROM connectors_exchange AS exchange
                    JOIN connectors_conversation AS one ON one.id = exchange.conversation_id
                    WHERE one.connection_id = %(connection)s AND one.subject = %(subject)s
                      AND exchange.writes
                ) RETURNING id, key
            ), keys AS (
                SELECT key, min(id) AS first FROM forgotten GROUP BY key
            )
            UPDATE connectors_lane
            SET settled = settled
                || coalesce((SELECT jsonb_agg(key ORDER BY first) FROM keys), '[]')
            WHERE connection_id = %(connection)s RETURNING settled::text
            """,
            {"connection": lane.connection_id, "subject": subject},
        )
        [(settled,)] = cursor.fetchall()
    lane.settled = json.loads(settled)


def put_back(
    lane: Lane,
    conversations: Sequence[Conversation],
    why: str = "",
    *,
    between: Collection[int] = (),
) -> None:
    """Nothing was written: again from the top, in another session, at the same turn.

    `why` is what stood in the way; without it (a visitor who left) the try does not count.
    `between` are the ids of those that had writes confirmed, and go on after them.
    """
    for conversation in conversations:
        log.info("To go on later: %s", why or "the visit ended", extra=conversation.logged)
    tired = [c for c in conversations if why and c.tries + 1 >= MOST_TRIES]
    words = f"Tried {MOST_TRIES} times, and each time: {why}"
    settle(lane, [given_up(lane, one, words, between=one.pk in between) for one in tired])
    again = [c for c in conversations if c not in tired]
    _close([c for c in again if c.pk not in between], "put_back", why)
    _close([c for c in again if c.pk in between], "stopped", why)
    for purpose, group in by_purpose(again):
        purpose.put_back(group)
    for conversation in again:
        tries = conversation.tries + 1 if why else conversation.tries
        queue(
            conversation.connection_id,
            conversation.purpose,
            conversation.subject,
            conversation.record,
            place=conversation.place,
            tries=tries,
            wait=timedelta(minutes=min(tries - 1, 15)) if why else timedelta(0),
            not_in=conversation.session if why else None,
        )


def given_up(
    lane: Lane, conversation: Conversation, words: str, *, between: bool = False
) -> Outcome:
    """The end of one that is not tried again by itself; `words` are for people.

    While something of it may be in the ERP, "nothing was written" would be a guess.
    """
    attempts = attempts_of(lane.connection, [conversation.subject])[conversation.subject]
    doubt = between or may_be_there(attempts, lane.connection.capabilities)
    error = CannotTell(words) if doubt else Refused(words)
    return Outcome(conversation, error=error, between=between)


def lose(conversations: Sequence[Conversation], why: str) -> None:
    """A write is out and unanswered. It is looked for in a later session, after the quarantine."""
    for conversation in conversations:
        log.warning("A write is out and unanswered: %s", why, extra=conversation.logged)
    _close(conversations, "lost", why)
    for purpose, group in by_purpose(conversations):
        purpose.lost(group)
    for conversation in conversations:
        queue(
            conversation.connection_id,
            "find",
            conversation.subject,
            conversation.record,
            place=conversation.place,
            wait=quarantine(),
            not_in=conversation.session,
        )


def abandon(lane: Lane, conversations: Sequence[Conversation], why: str = "") -> None:
    """End conversations that cannot go on: lost if one of them wrote, put back otherwise."""
    lock(conversations)
    wrote = set(_writes(conversations).values_list("conversation_id", flat=True))
    lose([c for c in conversations if c.pk in wrote], why or NO_ANSWER)
    put_back(lane, [c for c in conversations if c.pk not in wrote], why)


def leave(lane: Lane, conversations: Sequence[Conversation], why: str = "") -> None:
    """End conversations with which their session does not go on; `why` as in `put_back`.

    One whose every write was answered is in no doubt. It goes on after them where they are left
    out by the next attempt; an ERP that can be asked is asked instead.
    """
    if lane.connection.capabilities.can_find:
        abandon(lane, conversations, why)
        return
    lock(conversations)
    writes = _writes(conversations).values_list("conversation_id", "message__replied_at")
    out = {conversation for conversation, replied_at in writes if replied_at is None}
    lose([c for c in conversations if c.pk in out], NO_ANSWER)
    between = {conversation for conversation, _ in writes} - out
    put_back(lane, [c for c in conversations if c.pk not in out], why, between=between)


def has_written(lane: Lane, conversation: Conversation) -> bool:
    """Whether a conversation that goes on had writes confirmed that its next attempt leaves out."""
    asked = lane.connection.capabilities.can_find
    return not asked and _writes([conversation]).exists()


def _writes(conversations: Sequence[Conversation]) -> QuerySet[Exchange]:
    return Exchange.objects.filter(conversation__in=conversations, writes=True)


def _close(conversations: Iterable[Conversation], outcome: str, fault: str) -> None:
    Conversation.objects.filter(pk__in=[c.pk for c in conversations]).update(
        state=CLOSED, outcome=outcome, fault=fault, closed_at=Now()
    )


def _word(outcome: Outcome, erp: Capabilities) -> str:
    """How it ended. seen: the ERP was asked, and that settles nothing (not there, still there).
    unclear: it may be there in part or changed, and the ERP can be asked about it."""
    if outcome.between:
        return "stopped"
    if outcome.error:
        return "unclear" if erp.can_find and isinstance(outcome.error, CannotTell) else "refused"
    return "seen" if isinstance(outcome.value, Absent | Again | Unclear | StillThere) else "done"


def _may_have_written(outcome: Outcome) -> bool:
    """Whether it is about something of which a write may have gone out."""
    return outcome.conversation.purpose in ("export", "find", "unlink")


def _is_final(outcome: Outcome) -> bool:
    """Whether the ERP need not remember this write any more: it is known what became of it."""
    unknown = isinstance(outcome.value, Absent | Again | Unclear)
    return not (unknown or isinstance(outcome.error, CannotTell))
