"""What an ERP that we call is shown: kept sealed with its connection, opened only to call it.

They are set and replaced, never shown: pages and the API say which there are, by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import F

from connectors.models import Connection, Renewal
from directory.compiled import CompiledQuery
from directory.sealing import seal, unseal


class Locked(Exception):
    """They were sealed with a key that this installation no longer has."""

    def __init__(self) -> None:
        super().__init__(
            "The stored credentials cannot be opened: the key that they were sealed with is not "
            "among ERPBRIDGE_ENCRYPTION_KEYS any more. Enter them again on the Connection page."
        )


def secrets_of(connection: Connection) -> dict[str, str]:
    """The credentials by name, readable. Only for the call itself. Raises Locked."""
    return _opened(connection.sealed)


def tries_of(connection: Connection) -> list[dict[str, str]]:
    """What is tried in turn: the credentials; then, while what was renewed last has not worked yet,
    the same as they were before.

    Raises Locked; ValueError where somebody has given the connection another server since it was
    loaded: what is kept by now is for that one.
    """
    [kept] = _KEPT.all(connection.pk)
    if kept.servers != connection.servers:
        raise ValueError("The address was changed meanwhile. Nothing was sent to the one before.")
    now, before = _opened(kept.sealed), _opened(kept.before or "")
    return [now, {**now, **before}] if before else [now]


_KEPT: CompiledQuery[Any] = CompiledQuery(
    lambda pk: Connection.objects.annotate(before=F("renewal__sealed_before")).filter(pk=pk), int
)


def set_secrets(connection: Connection, secrets: Mapping[str, str]) -> None:
    """Seal these in place of all that was kept."""
    connection.sealed = _sealed(secrets)
    connection.save(update_fields=["sealed"])


@transaction.atomic
def keep_renewed(
    connection: Connection,
    new: Mapping[str, str],
    *,
    read: Mapping[str, str],
    used: Mapping[str, str],
) -> None:
    """Seal what the ERP gave in place of what was `used`, which is kept beside it until the new one
    has worked. What somebody typed in its place since it was `read` stays, with the new one beside
    it."""
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if locked.address != connection.address:
        return  # what is kept by now is for another server
    now = secrets_of(locked)
    typed = any(now.get(name) != read.get(name) for name in new)
    before = new if typed else {name: used.get(name, "") for name in new}
    if not typed:
        set_secrets(locked, {**now, **new})
    Renewal.objects.filter(connection=locked).update(sealed_before=_sealed(before))


def typed_anew(connection: Connection, names: Collection[str]) -> None:
    """What was kept from before the last renewal goes where somebody has replaced it."""
    renewal = Renewal.objects.filter(connection=connection).first()
    if renewal is None:
        return
    try:
        stale = not _opened(renewal.sealed_before).keys().isdisjoint(names)
    except Locked:
        stale = True
    if stale:
        renewal.sealed_before = ""
        renewal.save(update_fields=["sealed_before"])


def _opened(sealed: str) -> dict[str, str]:
    if not sealed:
        return {}
    try:
        return msgspec.json.decode(unseal(sealed), type=dict[str, str])
    except InvalidToken:
        raise Locked from None


def _sealed(secrets: Mapping[str, str]) -> str:
    return seal(msgspec.json.encode(dict(secrets)).decode()) if secrets else ""


def stored_names(connection: Connection) -> frozenset[str]:
    """Which credentials are kept; none where they cannot be opened any more."""
    try:
        return frozenset(secrets_of(connection))
    except Locked:
        return frozenset()
