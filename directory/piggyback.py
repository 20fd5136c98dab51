"""Statements that nobody waits for, sent with the next one.

Each way to PostgreSQL and back takes time, across a network most of what a transaction takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection


def send_along(sql: str, values: Sequence[Any] | Mapping[str, Any]) -> None:
    """Carries out a statement whose result nobody needs: together with the next one of its
    transaction, or right before that is committed. If it fails, the other fails in its place."""
    with connection.cursor() as cursor:
        if hasattr(cursor.cursor, "goes_along"):  # as those of `erpbridge.piggyback` do
            cursor.cursor.goes_along = True
        cursor.execute(sql, values)
