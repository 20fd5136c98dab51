"""What workers do for exports that no request should wait for."""

import logging

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from approvals.alerts import send_alerts
from approvals.comparing import queue_comparisons
from approvals.summary import write_summaries
from approvals.unlinking import give_up_waiting
from connectors.models import Connection

log = logging.getLogger(__name__)


@shared_task
def sweep() -> None:
    """End the checks that the ERP did not answer within a day; tell who has to know of what stands
    still."""
    ended = give_up_waiting()
    if ended:
        log.info("%s unlink checks ended without an answer", ended)
    send_alerts()


@shared_task
def summaries() -> None:
    """Write everybody's daily summary, unless it is written; it is mailed like any other."""
    write_summaries(timezone.now())


@shared_task
def compare_all() -> None:
    """Queue the nightly comparison of every connection that has been used."""
    for connection in Connection.objects.filter(
        company__erp_enabled=True, first_seen_at__isnull=False
    ).iterator():
        with transaction.atomic():
            queue_comparisons(connection)
