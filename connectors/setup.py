"""Setting up a company's connection to its ERP, and giving its Web Connector a password.

The password is 160 random bits and shown once; only a keyed digest of it is kept.
"""

from __future__ import annotations

import base64
import secrets
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from connectors import engine
from connectors.models import CALLS_EVERY, Connection, Lane
from connectors.passwords import password_digest
from connectors.pulls import request_sync
from connectors.quickbooks import qwc
from connectors.registry import connector_for, names
from directory.access import Access
from directory.history import Happened, append
from directory.models import Company
from directory.perms import Level, Tool


@transaction.atomic
def create_connection(company: Company, erp: str, by: Access) -> tuple[Connection, str]:
    """Connect `company` to its ERP and queue a first sync; returns the connection and its password,
    which nobody can read again.

    Needs Admin on ERP Integrations. Raises ValidationError: there is one already, the tool is
    switched off, or there is no such connector.
    """
    by.need(Tool.ERP, Level.ADMIN)
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    if not locked.erp_enabled:
        raise ValidationError(f"ERP Integrations is switched off for {company}.")
    if erp not in names():
        raise ValidationError(f"There is no connector for {erp!r}.")
    if Connection.objects.filter(company=company).exists():
        raise ValidationError(f"{company} has a connection already; a company has at most one.")
    password, user_name = _new_password(), f"qb-{secrets.token_hex(3)}"
    connection = Connection.objects.create(
        company=company,
        erp=erp,
        # QuickBooks keeps it for ever, so it never changes: see `connectors.quickbooks.qwc`.
        company_file=f"{{{uuid.uuid4()}}}",
        user_name=user_name,
        password_digest=password_digest(password),
        settings={"category": "nothing"},
    )
    Lane.objects.create(connection=connection)
    _tell(connection, "connect", by, {"erp": erp, "user_name": user_name})
    # So that the first call finds something to ask: QuickBooks is spoken to only then.
    request_sync(connection, by)
    return connection, password


@transaction.atomic
def reissue_password(connection: Connection, by: Access) -> str:
    """A new password; the old one is refused from now on. Needs Admin on ERP Integrations."""
    by.need(Tool.ERP, Level.ADMIN)
    password = _new_password()
    connection.password_digest = password_digest(password)
    connection.save(update_fields=["password_digest"])
    _tell(connection, "password", by)
    return password


@transaction.atomic
def change_schedule(
    connection: Connection,
    by: Access,
    *,
    sync_minutes: int,
    silent_hours: int,
    imports_at_once: bool,
) -> None:
    """How often lists and costs are read, whether new vendors and cost codes are imported at once,
    and after how many silent hours people are told.

    Needs Admin on ERP Integrations. Raises ValidationError for what cannot be chosen.
    """
    by.need(Tool.ERP, Level.ADMIN)
    if sync_minutes not in Connection.Schedule.values or not 0 <= silent_hours <= 24 * 14:
        raise ValidationError("Choose one of the schedules, and 0 to 336 hours.")
    connection.sync_minutes, connection.silent_hours = sync_minutes, silent_hours
    connection.imports_at_once = imports_at_once
    connection.save(update_fields=["sync_minutes", "silent_hours", "imports_at_once"])
    told = {
        "sync_minutes": str(sync_minutes),
        "silent_hours": str(silent_hours),
        "imports_at_once": "yes" if imports_at_once else "no",
    }
    _tell(connection, "schedule", by, told)


@transaction.atomic
def change_categories(connection: Connection, by: Access, category: str) -> None:
    """What categories become in the ERP, from the next acceptance on: one of its
    `Capabilities.categories`.

    Needs Admin on ERP Integrations. Raises ValidationError for what cannot be chosen, and while
    something is on its way to the ERP or of unknown outcome: that was accepted as it was.
    """
    by.need(Tool.ERP, Level.ADMIN)
    if category not in connector_for(connection.erp).capabilities.categories:
        raise ValidationError("Choose what becomes of categories.")
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if engine.is_writing(locked.pk):
        raise ValidationError(
            "Something is on its way to the ERP as it was accepted. Change this once it has "
            "arrived, or take its acceptance back."
        )
    connection.settings = {**locked.settings, "category": category}
    connection.save(update_fields=["settings"])
    _tell(connection, "categories", by, {"category": category})
    request_sync(connection, by)


def qwc_file(connection: Connection) -> str:
    """The .qwc file that the bookkeeper opens in the Web Connector; the same every time.

    Raises ValueError where the Web Connector would refuse the address of this installation, and
    for an ERP that no Web Connector speaks for.
    """
    if connection.user_name is None:
        raise ValueError("This company's ERP is called from here; there is no Web Connector.")
    return qwc.text(
        company=connection.company.name,
        url=f"{settings.BASE_URL}/qbwc/{connection.pk}/",
        support_url=settings.BASE_URL + reverse("qbwc_support", args=[connection.pk]),
        user=connection.user_name,
        file_id=connection.company_file,
        minutes=int(CALLS_EVERY.total_seconds() // 60),
    )


def _new_password() -> str:
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def _tell(
    connection: Connection, verb: str, by: Access, data: dict[str, str] | None = None
) -> None:
    happened = Happened(verb, f"connection:{connection.pk}", by.user.pk, data or {})
    append(connection.company_id, [happened])
