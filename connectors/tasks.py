"""What workers do for the connections: the bell, the calls, and the sweep that finds what a lost
bell left."""

import logging
import mmap
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DurationField, ExpressionWrapper, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from connectors import calling, engine, renewing, retention
from connectors.models import Connection, Session
from connectors.syncing import queue_due_syncs
from directory import bell
from directory.compiled import CompiledQuery
from directory.models import Heartbeat

log = logging.getLogger(__name__)

TURN = 60.0  # seconds after which a worker lets other lanes have a turn, between two documents
LONGEST_TURN = 300.0  # and between two calls
# An ERP that could not be spoken to is tried again after so many seconds, each time longer.
PAUSES = (15, 30, 60, 120, 300, 600)

# Seen by all processes of a worker, however they were made: that it is to end.
_is_ending = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _end(**_told: object) -> None:
    _is_ending[0] = 1


def ring(connection: Connection) -> None:
    """Tell the workers that a lane has work; an ERP that calls us needs no bell."""
    if calling.is_called(connection):
        bell.ring("connectors.tasks.work", connection.pk)


@shared_task
def work(connection_id: int) -> None:
    """Serve one lane of an ERP that we call, for one turn; what is left then queues behind the
    other lanes."""
    began = time.monotonic()

    def is_over() -> bool:
        return time.monotonic() - began > TURN

    def must_stop() -> bool:
        return bool(_is_ending[0]) or time.monotonic() - began > LONGEST_TURN

    if calling.serve(connection_id, until=is_over, stopping=must_stop):
        bell.ring("connectors.tasks.work", connection_id)


@shared_task
def renew(connection_id: int) -> None:
    """Have an ERP that we call make a new secret in place of ours, and go on with what waited."""
    renewing.renew(connection_id)
    ring(Connection.objects.get(pk=connection_id))


@shared_task
def sweep() -> None:
    """End sessions that fell silent, so that what they held can go on; queue what is due, and ring
    for the lanes that nobody serves.

    That it comes is how the health page knows that there are workers.
    """
    queue_due_syncs()
    ended = engine.expire_sessions()
    if ended:
        log.info("%s silent sessions ended", ended)
    for connection in _not_pausing():
        ring(connection)
    for renewal in _RENEWED.all():
        bell.ring("connectors.tasks.renew", renewal.pk)
    Heartbeat.now("sweep")


@shared_task
def forget() -> None:
    """Once a night: remove what lists, costs and comparisons were read from, once it is old."""
    if gone := retention.forget():
        log.info("%s old conversations that only read removed", gone)


_RENEWED = CompiledQuery(renewing.due)


def _not_pausing() -> Iterator[Connection]:
    """Those that nobody serves and that could be spoken to lately, or were left alone for long
    enough. One query."""
    for connection in _IDLE.all():
        failed = len(list(takewhile(bool, connection.errors)))
        pause = timedelta(seconds=PAUSES[failed - 1]) if failed else timedelta(0)
        if connection.alone is None or connection.alone >= pause:
            yield connection


def _idle() -> QuerySet[Any]:
    last = Session.objects.filter(connection=OuterRef("pk")).order_by("-fence")
    return calling.idle_lanes().annotate(
        errors=ArraySubquery(last.values("error")[: len(PAUSES)]),
        # By the database's clock, the only one that all workers share.
        alone=ExpressionWrapper(
            Now() - Subquery(last.values("ended_at")[:1]), output_field=DurationField()
        ),
    )


_IDLE = CompiledQuery(_idle)
