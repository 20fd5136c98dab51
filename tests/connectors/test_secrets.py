"""What is kept sealed: opened by every key, sealed by the first, moved on from one to the next."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from connectors.models import Connection
from connectors.secrets import Locked, secrets_of, set_secrets, stored_names
from directory.sealing import seal, unseal
from tests.stage import Stage

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRETS = {"authorization_id": "ABC-123", "client_secret": "wörd"}


def fresh() -> Connection:
    return Connection.objects.get()


def test_they_are_kept_sealed_and_read_again(stage: Stage) -> None:
    assert secrets_of(stage.connection) == {}
    set_secrets(stage.connection, SECRETS)
    assert secrets_of(fresh()) == SECRETS
    assert stored_names(fresh()) == {"authorization_id", "client_secret"}
    for value in SECRETS.values():
        assert value not in fresh().sealed
        assert value not in repr(vars(fresh()))
    set_secrets(stage.connection, {})
    assert fresh().sealed == ""


def test_without_their_key_it_is_said_what_to_do(stage: Stage, settings) -> None:
    set_secrets(stage.connection, SECRETS)
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(Locked, match="Enter them again"):
        secrets_of(fresh())
    assert stored_names(fresh()) == frozenset()


def test_what_somebody_changed_in_the_database_is_not_opened(stage: Stage) -> None:
    set_secrets(stage.connection, SECRETS)
    sealed = fresh().sealed
    for place in (10, len(sealed) // 2, len(sealed) - 4):
        other = "A" if sealed[place] != "A" else "B"
        changed = sealed[:place] + other + sealed[place + 1 :]
        Connection.objects.filter(pk=stage.connection.pk).update(sealed=changed)
        with pytest.raises(Locked):
            secrets_of(fresh())


def test_everything_moves_to_the_first_key(stage: Stage, settings, capsys) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    set_secrets(stage.connection, SECRETS)
    app = Authenticator.objects.create(
        user=stage.ann, type="totp", data={"secret": seal("JBSWY3DP")}
    )
    codes = Authenticator.objects.create(
        user=stage.ann, type="recovery_codes", data={"seed": seal("5eed"), "used_mask": 3}
    )
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_secrets")
    told = capsys.readouterr().out
    assert "connections: 1 sealed with the first key" in told
    assert "second factors: 2 sealed with the first key" in told
    for secret in (*SECRETS.values(), "JBSWY3DP", "5eed", OLD, NEW):
        assert secret not in told

    # The old key can go, and everything still opens.
    settings.ENCRYPTION_KEYS = [NEW]
    assert secrets_of(fresh()) == SECRETS
    app.refresh_from_db()
    codes.refresh_from_db()
    assert unseal(app.data["secret"]) == "JBSWY3DP"
    assert unseal(codes.data["seed"]) == "5eed"
    assert codes.data["used_mask"] == 3

    # Once more changes nothing.
    before = fresh().sealed
    call_command("rotate_secrets")
    assert "connections: 0 sealed with the first key, 1 already so" in capsys.readouterr().out
    assert fresh().sealed == before


def test_what_cannot_be_opened_is_left_and_told(stage: Stage, settings, capsys) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    set_secrets(stage.connection, SECRETS)
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match="1 were sealed with a key"):
        call_command("rotate_secrets")
    assert "1 that no key opens" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert secrets_of(fresh()) == SECRETS
