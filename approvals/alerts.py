"""What stands still although somebody waits for it, told to those who can do something about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from approvals import erp_wording
from approvals.models import Export, FirstApproval
from approvals.notices import title
from approvals.seconding import moved
from approvals.states import EDITABLE, View
from connectors.models import Connection, Renewal
from directory.access import with_level
from directory.formats import counted
from directory.models import Company
from directory.notices import News, tell
from directory.perms import Level, Tool
from directory.privilege import approvers

LONG = timedelta(days=1)  # for a second approver to come


def send_alerts() -> None:
    """Tell of items that nobody may decide on (once a day), of those that have waited for a second
    approver for a day (once), of an ERP that has fallen silent (once for each silence), and of one
    that takes none of our secrets any more (once)."""
    _nobody_decides()
    _second_missing()
    _silence()
    _locked_out()


def _nobody_decides() -> None:
    waiting = Export.objects.filter(company=OuterRef("pk"), view=View.READY)
    for company in Company.objects.filter(Exists(waiting), erp_enabled=True):
        stuck = without_a_decider(company)
        if not stuck:
            continue
        title = f"{counted(stuck, 'item waits', 'items wait')} at {company}, and nobody may decide"
        path, day = reverse("directory", args=[company.pk]), timezone.now().date()
        news = [
            News(person, title, path, key=f"nobody:{company.pk}:{day}:{person}")
            for person in with_level(company, Tool.DIRECTORY, Level.ADMIN)
        ]
        with transaction.atomic():
            tell("nobody-decides", company.pk, news)


def _second_missing() -> None:
    """Tell the other approvers what waits for one of them."""
    said = FirstApproval.objects.filter(export__version=F("version"), at__lt=Now() - LONG)
    asking = Company.objects.filter(erp_enabled=True, second_approver_from__isnull=False)
    for company in asking.filter(Exists(said.filter(export__company=OuterRef("pk")))):
        deciders = set(approvers(company).values_list("user_id", flat=True))
        rows = said.filter(export__company=company, by__in=deciders)
        rows = rows.select_related("by", "export__parent", "export__project")
        limit = company.second_approver_from or Decimal(0)
        news = [
            News(
                person,
                title(first.export),
                reverse("export", args=[first.export_id]),
                f"{first.by} has approved it; a second approver is missing.",
                key=f"second:{first.export_id}:{first.version}:{person}",
            )
            for first in rows.order_by("pk")
            if _moved(first.export) >= limit  # it may have been raised since
            for person in sorted(deciders - {first.by_id})
            if person != first.export.sent_by_id or company.one_person_does_both
        ]
        with transaction.atomic():
            tell("second-missing", company.pk, news)


def _moved(export: Export) -> Decimal:
    """What it moves: as it was sent, or as it would be linked now; nothing once it is deleted."""
    if export.status not in EDITABLE:
        return moved(export.document)
    document = export.live()
    return moved(document.to_document()) if document else Decimal(0)


def without_a_decider(company: Company) -> int:
    """How many items that were sent too few people may decide on: one, or two from the amount on
    that the company set. The sender is nobody, unless the company lets one person do both."""
    deciders = set(approvers(company).values_list("user_id", flat=True))
    limit = company.second_approver_from
    ready = Export.objects.filter(company=company, view=View.READY)
    large = Q(pk=None)
    if limit is not None and len(deciders) <= 2:
        sent = ready.iterator()
        large = Q(pk__in=[export.pk for export in sent if moved(export.document) >= limit])
    stuck = Q(pk=None)
    for needed, items in ((1, Q(pk__isnull=False)), (2, large)):
        if len(deciders) < needed:
            stuck |= items
        elif len(deciders) == needed and not company.one_person_does_both:
            stuck |= items & Q(sent_by__in=deciders)
    return ready.filter(stuck).count()


def _silence() -> None:
    connections = Connection.objects.filter(
        company__erp_enabled=True, last_seen_at__isnull=False, silent_hours__gt=0
    ).select_related("company")
    for connection in connections:
        if not connection.is_silent or connection.last_seen_at is None:
            continue
        company = connection.company
        erp = connection.capabilities
        since = connection.last_seen_at
        last = f"last {erp_wording.heard(erp)} {company} on {since:%Y-%m-%d} at {since:%H:%M} UTC"
        title = f"{erp.name} {last}"
        _tell_of_connection("silent", connection, title, since)


def _locked_out() -> None:
    renewals = Renewal.objects.filter(
        connection__company__erp_enabled=True, locked_out=True, asked_at__isnull=False
    ).select_related("connection__company")
    for renewal in renewals:
        connection = renewal.connection
        erp = connection.capabilities
        title = f"{erp.name} takes none of the secrets of {connection.company} any more"
        if renewal.asked_at is not None:
            _tell_of_connection("locked-out", connection, title, renewal.asked_at)


def _tell_of_connection(kind: str, connection: Connection, title: str, since: datetime) -> None:
    """Tell approvers and administrators of ERP Integrations, once for what began then."""
    company = connection.company
    whom = set(approvers(company).values_list("user_id", flat=True))
    whom |= set(with_level(company, Tool.ERP, Level.ADMIN))
    path = reverse("connection", args=[company.pk])
    news = [
        News(person, title, path, key=f"{kind}:{connection.pk}:{since:%Y%m%dT%H%M%S}:{person}")
        for person in sorted(whom)
    ]
    with transaction.atomic():
        tell(kind, company.pk, news)
