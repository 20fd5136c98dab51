"""What workers do for exports that no request should wait for."""

import logging

from celery import shared_task
from django.db import transaction

from approvals.comparing import queue_comparisons
from approvals.unlinking import give_up_waiting
from connectors.models import Connection

log = logging.getLogger(__name__)


@shared_task
def sweep() -> None:
    """End the checks that the ERP did not answer within a day."""
    ended = give_up_waiting()
    if ended:
        log.info("%s unlink checks ended without an answer", ended)


@shared_task
def compare_all() -> None:
    """Queue the nightly comparison of every connection that has been used."""
    for connection in Connection.objects.filter(
        company__erp_enabled=True, first_seen_at__isnull=False
    ).iterator():
        with transaction.atomic():
            queue_comparisons(connection)
