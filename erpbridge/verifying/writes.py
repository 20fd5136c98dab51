"""Nothing twice, nothing unasked, nothing that was not accepted, nothing stuck."""

from approvals.states import EDITABLE
from connectors.registry import connector_for, names
from erpbridge.verifying.rule import Rule

_OPEN = ", ".join(f"'{status.value}'" for status in sorted(EDITABLE))
# What conversations about items are for; their subject is the item's id.
_ABOUT_ITEMS = "purpose IN ('export', 'find', 'unlink')"

CONFIRMED = Rule(
    "confirmed",
    "An item is Synced because the ERP confirmed it: once, and not again before it was unlinked.",
    "approvals_export WHERE status = 'synced'",
    """
    WITH confirmed AS (
        SELECT subject, count(*) FILTER (WHERE purpose = 'export') AS exported, count(*) AS n
        FROM connectors_conversation
        WHERE purpose IN ('export', 'find') AND outcome = 'done' GROUP BY 1
    ), told AS (
        SELECT substr(subject, 8) AS subject, count(*) AS n
        FROM directory_event WHERE verb = 'succeed' GROUP BY 1
    )
    SELECT export.company_id, export.id AS export_id,
           format('the ERP confirmed it %s times, and its history tells of %s',
                  coalesce(confirmed.n, 0), coalesce(told.n, 0)) AS what
    FROM approvals_export AS export
    LEFT JOIN confirmed ON confirmed.subject = export.id::text
    LEFT JOIN told ON told.subject = export.id::text
    WHERE coalesce(told.n, 0)
        NOT BETWEEN coalesce(confirmed.exported, 0) AND coalesce(confirmed.n, 0)
    UNION ALL
    SELECT company_id, id, 'it is Synced, and nothing is kept of what the ERP confirmed'
    FROM approvals_export
    WHERE status = 'synced'
      AND (receipt = '' OR receipt::jsonb ->> 'id' IS DISTINCT FROM erp_id)
    """,
)


def _one_record() -> str:
    """Lines are counted where the ERP tells of its own; elsewhere changes share a line."""
    return f"""
    SELECT company_id, min(id) AS export_id,
           format('%s items stand in the record %s of the ERP', count(*), min(erp_id)) AS what
    FROM approvals_export
    WHERE status IN ('synced', 'unlinking') AND kind <> 'change_order'
      AND (kind <> 'budget' OR parent_id IS NULL)
    GROUP BY company_id, kind, erp_id HAVING count(*) > 1
    UNION ALL
    SELECT company_id, min(id), format('%s items claim line %s of the ERP''s record %s', count(*),
           line, erp_id)
    FROM (
        SELECT DISTINCT export.company_id, export.id, export.erp_id, line
        FROM approvals_export AS export
        JOIN connectors_connection AS connection ON connection.company_id = export.company_id,
        LATERAL (SELECT value AS line FROM jsonb_each_text(export.receipt::jsonb -> 'lines')) AS own
        WHERE export.status = 'synced' AND export.receipt <> '' AND export.kind <> 'budget'
          AND connection.erp IN ({_erps(can_find=True)})
    ) AS claimed GROUP BY company_id, erp_id, line HAVING count(*) > 1
    """


ONE_RECORD = Rule(
    "records",
    "No two items stand in the same record of the ERP, or on the same line of one.",
    "approvals_export WHERE status = 'synced'",
    _one_record,
)

ACCEPTED = Rule(
    "accepted",
    "Only exports write to the ERP, and each that did had begun, from an acceptance.",
    "connectors_message WHERE writes",
    """
    WITH begun AS (
        SELECT substr(subject, 8) AS subject, body::jsonb -> 'data' ->> 'key' AS key
        FROM directory_event WHERE verb = 'begin' AND starts_with(subject, 'export:')
    ), wrote AS (
        SELECT DISTINCT conversation_id AS id FROM connectors_exchange WHERE writes
    )
    SELECT connection.company_id, export.id AS export_id, CASE
        WHEN one.purpose <> 'export'
            THEN format('a conversation wrote that only looks (%s)', one.purpose)
        ELSE format('was written under %s, and its history does not tell that it began', one.key)
        END AS what
    FROM wrote JOIN connectors_conversation AS one USING (id)
    JOIN connectors_connection AS connection ON connection.id = one.connection_id
    LEFT JOIN approvals_export AS export ON export.id::text = one.subject
    LEFT JOIN begun ON begun.subject = one.subject AND begun.key = one.key
    WHERE one.purpose <> 'export' OR begun.key IS NULL
    """,
)

APPROVED = Rule(
    "approved",
    "What was written to the ERP, and where to, has the digests of what was accepted.",
    "connectors_conversation WHERE purpose = 'export' AND input <> ''",
    """
    WITH accepted AS (
        SELECT substr(subject, 8)::bigint AS export_id, verb, body::jsonb -> 'data' AS data
        FROM directory_event JOIN (
            SELECT max(id) AS id FROM directory_event
            WHERE verb IN ('accept', 'retry', 'adopt', 'record-found')
              AND starts_with(subject, 'export:') GROUP BY subject
        ) AS last USING (id)
    ), written AS (
        SELECT one.subject, one.input FROM connectors_conversation AS one JOIN (
            SELECT max(id) AS id FROM connectors_conversation
            WHERE purpose = 'export' AND input <> '' GROUP BY subject
        ) AS last USING (id)
    )
    SELECT export.company_id, export.id AS export_id, CASE
        WHEN (accepted.data ->> 'copy', accepted.data ->> 'terms')
             IS DISTINCT FROM (export.copy_digest::text, export.terms_digest::text)
            THEN 'what is kept of it is not what was accepted'
        ELSE 'what was given to the ERP is not what was accepted' END AS what
    FROM approvals_export AS export JOIN accepted ON accepted.export_id = export.id
    LEFT JOIN written ON written.subject = export.id::text
    WHERE accepted.verb IN ('accept', 'retry')
      AND export.status IN ('accepted', 'exporting', 'unknown', 'synced', 'unlinking')
      AND ((accepted.data ->> 'copy', accepted.data ->> 'terms')
               IS DISTINCT FROM (export.copy_digest::text, export.terms_digest::text)
           OR export.status IN ('synced', 'unlinking', 'exporting', 'unknown')
              AND strpos(written.input, export.copy) = 0
              AND NOT written.input::jsonb -> 'document' @> export.copy::jsonb
           OR export.status IN ('synced', 'unlinking', 'exporting', 'unknown')
              AND strpos(written.input, export.terms) = 0
              AND NOT written.input::jsonb -> 'terms' @> export.terms::jsonb)
    """,
)


def _erps(*, can_find: bool) -> str:
    """The ERPs that can, or cannot, be asked whether a record is there, for an IN."""
    all_ = {erp: connector_for(erp).capabilities for erp in names()}
    return ", ".join(f"'{erp}'" for erp, one in all_.items() if one.can_find is can_find)


def _asked() -> str:
    return f"""
    WITH writes AS (
        SELECT one.id, one.connection_id, one.subject, one.outcome,
               min(message.sent_at) AS first_at, max(message.sent_at) AS last_at
        FROM connectors_conversation AS one
        JOIN connectors_exchange AS exchange ON exchange.conversation_id = one.id
        JOIN connectors_message AS message ON message.id = exchange.message_id
        WHERE exchange.writes GROUP BY one.id
    ), again AS (
        SELECT *, lag(id) OVER way AS before, lag(last_at) OVER way AS before_at,
               lag(outcome) OVER way AS outcome_before
        FROM writes WINDOW way AS (PARTITION BY connection_id, subject ORDER BY id)
    )
    SELECT connection.company_id, export.id AS export_id,
           'was written again, though the ERP had not been asked what became of the try before'
               AS what
    FROM again JOIN connectors_connection AS connection ON connection.id = again.connection_id
    LEFT JOIN approvals_export AS export ON export.id::text = again.subject
    WHERE again.outcome_before IN ('lost', 'unclear')
        AND connection.erp IN ({_erps(can_find=True)}) AND NOT EXISTS (
        SELECT FROM connectors_conversation AS looked
        JOIN connectors_exchange AS exchange ON exchange.conversation_id = looked.id
        JOIN connectors_message AS message ON message.id = exchange.message_id
        WHERE looked.connection_id = again.connection_id AND looked.subject = again.subject
          AND looked.purpose IN ('export', 'find') AND NOT exchange.writes
          AND message.sent_at > again.before_at AND message.sent_at < again.first_at
          AND message.replied_at < again.first_at
    )
    """


ASKED = Rule(
    "asked-first",
    "After a try without a clear answer nothing is written again before the ERP was asked.",
    "connectors_conversation WHERE outcome IN ('lost', 'unclear')",
    _asked,
)


def _repeated() -> str:
    """As `connectors.engine.attempts` has it: of a conversation every write but the last was
    confirmed, and the last one, too, where it was stopped between two."""
    return f"""
    WITH writes AS (
        SELECT one.id, one.connection_id, connection.company_id, one.subject,
               exchange.request::jsonb ->> 'body' AS body,
               one.outcome = 'stopped' OR exchange.position
                   < max(exchange.position) OVER (PARTITION BY one.id) AS confirmed
        FROM connectors_conversation AS one
        JOIN connectors_connection AS connection ON connection.id = one.connection_id
        JOIN connectors_exchange AS exchange ON exchange.conversation_id = one.id
        WHERE exchange.writes AND one.purpose = 'export' AND NOT one.disowned
          AND connection.erp IN ({_erps(can_find=False)})
    )
    SELECT DISTINCT again.company_id, export.id AS export_id,
           'a call that the ERP had confirmed was made again' AS what
    FROM writes AS before JOIN writes AS again USING (connection_id, subject, body)
    LEFT JOIN approvals_export AS export ON export.id::text = again.subject
    WHERE before.confirmed AND before.id < again.id AND NOT EXISTS (
        SELECT FROM connectors_conversation AS settled
        WHERE settled.connection_id = again.connection_id AND settled.subject = again.subject
          AND settled.purpose IN ('export', 'find', 'unlink') AND settled.outcome = 'done'
          AND settled.id >= before.id AND settled.id < again.id
    )
    """


REPEATED = Rule(
    "repeated",
    "Where the ERP cannot be asked, a call that it confirmed is not made again.",
    "connectors_conversation WHERE outcome IN ('stopped', 'lost', 'refused')",
    _repeated,
)

MESSAGES = Rule(
    "messages",
    "A message to the ERP writes one thing for one item; sent again under its key, in its bytes.",
    "connectors_message WHERE writes",
    """
    SELECT connection.company_id, min(item.id) AS export_id, CASE
        WHEN count(DISTINCT one.subject) > 1
            THEN format('key %s was used for %s items', message.key, count(DISTINCT one.subject))
        WHEN count(DISTINCT md5(message.body)) > 1
            THEN format('key %s went out with different bytes', message.key)
        ELSE format('a message wrote more than one thing (key %s)', message.key) END AS what
    FROM connectors_message AS message
    JOIN connectors_exchange AS exchange ON exchange.message_id = message.id
        AND NOT exchange.borrowed
    JOIN connectors_conversation AS one ON one.id = exchange.conversation_id
    JOIN connectors_connection AS connection ON connection.id = one.connection_id
    LEFT JOIN approvals_export AS item ON item.id::text = one.subject
    WHERE message.writes GROUP BY connection.company_id, connection.id, message.key
    HAVING count(DISTINCT one.subject) > 1 OR count(DISTINCT md5(message.body)) > 1
        OR count(*) > count(DISTINCT message.id)
    UNION ALL
    SELECT connection.company_id, NULL,
           format('message %s and what was asked with it differ on whether it writes', message.id)
    FROM connectors_exchange AS exchange
    JOIN connectors_message AS message ON message.id = exchange.message_id
    JOIN connectors_session AS session ON session.id = message.session_id
    JOIN connectors_connection AS connection ON connection.id = session.connection_id
    WHERE exchange.writes <> message.writes AND NOT exchange.borrowed
    """,
)

ORDER = Rule(
    "order",
    "A change order goes only while its commitment is Synced.",
    "approvals_export WHERE kind = 'change_order'",
    f"""
    SELECT company_id, export.id AS export_id,
           format('it is %s, and its commitment is %s', export.status, parent.status) AS what
    FROM approvals_export AS export
    JOIN (SELECT id, status FROM approvals_export) AS parent ON parent.id = export.parent_id
    WHERE export.kind = 'change_order' AND export.status NOT IN ({_OPEN})
      AND parent.status <> 'synced'
    UNION ALL
    SELECT company_id, export.id, 'it was written to the ERP before its commitment was confirmed'
    FROM approvals_export AS export
    JOIN (SELECT id, synced_at FROM approvals_export) AS parent ON parent.id = export.parent_id
    WHERE export.kind = 'change_order' AND export.status = 'synced'
      AND export.synced_at < parent.synced_at
    """,
    cheap=True,
)

MOVING = Rule(
    "moving",
    "What is on its way has the one conversation that moves it on, and nothing else has one.",
    f"connectors_conversation WHERE state <> 'closed' AND {_ABOUT_ITEMS}",
    f"""
    WITH under_way AS (
        SELECT connection.company_id, one.subject, one.purpose, one.state,
               item.id, item.status, item.kind, item.document_id
        FROM connectors_conversation AS one
        JOIN connectors_connection AS connection ON connection.id = one.connection_id
        LEFT JOIN approvals_export AS item ON item.id::text = one.subject
            AND item.company_id = connection.company_id
        WHERE one.state <> 'closed' AND one.{_ABOUT_ITEMS}
    )
    SELECT company_id, export.id AS export_id,
           format('it is %s, and nothing moves it on', export.status) AS what
    FROM approvals_export AS export
    WHERE view = 'progress' AND NOT EXISTS (
        SELECT FROM under_way AS one WHERE one.company_id = export.company_id
          AND (one.id = export.id OR export.kind = 'budget' AND export.status = 'unlinking'
               AND one.kind = 'budget' AND one.document_id = export.document_id)
          AND (export.status::text, one.purpose::text, one.state::text) IN (
            ('accepted', 'export', 'waiting'), ('exporting', 'export', 'open'),
            ('unknown', 'find', 'waiting'), ('unknown', 'find', 'open'),
            ('unlinking', 'unlink', 'waiting'), ('unlinking', 'unlink', 'open'))
    )
    UNION ALL
    SELECT company_id, id, format('it is %s, and a conversation of it is %s (%s)',
           coalesce(status, 'gone'), state, purpose)
    FROM under_way
    WHERE (coalesce(status, ''), purpose::text, state::text) NOT IN (
        ('accepted', 'export', 'waiting'), ('exporting', 'export', 'open'),
        ('unknown', 'find', 'waiting'), ('unknown', 'find', 'open'),
        ('unlinking', 'unlink', 'waiting'), ('unlinking', 'unlink', 'open'))
    """,
    cheap=True,
)

LANES = Rule(
    "lanes",
    "One session holds a lane, and one attempt of a document is open, in that session.",
    "connectors_lane",
    """
    SELECT connection.company_id, NULL::bigint AS export_id,
           format('session %s has not ended and does not hold the lane', session.fence) AS what
    FROM connectors_session AS session
    JOIN connectors_connection AS connection ON connection.id = session.connection_id
    LEFT JOIN connectors_lane AS lane ON lane.connection_id = session.connection_id
    WHERE session.ended_at IS NULL AND lane.session_id IS DISTINCT FROM session.id
    UNION ALL
    SELECT connection.company_id, NULL,
           format('the lane is at fence %s and its holder at %s', lane.fence, session.fence)
    FROM connectors_lane AS lane
    JOIN connectors_connection AS connection ON connection.id = lane.connection_id
    JOIN connectors_session AS session ON session.id = lane.session_id
    WHERE session.ended_at IS NOT NULL OR session.fence <> lane.fence
        OR session.connection_id <> lane.connection_id
    UNION ALL
    SELECT connection.company_id, NULL,
           format('%s (%s) is open in a session that does not hold the lane', one.subject,
                  one.purpose)
    FROM connectors_conversation AS one
    JOIN connectors_connection AS connection ON connection.id = one.connection_id
    LEFT JOIN connectors_lane AS lane ON lane.connection_id = one.connection_id
    WHERE one.state = 'open' AND lane.session_id IS DISTINCT FROM one.session_id
    UNION ALL
    SELECT connection.company_id, NULL,
           format('%s has %s open attempts', one.subject, count(*))
    FROM connectors_conversation AS one
    JOIN connectors_connection AS connection ON connection.id = one.connection_id
    WHERE one.state <> 'closed' GROUP BY connection.company_id, connection.id, one.subject
    HAVING count(*) > 1
    """,
    cheap=True,
)

REASONS = Rule(
    "reasons",
    "What failed, came back or needs attention says why, in words.",
    "approvals_export WHERE status IN ('failed', 'needs_attention', 'rejected')",
    """
    SELECT company_id, id AS export_id, format('it is %s, and nothing says why', status) AS what
    FROM approvals_export
    WHERE view IN ('failed', 'rejected') AND btrim(message) = ''
    """,
    cheap=True,
)

RULES = (
    *(CONFIRMED, ONE_RECORD, ACCEPTED, APPROVED, ASKED, REPEATED, MESSAGES, ORDER, MOVING),
    *(LANES, REASONS),
)
