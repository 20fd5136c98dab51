"""What workers do for people: their mail."""

import logging

from celery import shared_task

from directory import letters, outbox

log = logging.getLogger(__name__)


@shared_task
def mail() -> None:
    """Compose the letters that are due and send what waits; rung by whoever wrote a notice or a
    mail, and once a minute."""
    outbox.sweep()
    letters.write_letters()
    outbox.send_waiting()
