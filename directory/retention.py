"""How long is kept what nobody needs for ever: mails, notices, sessions. The history is kept for
ever.

A year and more of notices is what an auditor may still ask about; a mail is known by the notices
that it carried.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from directory.models import Mail, Notice

NOTICES = timedelta(days=400)
MAILS = timedelta(days=90)
# So many rows go in one transaction: others do not wait for it.
AT_ONCE = 1_000


def forget() -> int:
    """Remove the notices, settled mails and sessions whose time is over; how many rows went."""
    settled = ~Q(state__in=[Mail.State.WAITING, Mail.State.SENDING])
    notices = Notice.objects.filter(at__lt=Now() - NOTICES)
    mails = Mail.objects.filter(settled, state_at__lt=Now() - MAILS)
    # A session may hold a form that waited for a password; its other row tells from where it came.
    over = Session.objects.filter(expire_date__lt=Now())
    ended = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
    return _remove(notices) + _remove(mails) + _remove(over) + _remove(ended)


def _remove(rows: QuerySet[Any]) -> int:
    gone = 0
    while some := list(rows.values_list("pk", flat=True)[:AT_ONCE]):
        rows.model._default_manager.filter(pk__in=some).delete()
        gone += len(some)
    return gone
