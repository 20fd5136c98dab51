"""Everything around the exports of `bench.exports`, so that all of it is sound: their documents,
the steps in the histories, and what was said to QuickBooks. Of each kind of row as many as years of
use leave behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from approvals.models import Export
from approvals.states import STEPS, Status
from bench import exports
from bench.data import copy, run, settle, unhindered
from directory.history import canonical, link
from directory.models import Category, Chain, Event

BEGAN = datetime(2024, 11, 1, tzinfo=UTC)
# How an item came to where it is, step by step.
WAYS = {
    Status.DRAFT: "",
    Status.SENT: "send",
    Status.RETRIEVED: "send retrieve",
    Status.REJECTED: "send reject",
    Status.ACCEPTED: "send accept",
    Status.FAILED: "send accept begin fail",
    Status.NEEDS_ATTENTION: "send accept begin lose cannot-tell",
    Status.SYNCED: "send accept begin succeed",
}


def build(size: int) -> None:
    """So many exports with all that belongs to them; takes a minute for 100,000."""
    exports.build(size, under_synced=True)
    Category.objects.bulk_create(
        Category(pk=c, company_id=c, name="Subcontract") for c in range(1, exports.COMPANIES + 1)
    )
    tables = (
        *("approvals_export", "approvals_comparison", "commitments_commitment"),
        *("commitments_commitmentline", "commitments_changeorder", "commitments_changeorderline"),
        *("directory_committed", "directory_event", "connectors_known", "connectors_session"),
        *("connectors_conversation", "connectors_message", "connectors_exchange"),
    )
    with unhindered(*tables):
        for statement in STATEMENTS:
            run(statement)
        _histories()
    settle()


def _histories() -> None:
    """A chain for each company, with every step of its items."""
    ids = count(Event.objects.count() + 1)
    for company in range(1, exports.COMPANIES + 1):
        chain, _ = Chain.objects.get_or_create(company_id=company)
        items = Export.objects.filter(company=company).order_by("id")
        # Whole: while rows are copied nothing else can be asked.
        told = list(items.values_list("id", "status", "copy_digest", "terms_digest"))
        copy(Event, COLUMNS, _history(chain, told, ids))
        chain.save()


COLUMNS = ("id", "chain_id", "seq", "at", "actor_id", "verb", "subject", "body", "hash")


def _history(
    chain: Chain, items: Iterable[tuple[int, str, str, str]], ids: Iterator[int]
) -> Iterator[list[object]]:
    """The rows of one history, whose chain gets its head."""
    for pk, status, *digests in items:
        for verb, data in _steps(pk, Status(status), *digests):
            chain.length += 1
            at = BEGAN + timedelta(seconds=chain.length, microseconds=1)
            told: dict[str, object] = {
                "actor": None,
                "at": at.isoformat(),
                "company": chain.company_id,
                "data": data,
                "seq": chain.length,
                "subject": f"export:{pk}",
                "verb": verb,
            }
            body = canonical(told)
            chain.head = link(chain.head, body)
            yield [
                next(ids),
                chain.pk,
                chain.length,
                at,
                None,
                verb,
                told["subject"],
                body,
                chain.head,
            ]


def _steps(
    pk: int, status: Status, digest: str, terms: str
) -> Iterator[tuple[str, dict[str, object]]]:
    yield "create", {"number": str(pk)}
    now = Status.DRAFT
    for version, verb in enumerate(WAYS[status].split(), 1):
        step = STEPS[verb]
        data = {"from": now.value, "to": step.target.value, "version": version}
        if verb == "accept":
            data |= {"copy": digest, "terms": terms}
        if verb == "begin":
            data |= {"key": _key(pk)}
        yield verb, data
        now = step.target


def _key(pk: int) -> str:
    return f"EB{pk:018}"


_KEY = "'EB' || lpad(export.id::text, 18, '0')"
_LINES = """
    export.company_id, (line -> 'number')::int, (line -> 'cost_code' -> 'id')::bigint,
    (line -> 'category' -> 'id')::bigint, '', line ->> 'description', '',
    (line ->> 'amount')::numeric
"""
_LINE = "id, company_id, number, cost_code_id, category_id, sub_job, description, unit, amount"
STATEMENTS = (
    # A commitment went before its change orders, and each item knows why it is where it is.
    """
    UPDATE approvals_export SET version = 9,
        message = CASE WHEN view IN ('failed', 'rejected') THEN 'The period is closed.' ELSE '' END,
        synced_at = CASE WHEN view <> 'synced' THEN NULL WHEN parent_id IS NULL
            THEN '2025-01-01'::timestamptz ELSE '2025-06-01' END
    """,
    """
    INSERT INTO commitments_commitment (id, export_id, company_id, project_id, type, number, title,
        vendor_id, status, retainage, description, vendor_message, date_created)
    SELECT id, id, company_id, project_id, 'subcontract', number, title,
        (copy::jsonb -> 'vendor' -> 'id')::bigint, 'approved', 0, '', '', '2026-04-06'
    FROM approvals_export WHERE kind = 'commitment'
    """,
    f"""
    INSERT INTO commitments_commitmentline ({_LINE}, commitment_id)
    SELECT (line -> 'id')::bigint, {_LINES}, export.id FROM approvals_export AS export,
        LATERAL jsonb_array_elements(copy::jsonb -> 'lines') AS line WHERE kind = 'commitment'
    """,
    """
    INSERT INTO commitments_changeorder (id, export_id, company_id, commitment_id, number, revision,
        title, description, status, date_created)
    SELECT id, id, company_id, parent_id, number, 0, title, '',
        CASE copy WHEN '' THEN 'draft' ELSE 'approved' END, '2026-04-06'
    FROM approvals_export WHERE kind = 'change_order'
    """,
    f"""
    INSERT INTO commitments_changeorderline ({_LINE}, change_order_id, commitment_id,
        commitment_line_id)
    SELECT (line -> 'id')::bigint, {_LINES}, export.id, export.parent_id, 2 * export.parent_id + 1
    FROM approvals_export AS export, LATERAL jsonb_array_elements(copy::jsonb -> 'lines') AS line
    WHERE kind = 'change_order' AND copy <> ''
    """,
    """
    INSERT INTO directory_committed (company_id, project_id, source, cost_code_id, category_id,
        amount)
    SELECT export.company_id, export.project_id, export.id, line.cost_code_id, line.category_id,
        sum(line.amount)
    FROM approvals_export AS export JOIN (
        SELECT commitment_id AS id, cost_code_id, category_id, amount
        FROM commitments_commitmentline UNION ALL
        SELECT change_order_id, cost_code_id, category_id, amount FROM commitments_changeorderline
    ) AS line USING (id) GROUP BY 1, 2, 3, 4, 5
    """,
    """
    INSERT INTO connectors_session (id, connection_id, fence, started_at, last_seen_at, ended_at,
        greeted, error, finished)
    SELECT id, id, 1, now(), now(), now(), true, '', 0 FROM connectors_connection
    """,
    "INSERT INTO connectors_lane (connection_id, fence, settled) SELECT id, 1, '[]' FROM"
    " connectors_connection",
    f"""
    INSERT INTO connectors_conversation (id, connection_id, purpose, subject, record, tries, key,
        state, session_id, input, fingerprint, outcome, fault)
    SELECT id, company_id, 'export', id::text, 'po:T' || coalesce(parent_id, id), 0, {_KEY},
        CASE status WHEN 'accepted' THEN 'waiting' ELSE 'closed' END,
        CASE WHEN status <> 'accepted' THEN company_id END,
        CASE WHEN status <> 'accepted' THEN
            '{{"attempts":[],"document":' || copy || ',"terms":' || terms || '}}' ELSE '' END, '',
        CASE status WHEN 'accepted' THEN '' WHEN 'synced' THEN 'done' ELSE 'refused' END, ''
    FROM approvals_export AS export
    WHERE status IN ('accepted', 'synced', 'failed', 'needs_attention')
    """,
    """
    INSERT INTO connectors_message (id, session_id, number, key, writes, body, reply, replied_at,
        fault, forgotten)
    SELECT id, session_id, id, key, true, repeat('<PurchaseOrderLineMod/>', 40) || key,
        repeat('<PurchaseOrderLineRet/>', 60), now(), '', true
    FROM connectors_conversation WHERE state = 'closed'
    """,
    """
    INSERT INTO connectors_exchange (id, conversation_id, position, message_id, request_id, request,
        record, writes, borrowed)
    SELECT id, id, 0, id, key, '{"body":"<PurchaseOrderModRq/>"}', record, true, false
    FROM connectors_conversation WHERE state = 'closed'
    """,
    """
    INSERT INTO connectors_known (connection_id, record, value, seen_at)
    SELECT min(company_id), 'po:T' || coalesce(parent_id, id),
        jsonb_build_object('amount', sum(amount)::text), now()
    FROM approvals_export WHERE status = 'synced' GROUP BY coalesce(parent_id, id)
    """,
    """
    INSERT INTO approvals_comparison (export_id, company_id, compared_at, gone, differs,
        differences)
    SELECT id, company_id, now(), false, false, '[]' FROM approvals_export WHERE status = 'synced'
    """,
)
