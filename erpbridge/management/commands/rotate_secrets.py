"""`manage.py rotate_secrets`: whatever is kept encrypted is sealed with the first key.

A new key is put in front of ERPBRIDGE_ENCRYPTION_KEYS and everything restarted; then this runs, as
often as one likes; then the old key can go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Model, QuerySet

from connectors.models import Connection, Renewal
from directory.sealing import resealed


class Command(BaseCommand):
    help = "Seal every stored secret with the first of ERPBRIDGE_ENCRYPTION_KEYS. Prints counts."

    def handle(self, *args: Any, **options: Any) -> None:
        lost = 0
        for what, rows, reseal in (
            ("connections", Connection.objects.exclude(sealed=""), _reseal_connection),
            ("renewals", Renewal.objects.exclude(sealed_before=""), _reseal_renewal),
            ("second factors", Authenticator.objects.all(), _reseal_factor),
        ):
            lost += self._rotate(what, rows, reseal)
        if lost:
            raise CommandError(
                f"{lost} were sealed with a key that is not among ERPBRIDGE_ENCRYPTION_KEYS. Put "
                "that key back at their end and run this again, or have them entered anew."
            )

    def _rotate(self, what: str, rows: QuerySet[Any], reseal: Callable[[Any], bool]) -> int:
        """Each row in a transaction of its own, so that nobody waits; how many cannot be opened."""
        changed = kept = lost = 0
        for pk in rows.order_by("pk").values_list("pk", flat=True).iterator(1000):
            with transaction.atomic():
                row: Model | None = rows.select_for_update(no_key=True).filter(pk=pk).first()
                try:
                    if row is None or not reseal(row):
                        kept += 1
                    else:
                        row.save()
                        changed += 1
                except InvalidToken:
                    lost += 1
        self.stdout.write(
            f"{what}: {changed} sealed with the first key, {kept} already so or with nothing "
            f"to seal, {lost} that no key opens"
        )
        return lost


def _reseal_connection(connection: Connection) -> bool:
    before, connection.sealed = connection.sealed, resealed(connection.sealed)
    return connection.sealed != before


def _reseal_renewal(renewal: Renewal) -> bool:
    before, renewal.sealed_before = renewal.sealed_before, resealed(renewal.sealed_before)
    return renewal.sealed_before != before


def _reseal_factor(factor: Authenticator) -> bool:
    """Of the kinds that are encrypted: the secret of an app, the seed of recovery codes."""
    before = dict(factor.data)
    for name in {"secret", "seed"} & factor.data.keys():
        factor.data[name] = resealed(factor.data[name])
    if codes := factor.data.get("migrated_codes"):
        factor.data["migrated_codes"] = [resealed(code) for code in codes]
    return bool(factor.data != before)
