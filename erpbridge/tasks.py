"""What workers do for the installation as a whole."""

import logging

from celery import shared_task

from erpbridge.verifying.verification import verify as look_over

log = logging.getLogger(__name__)


@shared_task
def verify() -> None:
    """Look over everything that is stored, once a night; pages show what was found."""
    run = look_over(log.debug)
    if run.faults:
        log.error("What is stored is not sound: %s. Run: manage.py verify", run.found)
