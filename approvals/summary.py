"""The daily summary: what waits for each approver, and the notices of those who want them daily."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db.models import Exists, Min, OuterRef
from django.urls import reverse

from approvals.listing import TABS, counts
from approvals.models import Export, Kinds
from approvals.states import View
from directory.formats import age
from directory.letters import Desk, Row, write_summary
from directory.models import Company, User
from directory.privilege import approvers


def write_summaries(now: datetime) -> int:
    """Put today's summaries into the outbox, one for each person at most; how many."""
    desks: dict[int, list[Desk]] = defaultdict(list)
    waiting = Export.objects.filter(company=OuterRef("pk"), view__in=[View.READY, View.FAILED])
    for company in Company.objects.filter(Exists(waiting), erp_enabled=True).order_by("name"):
        desk = _desk(company, now)
        for person in approvers(company).values_list("user_id", flat=True):
            desks[person].append(desk)
    daily = User.objects.filter(is_active=True).exclude(mails=User.Mails.OFF)
    wanted = daily.filter(pk__in=desks) | daily.filter(mails=User.Mails.DAILY)
    day = now.date().isoformat()
    return sum(
        write_summary(person, day, desks.get(person.pk, ()))
        for person in wanted.order_by("id").iterator()
    )


def _desk(company: Company, now: datetime) -> Desk:
    found = counts(company.pk)[company.pk]
    rows = [
        Row(
            Kinds(kind).label + "s",
            found.of(kind, View.READY),
            found.of(kind, View.FAILED),
            reverse("queue", args=[company.pk, tab]),
        )
        for tab, kind in TABS.items()
        if found.waiting(kind)
    ]
    waits = Export.objects.filter(company=company, view__in=[View.READY, View.FAILED])
    oldest = waits.aggregate(at=Min("status_at"))["at"]
    waited = age(oldest, now)
    return Desk(company.name, rows, "" if waited == "just now" else waited)
