"""What an ERP that we call is shown: kept sealed with its connection, opened only to call it.

They are set and replaced, never shown: pages and the API say which there are, by name.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from cryptography.fernet import InvalidToken

from connectors.models import Connection
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
    if not connection.sealed:
        return {}
    try:
        return msgspec.json.decode(unseal(connection.sealed), type=dict[str, str])
    except InvalidToken:
        raise Locked from None


def set_secrets(connection: Connection, secrets: Mapping[str, str]) -> None:
    """Seal these in place of all that was kept."""
    connection.sealed = seal(msgspec.json.encode(dict(secrets)).decode()) if secrets else ""
    connection.save(update_fields=["sealed"])


def stored_names(connection: Connection) -> frozenset[str]:
    """Which credentials are kept; none where they cannot be opened any more."""
    try:
        return frozenset(secrets_of(connection))
    except Locked:
        return frozenset()
