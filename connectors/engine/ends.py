"""The four ways a conversation ends: settled, put back, lost, or dropped before it began."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from connectors.contract import Absent, CannotTell, Refused, StillThere, Unclear
from connectors.engine.attempts import attempts_of
from connectors.engine.outcomes import Outcome, by_purpose, lock
from connectors.engine.queue import CLOSED, queue
from connectors.models import Conversation, Exchange, Lane, Message, Session

MOST_TRIES = 20


def quarantine() -> timedelta:
    """How long an ERP may take to carry out what it never answered."""
    return timedelta(seconds=settings.ERP_QUARANTINE_SECONDS)


def settle(lane: Lane, outcomes: Sequence[Outcome]) -> None:
    """The ERP answered for good. The keys of what was written may be forgotten there."""
    if not outcomes:
        return
    conversations = [outcome.conversation for outcome in outcomes]
    for outcome in outcomes:
        word = "refused" if outcome.error else "seen" if _only_looked(outcome) else "done"
        _close([outcome.conversation], word, str(outcome.error or ""))
    lane.settled += _keys_settled([o.conversation for o in outcomes if _is_final(o)])
    lane.save(update_fields=["settled"])
    Session.objects.filter(pk__in={c.session_id for c in conversations if c.session_id}).update(
        finished=F("finished") + len(conversations)
    )
    told = {outcome.conversation.pk: outcome for outcome in outcomes}
    for purpose, group in by_purpose(conversations):
        purpose.settle([told[conversation.pk] for conversation in group])


def put_back(lane: Lane, conversations: Sequence[Conversation], why: str = "") -> None:
    """Nothing was written: again from the top, in another session, at the same turn.

    `why` is what stood in the way; without it (a visitor who left) the try does not count.
    """
    tired = [c for c in conversations if why and c.tries + 1 >= MOST_TRIES]
    words = f"Tried {MOST_TRIES} times, and each time: {why}"
    settle(lane, [given_up(conversation, words) for conversation in tired])
    again = [c for c in conversations if c not in tired]
    _close(again, "put_back", why)
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


def given_up(conversation: Conversation, words: str) -> Outcome:
    """The end of one that is not tried again by itself; `words` are for people.

    While an earlier write is unanswered, "nothing was written" would be a guess.
    """
    doubt = is_unsettled(conversation)
    return Outcome(conversation, error=CannotTell(words) if doubt else Refused(words))


def is_unsettled(conversation: Conversation) -> bool:
    """Whether a write of its subject went out whose answer never came."""
    attempts = attempts_of(conversation.connection_id, [conversation.subject])
    return any(attempt.outcome == "lost" for attempt in attempts[conversation.subject])


def lose(conversations: Sequence[Conversation], why: str) -> None:
    """A write is out and unanswered. It is looked for in a later session, after the quarantine."""
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
    wrote = set(
        Exchange.objects.filter(conversation__in=conversations, writes=True).values_list(
            "conversation_id", flat=True
        )
    )
    lose([c for c in conversations if c.pk in wrote], why or "No answer came.")
    put_back(lane, [c for c in conversations if c.pk not in wrote], why)


def _close(conversations: Iterable[Conversation], outcome: str, fault: str) -> None:
    Conversation.objects.filter(pk__in=[c.pk for c in conversations]).update(
        state=CLOSED, outcome=outcome, fault=fault, closed_at=Now()
    )


def _only_looked(outcome: Outcome) -> bool:
    """Whether the ERP was asked and that settles nothing: not found, or still there."""
    return isinstance(outcome.value, Absent | Unclear | StillThere)


def _is_final(outcome: Outcome) -> bool:
    """Whether the ERP need not remember this write any more: it is known what became of it."""
    doubt = isinstance(outcome.error, CannotTell) or isinstance(outcome.value, Absent | Unclear)
    return not doubt


def _keys_settled(conversations: Sequence[Conversation]) -> list[str]:
    """The keys under which these subjects were ever written and that are not yet given back."""
    about = [c for c in conversations if c.purpose in ("export", "find", "unlink")]
    if not about:
        return []
    written = Message.objects.filter(
        writes=True,
        forgotten=False,
        exchanges__conversation__connection_id=about[0].connection_id,
        exchanges__conversation__subject__in=[c.subject for c in about],
    )
    keys = dict(written.order_by("id").values_list("id", "key"))
    Message.objects.filter(pk__in=keys).update(forgotten=True)
    return list(dict.fromkeys(keys.values()))
