"""The other sides: the least that the same work can be done with, on the same server.

They stand behind the same login and middleware as ours, and look at nobody's permissions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from lxml import etree
from rest_framework.generics import ListAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import CharField, ModelSerializer

from approvals.listing import PAGE, Place
from approvals.models import Export
from approvals.states import VIEW_OF
from budgets import grid
from budgets.models import Budget
from connectors.quickbooks import soap

# --- The Web Connector -------------------------------------------------------------------------

_ECHO = soap.result("closeConnection", "OK")


class SoapEcho:
    """Middleware: reads any SOAP message with lxml and answers always the same; as near to the
    server as our own door for the Web Connector."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != "/bench/soap/":
            return self.get_response(request)
        etree.fromstring(request.body)
        response = HttpResponse(_ECHO, content_type=soap.CONTENT_TYPE)
        response.headers["Content-Length"] = str(len(_ECHO))
        return response


# --- The queue ---------------------------------------------------------------------------------

_VIEWS = " ".join(f"WHEN '{status}' THEN '{view.value}'" for status, view in VIEW_OF.items())
_QUEUE = f"""
    WITH page AS MATERIALIZED (
        SELECT export.id, export.version, export.kind, export.number, export.title,
            export.amount::text AS amount, export.vendor_name AS vendor, export.status,
            export.status_at, export.message, export.erp_number, export.sent_at, export.sent_by_id,
            sender.name AS sent_by, decider.name AS decided_by, export.synced_at,
            export.project_id, project.number AS project_number, project.name AS project_name,
            export.parent_id, parent.number AS parent_number
        FROM approvals_export AS export
        JOIN directory_project AS project ON project.id = export.project_id
        LEFT JOIN directory_user AS sender ON sender.id = export.sent_by_id
        LEFT JOIN directory_user AS decider ON decider.id = export.decided_by_id
        LEFT JOIN approvals_export AS parent ON parent.id = export.parent_id
        WHERE export.company_id = %(company)s AND export.kind = %(kind)s
          AND export.view = %(view)s AND (export.status_at, export.id) < (%(at)s, %(id)s)
        ORDER BY export.status_at DESC, export.id DESC LIMIT {PAGE + 1}
    ), shown AS (SELECT * FROM page LIMIT {PAGE})
    SELECT json_build_object(
        'results', (SELECT json_agg(shown) FROM shown),
        'next', (
            SELECT (extract(epoch FROM status_at) * 1000000)::bigint || '_' || id FROM shown
            WHERE (SELECT count(*) FROM page) > {PAGE} ORDER BY status_at, id LIMIT 1
        ),
        'counts', (
            SELECT json_object_agg(kind, views) FROM (
                SELECT kind, json_object_agg(view, n) AS views FROM (
                    SELECT kind, CASE status {_VIEWS} END AS view, sum(n) AS n
                    FROM approvals_tabcount WHERE company_id = %(company)s GROUP BY 1, 2
                ) AS each WHERE view <> 'none' GROUP BY kind
            ) AS counted
        )
    )::text
"""  # noqa: S608 made of our own words


@login_required
def queue(request: HttpRequest) -> HttpResponse:
    """The page of the queue's API, as one SQL statement makes it."""
    asked = request.GET
    place = Place.read(asked.get("cursor", ""))
    values: dict[str, Any] = {
        "company": int(asked["company"]),
        "kind": asked["kind"],
        "view": asked["view"],
        "at": place.at if place else "infinity",
        "id": place.id if place else 0,
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, values)
        return HttpResponse(cursor.fetchone()[0], content_type="application/json")


class _Row(ModelSerializer[Export]):
    project_number = CharField(source="project.number")
    project_name = CharField(source="project.name")
    parent_number = CharField(source="parent.number", default=None)
    sent_by = CharField(source="sent_by.name", default=None)
    decided_by = CharField(source="decided_by.name", default=None)
    vendor = CharField(source="vendor_name")

    class Meta:
        model = Export
        fields = (
            *("id", "version", "kind", "number", "title", "amount", "vendor", "status"),
            *("status_at", "message", "erp_number", "sent_at", "sent_by_id", "sent_by"),
            *("decided_by", "synced_at", "project_id", "project_number", "project_name"),
            *("parent_id", "parent_number"),
        )


class _Pages(PageNumberPagination):
    page_size = PAGE


class NumberedQueue(ListAPIView[Export]):
    """The same rows with what Django REST framework brings: numbered pages and a COUNT."""

    serializer_class = _Row
    pagination_class = _Pages
    renderer_classes = (JSONRenderer,)

    def get_queryset(self) -> QuerySet[Export]:
        asked: Any = self.request.GET
        rows = Export.objects.select_related("project", "parent", "sent_by", "decided_by")
        return rows.filter(
            company=asked["company"], kind=asked["kind"], view=asked["view"]
        ).order_by("-status_at", "-id")


# --- A document ---------------------------------------------------------------------------------

_DOCUMENT = """
    WITH changed AS (
        SELECT line.commitment_line_id AS id, sum(line.amount) AS amount
        FROM commitments_changeorderline AS line
        JOIN commitments_changeorder AS change ON change.id = line.change_order_id
        WHERE line.commitment_id = %(id)s AND change.status = 'approved'
        GROUP BY line.commitment_line_id
    ), lines AS (
        SELECT line.number, code.code, code.name, category.name AS category, line.description,
            line.quantity, line.unit, line.unit_cost, line.amount AS original,
            coalesce(changed.amount, 0) AS changes,
            line.amount + coalesce(changed.amount, 0) AS revised, line.introduced_by_id
        FROM commitments_commitmentline AS line
        JOIN directory_costcode AS code ON code.id = line.cost_code_id
        JOIN directory_category AS category ON category.id = line.category_id
        LEFT JOIN changed ON changed.id = line.id
        WHERE line.commitment_id = %(id)s ORDER BY line.number
    ), changes AS (
        SELECT change.id, change.number, change.revision, change.title, change.status,
            change.date_created, export.status AS erp, export.amount
        FROM commitments_changeorder AS change
        JOIN approvals_export AS export ON export.id = change.export_id
        WHERE change.commitment_id = %(id)s ORDER BY change.id
    )
    SELECT json_build_object(
        'commitment', (
            SELECT to_json(facts) FROM (
                SELECT commitment.*, vendor.name AS vendor, export.status AS erp, export.version,
                    export.amount, export.erp_number, person.name AS made_by
                FROM commitments_commitment AS commitment
                JOIN approvals_export AS export ON export.id = commitment.export_id
                JOIN directory_user AS person ON person.id = export.created_by_id
                LEFT JOIN directory_vendor AS vendor ON vendor.id = commitment.vendor_id
                WHERE commitment.id = %(id)s
            ) AS facts
        ),
        'lines', (SELECT json_agg(lines) FROM lines),
        'change_orders', (SELECT json_agg(changes) FROM changes)
    )::text
"""


@login_required
def document(request: HttpRequest) -> HttpResponse:
    """What a commitment's page shows of its rows, as one SQL statement makes it."""
    with connection.cursor() as cursor:
        cursor.execute(_DOCUMENT, {"id": int(request.GET["id"])})
        return HttpResponse(cursor.fetchone()[0], content_type="application/json")


@login_required
def budget(request: HttpRequest) -> HttpResponse:
    """The figures of a budget's first page and its sums, as one SQL statement makes them."""
    asked = Budget.objects.get(project=int(request.GET["project"]))
    values: dict[str, int | str] = {
        "budget": asked.pk,
        "project": asked.project_id,
        "after": "",
        "search": "",
        "most": grid.PAGE,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT json_agg(row)::text FROM ({grid.FIGURES}) AS row", values)  # noqa: S608 our own words
        return HttpResponse(cursor.fetchone()[0], content_type="application/json")


# --- Accepting ---------------------------------------------------------------------------------

_ACCEPT = """
    WITH moved AS (
        UPDATE approvals_export AS export
        SET status = 'accepted', version = export.version + 1, status_at = now(),
            decided_at = now(), decided_by_id = %(person)s, message = '', terms = %(terms)s,
            terms_digest = %(digest)s
        FROM unnest(%(ids)s::bigint[], %(versions)s::int[]) AS seen (id, version)
        WHERE export.id = seen.id AND export.version = seen.version AND export.status = 'sent'
        RETURNING export.id, export.kind, export.version, export.company_id, export.parent_id
    ), queued AS (
        INSERT INTO connectors_conversation (connection_id, purpose, subject, record, tries, key,
            state, input, fingerprint, outcome, fault)
        SELECT connection.id, 'export', moved.id::text, 'po:' || moved.parent_id, 0,
            left(encode(sha256(moved.id::text::bytea), 'hex'), 20), 'waiting', '', '', '', ''
        FROM moved JOIN connectors_connection AS connection USING (company_id)
    ), chain AS (
        SELECT id, company_id, length, head FROM directory_chain
        WHERE company_id = %(company)s FOR UPDATE
    ), told AS (
        SELECT chain.id, chain.head, moved.id AS export,
            chain.length + row_number() OVER (ORDER BY moved.id) AS seq,
            json_build_object('actor', %(person)s, 'at', now(), 'company', chain.company_id, 'data',
                json_build_object('from', 'sent', 'to', 'accepted', 'version', moved.version,
                    'terms', %(digest)s), 'subject', 'export:' || moved.id,
                'verb', 'accept')::text AS body
        FROM moved, chain
    ), written AS (
        INSERT INTO directory_event (chain_id, seq, at, actor_id, verb, subject, body, hash)
        SELECT id, seq, now(), %(person)s, 'accept', 'export:' || export, body,
            encode(sha256(convert_to(head || body, 'UTF8')), 'hex')
        FROM told RETURNING seq, hash
    ), linked AS (
        UPDATE directory_chain SET length = last.seq, head = last.hash
        FROM (SELECT seq, hash FROM written ORDER BY seq DESC LIMIT 1) AS last
        WHERE company_id = %(company)s
    ), counted AS (
        INSERT INTO approvals_tabcount AS tab (company_id, kind, status, n)
        SELECT %(company)s, kind, status, sign * n
        FROM (SELECT kind, count(*) AS n FROM moved GROUP BY kind) AS each,
            (VALUES ('accepted', 1), ('sent', -1)) AS side (status, sign)
        ON CONFLICT (company_id, kind, status) DO UPDATE SET n = tab.n + EXCLUDED.n
    )
    SELECT count(*) FROM moved
"""


@login_required
def accept(request: HttpRequest) -> HttpResponse:
    """Accepts items as one SQL statement can: rows, work, history and counters, nothing checked.

    Its history is not chained from row to row, so that it need not go through them one by one.
    """
    asked = json.loads(request.body)
    asked |= {"person": request.user.pk, "terms": "{}", "digest": "0" * 64}
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, asked)
        return HttpResponse(json.dumps({"moved": cursor.fetchone()[0]}))
