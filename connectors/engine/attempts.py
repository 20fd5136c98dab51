"""What was written before: every try since the ERP last confirmed the document."""

from collections.abc import Sequence

import msgspec
from django.db.models import Max

from connectors.contract import Attempt
from connectors.engine.scripts import Export
from connectors.models import Conversation, Exchange


def attempts_of(connection: int, subjects: Sequence[str]) -> dict[str, tuple[Attempt, ...]]:
    """Every write of these subjects that went out and is not settled, oldest first; two queries.

    A conversation may write several times (QuickBooks: each rebuild after a stale EditSequence);
    only its last write can be the one without an answer.
    """
    settled = dict(
        Conversation.objects.filter(
            connection_id=connection,
            subject__in=subjects,
            purpose__in=("export", "find", "unlink"),
            outcome="done",
        )
        .values_list("subject")
        .annotate(last=Max("id"))
    )
    rows = [
        (conversation.subject, exchange.message.key, conversation)
        for exchange in Exchange.objects.filter(
            conversation__connection_id=connection,
            conversation__subject__in=subjects,
            conversation__purpose="export",
            writes=True,
        )
        .select_related("conversation", "message")
        .order_by("id")
        if (conversation := exchange.conversation).pk > settled.get(conversation.subject, 0)
    ]
    last = {conversation.pk: key for _, key, conversation in rows}
    attempts: dict[str, tuple[Attempt, ...]] = dict.fromkeys(subjects, ())
    for subject, key, conversation in rows:
        lost = conversation.outcome == "lost" and last[conversation.pk] == key
        wrote = msgspec.json.decode(conversation.input, type=Export).wrote()
        attempts[subject] += (Attempt(key=key, outcome="lost" if lost else "refused", wrote=wrote),)
    return attempts
