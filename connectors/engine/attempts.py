"""What was written before: every try since the ERP last confirmed the document."""

from collections.abc import Sequence

import msgspec
from django.db import connection as database

from connectors.contract import Attempt
from connectors.engine.scripts import Export

# Writes that went out, of exports that began after the last one that was settled.
_WRITTEN = """
    SELECT one.subject, message.key, one.id, one.outcome, one.input
    FROM connectors_conversation AS one
    JOIN connectors_exchange AS exchange ON exchange.conversation_id = one.id
    JOIN connectors_message AS message ON message.id = exchange.message_id
    WHERE one.connection_id = %(connection)s AND one.subject = ANY(%(subjects)s)
      AND one.purpose = 'export' AND exchange.writes
      AND NOT EXISTS (
          SELECT FROM connectors_conversation AS later
          WHERE later.connection_id = one.connection_id AND later.subject = one.subject
            AND later.purpose IN ('export', 'find', 'unlink') AND later.outcome = 'done'
            AND later.id >= one.id
      )
    ORDER BY exchange.id
"""


def attempts_of(connection: int, subjects: Sequence[str]) -> dict[str, tuple[Attempt, ...]]:
    """Every write of these subjects that went out and is not settled, oldest first; one query.

    A conversation may write several times (QuickBooks: each rebuild after a stale EditSequence);
    only its last write can be the one without an answer.
    """
    with database.cursor() as cursor:
        cursor.execute(_WRITTEN, {"connection": connection, "subjects": list(subjects)})
        rows = cursor.fetchall()
    last = {conversation: key for _, key, conversation, _, _ in rows}
    attempts: dict[str, tuple[Attempt, ...]] = dict.fromkeys(subjects, ())
    for subject, key, conversation, outcome, given in rows:
        lost = outcome == "lost" and last[conversation] == key
        wrote = msgspec.json.decode(given, type=Export).wrote()
        attempts[subject] += (Attempt(key=key, outcome="lost" if lost else "refused", wrote=wrote),)
    return attempts
