"""Setting up a company's connection to its ERP, and changing it.

A Web Connector gets a password: 160 random bits, shown once; only a keyed digest of it is kept.
What an ERP that we call is shown is kept sealed. Each change is told in the history, by its name;
of a credential nothing else.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.urls import reverse

from connectors import engine
from connectors.forms import FORMS
from connectors.models import CALLING, CALLS_EVERY, Connection, Lane, Renewal
from connectors.passwords import password_digest
from connectors.quickbooks import qwc
from connectors.registry import connector_for, names
from connectors.renewing import plan
from connectors.secrets import Locked, secrets_of, set_secrets
from connectors.syncing import request_sync, request_test
from directory import bell
from directory.access import Access
from directory.entered import Fault, Invalid
from directory.history import Happened, append
from directory.models import Company
from directory.perms import Level, Tool

# Settings that a person has to see at work in the ERP once.
CONFIRMED = ("cr_status",)
ON_ITS_WAY = (
    "Something is on its way to the ERP as it was accepted. Change this once it has arrived, or "
    "take its acceptance back."
)


@transaction.atomic
def create_connection(
    company: Company, erp: str, by: Access, entered: Mapping[str, str] | None = None
) -> tuple[Connection, str]:
    """Connect `company` to its ERP and queue a first sync.

    Returns the connection and the password of its Web Connector, which nobody can read again; ''
    for an ERP that we call: its address, credentials and settings are `entered`, by the names of
    its form (`connectors.forms`).

    Needs Admin on ERP Integrations. Raises ValidationError: there is one already, the tool is
    switched off, or there is no such connector; Invalid with every fault of what was entered.
    """
    by.need(Tool.ERP, Level.ADMIN)
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    if not locked.erp_enabled:
        raise ValidationError(f"ERP Integrations is switched off for {company}.")
    if erp not in names():
        raise ValidationError(f"There is no connector for {erp!r}.")
    if Connection.objects.filter(company=company).exists():
        raise ValidationError(f"{company} has a connection already; a company has at most one.")
    if connector_for(erp).capabilities.transport == "poll":
        connection, password = _polled(company, erp)
        told = {"erp": erp, "user_name": connection.user_name}
    elif erp not in FORMS:
        raise ValidationError(f"Nothing is known of how {erp} is set up.")
    else:
        connection, password = _called(company, erp, entered or {}), ""
        told = {"erp": erp, "address": connection.address, "company": connection.company_file}
    Lane.objects.create(connection=connection)
    _tell(connection, "connect", by, told)
    # So that the first call finds something to ask: the ERP is spoken to only then.
    request_sync(connection, by)
    return connection, password


def _polled(company: Company, erp: str) -> tuple[Connection, str]:
    """A connection that a Web Connector will speak for, and its password."""
    password = _new_password()
    connection = Connection.objects.create(
        company=company,
        erp=erp,
        # QuickBooks keeps it for ever, so it never changes: see `connectors.quickbooks.qwc`.
        company_file=f"{{{uuid.uuid4()}}}",
        user_name=f"qb-{secrets.token_hex(3)}",
        password_digest=password_digest(password),
        settings={"category": "nothing"},
    )
    return connection, password


def _called(company: Company, erp: str, entered: Mapping[str, str]) -> Connection:
    """A connection that we call, as it was entered. Raises Invalid."""
    form = FORMS[erp](entered, company=company.pk)
    _refuse(form.faults)
    connection = Connection(
        company=company,
        erp=erp,
        company_file=form.company_file,
        address=form.cleaned_data["address"],
        settings={"category": "nothing", **form.settings},
    )
    _save(connection)
    set_secrets(connection, form.secrets)
    plan(connection, typed=form.secrets)
    return connection


@transaction.atomic
def change_connection(
    connection: Connection, by: Access, entered: Mapping[str, str], *, seen: str | None = None
) -> list[str]:
    """Change what `entered` names of a connection that we call; the rest stays. A credential that
    is empty stays, too. Returns the names of what is another now.

    `seen`: what the form's `seen` was when it was on the screen.
    Needs Admin on ERP Integrations. Raises Invalid with every fault; also where somebody changed
    an entry since it was `seen`, and for what would change what was accepted while something is on
    its way. Raises ValidationError for an ERP that asks us.
    """
    by.need(Tool.ERP, Level.ADMIN)
    if connection.erp not in FORMS:
        raise ValidationError("This ERP is not called from here; there is nothing to change.")
    # The lane before anything else: a worker that speaks to the old place must not go on there.
    address, info_link = connection.servers
    places = entered.get("address", address), entered.get("infolink_address", info_link)
    if places != connection.servers:
        engine.interrupt(connection.pk)
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    form = FORMS[locked.erp](entered, locked)
    if seen is not None and seen != form.seen:
        text = (
            "Somebody has changed this connection since you opened this page, so nothing was "
            "saved: the company's history says what. Look at yours again, then save them."
        )
        _refuse([Fault("", text)])
    _refuse(form.faults)
    was = {"address": locked.address, **locked.settings}
    now = {"address": form.cleaned_data["address"], **form.settings}
    changed = {name: [was.get(name, ""), now[name]] for name in now if was.get(name) != now[name]}
    _refuse(_too_late(locked, changed))
    connection.address = now.pop("address")
    connection.settings = {**locked.settings, **now}
    connection.company_file = form.company_file
    _save(connection, update_fields=["address", "settings", "company_file"])
    if changed:
        _tell(connection, "change", by, changed)
    stored = _kept(locked)
    kept = {name: text for name, text in stored.items() if name in form.kept}
    if form.secrets or kept != stored:
        set_secrets(connection, {**kept, **form.secrets})
    if form.secrets:
        # Which ones, and nothing of them.
        _tell(connection, "secrets", by, {"names": ", ".join(form.secrets)})
    plan(connection, typed=form.secrets)
    names = [*changed, *form.secrets]
    if names:
        request_test(connection, by)
    return names


def _kept(connection: Connection) -> dict[str, str]:
    try:
        return secrets_of(connection)
    except Locked:
        return {}


def _save(connection: Connection, update_fields: Collection[str] | None = None) -> None:
    """Raises Invalid where another connection writes into that company of the ERP.

    Whose that is, is nobody else's business: it may as well be an address that is wrong.
    """
    try:
        with transaction.atomic():
            connection.save(update_fields=update_fields)
    except IntegrityError as error:
        if "company_file" not in str(error):
            raise
        text = (
            "This company of that server cannot be connected here. Look at the address and the "
            "company code; if both are right, ask whoever runs this installation."
        )
        raise Invalid([Fault("company_code", text)]) from None


def _too_late(connection: Connection, changed: Mapping[str, object]) -> list[Fault]:
    """Faults for what may not become something else any more, or not now."""
    accepted = changed.keys() - CALLING
    if accepted and engine.is_writing(connection.pk):
        return [Fault("", ON_ITS_WAY)]
    if "address" in changed and engine.is_unsettled(connection):
        text = (
            "A part of a document may stand in the ERP at the address of before: settle what needs "
            "attention first. Here a retry goes on from what was confirmed there."
        )
        return [Fault("address", text)]
    read = connection.readings.filter(complete_from__isnull=False)
    if "company_code" in changed and read.exists():
        text = (
            "Lists of the company that is connected were read already, and documents are linked to "
            "them. Another company of the ERP is connected to another company here."
        )
        return [Fault("company_code", text)]
    return []


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise Invalid(faults)


@transaction.atomic
def ask_for_secret(connection: Connection, by: Access) -> None:
    """Have a worker ask the ERP for a new secret in place of the one that is kept.

    Needs Admin on ERP Integrations. Raises ValidationError where the ERP makes none.
    """
    by.need(Tool.ERP, Level.ADMIN)
    planned = Renewal.objects.filter(connection=connection, due_at__isnull=False)
    if not planned.update(due_at=Now()):
        raise ValidationError("Without enhanced authentication there is no secret to renew.")
    _tell(connection, "ask-renewal", by)
    bell.ring_on_commit("connectors.tasks.renew", connection.pk)


@transaction.atomic
def confirm_setting(connection: Connection, by: Access, name: str) -> None:
    """Somebody has seen in the ERP that this setting, as it is now, does what it should.

    Needs Admin on ERP Integrations. Raises ValidationError where there is nothing to confirm.
    """
    by.need(Tool.ERP, Level.ADMIN)
    value = connection.settings.get(name)
    if name not in CONFIRMED or not value:
        raise ValidationError("There is nothing to confirm yet: enter it first.")
    connection.confirmed = {**connection.confirmed, name: value}
    connection.save(update_fields=["confirmed"])
    _tell(connection, "confirm", by, {name: value})


@transaction.atomic
def reissue_password(connection: Connection, by: Access) -> str:
    """A new password; the old one is refused from now on. Needs Admin on ERP Integrations.

    Raises ValidationError for an ERP that we call: no Web Connector speaks for it.
    """
    by.need(Tool.ERP, Level.ADMIN)
    if connection.user_name is None:
        raise ValidationError("This ERP is called from here; no Web Connector has a password.")
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
    if category not in connection.capabilities.categories:
        raise ValidationError("Choose what becomes of categories.")
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if engine.is_writing(locked.pk):
        raise ValidationError(ON_ITS_WAY)
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
    connection: Connection, verb: str, by: Access, data: Mapping[str, Any] | None = None
) -> None:
    happened = Happened(verb, f"connection:{connection.pk}", by.user.pk, dict(data or {}))
    append(connection.company_id, [happened])
