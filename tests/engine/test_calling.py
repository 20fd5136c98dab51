"""A worker serves the lane of an ERP that is called: in turns, alone, and never twice.

The ERP is the stand-in for Spectrum, over real HTTP.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from approvals.errors import StepError
from connectors import calling, engine, setup, tasks
from connectors.calling import serve
from connectors.engine import scripts
from connectors.models import Conversation, Exchange, Message, Session
from connectors.pulse import LEASE
from connectors.secrets import set_secrets
from connectors.signing_in import as_reply
from connectors.syncing import request_sync
from directory import bell
from directory.compiled import CompiledQuery
from directory.models import Event as Told
from directory.models import Unlinked
from tests.engine.on_spectrum import AUTHORIZATION, PHASES, OnSpectrum

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_commitment_and_its_change_order_are_carried_to_spectrum(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.synced(commitment)
    change_order = stage.change_order(commitment)
    spectrum.synced(change_order)
    assert spectrum.sent() == [
        "POST /ws/UpdateSubcontract",
        "POST /ws/UpdateSubcontractPhases",
        "POST /ws/UpdateSubcontractPhases",
        "POST /ws/GetJob",  # nobody has read the job's customer yet
        "POST /ws/ARChangeRequest",
    ]
    assert str(spectrum.total()) == "36500.00"


COMMITMENT = [  # one call for the subcontract, one for each of its two phases
    "POST /ws/UpdateSubcontract",
    "POST /ws/UpdateSubcontractPhases",
    "POST /ws/UpdateSubcontractPhases",
]


def after(calls: int, spectrum: OnSpectrum):
    """True once so many calls more have been answered."""
    enough = len(spectrum.effects()) + calls
    return lambda: len(spectrum.effects()) >= enough


def steps(document) -> list[str]:
    """What the history tells of a document."""
    told = Told.objects.filter(subject=f"export:{document.export_id}").order_by("id")
    return list(told.values_list("verb", flat=True))


# --- Turns ----------------------------------------------------------------------------------------


def test_a_turn_ends_between_two_documents(spectrum, stage) -> None:
    first, second = stage.commitment(), stage.commitment(number="SC-002")
    spectrum.accepted(first)
    spectrum.accepted(second)
    assert serve(spectrum.connection.pk, until=lambda: True) is True
    assert (stage.status(first), stage.status(second)) == ("synced", "accepted")
    assert spectrum.serve() is False
    assert stage.status(second) == "synced"
    assert spectrum.sent() == COMMITMENT * 2


def test_a_worker_that_is_to_end_goes_between_two_calls_and_another_goes_on(
    spectrum, stage
) -> None:
    """Nothing is in doubt, so nothing waits for the quarantine, and no call is made twice."""
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    assert serve(spectrum.connection.pk, stopping=after(2, spectrum)) is True
    assert spectrum.sent() == COMMITMENT[:2]
    assert stage.status(commitment) == "accepted"
    assert spectrum.connection.last_result == "OK: nothing finished yet"
    with pytest.raises(StepError, match="part of it"):
        stage.step("undo-acceptance", commitment, stage.ann)
    spectrum.serve()
    assert stage.status(commitment) == "synced"
    assert spectrum.sent() == COMMITMENT
    assert {what for _, _, what in spectrum.effects()} == {"made"}
    told = steps(commitment)
    assert told[-4:] == ["begin", "put-back", "begin", "succeed"]


def test_a_document_that_is_stopped_twice_still_makes_each_call_once(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    for _ in range(3):
        serve(spectrum.connection.pk, stopping=after(1, spectrum))
    assert stage.status(commitment) == "synced"
    assert spectrum.sent() == COMMITMENT


def test_a_worker_that_is_told_to_end_as_the_next_document_begins_does_not_call(
    spectrum, stage
) -> None:
    first, second = stage.commitment(), stage.commitment(number="SC-002")
    spectrum.accepted(first)
    spectrum.accepted(second)
    assert serve(spectrum.connection.pk, stopping=once_stored(4, spectrum)) is True
    assert len(spectrum.effects()) == len(COMMITMENT)
    assert [stage.status(one) for one in (first, second)] == ["synced", "accepted"]
    assert steps(second)[-2:] == ["begin", "put-back"]
    assert spectrum.connection.last_result == "OK: 1 done"
    spectrum.serve()
    assert stage.status(second) == "synced"
    assert [what for _, _, what in spectrum.effects()] == ["made"] * 2 * len(COMMITMENT)


def test_nor_does_one_that_is_told_so_within_a_document(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    assert serve(spectrum.connection.pk, stopping=once_stored(2, spectrum)) is True
    assert len(spectrum.effects()) == 1
    assert stage.status(commitment) == "accepted"
    spectrum.serve()
    assert stage.status(commitment) == "synced"
    assert [what for _, _, what in spectrum.effects()] == ["made"] * len(COMMITMENT)


def once_stored(message: int, spectrum: OnSpectrum):
    """True from the moment at which the so-manieth message is to go out next."""
    return lambda: len(spectrum.sent()) >= message


def test_a_task_serves_its_lane_and_rings_for_what_is_left(spectrum, stage, monkeypatch) -> None:
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(bell, "ring", lambda task, *ids: rung.append((task, *ids)))
    monkeypatch.setattr(tasks, "TURN", -1.0)
    first, second = stage.commitment(), stage.commitment(number="SC-002")
    spectrum.accepted(first)
    spectrum.accepted(second)
    work = ("connectors.tasks.work", spectrum.connection.pk)
    assert rung == [work, work], "every acceptance rings"
    rung.clear()
    tasks.sweep()
    assert rung == [work], "the sweep rings for a lane that nobody serves"
    tasks.work(spectrum.connection.pk)
    assert rung == [work, work], "one document is left"
    tasks.work(spectrum.connection.pk)
    assert rung == [work, work], "nothing is left"


def test_what_was_corrected_is_tried_at_once(spectrum, stage, monkeypatch) -> None:
    """A test waits already, from before, and would be pausing for longer and longer."""
    by, work = stage.access(stage.dora), ("connectors.tasks.work", spectrum.connection.pk)
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(bell, "ring", lambda task, *ids: rung.append((task, *ids)))
    assert setup.change_connection(spectrum.connection, by, {"authorization_id": "MISTYPED"})
    assert rung == [work]
    assert setup.change_connection(spectrum.connection, by, {"authorization_id": AUTHORIZATION})
    assert rung == [work, work]


def test_a_worker_that_is_told_to_end_ends(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    tasks._end()
    try:
        tasks.work(spectrum.connection.pk)
    finally:
        tasks._is_ending[0] = 0
    assert spectrum.sent() == []
    assert stage.status(commitment) == "accepted"


def test_a_worker_goes_on_with_what_was_typed_meanwhile(spectrum, stage, monkeypatch) -> None:
    """The Authorization ID is replaced in Spectrum, and here, while a call is under way."""
    monkeypatch.setattr(calling, "LOOKED_EVERY", 0.0, raising=False)
    first, second = stage.commitment(), stage.commitment(number="SC-002")
    spectrum.accepted(first)
    spectrum.accepted(second)

    def replace(_seconds: float) -> None:
        spectrum.company.authorize("ANOTHER-ID")
        spectrum.company.books.storage.delete("authorization", AUTHORIZATION)
        set_secrets(spectrum.connection, {"authorization_id": "ANOTHER-ID"})

    spectrum.slow(replace)
    spectrum.quiet()
    assert stage.status(first) == "failed", "nobody else could have said so"
    assert stage.status(second) == "synced", stage.export(second).message
    assert spectrum.connection.last_result.startswith("OK:")


def test_an_erp_that_asks_us_is_never_called(stage) -> None:
    stage.send(stage.commitment())
    assert serve(stage.connection.pk) is False
    assert not Session.objects.exists()


def test_what_is_switched_off_is_not_called(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    stage.company.erp_enabled = False
    stage.company.save()
    spectrum.serve()
    assert spectrum.sent() == []


# --- One worker at a time, and lanes side by side -------------------------------------------------


def test_a_second_worker_leaves_a_living_one_alone(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    held = engine.open_session(spectrum.connection.pk, lease=LEASE)
    assert isinstance(held, Session)
    assert spectrum.serve() is False
    assert engine.next_message(held) is not None, "its lane is its own yet"
    assert spectrum.serve() is False, "now with a write out"
    assert Session.objects.count() == 1
    assert not calling.idle_lanes().exists()


def out(spectrum: OnSpectrum) -> tuple[Session, Message]:
    """A worker up to its first call, which it has not made yet."""
    session = engine.open_session(spectrum.connection.pk, lease=LEASE)
    assert isinstance(session, Session)
    message = engine.next_message(session)
    assert message is not None
    return session, message


def silent(session: Session) -> None:
    """Its worker is dead for longer than the lease."""
    longer = LEASE + timedelta(seconds=1)
    Session.objects.filter(pk=session.pk).update(last_seen_at=F("last_seen_at") - longer)


def test_the_lane_of_a_killed_worker_is_taken_over_and_its_call_looked_after(
    spectrum, stage
) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    session, message = out(spectrum)
    line = calling._Caller(spectrum.connection, session, lambda: False)
    line._answer(message)  # the call is made; its worker dies before anything is stored
    line.line.close()
    silent(session)
    assert calling.idle_lanes().get() == spectrum.connection
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    assert steps(commitment)[-5:] == ["begin", "lose", "found-not-there", "begin", "succeed"]
    first, again, *_ = spectrum.effects()
    assert first == ("UpdateSubcontract", "SC-001", "made")
    assert again == ("UpdateSubcontract", "SC-001", "nothing")
    assert spectrum.total() == Decimal("35000.00")


def test_a_worker_that_comes_back_from_the_dead_writes_nothing(spectrum, stage) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    session, _ = out(spectrum)
    silent(session)
    spectrum.serve()
    before = len(spectrum.sent())
    with pytest.raises(engine.SessionOver):
        engine.still_here(session)
    with pytest.raises(engine.SessionOver):
        engine.next_message(session)
    assert len(spectrum.sent()) == before


def test_a_worker_that_stood_still_before_its_call_makes_none(spectrum, stage) -> None:
    """Frozen between storing the call and making it, for longer than the lease."""
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    session, message = out(spectrum)
    frozen = calling._Caller(spectrum.connection, session, lambda: False)
    frozen.heard_at -= LEASE.total_seconds()
    silent(session)
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    before = len(spectrum.company.calls(100))
    with pytest.raises(engine.SessionOver):
        frozen.speak(message, lambda: True)
    frozen.line.close()
    assert len(spectrum.company.calls(100)) == before


def test_its_late_answer_is_kept_and_the_document_comes_to_its_end(
    spectrum, stage, settings
) -> None:
    settings.ERP_QUARANTINE_SECONDS = 600
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    session, message = out(spectrum)
    line = calling._Caller(spectrum.connection, session, lambda: False)
    reply = as_reply(line._answer(message))
    line.line.close()
    silent(session)
    spectrum.serve()
    with pytest.raises(engine.SessionOver):
        engine.receive(session, reply)
    assert stage.status(commitment) == "unknown"
    Conversation.objects.filter(state="waiting").update(not_before=F("queued_at"))
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    assert spectrum.total() == Decimal("35000.00")


def test_its_late_answer_says_nothing_of_a_later_try(spectrum, stage, settings) -> None:
    """The first try was refused, which nobody heard; the second was taken, which nobody heard
    either. Then the first answer comes."""
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    session, message = out(spectrum)
    spectrum.company.faults.add("refused", text="Locked by another user")
    line = calling._Caller(spectrum.connection, session, lambda: False)
    reply = as_reply(line._answer(message))
    line.line.close()
    silent(session)
    settings.ERP_QUARANTINE_SECONDS = 600
    spectrum.serve()
    Conversation.objects.filter(state="waiting").update(not_before=F("queued_at"))
    spectrum.company.faults.add("answer_lost")
    spectrum.serve()
    assert spectrum.effects() == [("UpdateSubcontract", "SC-001", "made")]
    with pytest.raises(engine.SessionOver):
        engine.receive(session, reply)
    assert stage.status(commitment) == "unknown", "what is there has not failed"
    Conversation.objects.filter(state="waiting").update(not_before=F("queued_at"))
    spectrum.quiet()
    assert stage.status(commitment) == "synced"


def test_a_call_that_did_nothing_is_made_again_at_once(spectrum, stage) -> None:
    spectrum.company.faults.add("too_many", call=2, times=2)
    commitment = stage.commitment()
    spectrum.synced(commitment)
    assert spectrum.sent() == COMMITMENT, "the same message, three times"
    assert {what for _, _, what in spectrum.effects()} == {"made"}


def test_a_long_document_is_not_told_from_its_beginning_for_each_call(
    spectrum, stage, monkeypatch
) -> None:
    begin, begun = scripts.begin, []

    def counted(connector, conversation):
        begun.append(conversation.purpose)
        return begin(connector, conversation)

    monkeypatch.setattr(scripts, "begin", counted)
    spectrum.synced(stage.commitment())
    assert begun == ["export"]


def test_what_a_long_document_was_answered_is_not_loaded_for_each_call(
    spectrum, stage, monkeypatch
) -> None:
    ask, rows = CompiledQuery.all, []

    def counted(query, *values):
        found = ask(query, *values)
        rows.append(sum(isinstance(one, Exchange) for one in found))
        return found

    monkeypatch.setattr(CompiledQuery, "all", counted)
    lines = [(code, code, "100.00") for code in PHASES]
    spectrum.synced(stage.commitment(lines=lines))
    assert len(spectrum.sent()) == 4
    assert rows
    assert not any(rows)  # its worker has them in hand


@pytest.mark.parametrize("listed", ["for nobody", "for another company"])
def test_an_address_that_is_no_longer_allowed_is_not_called(
    spectrum, stage, settings, listed
) -> None:
    others = f"{spectrum.address}={stage.other.pk}"
    settings.ALLOWED_ERP_ORIGINS = [others] if listed == "for another company" else []
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    assert spectrum.serve() is False
    assert "https" in spectrum.connection.last_result
    assert spectrum.company.calls() == []


def test_a_list_of_thousands_comes_whole(spectrum, stage) -> None:
    """Its answer is longer than what is held as one text."""
    for number in range(8000):
        spectrum.company.add_vendor(f"V{number:05}", f"Trade partner {number}")
    request_sync(spectrum.connection, stage.access(stage.dora))
    spectrum.quiet()
    vendors = Unlinked.objects.filter(company=stage.company, what="vendors")
    assert vendors.count() == 8000
    assert Message.objects.filter(reply_bytes__gt=400_000).exists()


def test_a_job_is_found_beyond_what_spectrum_gives_at_once(spectrum, stage) -> None:
    """Years of inactive jobs stand before it."""
    for number in range(600):
        spectrum.company.add_job(f"1{number:04}", f"Job {number}", customer="ALDER", status="I")
    commitment = stage.commitment()
    spectrum.synced(commitment)
    spectrum.synced(stage.change_order(commitment))
    assert spectrum.total() == Decimal("36500.00")
