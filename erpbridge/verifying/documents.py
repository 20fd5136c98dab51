"""What was approved stays what it was: frozen copies, locked documents, sums and counters."""

from approvals.states import EDITABLE
from commitments.states import ChangeOrderStatus, CommitmentStatus
from connectors.registry import connector_for, names
from erpbridge.verifying.rule import Rule

_OPEN = ", ".join(f"'{status.value}'" for status in sorted(EDITABLE))
_COMMITS = f"'{CommitmentStatus.APPROVED}', '{CommitmentStatus.COMPLETE}'"

KEPT = Rule(
    "copies",
    "What was sent, and where it goes as it was accepted, are still the words that were approved.",
    "approvals_export WHERE copy_digest <> ''",
    """
    SELECT company_id, id AS export_id,
           CASE WHEN copy_digest <> encode(sha256(convert_to(copy, 'UTF8')), 'hex')
                THEN 'its frozen copy is not what was sent'
                ELSE 'where it goes is not what was accepted' END AS what
    FROM approvals_export
    WHERE copy_digest <> '' AND copy_digest <> encode(sha256(convert_to(copy, 'UTF8')), 'hex')
       OR terms_digest <> '' AND terms_digest <> encode(sha256(convert_to(terms, 'UTF8')), 'hex')
    """,
)

AMOUNTS = Rule(
    "amounts",
    "An item on its way shows the amount of its frozen copy, and that is the sum of its lines.",
    f"approvals_export WHERE status NOT IN ({_OPEN})",
    f"""
    SELECT company_id, id AS export_id,
           format('shows %s, was sent with %s, and its lines come to %s', amount, sent, lines)
               AS what
    FROM (
        SELECT id, company_id, amount, (copy ->> 'amount')::numeric AS sent,
               (SELECT coalesce(sum((line ->> 'amount')::numeric), 0)
                FROM jsonb_array_elements(copy -> 'lines') AS line) AS lines
        FROM (
            -- OFFSET 0: the text is read once.
            SELECT id, company_id, amount, copy::jsonb AS copy
            FROM approvals_export WHERE status NOT IN ({_OPEN}) OFFSET 0
        ) AS read
    ) AS export
    WHERE (amount, amount) IS DISTINCT FROM (sent, lines)
    """,
)


def _locked() -> str:
    """Each kind's document as it stands, beside the copy that was sent of it."""
    # Of a line: its id and number, what it changes, where its money goes, the money, and what the
    # ERP alone is told of it.
    line = """
        jsonb_agg(jsonb_build_array(line.id, line.number, {target}, line.cost_code_id,
            line.category_id, line.quantity, line.unit_cost, line.amount, {text}) ORDER BY line.id)
    """
    own = line.format(target="NULL", text="line.erp_description")
    changed = line.format(target="line.commitment_line_id", text="''::text")
    # A commitment may be completed; it then stays what it was.
    return f"""
    WITH sent AS MATERIALIZED (
        SELECT id, company_id, kind, document_id, number, title,
               copy::jsonb AS copy
        FROM approvals_export WHERE status NOT IN ({_OPEN})
    ), copied AS (
        SELECT id, company_id, kind, document_id, copy ->> 'number' AS number,
               copy ->> 'title' AS title, coalesce(copy ->> 'erp_title', '') AS erp_title,
               coalesce(copy ->> 'erp_description', '') AS erp_description,
               (copy ->> 'date')::date AS date,
               (copy ->> 'retainage')::numeric AS retainage,
               (copy -> 'vendor' ->> 'id')::bigint AS vendor_id,
               (SELECT jsonb_agg(jsonb_build_array(
                    (line -> 'id')::bigint, (line -> 'number')::int,
                    (line -> 'commitment_line' ->> 'id')::bigint,
                    (line -> 'cost_code' -> 'id')::bigint, (line -> 'category' -> 'id')::bigint,
                    (line ->> 'quantity')::numeric, (line ->> 'unit_cost')::numeric,
                    (line ->> 'amount')::numeric,
                    coalesce(line ->> 'erp_description', '')) ORDER BY (line -> 'id')::bigint)
                FROM jsonb_array_elements(copy -> 'lines') AS line) AS lines
        FROM sent
    )
    SELECT copied.company_id, copied.id AS export_id, CASE
        WHEN live.id IS NULL THEN 'its document is gone, though it is locked'
        WHEN live.status NOT IN ({_COMMITS}) THEN format(
            'its status is %s, though it is locked', live.status)
        WHEN copied.lines IS DISTINCT FROM schedule.lines THEN 'its lines were changed while locked'
        ELSE 'its number, title, date, contract company or retainage was changed while locked'
        END AS what
    FROM copied
    LEFT JOIN commitments_commitment AS live ON live.export_id = copied.id
    LEFT JOIN (
        SELECT commitment_id AS of, {own} AS lines FROM commitments_commitmentline AS line
        WHERE introduced_by_id IS NULL GROUP BY 1
    ) AS schedule ON schedule.of = live.id
    WHERE copied.kind = 'commitment' AND (live.id IS NULL OR live.status NOT IN ({_COMMITS})
        OR (copied.number, copied.title, copied.erp_title, copied.date, copied.retainage,
            copied.vendor_id)
           IS DISTINCT FROM (live.number, live.title, live.erp_title, live.date_created,
            live.retainage, live.vendor_id)
        OR copied.lines IS DISTINCT FROM schedule.lines)
    UNION ALL
    SELECT copied.company_id, copied.id, CASE
        WHEN live.id IS NULL THEN 'its document is gone, though it is locked'
        WHEN live.status <> '{ChangeOrderStatus.APPROVED}' THEN format(
            'its status is %s, though it is locked', live.status)
        WHEN copied.lines IS DISTINCT FROM schedule.lines THEN 'its lines were changed while locked'
        ELSE 'its number, title or contract company was changed while locked' END
    FROM copied
    LEFT JOIN commitments_changeorder AS live ON live.export_id = copied.id
    LEFT JOIN commitments_commitment AS above ON above.id = live.commitment_id
    LEFT JOIN (
        SELECT change_order_id AS of, {changed} AS lines FROM commitments_changeorderline AS line
        GROUP BY 1
    ) AS schedule ON schedule.of = live.id
    WHERE copied.kind = 'change_order' AND (live.id IS NULL
        OR live.status <> '{ChangeOrderStatus.APPROVED}'
        OR (copied.number, copied.title, copied.erp_title, copied.erp_description,
            copied.vendor_id)
           IS DISTINCT FROM (live.number, live.title, live.erp_title, live.erp_description,
            above.vendor_id)
        OR copied.lines IS DISTINCT FROM schedule.lines)
    UNION ALL
    SELECT copied.company_id, copied.id, CASE
        WHEN live.id IS NULL THEN 'its budget is gone, though it is locked'
        ELSE 'its lines were changed while locked' END
    FROM (SELECT *, (SELECT jsonb_agg(jsonb_build_array(
              line -> 0, line -> 3, line -> 4, line -> 7) ORDER BY (line -> 0)::bigint)
          FROM jsonb_array_elements(lines) AS line) AS money FROM copied) AS copied
    LEFT JOIN budgets_budget AS live ON live.id = copied.document_id
    WHERE copied.kind = 'budget' AND (live.id IS NULL OR copied.money IS DISTINCT FROM (
        SELECT jsonb_agg(jsonb_build_array(id, cost_code_id, category_id, amount) ORDER BY id)
        FROM (
            SELECT line.id, line.cost_code_id, line.category_id, line.amount
            FROM budgets_budgetline AS line
            WHERE copied.number = '1' AND line.budget_id = live.id AND line.round = 1
            UNION ALL
            SELECT part.id, line.cost_code_id, line.category_id, part.amount
            FROM budgets_modification AS change
            JOIN budgets_modificationline AS part ON part.modification_id = change.id
            JOIN budgets_budgetline AS line ON line.id = part.line_id
            WHERE copied.number <> '1' AND change.budget_id = live.id
              AND change.round::text = copied.number
        ) AS carried))
    """


LOCKED = Rule(
    "locks",
    "A document on its way to the ERP, or in it, is as it was sent, but for what may be edited.",
    f"approvals_export WHERE status NOT IN ({_OPEN})",
    _locked(),
)

COUNTERS = Rule(
    "counters",
    "The counters of the queue's views count what there is.",
    "approvals_tabcount",
    """
    SELECT company_id, NULL::bigint AS export_id,
           format('%s %s: the counter says %s, there are %s', kind, status,
                  coalesce(said.n, 0), coalesce(counted.n, 0)) AS what
    FROM (SELECT company_id, kind, status, n FROM approvals_tabcount) AS said
    FULL JOIN (
        SELECT company_id, kind, status, count(*) AS n FROM approvals_export GROUP BY 1, 2, 3
    ) AS counted USING (company_id, kind, status)
    WHERE coalesce(said.n, 0) <> coalesce(counted.n, 0)
    """,
    cheap=True,
)

COMMITTED = Rule(
    "committed",
    "What a project's ledger says is committed are the lines of its approved documents.",
    "directory_committed",
    f"""
    SELECT project.company_id, source AS export_id,
           format('commits %s under cost code %s, the ledger says %s', coalesce(held.amount, 0),
                  coalesce(code.code, cost_code_id::text), coalesce(said.amount, 0)) AS what
    FROM (
        SELECT source, project_id, cost_code_id, category_id, amount FROM directory_committed
    ) AS said
    FULL JOIN (
        SELECT source, project_id, cost_code_id, category_id, sum(amount) AS amount
        FROM (
            SELECT document.export_id AS source, document.project_id, line.cost_code_id,
                   line.category_id, line.amount
            FROM commitments_commitmentline AS line
            JOIN commitments_commitment AS document ON document.id = line.commitment_id
            WHERE document.status IN ({_COMMITS}) AND line.introduced_by_id IS NULL
            UNION ALL
            SELECT document.export_id, above.project_id, line.cost_code_id, line.category_id,
                   line.amount
            FROM commitments_changeorderline AS line
            JOIN commitments_changeorder AS document ON document.id = line.change_order_id
            JOIN commitments_commitment AS above ON above.id = document.commitment_id
            WHERE document.status = '{ChangeOrderStatus.APPROVED}'
        ) AS line GROUP BY 1, 2, 3, 4
    ) AS held USING (source, project_id, cost_code_id, category_id)
    JOIN directory_project AS project ON project.id = project_id
    LEFT JOIN directory_costcode AS code ON code.id = cost_code_id
    WHERE coalesce(said.amount, 0) <> coalesce(held.amount, 0)
    """,
)


def _sums() -> str:
    """Orders of which the ERP tells another total than was exported, while the comparisons that
    looked at them since find nothing. How each ERP's record of one is called, by its prefix."""
    called = ", ".join(
        f"('{erp}', '{connector_for(erp).held_as('commitment', '')}')" for erp in names()
    )
    return f"""
    WITH called (erp, prefix) AS (VALUES {called}), exported AS (
        SELECT coalesce(parent_id, id) AS id, sum(amount) AS amount,
               bool_and(status IN ('synced', 'sent', 'failed', {_OPEN})) AS settled,
               max(synced_at) FILTER (WHERE status = 'synced') AS synced_at
        FROM (
            SELECT id, parent_id, status, synced_at,
                   CASE status WHEN 'synced' THEN amount ELSE 0 END AS amount
            FROM approvals_export WHERE kind IN ('commitment', 'change_order')
        ) AS export GROUP BY 1
    )
    SELECT export.company_id, export.id AS export_id,
           format('the ERP''s record comes to %s and %s were exported, and its comparison finds '
                  'nothing', known.value ->> 'amount', exported.amount) AS what
    FROM exported JOIN approvals_export AS export USING (id)
    JOIN connectors_connection AS connection ON connection.company_id = export.company_id
    JOIN called USING (erp)
    JOIN connectors_known AS known ON known.connection_id = connection.id
        AND known.record = called.prefix || export.erp_id
    JOIN approvals_comparison AS comparison ON comparison.export_id = export.id
    WHERE export.status = 'synced' AND exported.settled
      AND (known.value ->> 'amount')::numeric <> exported.amount
      AND comparison.compared_at > exported.synced_at
      AND comparison.compared_at > known.seen_at - interval '1 minute'
      AND NOT EXISTS (
          SELECT FROM approvals_comparison AS found JOIN approvals_export AS part
              ON part.id = found.export_id
          WHERE found.differs AND export.id IN (part.id, part.parent_id)
      )
    """


SUMS = Rule(
    "sums",
    "What the ERP's orders come to is what was exported to them; every difference is shown.",
    "approvals_comparison",
    _sums,
)

RULES = (KEPT, AMOUNTS, LOCKED, COUNTERS, COMMITTED, SUMS)
