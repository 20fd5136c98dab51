"""What workers do for people: their mail."""

import logging

from celery import shared_task

from directory import letters, outbox, retention

log = logging.getLogger(__name__)


@shared_task
def mail() -> None:
    """Compose the letters that are due and send what waits; rung by whoever wrote a notice or a
    mail, and once a minute."""
    outbox.sweep()
    letters.write_letters()
    outbox.send_waiting()


@shared_task
def forget() -> None:
    """Once a night: remove the mails and notices whose time is over."""
    if gone := retention.forget():
        log.info("%s old mails and notices removed", gone)
