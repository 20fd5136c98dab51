"""`manage.py verify` finds whatever should not be, and names it as people do.

Each damage is what somebody could do with the database's own password, or a bug of ours.
"""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from connectors import engine
from directory.models import Verification
from erpbridge import verifying
from tests.stage import Stage

ORDER, CHANGE = "Commitment SC-001", "Commitment Change Order 001 of SC-001"
ITEM = "(SELECT id FROM approvals_export WHERE kind = 'commitment' AND number = 'SC-001')"
CCO = "(SELECT id FROM approvals_export WHERE kind = 'change_order' AND number = '001')"
WROTE = f"SELECT id FROM connectors_conversation WHERE subject = {CCO}::text AND purpose = 'export'"
UNHINDERED = "ALTER TABLE directory_event DISABLE TRIGGER USER"

# rule -> (what is done, of which item, what is said of it)
DAMAGE: list[tuple[str, str, str, str]] = [
    (
        "confirmed",
        f"INSERT INTO connectors_conversation (connection_id, purpose, subject, record, tries, key,"
        f" state, input, fingerprint, outcome, fault) SELECT connection_id, 'export', subject,"
        f" record, 0, 'another', 'closed', '', '', 'done', '' FROM connectors_conversation"
        f" WHERE subject = {ITEM}::text",
        ORDER,
        "the ERP confirmed it 2 times, and its history tells of 1",
    ),
    (
        "confirmed",
        f"UPDATE approvals_export SET receipt = '' WHERE id = {CCO}",
        CHANGE,
        "it is Synced, and nothing is kept of what the ERP confirmed",
    ),
    (
        "records",
        "UPDATE approvals_export SET erp_id = 'T1' WHERE kind = 'commitment' AND status = 'synced'",
        ORDER,
        "2 items stand in the record T1 of the ERP",
    ),
    (
        "accepted",
        f"UPDATE connectors_conversation SET key = 'nobody' WHERE id IN ({WROTE})",
        CHANGE,
        "was written under nobody, and its history does not tell that it began",
    ),
    (
        "accepted",
        f"UPDATE connectors_conversation SET purpose = 'compare' WHERE id IN ({WROTE})",
        CHANGE,
        "a conversation wrote that only looks (compare)",
    ),
    (
        "approved",
        f"UPDATE approvals_export SET copy = replace(copy, '1500.00', '2500.00'),"
        f" copy_digest = encode(sha256(replace(copy, '1500.00', '2500.00')::bytea), 'hex')"
        f" WHERE id = {CCO}",
        CHANGE,
        "what is kept of it is not what was accepted",
    ),
    (
        "approved",
        f"UPDATE connectors_conversation SET input = replace(input, '1500.00', '2500.00')"
        f" WHERE id IN ({WROTE})",
        CHANGE,
        "what was given to the ERP is not what was accepted",
    ),
    (
        "asked-first",
        f"INSERT INTO connectors_conversation (connection_id, purpose, subject, record, tries, key,"
        f" state, input, fingerprint, outcome, fault) SELECT connection_id, 'export', subject,"
        f" record, 0, 'again', 'closed', '', '', 'refused', '' FROM connectors_conversation"
        f" WHERE id IN ({WROTE});"
        f"INSERT INTO connectors_message (session_id, number, key, writes, body, fault, forgotten)"
        f" SELECT session_id, 900, 'again', true, '', '', false FROM connectors_conversation"
        f" WHERE id IN ({WROTE}) AND session_id IS NOT NULL;"
        f"INSERT INTO connectors_exchange (conversation_id, position, message_id, request_id,"
        f" request, record, writes, borrowed) SELECT (SELECT max(id) FROM connectors_conversation),"
        f" 0, (SELECT max(id) FROM connectors_message), 'again', '', '', true, false;"
        f"UPDATE connectors_conversation SET outcome = 'lost' WHERE id IN ({WROTE})"
        f" AND key <> 'again'",
        CHANGE,
        "was written again, though the ERP had not been asked what became of the try before",
    ),
    (
        "repeated",
        f"UPDATE connectors_connection SET erp = 'spectrum';"
        f"UPDATE connectors_conversation SET outcome = 'stopped' WHERE id IN ({WROTE});"
        f"INSERT INTO connectors_conversation (connection_id, purpose, subject, record, tries, key,"
        f" state, input, fingerprint, outcome, fault) SELECT connection_id, 'export', subject,"
        f" record, 0, 'again', 'closed', '', '', 'refused', '' FROM connectors_conversation"
        f" WHERE id IN ({WROTE});"
        f"INSERT INTO connectors_exchange (conversation_id, position, message_id, request_id,"
        f" request, record, writes, borrowed) SELECT (SELECT max(id) FROM connectors_conversation),"
        f" 0, message_id, 'again', request, '', true, false FROM connectors_exchange"
        f" WHERE writes AND conversation_id IN ({WROTE})",
        CHANGE,
        "a call that the ERP had confirmed was made again",
    ),
    (
        "messages",
        "UPDATE connectors_exchange SET message_id = (SELECT max(id) FROM connectors_message"
        " WHERE writes) WHERE writes",
        "",
        "was used for 3 items",
    ),
    (
        "order",
        f"UPDATE approvals_export SET status = 'failed', message = 'x' WHERE id = {ITEM}",
        CHANGE,
        "it is synced, and its commitment is failed",
    ),
    (
        "moving",
        f"UPDATE approvals_export SET status = 'exporting' WHERE id = {ITEM}",
        ORDER,
        "it is exporting, and nothing moves it on",
    ),
    (
        "moving",
        f"UPDATE connectors_conversation SET state = 'waiting' WHERE id IN ({WROTE})",
        CHANGE,
        "it is synced, and a conversation of it is waiting (export)",
    ),
    (
        "lanes",
        "DROP INDEX one_session_at_a_time; UPDATE connectors_session SET ended_at = NULL",
        "",
        "session 1 has not ended and does not hold the lane",
    ),
    (
        "lanes",
        "DROP INDEX one_open_attempt; UPDATE connectors_conversation SET state = 'waiting',"
        " subject = '1'",
        "",
        "1 has 3 open attempts",
    ),
    (
        "reasons",
        f"UPDATE approvals_export SET status = 'failed' WHERE id = {ITEM}",
        ORDER,
        "it is failed, and nothing says why",
    ),
    (
        "copies",
        f"UPDATE approvals_export SET copy = replace(copy, '1500', '9500') WHERE id = {CCO}",
        CHANGE,
        "its frozen copy is not what was sent",
    ),
    (
        "copies",
        f"UPDATE approvals_export SET terms = replace(terms, 'SC-001', 'SC-002') WHERE id = {CCO}",
        CHANGE,
        "where it goes is not what was accepted",
    ),
    (
        "amounts",
        f"UPDATE approvals_export SET amount = amount + 0.01 WHERE id = {CCO}",
        CHANGE,
        "shows 1500.01, was sent with 1500.00, and its lines come to 1500.00",
    ),
    (
        "locks",
        "UPDATE commitments_changeorderline SET amount = amount + 0.01",
        CHANGE,
        "its lines were changed while locked",
    ),
    (
        "locks",
        "UPDATE commitments_commitment SET number = 'SC-999' WHERE number = 'SC-001'",
        ORDER,
        "its number, title, date, contract company or retainage was changed while locked",
    ),
    (
        "locks",
        "UPDATE commitments_commitment SET erp_title = 'Slabs' WHERE number = 'SC-001'",
        ORDER,
        "its number, title, date, contract company or retainage was changed while locked",
    ),
    (
        "locks",
        "UPDATE commitments_changeorder SET erp_description = 'Soil'",
        CHANGE,
        "its number, title or contract company was changed while locked",
    ),
    (
        "locks",
        "UPDATE commitments_commitmentline SET erp_description = 'Slab' WHERE number = 1",
        ORDER,
        "its lines were changed while locked",
    ),
    (
        "locks",
        "DELETE FROM commitments_changeorderline; DELETE FROM commitments_changeorder",
        CHANGE,
        "its document is gone, though it is locked",
    ),
    (
        "counters",
        "UPDATE approvals_tabcount SET n = n + 1 WHERE kind = 'change_order' AND status = 'synced'",
        "",
        "change_order synced: the counter says 2, there are 1",
    ),
    (
        "committed",
        f"UPDATE directory_committed SET amount = 1 WHERE source = {CCO}",
        CHANGE,
        "commits 1500.00 under cost code 03-300, the ledger says 1.00",
    ),
    (
        "sums",
        f"INSERT INTO approvals_comparison (export_id, company_id, compared_at, gone, differs,"
        f" differences) SELECT id, company_id, now() + interval '1 hour', false, false, '[]'"
        f" FROM approvals_export WHERE id = {ITEM};"
        f"UPDATE connectors_known SET value = jsonb_set(value, '{{amount}}', '\"1.00\"')"
        f" WHERE record = 'po:' || (SELECT erp_id FROM approvals_export WHERE id = {ITEM})",
        ORDER,
        "the ERP's record comes to 1.00 and 36500.00 were exported, and its comparison finds "
        "nothing",
    ),
    (
        "chain",
        f"{UNHINDERED}; UPDATE directory_event SET body = replace(body, 'accept', 'acc3pt')",
        "",
        "does not follow from the one before it",
    ),
    ("append-only", UNHINDERED, "", "is missing or switched off"),
    (
        "steps",
        f"{UNHINDERED}; DELETE FROM directory_event WHERE verb = 'accept'",
        CHANGE,
        "was accepted when the history has it sent (begin)",
    ),
    (
        "steps",
        f"UPDATE approvals_export SET status = 'sent' WHERE id = {CCO}",
        CHANGE,
        "it is sent, and its history ends with synced",
    ),
    (
        "steps",
        f'{UNHINDERED}; UPDATE directory_event SET body = replace(body, \'"to":"synced"\','
        f" '\"to\":\"draft\"') WHERE verb = 'succeed'",
        CHANGE,
        "was taken from exporting to draft by succeed, which is no step",
    ),
    (
        "companies",
        f"ALTER TABLE approvals_export DROP CONSTRAINT approvals_export_project_id_same_company_id;"
        f"UPDATE approvals_export SET project_id = (SELECT id FROM directory_project"
        f" WHERE number = 'H-1') WHERE id = {CCO}",
        CHANGE,
        "leads to a project of another company",
    ),
]


@pytest.fixture
def played(stage: Stage) -> Stage:
    """Two commitments and a change order are in QuickBooks; another one waits."""
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.synced(stage.commitment(number="SC-002"))
    stage.synced(stage.change_order(commitment))
    stage.send(stage.change_order(commitment, number="002"))
    return stage


def test_a_sound_installation_says_so(played: Stage, capsys) -> None:
    call_command("verify")
    report = capsys.readouterr().out
    for rule in verifying.RULES:
        assert rule.words in report
    assert "NOT SO" not in report
    run = Verification.last()
    assert run is not None
    assert run.is_sound
    assert run.rows > 40
    assert verifying.together(verifying.CHEAP) == []


@pytest.mark.parametrize(
    ("rule", "damage", "item", "what"),
    DAMAGE,
    ids=[f"{rule}: {what}" for rule, _, _, what in DAMAGE],
)
def test_every_rule_finds_its_damage(
    played: Stage, rule: str, damage: str, item: str, what: str, capsys
) -> None:
    _do(damage)
    found = [fault for fault in verifying.check(verifying.RULES) if fault.rule.name == rule]
    said = [fault for fault in found if what in fault.what and fault.item.startswith(item)]
    assert said, [str(fault) for fault in found]
    with pytest.raises(CommandError):
        call_command("verify")
    assert str(said[0]) in capsys.readouterr().out
    run = Verification.last()
    assert run is not None
    assert not run.is_sound
    assert rule in {fault["rule"] for fault in run.first}


def test_every_rule_has_a_damage_that_it_finds() -> None:
    assert {rule.name for rule in verifying.RULES} == {rule for rule, *_ in DAMAGE}


def test_a_fault_of_one_company_is_not_told_of_another(played: Stage) -> None:
    _do("UPDATE approvals_tabcount SET n = n + 1")
    assert list(verifying.check(verifying.RULES, played.company.pk))
    assert not list(verifying.check(verifying.RULES, played.other.pk))


def test_a_text_that_cannot_be_read_is_a_fault_and_stops_no_other_rule(played: Stage) -> None:
    _do(f"UPDATE approvals_export SET copy = 'nothing' WHERE id = {CCO}")
    found = {fault.rule.name: fault.what for fault in verifying.check(verifying.RULES)}
    assert found["amounts"].startswith("this could not be looked at")
    assert found["copies"] == "its frozen copy is not what was sent"


def test_what_is_under_way_is_sound(played: Stage, settings) -> None:
    """At every stop of an export, and while a lost one is looked for."""
    settings.ERP_QUARANTINE_SECONDS = 0
    change = played.change_order(played.commitment(number="SC-003"), number="001")
    played.synced(change.commitment)
    played.send(change)
    played.accept(change)
    _sound()
    session = engine.open_session(played.connection.pk)
    assert not isinstance(session, engine.Silence)
    while (message := engine.next_message(session)) is not None and not message.writes:
        _sound()
        engine.receive(session, played.books.answer(message.body))
        _sound()
    assert message is not None
    played.books.answer(message.body)  # and the answer never comes
    engine.close_session(session)
    assert played.status(change) == "unknown"
    _sound()
    played.visit()
    assert played.status(change) == "synced"
    _sound()


def _sound() -> None:
    assert [str(fault) for fault in verifying.check(verifying.RULES)] == []
    assert verifying.together(verifying.CHEAP) == []


def _do(damage: str) -> None:
    connection.check_constraints()
    with connection.cursor() as cursor:
        for statement in damage.split(";"):
            cursor.execute(statement)
