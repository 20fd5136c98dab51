"""`verify_audit` finds whatever somebody changed in the history behind our back."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from directory.models import Chain, Event
from tests.stage import Stage


def _behind_our_back(*statements: str) -> None:
    """What a person with the database's own password could do."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE directory_event DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        connection.check_constraints()
        cursor.execute("ALTER TABLE directory_event ENABLE TRIGGER USER")


def test_the_history_refuses_to_be_changed(stage: Stage) -> None:
    for statement in (
        "UPDATE directory_event SET verb = 'x'",
        "DELETE FROM directory_event",
        "TRUNCATE directory_event",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


TAMPERING = {
    "a text that was changed": "UPDATE directory_event SET body = replace(body, 'user', 'usEr')",
    "a text that is no JSON": "UPDATE directory_event SET body = 'nothing'",
    "a column that was changed": "UPDATE directory_event SET verb = 'revoke_push'",
    "an event that was moved in time": "UPDATE directory_event SET at = at - interval '1 day'",
    "an actor who was exchanged": "UPDATE directory_event SET actor_id = NULL",
    "an event that was removed": "DELETE FROM directory_event",
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found(stage: Stage, what: str, capsys) -> None:
    stage.send(stage.commitment())
    Chain.objects.create(company=stage.other)  # nothing has happened there yet
    call_command("verify_audit")
    assert "Meridian Builders" in capsys.readouterr().out
    chosen = Event.objects.filter(chain__company=stage.company).order_by("seq")[1]
    _behind_our_back(f"{TAMPERING[what]} WHERE id = {chosen.pk}")
    with pytest.raises(CommandError):
        call_command("verify_audit")
    assert "Meridian Builders" in capsys.readouterr().err


def test_a_company_without_a_history_is_told(stage: Stage) -> None:
    chain = Chain.objects.get(company=stage.company).pk
    _behind_our_back(
        f"DELETE FROM directory_event WHERE chain_id = {chain}",
        f"DELETE FROM directory_chain WHERE id = {chain}",
    )
    with pytest.raises(CommandError):
        call_command("verify_audit")
