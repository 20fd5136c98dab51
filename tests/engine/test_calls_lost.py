"""Whatever happens to a call: one effect per record, and words an accountant understands.

Each fault of the stand-in for Spectrum, over real HTTP, through the worker and the engine, to the
end that people see.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from approvals.errors import NotReady
from connectors.models import Connection, Conversation, Message
from connectors.secrets import set_secrets
from sandbox.spectrum.faults import DESCRIPTIONS
from tests.connectors.outside_server import answer, serving
from tests.engine.on_spectrum import AUTHORIZATION, OnSpectrum, listening
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

# What a person does not hear of: the workers set it right by themselves.
BY_ITSELF = {
    "answer_lost",
    "applied_late",
    "request_lost",
    "error_500",
    "error_500_applied",
    "soap_fault",
    "soap_fault_applied",
    "cut",
    "dtd",
    "huge",
    "timed_out",
    "too_many",
    "unavailable",
    "redirect",
}
# What Spectrum said no to: somebody mends it and retries.
FOR_A_PERSON = {"refused", "two_errors", "unauthorized"}


def test_every_fault_of_the_stand_in_is_met_here() -> None:
    assert set(DESCRIPTIONS) == BY_ITSELF | FOR_A_PERSON


def the_subcontract_is_right(spectrum: OnSpectrum) -> None:
    """Each record was made once, and holds what was approved."""
    subcontract = spectrum.company.subcontract("SC-001")
    assert spectrum.total() == Decimal("35000.00")
    assert len(subcontract.phases) == 2
    made = Counter(what for _, _, what in spectrum.effects())
    assert made["made"] == 3
    assert set(made) <= {"made", "nothing"}, "a repeat changes nothing"


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("kind", sorted(BY_ITSELF))
def test_a_commitment_comes_to_its_end_by_itself(
    spectrum: OnSpectrum, stage: Stage, kind: str, call: int
) -> None:
    spectrum.company.faults.add(kind, call=call)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.quiet()
    export = stage.export(commitment)
    assert export.status == "synced", export.message
    spectrum.company.catch_up(at_once=True)
    the_subcontract_is_right(spectrum)


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("kind", sorted(FOR_A_PERSON))
def test_a_commitment_that_is_refused_says_what_is_in_and_a_retry_goes_on_there(
    spectrum: OnSpectrum, stage: Stage, kind: str, call: int
) -> None:
    spectrum.company.faults.add(kind, call=call)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.quiet()
    export = stage.export(commitment)
    assert export.status == ("failed" if call == 1 else "needs_attention")
    assert ("Partly in Spectrum" in export.message) == (call > 1), export.message
    before = len(spectrum.sent())
    stage.step("retry", commitment, stage.bea)
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    assert len(spectrum.sent()) - before == 4 - call, "only what was not confirmed goes out"
    the_subcontract_is_right(spectrum)


@pytest.mark.parametrize("call", [1, 3])
def test_the_preview_of_a_retry_says_what_is_not_sent_again(
    spectrum: OnSpectrum, stage: Stage, client: Client, call: int
) -> None:
    spectrum.company.faults.add("refused", call=call)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.quiet()
    client.force_login(stage.ann)
    page = client.get(f"/exports/{commitment.export_id}/").content.decode()
    assert "What will change in" in page
    assert ("In Spectrum already, and not sent again: " in page) == (call > 1)


def test_an_attempt_that_can_no_longer_be_read_holds_up_nobody(
    spectrum: OnSpectrum, stage: Stage
) -> None:
    """What it was to write was frozen by another version of this program."""
    spectrum.company.faults.add("refused", call=2)
    commitment, other = stage.commitment(), stage.commitment(number="SC-002")
    spectrum.accepted(commitment)
    spectrum.quiet()
    Conversation.objects.update(input="{}")
    stage.step("retry", commitment, stage.bea)
    spectrum.accepted(other)
    before = len(spectrum.sent())
    spectrum.quiet()
    assert (stage.status(commitment), stage.status(other)) == ("synced", "synced")
    assert len(spectrum.sent()) - before == 2 + 3, "only what was not confirmed goes out"
    assert [what for _, _, what in spectrum.effects()] == ["made"] * 6


@pytest.fixture
def change_order(spectrum: OnSpectrum, stage: Stage):
    commitment = stage.commitment()
    spectrum.synced(commitment)
    lines = ((1, "Deeper footings", "1500.00"), (2, "Extra steel", "700.00"))
    made = stage.change_order(commitment, lines)
    spectrum.accepted(made)
    return made


def requests(spectrum: OnSpectrum) -> list[str]:
    return [what for service, _, what in spectrum.effects() if service == "ARChangeRequest"]


@pytest.mark.parametrize("kind", ["answer_lost", "request_lost", "error_500_applied", "cut"])
def test_a_change_request_in_doubt_waits_for_a_person(
    spectrum: OnSpectrum, stage: Stage, change_order, kind: str
) -> None:
    """Nobody knows whether a repeat doubles, so nothing is repeated until somebody has looked."""
    spectrum.company.set(repeats_double=True)
    spectrum.company.faults.add(kind, call=1)
    spectrum.quiet()
    export = stage.export(change_order)
    assert export.status == "needs_attention"
    assert "look at the change request" in export.message
    # Ann looks, removes what is there, and says so.
    if kind != "request_lost":
        [there] = spectrum.company.subcontract("SC-001").change_orders
        spectrum.company.by_hand.delete_change_request("26010", "ALDER", there.number)
    stage.step("record-absent", change_order, stage.ann, note="Looked at the log of SC-001")
    stage.step("retry", change_order, stage.ann)
    spectrum.quiet()
    assert stage.status(change_order) == "synced"
    assert spectrum.total() == Decimal("37200.00")
    assert "added again" not in requests(spectrum)


def test_a_change_request_in_doubt_that_nobody_looked_at_is_never_repeated(
    spectrum: OnSpectrum, stage: Stage, change_order
) -> None:
    spectrum.company.set(repeats_double=True)
    spectrum.company.faults.add("answer_lost", call=2)
    spectrum.quiet()
    before = len(spectrum.sent())
    for _ in range(3):
        assert stage.status(change_order) == "needs_attention"
        with pytest.raises(NotReady, match="look at the change request S001-001"):
            stage.step("retry", change_order, stage.ann)
        spectrum.quiet()
    assert len(spectrum.sent()) == before
    assert requests(spectrum) == ["made", "made"]


class Impatient:
    """Something in front of Spectrum that gives up while Spectrum is at it, as Varnish does: 503,
    and when to come again."""

    def __init__(self, spectrum: OnSpectrum) -> None:
        self.spectrum, self.waits = spectrum, False

    def answer(self, method: str, path: str, headers: Any, content: bytes) -> Any:
        real = self.spectrum.company.answer(method, path, headers, content)
        if self.waits or not path.endswith("/ARChangeRequest"):
            return real
        self.waits = True
        return 503, {"Content-Type": "text/html", "Retry-After": "0"}, b"Backend fetch failed"


def test_what_something_in_between_says_is_not_the_word_of_spectrum(
    spectrum: OnSpectrum, stage: Stage, change_order
) -> None:
    spectrum.company.set(repeats_double=True)
    with listening(Impatient(spectrum)) as address:
        Connection.objects.update(address=address)
        spectrum.quiet()
    assert requests(spectrum) == ["made"]
    assert stage.status(change_order) == "needs_attention"


def test_what_was_lost_is_looked_after_only_once_the_quarantine_is_over(
    spectrum: OnSpectrum, stage: Stage, settings
) -> None:
    settings.ERP_QUARANTINE_SECONDS = 600
    spectrum.company.faults.add("answer_lost", call=2)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    other = stage.commitment(number="SC-002")
    spectrum.accepted(other)
    spectrum.quiet()
    assert stage.status(commitment) == "unknown"
    assert stage.status(other) == "synced", "nobody else waits"
    assert Conversation.objects.get(state="waiting").purpose == "find"


def test_what_goes_again_is_what_is_asked_now(spectrum: OnSpectrum, stage: Stage) -> None:
    """An earlier version of the program may have said something else under the same key."""
    spectrum.company.faults.add("request_lost", call=1)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.serve()
    Message.objects.filter(writes=True).update(body="POST /ws/UpdateSubcontract\n\n<other/>")
    spectrum.quiet()
    export = stage.export(commitment)
    assert export.status == "synced", export.message
    the_subcontract_is_right(spectrum)


def test_what_was_lost_goes_again_under_another_authorization_id(
    spectrum: OnSpectrum, stage: Stage
) -> None:
    """It was replaced while an answer was missing; Spectrum keeps a GUID to its first ID."""
    spectrum.company.faults.add("answer_lost", call=2)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.serve()
    assert stage.status(commitment) == "unknown"
    spectrum.company.authorize("ANOTHER-ID")
    spectrum.company.books.storage.delete("authorization", AUTHORIZATION)
    set_secrets(spectrum.connection, {"authorization_id": "ANOTHER-ID"})
    spectrum.quiet()
    export = stage.export(commitment)
    assert export.status == "synced", export.message
    the_subcontract_is_right(spectrum)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/9\0 200 OK\r\n\r\n",
        b"\0\1\2" + b"binary" * 5000 + b"\r\n",
        answer().replace(b"text/xml", b"text/xml\0"),
        answer().replace(b"Content-Length: ", b"Content-Length: 9, "),
    ],
    ids=["version", "line", "type", "length"],
)
def test_what_another_program_says_in_its_place_stops_no_worker(
    spectrum: OnSpectrum, stage: Stage, settings: Any, said: bytes
) -> None:
    """PostgreSQL keeps no NUL, and people read no page of signs."""
    place = spectrum.address
    with serving(lambda _head, _content: iter([said, b""])) as server:
        settings.ALLOWED_ERP_ORIGINS = [f"http://127.0.0.1:{server.port}", place]
        Connection.objects.update(address=f"http://127.0.0.1:{server.port}")
        commitment = stage.commitment()
        spectrum.accepted(commitment)
        spectrum.serve()
    assert stage.status(commitment) == "unknown"
    said_of_it = Message.objects.get().fault
    assert said_of_it.isprintable()
    assert len(said_of_it) < 400
    Connection.objects.update(address=place)
    spectrum.quiet()
    assert stage.status(commitment) == "synced"


def test_what_spectrum_repeats_of_our_credentials_is_not_kept(
    spectrum: OnSpectrum, stage: Stage
) -> None:
    spectrum.company.faults.add("refused", text=f"Not for {AUTHORIZATION}, sorry")
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.quiet()
    assert "Not for (hidden), sorry" in stage.export(commitment).message
    for message in Message.objects.all():
        assert AUTHORIZATION not in f"{message.body}{message.reply}{message.fault}"
