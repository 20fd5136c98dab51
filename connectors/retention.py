"""How long is kept what lists, costs and comparisons were read from.

What was said about an item on its way to the ERP is evidence, and kept for ever: each request, and
the answer to it. The rest is read into tables of its own, comes again every few hours, and would be
most of the database within a year.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection as database
from django.db import transaction

from connectors.models import ABOUT_ITEMS
from connectors.self_tests import SELF_TEST

# So long somebody may ask why a list was read as it was.
READ = timedelta(days=30)
# So many go in one transaction. An answer may be long, but is removed unread.
AT_ONCE = 500


def forget() -> int:
    """Remove the conversations that only read and whose time is over, with their answers; how many
    went. An answer that also tells of an item, as several questions travel together, stays."""
    gone = 0
    while some := _forget_some():
        gone += some
    return gone


@transaction.atomic
def _forget_some() -> int:
    with database.cursor() as cursor:
        cursor.execute(_OLD, [READ.days, SELF_TEST, AT_ONCE])
        old = [pk for (pk,) in cursor.fetchall()]
        if not old:
            return 0
        cursor.execute(
            "DELETE FROM connectors_exchange WHERE conversation_id = ANY(%s) RETURNING message_id",
            [old],
        )
        messages = list({message for (message,) in cursor.fetchall()})
        cursor.execute("DELETE FROM connectors_conversation WHERE id = ANY(%s)", [old])
        cursor.execute(_UNHEARD, [messages])
    return len(old)


# How the last self-test went stands on the connection's page, however long ago that was.
_OLD = f"""
    SELECT id FROM connectors_conversation AS one
    WHERE NOT (purpose IN {ABOUT_ITEMS}) AND state = 'closed'
        AND queued_at < statement_timestamp() - make_interval(days => %s)
        AND NOT (purpose = %s AND NOT EXISTS (
            SELECT FROM connectors_conversation AS later
            WHERE later.connection_id = one.connection_id AND later.subject = one.subject
                AND later.id > one.id
        ))
    ORDER BY queued_at LIMIT %s
"""  # noqa: S608 our own words

_UNHEARD = """
    WITH gone AS (
        SELECT id FROM connectors_message AS message
        WHERE id = ANY(%s) AND NOT EXISTS (
            SELECT FROM connectors_exchange WHERE message_id = message.id
        )
    ), parts AS (
        DELETE FROM connectors_replypart WHERE message_id IN (SELECT id FROM gone)
    )
    DELETE FROM connectors_message WHERE id IN (SELECT id FROM gone)
"""
