"""Having an ERP make a new secret in place of ours: every so often, and when somebody asks.

The old secret may end with the answer, and an answer may be lost. So it is noted that the question
goes out before it does; what comes back is kept beside the old secret until one of the two has
worked; and where neither does, the token that is still in hand asks once more. It holds the lane
meanwhile, so that no document is under way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from connectors import engine
from connectors.calling import insist
from connectors.contract import Busy, ErpError, Refused
from connectors.models import Connection, Renewal, Session
from connectors.outside import Line, NoAnswer, NotReached
from connectors.pulse import LEASE, Pulse
from connectors.secrets import Locked, stored_names, typed_anew
from connectors.signing_in import Credentials, as_reply, pushed, site_of
from directory.history import Happened, append

log = logging.getLogger(__name__)

AGAIN, SOON = timedelta(days=1), timedelta(minutes=10)  # after one that came to nothing
MOST_ASKED = 3  # times for one new secret, while none that is kept is known to work
PAUSE = 5.0  # seconds before the next of these where nobody answers
AWAY = (NotReached, NoAnswer, Busy)


def plan(connection: Connection, typed: Mapping[str, str]) -> None:
    """Begin or end the schedule, as the connection is set up now; `typed` are the secrets that
    somebody has just entered."""
    renewal, _ = Renewal.objects.get_or_create(connection=connection)
    site = site_of(connection, dict.fromkeys(stored_names(connection), ""))
    if pushed(connection).renewal_call(site) is None:
        renewal.due_at = None
    elif typed or renewal.due_at is None:
        renewal.due_at = Now() + Renewal.EVERY
    if typed:
        renewal.asked_at, renewal.fault, renewal.locked_out = None, "", False
    renewal.save()
    typed_anew(connection, typed.keys())


def due() -> QuerySet[Renewal]:
    """Those whose time has come."""
    return Renewal.objects.filter(due_at__lte=Now(), connection__company__erp_enabled=True)


def renew(connection_id: int) -> None:
    """Have a new secret made, if it is time. Where another worker holds the lane it is left for
    the next sweep."""
    if not due().filter(connection=connection_id).exists():
        return
    session = engine.open_session(connection_id, lease=LEASE)
    if isinstance(session, engine.Silence):
        return
    connection = Connection.objects.get(pk=connection_id)
    try:
        us = Credentials(connection)
        with Line(connection.address, connection.company_id) as line, Pulse(session):
            _renew(connection, session, us, line)
    except engine.SessionOver:
        log.warning("Another worker took the lane of connection %s", connection_id)
    except AWAY as error:
        _come_to_nothing(connection, str(error), SOON)
    except (ErpError, Locked, ValueError) as error:
        _come_to_nothing(connection, str(error), AGAIN)
    finally:
        engine.close_session(session)


def _renew(connection: Connection, session: Session, us: Credentials, line: Line) -> None:
    """Raises NotReached, NoAnswer, ErpError, Locked, ValueError, SessionOver: the next time it goes
    on with what is kept then."""
    us.be_known(line)
    token = us.token
    for asked in range(1, MOST_ASKED + 1):
        engine.still_here(session)
        new, fault = _asked(connection, us, line)
        if new:
            insist(partial(us.keep, new))
        us.token = ""
        try:
            us.be_known(line)
            break
        except (Refused, *AWAY) as error:
            # A token outlives the secret that it was given for.
            us.token = token
            if asked == MOST_ASKED:
                raise
            if isinstance(error, AWAY):
                time.sleep(PAUSE)
    erp = us.erp.capabilities.short
    if not new:
        words = f"{erp} was asked for a new secret and gave none ({fault}). The one before works."
        _come_to_nothing(connection, words, AGAIN)
    elif not us.are_newest:
        words = f"{erp} does not take its new secret yet, but the one before. Both are kept."
        _come_to_nothing(connection, words, AGAIN)


def _asked(connection: Connection, us: Credentials, line: Line) -> tuple[dict[str, str], str]:
    """What is new, by name, or why there is nothing. Raises ValueError where there is none to be
    had."""
    call = us.erp.renewal_call(us.site())
    if call is None:
        raise ValueError("There is no secret that the ERP could make.")
    try:
        line.connect()
        Renewal.objects.filter(connection=connection).update(asked_at=Now())
        return us.erp.renewed(as_reply(line.call(call))), ""
    except (NotReached, NoAnswer, ErpError) as error:
        return {}, str(error).rstrip(".")


def _come_to_nothing(connection: Connection, words: str, pause: timedelta) -> None:
    """Keep why, for people, and when it is tried again; the history is told once."""
    with transaction.atomic():
        renewal = Renewal.objects.select_for_update().get(connection=connection)
        if renewal.due_at is None:
            return  # somebody ended the schedule meanwhile
        is_news = renewal.fault != words
        renewal.fault, renewal.due_at = words, Now() + pause
        renewal.save(update_fields=["fault", "due_at"])
        if is_news:
            subject = f"connection:{connection.pk}"
            append(connection.company_id, [Happened("not-renewed", subject, None, {"note": words})])
