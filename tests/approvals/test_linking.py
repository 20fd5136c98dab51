"""Linking to what QuickBooks has already, and what may never be laundered into editable.

QuickBooks is the sandbox's stand-in.
"""

from decimal import Decimal

import pytest

from approvals.errors import NotReady, Stale, StepError
from approvals.linking import workflow as linking
from approvals.linking.look_ups import candidates_of
from approvals.models import LookUp
from connectors import engine
from directory.models import ToolLevel
from directory.perms import Level, Tool
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Ann may also link: that needs Admin on the project's Commitments beside her approval."""
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    return stage


def typed_in(stage: Stage, number: str, amount: str = "10000") -> str:
    """An order that a bookkeeper entered by hand before the job came here; its TxnID."""
    return stage.books.by_hand.enter_order(
        "Ironwood Concrete",
        number,
        [
            ("03-300", "City of Alder:Library", "Footings", Decimal(amount)),
            ("05-120", "City of Alder:Library", "Steel frame", Decimal("25000")),
        ],
    )


def ask(stage: Stage, commitment, number: str = "") -> LookUp:
    version = stage.export(commitment).version
    linking.ask(commitment.export_id, by=stage.access(stage.ann), version=version, number=number)
    stage.visit()
    return LookUp.objects.get(export=commitment.export_id)


def test_a_number_that_no_record_can_have_is_told_and_not_cut(stage: Stage) -> None:
    """The beginning of it may be the number of another order."""
    commitment = stage.commitment()
    with pytest.raises(StepError, match="has 45 characters; no number there has more than 40"):
        ask(stage, commitment, "SC-001 of the year 2026, as typed by accounting"[:45])
    assert not LookUp.objects.exists()


def link(stage: Stage, commitment, record: str) -> None:
    version = stage.export(commitment).version
    linking.link(commitment.export_id, by=stage.access(stage.ann), version=version, record=record)


def test_an_order_entered_by_hand_is_adopted_and_changed_from_here(stage: Stage) -> None:
    commitment = stage.commitment()
    txn_id = typed_in(stage, "A-77")
    [candidate] = candidates_of(ask(stage, commitment, "A-77"))
    assert (candidate.receipt.id, candidate.problem) == (txn_id, "")
    assert stage.status(commitment) == "draft"
    link(stage, commitment, txn_id)
    export = stage.export(commitment)
    assert (export.status, export.erp_number) == ("synced", "A-77")
    stage.synced(stage.change_order(commitment))
    assert stage.order("A-77").total == Decimal("36500.00")
    assert len(stage.books.purchase_orders()) == 1


def test_another_total_is_shown_and_refused(stage: Stage) -> None:
    commitment = stage.commitment()
    txn_id = typed_in(stage, "SC-001", "9999")
    [candidate] = candidates_of(ask(stage, commitment))
    assert candidate.problem
    with pytest.raises(StepError, match="cannot be linked"):
        link(stage, commitment, txn_id)
    assert stage.status(commitment) == "draft"


def test_a_document_that_changed_since_is_looked_up_again(stage: Stage) -> None:
    commitment = stage.commitment()
    txn_id = typed_in(stage, "SC-001")
    ask(stage, commitment)
    stage.send(commitment)
    stage.step("retrieve", commitment, stage.pam)
    with pytest.raises(StepError, match="Look it up again"):
        link(stage, commitment, txn_id)
    with pytest.raises(Stale):
        linking.link(commitment.export_id, by=stage.access(stage.ann), version=0, record=txn_id)


def test_one_order_is_linked_once(stage: Stage) -> None:
    first, second = stage.commitment(number="SC-001"), stage.commitment(number="SC-002")
    txn_id = typed_in(stage, "A-77")
    ask(stage, first, "A-77")
    link(stage, first, txn_id)
    ask(stage, second, "A-77")
    with pytest.raises(StepError, match="linked to that record already"):
        link(stage, second, txn_id)


def test_what_is_not_in_order_is_not_looked_up(stage: Stage) -> None:
    commitment = stage.commitment(status="draft")
    with pytest.raises(NotReady, match="Approved"):
        ask(stage, commitment)


def lost(stage: Stage, commitment) -> None:
    """Sent, accepted, written, and never answered; a person takes over from the search."""
    stage.send(commitment)
    stage.accept(commitment)
    session = engine.open_session(stage.connection.pk)
    assert not isinstance(session, engine.Silence)
    message = engine.next_message(session)
    while message is not None and not message.writes:
        engine.receive(session, stage.books.answer(message.body))
        message = engine.next_message(session)
    assert message is not None
    stage.books.answer(message.body)
    engine.close_session(session)
    assert stage.status(commitment) == "unknown"
    stage.step("stop-waiting", commitment, stage.ann)


def test_a_person_records_what_they_found(stage: Stage, settings) -> None:
    settings.ERP_QUARANTINE_SECONDS = 0
    commitment = stage.commitment()
    lost(stage, commitment)
    [candidate] = candidates_of(ask(stage, commitment))
    link(stage, commitment, candidate.receipt.id)
    assert stage.status(commitment) == "synced"
    assert len(stage.books.purchase_orders()) == 1


def test_what_may_be_in_the_erp_is_never_laundered_into_editable(stage: Stage, settings) -> None:
    """Stop waiting, retry, undo, retrieve, delete: that would leave an order without a document."""
    settings.ERP_QUARANTINE_SECONDS = 0
    commitment = stage.commitment()
    lost(stage, commitment)
    stage.step("retry", commitment, stage.ann)
    with pytest.raises(StepError, match="not answered to its end"):
        stage.step("undo-acceptance", commitment, stage.ann)
    # Nor by a link that changes before the retry begins: it may be there all the same.
    stage.vendor.erp_id = stage.books.add_vendor("Ironwood Concrete (new)")
    stage.vendor.save()
    stage.visit()
    assert stage.status(commitment) == "needs_attention"


def test_after_an_unlink_old_attempts_count_no_more(stage: Stage, settings) -> None:
    """Lost, found by a person, deleted there, unlinked: the next export is a new order."""
    settings.ERP_QUARANTINE_SECONDS = 0
    commitment = stage.commitment()
    lost(stage, commitment)
    [candidate] = candidates_of(ask(stage, commitment))
    link(stage, commitment, candidate.receipt.id)
    stage.books.by_hand.delete_order(candidate.receipt.id)
    stage.step("unlink", commitment, stage.ann)
    stage.visit()
    assert stage.status(commitment) == "draft"
    again = stage.synced(commitment)
    assert again.erp_id != candidate.receipt.id
    assert [order.txn_id for order in stage.books.purchase_orders()] == [again.erp_id]
