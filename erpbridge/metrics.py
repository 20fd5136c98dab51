"""`/metrics` for Prometheus: how long requests take, and what the database tells of the work.

Only for operators: with the key of a personal token of one (`Authorization: Bearer eb_…`). Behind a
proxy every request comes from the loopback, so where one comes from opens nothing.

Latencies are those of the process that answers. Everything about the work is read from the
database, where it is the same for all processes and outlives them; what was done recently is
counted among the latest rows, so that a scrape costs the same after years.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from time import perf_counter

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from connectors.models import Connection
from connectors.visits import not_spoken_to
from directory.models import Heartbeat, Verification
from directory.tokens import token_for
from erpbridge.health import stuck_lanes

RECENT = 15 * 60  # seconds
LATEST = 10_000  # rows that are looked at

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "erpbridge_http_request_seconds",
    "How long requests took; the view qbwc is the Web Connector's SOAP.",
    ["view", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

Middleware = Callable[[HttpRequest], HttpResponse]


def timed(get_response: Middleware) -> Middleware:
    """Middleware, around everything: notes how long each request took, by view."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = perf_counter()
        response = get_response(request)
        found = request.resolver_match
        view = found.view_name if found else ""
        if not view:
            view = "qbwc" if request.path_info.startswith("/qbwc/") else "other"
        method = request.method if request.method in _METHODS else "other"
        status = f"{response.status_code // 100}xx"
        REQUESTS.labels(view, method, status).observe(perf_counter() - began)
        return response

    return middleware


@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything, in Prometheus' text format."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    token = token_for(key.strip()) if scheme.lower() == "bearer" else None
    if token is None or not token.user.is_operator:
        told = {"title": "Only with a token of an operator", "status": 401}
        refused = JsonResponse(told, status=401, content_type="application/problem+json")
        refused["WWW-Authenticate"] = 'Bearer realm="ERP Bridge metrics"'
        return refused
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _gauge(name: str, words: str, labels: list[str], sql: str) -> GaugeMetricFamily:
    """A gauge of what `sql` gives: its labels, and the value last."""
    gauge = GaugeMetricFamily(f"erpbridge_{name}", words, labels=labels)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"recent": RECENT, "latest": LATEST})
        for *values, number in cursor.fetchall():
            gauge.add_metric([str(value) for value in values], float(number or 0))
    return gauge


_LATEST_CONVERSATIONS = """
    (SELECT connection_id, purpose, outcome, tries, closed_at FROM connectors_conversation
     ORDER BY id DESC LIMIT %(latest)s) AS one
"""
GAUGES: tuple[tuple[str, str, list[str], str], ...] = (
    (
        "exports",
        "Items by their status.",
        ["kind", "status"],
        "SELECT kind, status, sum(n) FROM approvals_tabcount GROUP BY 1, 2",
    ),
    (
        "queued",
        "What waits in the lanes or is under way.",
        ["erp", "purpose", "state"],
        """
        SELECT erp, purpose, state, count(*) FROM connectors_conversation AS one
        JOIN connectors_connection AS connection ON connection.id = one.connection_id
        WHERE state <> 'closed' GROUP BY 1, 2, 3
        """,
    ),
    (
        "queue_age_seconds",
        "How long the oldest waits that could go.",
        ["erp", "purpose"],
        """
        SELECT erp, purpose, extract(epoch FROM now() - min(queued_at))
        FROM connectors_conversation AS one
        JOIN connectors_connection AS connection ON connection.id = one.connection_id
        WHERE state <> 'closed' AND not_before <= now() GROUP BY 1, 2
        """,
    ),
    (
        "retrying",
        "What was put back, and is tried again.",
        ["erp", "purpose"],
        """
        SELECT erp, purpose, count(*) FROM connectors_conversation AS one
        JOIN connectors_connection AS connection ON connection.id = one.connection_id
        WHERE state <> 'closed' AND tries > 0 GROUP BY 1, 2
        """,
    ),
    (
        "lanes_held",
        "Lanes that are being served.",
        ["erp"],
        """
        SELECT erp, count(*) FROM connectors_session AS session
        JOIN connectors_connection AS connection ON connection.id = session.connection_id
        WHERE ended_at IS NULL GROUP BY 1
        """,
    ),
    (
        "outcomes_recent",
        "How conversations with the ERPs ended in the last 15 minutes.",
        ["erp", "purpose", "outcome"],
        f"""
        SELECT erp, purpose, outcome, count(*) FROM {_LATEST_CONVERSATIONS}
        JOIN connectors_connection AS connection ON connection.id = one.connection_id
        WHERE closed_at > now() - make_interval(secs => %(recent)s) GROUP BY 1, 2, 3
        """,  # noqa: S608 our own words
    ),
    (
        "erp_answer_seconds",
        "How long the ERPs took to answer in the last 15 minutes.",
        ["erp", "quantile"],
        """
        SELECT erp, part, percentile_cont(part) WITHIN GROUP (
            ORDER BY extract(epoch FROM replied_at - sent_at))
        FROM (SELECT session_id, sent_at, replied_at FROM connectors_message
              ORDER BY id DESC LIMIT %(latest)s) AS message
        JOIN connectors_session AS session ON session.id = message.session_id
        JOIN connectors_connection AS connection ON connection.id = session.connection_id,
        unnest(ARRAY[0.5, 0.95, 1]) AS part
        WHERE replied_at > now() - make_interval(secs => %(recent)s) GROUP BY 1, 2
        """,
    ),
    (
        "mails_waiting",
        "Mails that have not gone out yet.",
        [],
        "SELECT count(*) FROM directory_mail WHERE state = 'waiting'",
    ),
)


class Work:
    """What the database tells, read at each scrape."""

    def describe(self) -> list[Metric]:
        """Nothing is asked while the registry is put together."""
        return []

    def collect(self) -> Iterator[Metric]:
        for gauge in GAUGES:
            yield _gauge(*gauge)
        yield GaugeMetricFamily(
            "erpbridge_lanes_stuck", "Lanes that should move and stand still.", len(stuck_lanes())
        )
        away = GaugeMetricFamily(
            "erpbridge_lanes_away",
            "Lanes with work, of ERPs that could not be spoken to when last called.",
            labels=["erp"],
        )
        connections = not_spoken_to(Connection.objects.all())
        for erp, n in Counter(one.erp for one in connections).items():
            away.add_metric([erp], n)
        yield away
        now = timezone.now()
        for beat in Heartbeat.objects.filter(name="sweep"):
            age = (now - beat.at).total_seconds()
            yield GaugeMetricFamily("erpbridge_sweep_age_seconds", "Since the last sweep.", age)
        last = Verification.last()
        if last is not None and last.ended_at is not None:
            age = (now - last.ended_at).total_seconds()
            words = "Since what is stored was looked over."
            yield GaugeMetricFamily("erpbridge_verify_age_seconds", words, age)
            words = "Faults that the last looking over found."
            yield GaugeMetricFamily("erpbridge_verify_faults", words, last.faults)


REGISTRY.register(Work())
