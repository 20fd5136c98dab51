"""How long is kept what nobody needs for ever: mails and notices. The history is kept for ever.

A year and more of notices is what an auditor may still ask about; a mail is known by the notices
that it carried.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from directory.models import Mail, Notice

NOTICES = timedelta(days=400)
MAILS = timedelta(days=90)
# So many rows go in one transaction: others do not wait for it.
AT_ONCE = 1_000


def forget() -> int:
    """Remove the notices and settled mails whose time is over; how many rows went."""
    settled = ~Q(state__in=[Mail.State.WAITING, Mail.State.SENDING])
    notices = Notice.objects.filter(at__lt=Now() - NOTICES)
    mails = Mail.objects.filter(settled, state_at__lt=Now() - MAILS)
    return _remove(notices) + _remove(mails)


def _remove(rows: QuerySet[Notice] | QuerySet[Mail]) -> int:
    gone = 0
    while some := list(rows.values_list("pk", flat=True)[:AT_ONCE]):
        rows.model._default_manager.filter(pk__in=some).delete()
        gone += len(some)
    return gone
