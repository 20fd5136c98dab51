"""The one place that writes `Export.status`: lock by id, one guarded UPDATE, events, counters.

One step of one export and the same step of five hundred are the same five statements. Locks are
taken in this order everywhere: exports by id, the history's head, counters.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from approvals.models import Export, Kinds
from approvals.notices import tell_of
from approvals.states import Status, Step
from directory.compiled import CompiledQuery, made, table
from directory.deferred_writes import write_last
from directory.history import Happened, append

log = logging.getLogger(__name__)
MOST_LOGGED = 20

# Columns that a step may set beside the status, and their SQL types.
COLUMNS = {
    "number": "text",
    "title": "text",
    "amount": "numeric",
    "vendor_name": "text",
    "copy": "text",
    "copy_digest": "text",
    "terms": "text",
    "terms_digest": "text",
    "rejected_copy": "text",
    "receipt": "text",
    "erp_id": "text",
    "erp_number": "text",
    "message": "text",
    "sent_by_id": "bigint",
    "decided_by_id": "bigint",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One export's step: what it was when it was looked at, and what changes with it."""

    export: Export
    changes: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)  # more for the history


# Called with the name of a step and the exports that take it, in its own transaction and before
# the history's head is locked, to keep documents in step with it.
Follower = Callable[[str, Sequence[Export]], None]
_FOLLOWERS: dict[str, Follower] = {}


def follow(kind: str, follower: Follower) -> None:
    """Let a document's app know of the steps of its `kind`. Called once, as the app is loaded."""
    _FOLLOWERS[kind] = follower


def lock_exports(
    ids: Sequence[int], *, company: int | None = None, parents: bool = False, rounds: bool = False
) -> dict[int, Export]:
    """The exports (and their parents, and all rounds of budgets), locked in the order of their ids.

    With `company`, those of other companies are neither locked nor returned.
    """
    if len(ids) == 1 and company is None and not (parents or rounds):
        return {export.pk: export for export in _ONE.all(ids[0])}
    wanted, values = table(("bigint", list(ids)))
    also = (_PARENTS if parents else "") + (_ROUNDS if rounds else "")
    within = "" if company is None else "AND company_id = %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH wanted (id) AS (SELECT * FROM {wanted} AS one)
            SELECT {", ".join(_COLUMNS)} FROM approvals_export
            WHERE id IN (SELECT id FROM wanted {also}) {within} ORDER BY id FOR UPDATE
            """,  # noqa: S608 our own words
            [*values, *([] if company is None else [company])],
        )
        rows = cursor.fetchall()
    exports = [made(Export, connection.alias, _COLUMNS, row) for row in rows]
    return {export.pk: export for export in exports}


_ONE = CompiledQuery(lambda pk: Export.objects.select_for_update().filter(pk=pk), int)
_COLUMNS = [field.attname for field in Export._meta.concrete_fields]  # named as in PostgreSQL
# UNIONs: with OR, PostgreSQL would look at every export there is.
_PARENTS = " UNION SELECT parent_id FROM approvals_export JOIN wanted USING (id)"
_ROUNDS = """
    UNION SELECT other.id FROM approvals_export AS own JOIN approvals_export AS other
        USING (project_id, kind, document_id)
    JOIN wanted ON wanted.id = own.id WHERE kind = 'budget'
"""


def rounds_of(export: Export, locked: Mapping[int, Export]) -> list[Export]:
    """Those of `locked` that stand in one record of the ERP: all rounds of a budget, in order.

    Any other document stands there alone.
    """
    if export.kind != Kinds.BUDGET:
        return [export]
    mine = (Kinds.BUDGET, export.document_id)
    return [locked[pk] for pk in sorted(locked) if _document(locked[pk]) == mine]


def _document(export: Export) -> tuple[str, int]:
    return export.kind, export.document_id


def make(step: Step, moves: Sequence[Move], *, by: int | None, note: str = "") -> list[int]:
    """Take one step with each of `moves`, which all belong to one company.

    Guarded by the version and status that each export had when it was read: the ids of those
    that moved are returned, the others were changed by somebody else meanwhile. The exports in
    memory are brought up to date. Must run in a transaction, after all reading.
    """
    moves = [move for move in moves if move.export.status in step.sources]
    if not moves:
        return []
    company = moves[0].export.company_id
    moved = _update(step, moves)
    done = [move for move in moves if move.export.pk in moved]
    for kind, follower in _FOLLOWERS.items():
        if followed := [move.export for move in done if move.export.kind == kind]:
            follower(step.name, followed)
    tell_of(step.name, done, by, note)
    ids = [move.export.pk for move in done[:MOST_LOGGED]]
    log.info(step.name, extra={"company": company, "exports": ids, "by": by})
    append(
        company,
        [
            Happened(
                step.name,
                move.export.subject,
                by,
                {
                    "from": move.export.status,
                    "to": step.target,
                    "version": move.export.version + 1,
                    **({"note": note} if note else {}),
                    **move.told,
                },
            )
            for move in done
        ],
    )
    change = Counter((move.export.kind, step.target.value) for move in done)
    change.subtract((move.export.kind, move.export.status) for move in done)
    write_last(_count, company, list(change.items()))
    for move in done:
        move.export.status = step.target
        move.export.version += 1
        for column, value in move.changes.items():
            setattr(move.export, column, value)
    return [move.export.pk for move in done]


def _update(step: Step, moves: Sequence[Move]) -> set[int]:
    """The guarded UPDATE: one statement, however many exports."""
    columns = [name for name in COLUMNS if any(name in move.changes for move in moves)]
    sets = [f"{name} = seen.{name}" for name in columns]
    stamps = {
        "send": "sent_at = statement_timestamp()",
        "accept": "decided_at = statement_timestamp()",
        "reject": "decided_at = statement_timestamp()",
        "succeed": "synced_at = statement_timestamp()",
        "adopt": "synced_at = statement_timestamp()",
        "record-found": "synced_at = statement_timestamp()",
    }
    if step.name in stamps:
        sets.append(stamps[step.name])
    names = "".join(f", {name}" for name in columns)
    seen, values = table(
        ("bigint", [move.export.pk for move in moves]),
        ("int", [move.export.version for move in moves]),
        *(
            (COLUMNS[name], [move.changes.get(name, getattr(move.export, name)) for move in moves])
            for name in columns
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE approvals_export AS export
            SET status = %s, version = export.version + 1, status_at = statement_timestamp()
                {"".join(", " + one for one in sets)}
            FROM {seen} AS seen (id, version{names})
            WHERE export.id = seen.id AND export.version = seen.version
              AND export.status = ANY(%s)
            RETURNING export.id
            """,  # noqa: S608 column names come from COLUMNS alone
            [
                step.target.value,
                *values,
                [status.value for status in step.sources],
            ],
        )
        return {row[0] for row in cursor.fetchall()}


def _count(company: int | None, changes: Sequence[tuple[tuple[str, str], int]]) -> None:
    """Keep the tab counters: one statement, rows in one order. The last lock of a transaction."""
    change: Counter[tuple[str, str]] = Counter()
    for tab, n in changes:
        change[tab] += n
    rows = sorted((kind, status, n) for (kind, status), n in change.items() if n)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO approvals_tabcount AS tab (company_id, kind, status, n)
            SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::int[])
            ON CONFLICT (company_id, kind, status) DO UPDATE SET n = tab.n + EXCLUDED.n
            """,
            [company, *(list(column) for column in zip(*rows, strict=True))],
        )


def new_export(**fields: Any) -> Export:
    """The Export of a document that is being made, counted and written into the history.

    `fields` are those of `Export`; must run in the transaction that makes the document.
    """
    export = Export(status=Status.DRAFT, **fields)
    export.save()
    append(
        export.company_id,
        [Happened("create", export.subject, export.created_by_id, {"number": export.number})],
    )
    write_last(_count, export.company_id, [((export.kind, export.status), 1)])
    return export
