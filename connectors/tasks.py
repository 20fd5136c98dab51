"""What workers do for the connections: the bell, and the sweep that finds what a lost bell left."""

import logging

from celery import shared_task

from connectors import engine

log = logging.getLogger(__name__)


def ring(connection_id: int) -> None:
    """Tell the workers that a lane has work. Never raises: the sweep finds it anyway."""
    try:
        work.apply_async((connection_id,), retry=False)
    except Exception as error:
        log.warning("The bell for connection %s was not heard: %s", connection_id, error)


@shared_task
def work(connection_id: int) -> None:
    """Serve one lane. QuickBooks calls us, so there is nothing to call here."""


@shared_task
def sweep() -> None:
    """End sessions that fell silent, so that what they held can go on."""
    ended = engine.expire_sessions()
    if ended:
        log.info("%s silent sessions ended", ended)
