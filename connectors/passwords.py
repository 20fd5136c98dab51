"""The Web Connector's password: what is kept of it, and how guessing it is held up."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.db import connection as database
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from connectors import engine
from connectors.models import Connection, Guesses
from directory.compiled import CompiledQuery

# So many wrong passwords from one address, and the right one is refused there for a while.
MOST_GUESSES = 10
GUESSES_REMEMBERED = 600  # seconds


def password_digest(password: str) -> str:
    """What is kept of a Web Connector's password: a keyed SHA-256, 64 hexadecimal digits.

    Fast on purpose: the password is 160 random bits, and every customer asks every few minutes.
    """
    return hmac.new(settings.SECRET_KEY.encode(), password.encode(), hashlib.sha256).hexdigest()


def _knocked_at(connection_id: int, address: str) -> QuerySet[Connection]:
    """The connection, whether it has work, and whether somebody at `address` guesses its password.

    One indexed SELECT.
    """
    work = engine.due().filter(connection=OuterRef("pk"))
    guesses = Guesses.objects.filter(
        connection=OuterRef("pk"),
        address=address,
        count__gte=MOST_GUESSES,
        forgotten_at__gt=Now(),
    )
    return Connection.objects.filter(pk=connection_id).annotate(
        has_work=Exists(work), is_guessed_at=Exists(guesses)
    )


KNOCKED_AT = CompiledQuery(_knocked_at, int, str)


def count_guess(connection: Connection, address: str) -> None:
    """Count a wrong password, for all web processes; each one is remembered for ten minutes."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM connectors_guesses WHERE forgotten_at <= statement_timestamp();
            INSERT INTO connectors_guesses AS known (connection_id, address, count, forgotten_at)
            VALUES (%s, %s, 1, statement_timestamp() + %s * interval '1 second')
            ON CONFLICT (connection_id, address) DO UPDATE
            SET count = known.count + 1, forgotten_at = excluded.forgotten_at
            """,
            [connection.pk, address, GUESSES_REMEMBERED],
        )
