"""What a visit leaves behind with its connection, whoever called whom: pages and mails read it."""

from __future__ import annotations

from django.db import connection as database
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from connectors import engine
from connectors.models import INTERVALS_KEPT, Connection, Session
from connectors.registry import called


def seen(connection: Connection) -> None:
    """Note that the ERP was heard of and how long after the last time, twice a minute at most."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE connectors_connection SET last_seen_at = statement_timestamp(),
                intervals = CASE WHEN last_seen_at IS NULL THEN intervals ELSE (
                    extract(epoch FROM statement_timestamp() - last_seen_at)::int || intervals
                )[1:%s] END
            WHERE id = %s AND (last_seen_at IS NULL
                OR last_seen_at < statement_timestamp() - interval '30 seconds')
            """,
            [INTERVALS_KEPT, connection.pk],
        )


def went_wrong(session: Session, words: str) -> None:
    """Keep what a visit stumbled over, for people."""
    session.error = words
    Session.objects.filter(pk=session.pk).update(error=words)


def sum_up(session: Session) -> str:
    """What the Web Connector and the connection page show of this visit."""
    session.refresh_from_db()
    done = f"{session.finished} done" if session.finished else "nothing finished yet"
    text = session.error or f"OK: {done}"
    Connection.objects.filter(pk=session.connection_id).update(last_result=text[:300])
    return text


def not_spoken_to(among: QuerySet[Connection]) -> dict[Connection, str]:
    """Connections of ERPs that we call and that have something to do, where the last visit came to
    nothing, and why. They are tried again by themselves: see `connectors.tasks.PAUSES`.
    """
    visits = Session.objects.filter(connection=OuterRef("pk"), ended_at__isnull=False)
    work = engine.due().filter(connection=OuterRef("pk"))
    why = Subquery(visits.order_by("-fence").values("error")[:1])
    found = among.annotate(why=why).filter(Exists(work), erp__in=called(), why__gt="")
    return {one: one.why for one in found.order_by("pk")}
