"""Writing and checking the history.

An event is written in the transaction of the step that it tells of. The chain's head is locked
last: measured with 16 clients, locking anything after it brings deadlocks and 15 steps a second
instead of 2,500.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from directory.deferred_writes import write_last
from directory.models import Chain
from directory.piggyback import send_along


@dataclass(frozen=True, slots=True)
class Happened:
    """Something to be written down. `data` holds plain JSON values; money as text."""

    verb: str
    subject: str
    actor: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


def append(company: int | None, events: Sequence[Happened]) -> None:
    """Write `events` to the history of `company` (None: the installation's), in this order.

    Must run inside a transaction, after every other lock but the counters has been taken. Two
    statements, however many events there are.
    """
    if events:
        write_last(_write, company, events)


def _write(company: int | None, events: Sequence[Happened]) -> None:
    with connection.cursor() as cursor:
        chain, length, previous, now = _lock_head(cursor, company)
    rows: list[list[Any]] = [[] for _ in range(7)]
    for event in events:
        length += 1
        body = canonical(
            {
                "actor": event.actor,
                "at": now.astimezone(UTC).isoformat(),
                "company": company,
                "data": event.data,
                "seq": length,
                "subject": event.subject,
                "verb": event.verb,
            }
        )
        previous = link(previous, body)
        values = (length, now, event.actor, event.verb, event.subject, body, previous)
        for column, value in zip(rows, values, strict=True):
            column.append(value)
    send_along(
        """
        WITH written AS (
            INSERT INTO directory_event (chain_id, seq, at, actor_id, verb, subject, body, hash)
            SELECT %s, * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::text[],
                                     %s::text[], %s::text[], %s::text[])
        )
        UPDATE directory_chain SET length = %s, head = %s WHERE id = %s
        """,
        [chain, *rows, length, previous, chain],
    )


def _lock_head(cursor: Any, company: int | None) -> tuple[int, int, str, datetime]:
    # Not IS NOT DISTINCT FROM: PostgreSQL takes that from no index.
    which, values = ("= %s", [company]) if company is not None else ("IS NULL", [])
    find = f"""
        SELECT id, length, head, statement_timestamp() FROM directory_chain
        WHERE company_id {which} FOR UPDATE
    """  # noqa: S608 our own words
    cursor.execute(find, values)
    row = cursor.fetchone()
    if row is None:
        Chain.objects.bulk_create([Chain(company_id=company)], ignore_conflicts=True)
        cursor.execute(find, values)
        row = cursor.fetchone()
    chain, length, head, now = row
    return int(chain), int(length), str(head), now


def _chain_of(company: int | None) -> Chain | None:
    if company is None:
        return Chain.objects.filter(company__isnull=True).first()
    return Chain.objects.filter(company_id=company).first()


def canonical(value: dict[str, Any]) -> str:
    """One text for one value: keys in order, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def link(previous: str, body: str) -> str:
    """The hash of an event, from the hash before it and its own canonical text."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def broken(chain: int | None = None) -> str:
    """SQL for whatever is wrong with one history, or with all of them: (company, null, words).

    The events are read in their order and nothing is kept of them, however many there are. One that
    is missing at the end shows in the head. A text is compared as it was written (`canonical`):
    reading millions of them as JSON takes far longer.
    """
    only = "" if chain is None else f"WHERE chain_id = {chain:d}"
    return f"""
        SELECT chain.company_id, NULL::bigint AS export_id, unnest(array_remove(ARRAY[
            CASE WHEN event.seq <> event.before + 1
                THEN format('event %s is missing', event.before + 1) END,
            CASE WHEN event.hash <> encode(sha256(convert_to(
                    event.previous || E'\\n' || event.body, 'UTF8')), 'hex')
                THEN format('event %s does not follow from the one before it', event.seq) END,
            CASE WHEN NOT starts_with(event.body, format(
                    '{{"actor":%s,"at":"%s+00:00","company":%s,"data":{{',
                    coalesce(event.actor_id::text, 'null'),
                    replace(to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                            '.000000', ''),
                    coalesce(chain.company_id::text, 'null')))
                OR right(event.body, length(event.told)) <> event.told
                THEN format('the columns of event %s differ from its text', event.seq) END
        ], NULL)) AS what
        FROM directory_chain AS chain JOIN (
            SELECT *, lag(seq, 1, 0::bigint) OVER events AS before,
                   lag(hash, 1, repeat('0', 64)::varchar) OVER events AS previous,
                   format('}},"seq":%s,"subject":%s,"verb":%s}}', seq, to_json(subject),
                          to_json(verb)) AS told
            FROM directory_event {only} WINDOW events AS (PARTITION BY chain_id ORDER BY seq)
        ) AS event ON event.chain_id = chain.id
        UNION ALL
        SELECT company_id, NULL, 'the head of the chain differs from its last event'
        FROM (SELECT *, id AS chain_id FROM directory_chain) AS chain LEFT JOIN LATERAL (
            SELECT seq, hash AS last FROM directory_event AS event
            WHERE event.chain_id = chain.id ORDER BY seq DESC LIMIT 1
        ) AS event ON true
        {only or "WHERE true"}
        AND (length, head) <> (coalesce(seq, 0), coalesce(last, repeat('0', 64)))
    """  # noqa: S608 a number and our own words


def faults(company: int | None) -> Iterator[str]:
    """Everything wrong with one company's history, in words; nothing if it is sound."""
    chain = _chain_of(company)
    if chain is None:
        return
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(broken(chain.pk))
        for _, _, what in cursor:
            yield what
