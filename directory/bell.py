"""Telling the workers that there is a row to work on. A task carries nothing but ids."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def ring(task: str, *ids: int) -> None:
    """Call a Celery task, by its name, now. Never raises, and waits for a silent broker no longer
    than its own short time-out: a sweep finds the work anyway."""
    try:
        current_app.send_task(task, ids, retry=False)
    except Exception as error:
        log.warning("The bell of %s %s was not heard: %s", task, ids, error)


def ring_on_commit(task: str, *ids: int) -> None:
    """Call a Celery task as soon as everybody can see what the running transaction wrote."""
    transaction.on_commit(partial(ring, task, *ids))
