"""Every step once, only steps of the table, and a history that nobody has rewritten."""

from approvals.states import STEPS
from directory.history import broken
from erpbridge.verifying.rule import Rule

_TABLE = ", ".join(
    f"('{step.name}', '{source.value}', '{step.target.value}')"
    for step in STEPS.values()
    for source in sorted(step.sources)
)

CHAIN = Rule(
    "chain",
    "Nobody has changed, added or removed anything in the histories since it was written.",
    "directory_event",
    broken,
)

APPEND_ONLY = Rule(
    "append-only",
    "The database itself refuses to change or remove what a history holds.",
    "pg_trigger WHERE tgrelid = 'directory_event'::regclass AND NOT tgisinternal",
    """
    SELECT NULL::bigint AS company_id, NULL::bigint AS export_id,
           format('the trigger %s of the histories is missing or switched off', name) AS what
    FROM unnest(ARRAY['event_rows_stay', 'event_table_stays']) AS name
    WHERE NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgname = name AND tgrelid = 'directory_event'::regclass
            AND tgenabled IN ('O', 'A')
    )
    """,
    cheap=True,
)

STEPS_TOLD = Rule(
    "steps",
    "The history tells every step of an item once, none that is not in the table, and ends at its "
    "status.",
    "directory_event WHERE starts_with(subject, 'export:')",
    f"""
    WITH told AS (
        SELECT id, chain_id, verb, substr(subject, 8)::bigint AS export_id,
               data ->> 'from' AS source, data ->> 'to' AS target,
               (data ->> 'version')::bigint AS version
        FROM (
            SELECT id, chain_id, verb, subject, body::jsonb -> 'data' AS data
            FROM directory_event WHERE starts_with(subject, 'export:')
        ) AS event WHERE data ->> 'to' IS NOT NULL
    ), walked AS (
        SELECT *, lag(target, 1, 'draft') OVER way AS before,
               lag(version, 1, -1::bigint) OVER way AS version_before,
               lead(id) OVER way IS NULL AS is_last
        FROM told WINDOW way AS (PARTITION BY export_id ORDER BY id)
    )
    SELECT coalesce(export.company_id, chain.company_id) AS company_id,
           coalesce(export.id, walked.export_id) AS export_id, CASE
        WHEN export.id IS NULL THEN 'its history tells of an item that there is not'
        WHEN walked.id IS NULL THEN format('it is %s, and no step is told', export.status)
        WHEN chain.company_id <> export.company_id THEN 'its step stands in another history'
        WHEN (walked.verb, walked.source, walked.target) NOT IN (VALUES {_TABLE}) THEN format(
            'was taken from %s to %s by %s, which is no step', source, target, verb)
        WHEN walked.before <> walked.source THEN format(
            'was %s when the history has it %s (%s)', walked.source, walked.before, walked.verb)
        WHEN walked.version <= walked.version_before OR walked.version > export.version
            THEN format('%s is told with version %s, after version %s', walked.verb,
                        walked.version, walked.version_before)
        ELSE format('it is %s, and its history ends with %s', export.status, walked.target)
        END AS what
    FROM walked JOIN directory_chain AS chain ON chain.id = walked.chain_id
    FULL JOIN approvals_export AS export ON export.id = walked.export_id
    WHERE export.id IS NULL OR CASE WHEN walked.id IS NULL THEN export.status <> 'draft' ELSE
        chain.company_id <> export.company_id
        OR (walked.verb, walked.source, walked.target) NOT IN (VALUES {_TABLE})
        OR walked.before <> walked.source OR walked.version <= walked.version_before
        OR walked.version > export.version
        OR walked.is_last AND walked.target <> export.status END
    """,
)

RULES = (CHAIN, APPEND_ONLY, STEPS_TOLD)
