"""What workers do for the connections: the bell, and the sweep that finds what a lost bell left."""

import logging

from celery import shared_task

from connectors import engine
from connectors.models import Connection
from connectors.pulls import queue_due_syncs
from connectors.registry import connector_for
from directory import bell
from directory.models import Heartbeat

log = logging.getLogger(__name__)


def ring(connection: Connection) -> None:
    """Tell the workers that a lane has work; an ERP that calls us needs no bell."""
    if connector_for(connection.erp).capabilities.transport != "poll":
        bell.ring("connectors.tasks.work", connection.pk)


@shared_task
def work(connection_id: int) -> None:
    """Serve one lane of an ERP that we call. There is none yet: the first will be Spectrum."""


@shared_task
def sweep() -> None:
    """End sessions that fell silent, so that what they held can go on; queue what is due.

    That it comes is how the health page knows that there are workers.
    """
    queue_due_syncs()
    ended = engine.expire_sessions()
    if ended:
        log.info("%s silent sessions ended", ended)
    Heartbeat.now("sweep")
