"""One conversation's next step: how it goes on from what is stored of it, and how it ends.

Whatever goes wrong with one conversation ends that one, with words, and not its lane.
"""

import logging
from collections.abc import Mapping, Sequence

from django.db import transaction

from connectors.contract import Connector
from connectors.engine.ends import abandon, given_up, has_written, put_back, settle
from connectors.engine.outcomes import Outcome
from connectors.engine.scripts import Back, Broken, Next, Reader, Waiting, advance, fed
from connectors.models import Conversation, Exchange, Lane
from connectors.registry import fingerprint
from directory.away import GONE
from directory.compiled import CompiledQuery

log = logging.getLogger(__name__)


def asked_by(
    conversations: Sequence[Conversation], scripts: Mapping[int, Waiting] | None = None
) -> dict[int, list[Exchange]]:
    """What each conversation has asked so far, in order; `scripts` are those that wait here."""
    if len(conversations) == 1:
        [only] = conversations
        known = fed(scripts, only.pk)
        return {only.pk: [*known, *_OF_ONE.all(only.pk, known[-1].pk if known else 0)]}
    asked: dict[int, list[Exchange]] = {}
    # The message that many share, with the reply in it, is loaded once and not for each of them.
    rows = Exchange.objects.filter(conversation__in=conversations).prefetch_related("message")
    for exchange in rows.order_by("conversation_id", "position"):
        asked.setdefault(exchange.conversation_id, []).append(exchange)
    return asked


_OF_ONE = CompiledQuery(
    lambda conversation, after: (
        Exchange.objects.filter(conversation=conversation, pk__gt=after)
        .select_related("message")
        .defer("message__body")
        .order_by("position")
    ),
    int,
    int,
)


def next_step(
    lane: Lane,
    connector: Connector,
    conversation: Conversation,
    exchanges: Sequence[Exchange],
    reader: Reader,
) -> Next:
    """What the conversation asks next, or how it ends."""
    if exchanges and conversation.fingerprint != fingerprint(lane.connection.erp):
        return Broken("The connector was changed while this was under way.")
    try:
        return advance(connector, conversation, exchanges, reader)
    except GONE:
        raise  # the database's trouble, not this conversation's
    except Exception as error:
        log.exception("A conversation could not go on", extra=conversation.logged)
        return Broken(f"The answer could not be understood: {error!r}")


def finish(
    lane: Lane,
    conversation: Conversation,
    step: Outcome | Back | Broken,
    *,
    careful: bool = True,
) -> None:
    """End a conversation, whole. What cannot be kept of it stops it alone, and not its lane; raises
    instead where it is not `careful`, and spares the savepoint."""
    if not careful:
        _end(lane, conversation, step)
        return
    settled = list(lane.settled)
    try:
        with transaction.atomic():
            _end(lane, conversation, step)
    except GONE:
        raise
    except Exception as error:
        log.exception("A conversation could not be ended", extra=conversation.logged)
        lane.settled = settled
        abandon(lane, [conversation], f"What came of it could not be kept: {error!r}")


def _end(lane: Lane, conversation: Conversation, step: Outcome | Back | Broken) -> None:
    if isinstance(step, Outcome):
        settle(lane, [step])
    elif isinstance(step, Back):
        put_back(lane, [conversation], step.why)
    else:
        abandon(lane, [conversation], step.why)


def stop(lane: Lane, conversation: Conversation, error: Exception) -> None:
    """End a conversation over a fault of our own, before anything more of it goes out."""
    log.error("A conversation was stopped", extra=conversation.logged, exc_info=error)
    words = (
        "An error of ERP Bridge itself stopped this before anything more was sent "
        f"({type(error).__name__}: {error}). Whoever runs this installation finds more in its log. "
        "Retry it when that is mended."
    )
    between = has_written(lane, conversation)
    finish(lane, conversation, given_up(lane, conversation, words, between=between))
