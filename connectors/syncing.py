"""When the ERP is asked anew for its lists and job costs, and tried: by the clock, or at once."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from connectors import engine
from connectors.costs import queue_costs
from connectors.models import Connection, Conversation, Reading
from connectors.pulls import queue_page
from connectors.registry import connector_for
from connectors.self_tests import SELF_TEST
from directory import bell
from directory.access import Access
from directory.compiled import CompiledQuery
from directory.history import Happened, append
from directory.perms import Level, Tool


@transaction.atomic
def request_sync(connection: Connection, by: Access) -> int:
    """Queue a sync of every list, from its beginning, and of the job costs; returns how many.

    Needs Standard on ERP Integrations (PermissionDenied).
    """
    by.need(Tool.ERP, Level.STANDARD)
    # A person wants all of it read anew, not only what the ERP says has changed.
    Reading.objects.filter(connection=connection).update(full_from=None)
    asked = queue_sync(connection)
    _ring(connection)
    if asked:
        happened = Happened("sync", f"connection:{connection.pk}", by.user.pk)
        append(connection.company_id, [happened])
    return asked


@transaction.atomic
def request_test(connection: Connection, by: Access) -> bool:
    """Queue a try of what the ERP shows us; False where one waits already.

    Needs Standard on ERP Integrations (PermissionDenied).
    """
    by.need(Tool.ERP, Level.STANDARD)
    # Also for one that waits: it may be pausing after a password that has just been corrected.
    _ring(connection)
    waiting = Conversation.objects.filter(connection=connection, purpose=SELF_TEST)
    if waiting.exclude(state=Conversation.State.CLOSED).exists():
        return False
    engine.queue(connection.pk, SELF_TEST, SELF_TEST, SELF_TEST)
    return True


def _ring(connection: Connection) -> None:
    """Somebody waits for it: a worker serves an ERP that we call as soon as this is written."""
    if connection.capabilities.transport == "push":
        bell.ring_on_commit("connectors.tasks.work", connection.pk)


@transaction.atomic
def queue_due_syncs() -> int:
    """Queue the sync of every connection whose schedule says so; returns how many things."""
    return sum(queue_sync(connection) for connection in _DUE.all())


_DUE = CompiledQuery(
    lambda: (
        Connection.objects.filter(
            company__erp_enabled=True,
            first_seen_at__isnull=False,
            sync_minutes__gt=0,
        )
        .filter(
            Q(sync_queued_at=None)
            | Q(sync_queued_at__lt=Now() - F("sync_minutes") * Value(timedelta(minutes=1)))
        )
        .select_for_update(skip_locked=True, of=("self",))
    )
)


def queue_sync(connection: Connection) -> int:
    """Queue what does not wait already: each list, the self-test, and the costs of each job.

    Returns how many.
    """
    Connection.objects.filter(pk=connection.pk).update(sync_queued_at=Now())
    waiting = set(
        Conversation.objects.filter(connection=connection, purpose__in=["pull", SELF_TEST])
        .exclude(state=Conversation.State.CLOSED)
        .values_list("record", flat=True)
    )
    lists = connector_for(connection.erp).lists(connection.settings)
    wanted = [what for what in lists if f"list:{what}" not in waiting]
    for what in wanted:
        queue_page(connection.pk, what)
    tested = SELF_TEST not in waiting
    if tested:
        engine.queue(connection.pk, SELF_TEST, SELF_TEST, SELF_TEST)
    return len(wanted) + tested + queue_costs(connection)
