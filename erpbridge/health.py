"""How the installation is: what works, what stands still, and since when.

`/health/live/` says whether this process answers and reaches the database: for load balancers and
whoever starts it. `/health/` says whether everything works, the workers included: for whoever is
called at night. It names no company; the operator's own page does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from connectors import engine
from connectors.models import ABOUT_ITEMS, Connection, Conversation, Session
from connectors.pulse import LEASE
from connectors.registry import called
from connectors.visits import not_spoken_to
from directory.formats import counted
from directory.models import Company, Heartbeat, Verification
from directory.views.operator import operators_only
from erpbridge.verifying import RULES

# The sweep comes every 15 seconds; what is not seen for so long, does not come.
SWEEPS_WITHIN = timedelta(minutes=2)
# A lane that the workers serve, with something to do, should not stand still for longer.
MOVES_WITHIN = timedelta(minutes=15)
VERIFIES_WITHIN = timedelta(hours=36)
DEATHS = 3  # visits in a row at which a worker fell silent: the lane's fault, not the worker's
SHOWN = 20  # lanes on the operator's page


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at. `seconds` is an age, where there is one."""

    name: str
    works: bool
    words: str
    seconds: int | None = None


def checks() -> list[Check]:
    """Everything, in the order in which one thing hangs on another. Never raises: without a
    database there is only that to be told."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        found = [Check("database", True, "The database answers.")]
        found += [look() for look in (_broker, _sweep, _lanes, _oldest, _verification)]
    except (DatabaseError, InterfaceError) as error:
        words = f"The database does not answer ({type(error).__name__})."
        return [Check("database", False, words), _broker()]
    return found


def _broker() -> Check:
    """What carries the bells, and that of the sweep, too."""
    kind = settings.CELERY_BROKER_URL.partition(":")[0]
    if kind == "filesystem":
        return Check("broker", True, "Bells go through files: there is no Redis.")
    try:
        with current_app.connection_for_read(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:
        words = f"The message broker ({kind}) does not answer ({type(error).__name__})."
        return Check("broker", False, f"{words} Nothing is lost; workers rest until it is back.")
    return Check("broker", True, f"The message broker ({kind}) answers.")


def _sweep() -> Check:
    last = Heartbeat.objects.filter(name="sweep").values_list("at", flat=True).first()
    if last is None:
        return Check("workers", False, "No worker has swept the lanes yet.")
    words = f"Workers last swept the lanes {_ago(last)}."
    return Check("workers", timezone.now() - last < SWEEPS_WITHIN, words, _seconds(last))


def _lanes() -> Check:
    stuck = len(stuck_lanes())
    if stuck:
        return Check("lanes", False, f"Lanes with work to do that stand still: {stuck}.")
    held = Session.objects.filter(ended_at=None).count()
    return Check("lanes", True, f"No lane stands still. Being served now: {held}.")


def stuck_lanes() -> list[Connection]:
    """Connections whose lane should move and does not: a session that fell silent and was not
    ended; or, of an ERP that we call, work that nobody has been at, or at which one worker after
    the other falls silent. One that calls us comes when it comes; one that we called in vain is
    tried again, and is no fault of this installation.
    """
    silent = engine.idle_time() + SWEEPS_WITHIN
    overdue = Session.objects.filter(ended_at=None, last_seen_at__lt=Now() - silent)
    work = engine.due().filter(
        connection=OuterRef("pk"), not_before__lt=Now() - MOVES_WITHIN, state="waiting"
    )
    visits = Session.objects.filter(connection=OuterRef("pk"))
    left_alone = ~Exists(visits.filter(ended_at=None)) & (
        Q(last_visit=None) | Q(last_visit__lt=Now() - MOVES_WITHIN)
    )
    pending = Conversation.objects.exclude(state="closed").filter(
        connection=OuterRef("pk"), connection__company__erp_enabled=True
    )
    stands = Q(pk__in=overdue.values("connection")) | Q(erp__in=called()) & (
        Q(Exists(work)) & left_alone | Q(Exists(pending), last_died=[True] * DEATHS)
    )
    latest = visits.order_by("-fence")
    # A worker that ends its visit is heard of until then.
    died = Q(ended_at__gte=F("last_seen_at") + LEASE)
    ended = latest.filter(ended_at__isnull=False).annotate(
        died=ExpressionWrapper(died, BooleanField())
    )
    lanes = Connection.objects.annotate(
        last_visit=Subquery(latest.values("ended_at")[:1]),
        last_died=ArraySubquery(ended.values("died")[:DEATHS]),
    ).filter(stands)
    return list(lanes.select_related("company"))


def _could_go() -> QuerySet[Conversation]:
    return engine.due().filter(purpose__in=ABOUT_ITEMS)


def _oldest() -> Check:
    since = _could_go().aggregate(since=Min("queued_at"))["since"]
    if since is None:
        return Check("waiting", True, "No item waits to be exported.")
    words = f"The oldest item that could be exported was accepted {_ago(since)}."
    return Check("waiting", True, words, _seconds(since))


def _verification() -> Check:
    last = Verification.last()
    if last is None or last.ended_at is None:
        first = Company.objects.aggregate(first=Min("created_at"))["first"]
        if first is None or timezone.now() - first < VERIFIES_WITHIN:
            return Check("verify", True, "What is stored is looked over in the coming night.")
        return Check("verify", False, "What is stored was never looked over (manage.py verify).")
    words = f"What is stored was looked over {_ago(last.ended_at)}: {last.found}."
    recent = timezone.now() - last.ended_at < VERIFIES_WITHIN
    return Check("verify", last.is_sound and recent, words, _seconds(last.ended_at))


def _seconds(moment: datetime) -> int:
    return max(0, int((timezone.now() - moment).total_seconds()))


def _ago(moment: datetime) -> str:
    seconds = _seconds(moment)
    return f"{counted(seconds, 'second')} ago" if seconds < 120 else f"{timesince(moment)} ago"


# --- Pages ------------------------------------------------------------------------------------


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while this process answers and reaches the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 while everything works, else 503; JSON, or a small page for a browser."""
    found = checks()
    works = all(check.works for check in found)
    status = 200 if works else 503
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "health.html", {"checks": found, "works": works}, status=status)
    told = {check.name: asdict(check) for check in found}
    return JsonResponse({"works": works, "checks": told}, status=status)


@operators_only
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The operator's page: the same, with names, and what the last looking over found."""
    last = Verification.last()
    waiting = _could_go().values_list("connection").annotate(since=Min("queued_at"))
    oldest = dict(waiting.order_by("since")[:SHOWN])
    lanes = Connection.objects.select_related("company").in_bulk(oldest)
    context = {
        "current": "health",
        "checks": checks(),
        "stuck": stuck_lanes(),
        "not_spoken_to": not_spoken_to(Connection.objects.select_related("company")).items(),
        "waiting": [(lanes[pk], since) for pk, since in oldest.items()],
        "last": last,
        "rules": [
            (rule, [one for one in (last.first if last else []) if one["rule"] == rule.name])
            for rule in RULES
        ],
    }
    return render(request, "operator_health.html", context)
