"""A write without an answer of which QuickBooks remembers nothing, and what people say of it.

QuickBooks may forget its message sets (the company file was moved), and the bookkeeper may have
changed what ERP Bridge wrote before anybody looked for it.
"""

from collections.abc import Callable

import pytest

from approvals.linking import workflow as linking
from approvals.linking.look_ups import candidates_of
from approvals.models import LookUp
from commitments.models import ChangeOrder, Commitment
from connectors import engine
from sandbox.quickbooks import OrderView, WebConnector
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

OURS = "CCO 001: Deeper footings - Deeper footings"


@pytest.fixture(autouse=True)
def _no_quarantine(settings):
    settings.ERP_QUARANTINE_SECONDS = 0


@pytest.fixture
def lost(stage: Stage, live_server) -> Callable[[str], tuple[ChangeOrder, WebConnector]]:
    """A change order whose `lose_answer` or `lose_request` came to nobody."""

    def lose(what: str) -> tuple[ChangeOrder, WebConnector]:
        commitment = stage.commitment()
        stage.synced(commitment)
        change_order = stage.change_order(commitment)
        stage.send(change_order)
        stage.accept(change_order)
        setattr(stage.faults, what, 1)
        web_connector = stage.web_connector(live_server.url)
        web_connector.run_once()
        return change_order, web_connector

    return lose


def rewrite_ours(stage: Stage, words: str) -> None:
    """The bookkeeper writes a description of her own, and QuickBooks forgets what it was asked."""
    order = stage.order()
    [line] = [one for one in order.lines if one.desc == OURS]
    stage.books.by_hand.edit_line(order.txn_id, line.txn_line_id, desc=words)
    stage.books.by_hand.forget_message_sets()


def descriptions(order: OrderView) -> list[str]:
    return [one.desc for one in order.lines]


def test_lines_in_other_words_are_not_written_again(stage, lost) -> None:
    change_order, web_connector = lost("lose_answer")
    rewrite_ours(stage, "Deeper, see Joe's sketch")
    visit = web_connector.run_once()
    export = stage.export(change_order)
    assert (visit.writes, export.status) == (0, "needs_attention")
    assert "“Deeper, see Joe's sketch” 1,500.00" in export.message
    # Ann knows the line, looks it up, and links to it.
    linking.ask(export.pk, by=stage.access(stage.ann), version=export.version, number="")
    web_connector.run_once()
    [found] = candidates_of(LookUp.objects.get(export=export))
    assert not found.problem
    linking.link(
        export.pk, by=stage.access(stage.ann), version=export.version, record=found.receipt.id
    )
    assert stage.status(change_order) == "synced"
    assert descriptions(stage.order()) == ["Footings", "Steel frame", "Deeper, see Joe's sketch"]


def test_a_line_that_is_not_ours_is_told_apart_by_a_person(stage, lost) -> None:
    change_order, web_connector = lost("lose_request")
    stage.books.by_hand.add_line(stage.order().txn_id, "03-300", "Spacers", 75)
    web_connector.run_once()
    export = stage.export(change_order)
    assert export.status == "needs_attention"
    assert "“Spacers” 75.00" in export.message
    stage.step("record-absent", change_order, stage.ann, note="Spacers are a thing of their own")
    stage.step("retry", change_order, stage.ann)
    web_connector.run_once()
    assert stage.status(change_order) == "synced"
    assert descriptions(stage.order()) == ["Footings", "Steel frame", "Spacers", OURS]


def test_an_edit_of_what_stood_there_asks_nobody(stage, lost) -> None:
    change_order, web_connector = lost("lose_request")
    order = stage.order()
    stage.books.by_hand.edit_line(order.txn_id, 0, desc="Footings, as drawn")
    stage.books.by_hand.edit_order(order.txn_id, Memo="Ask Joe first")
    web_connector.run_once()
    assert stage.status(change_order) == "synced"
    assert descriptions(stage.order()) == ["Footings, as drawn", "Steel frame", OURS]


def test_lines_that_were_removed_on_purpose_can_be_written_again(stage, lost) -> None:
    """QuickBooks remembers that it took them; the word of the approver is what counts then."""
    change_order, web_connector = lost("lose_answer")
    order = stage.order()
    stage.books.by_hand.delete_line(order.txn_id, order.lines[-1].txn_line_id)
    web_connector.run_once()
    assert "no longer holds its lines" in stage.export(change_order).message
    stage.step("record-absent", change_order, stage.ann, note="The bookkeeper took them out")
    stage.step("retry", change_order, stage.ann)
    web_connector.run_once()
    assert stage.status(change_order) == "synced"
    assert descriptions(stage.order()) == ["Footings", "Steel frame", OURS]


def _lost_order(stage: Stage, server: str) -> tuple[Commitment, WebConnector]:
    """A commitment that QuickBooks took, and whose answer never came."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.faults.lose_answer = 1
    web_connector = stage.web_connector(server)
    web_connector.run_once()
    return commitment, web_connector


def test_an_order_that_was_removed_on_purpose_can_be_written_again(stage, live_server) -> None:
    commitment, web_connector = _lost_order(stage, live_server.url)
    stage.books.by_hand.delete_order(stage.order().txn_id)
    web_connector.run_once()
    assert "it has been removed since" in stage.export(commitment).message
    stage.step("record-absent", commitment, stage.ann, note="Deleted on purpose")
    stage.step("retry", commitment, stage.ann)
    web_connector.run_once()
    assert stage.status(commitment) == "synced"
    assert len(stage.order().lines) == 2


@pytest.mark.parametrize("forgotten", [True, False])
def test_a_person_who_did_not_look_properly_does_no_harm(stage, lost, forgotten) -> None:
    """What can be seen in QuickBooks counts for more than a word."""
    change_order, web_connector = lost("lose_answer")
    stage.faults.wrong_company_file = True
    web_connector.run_once()  # the write is given up as lost, and nothing is asked
    stage.faults.wrong_company_file = False
    assert stage.status(change_order) == "unknown"
    if forgotten:
        stage.books.by_hand.forget_message_sets()
    stage.step("stop-waiting", change_order, stage.ann)
    stage.step("record-absent", change_order, stage.ann, note="I do not see it")
    stage.step("retry", change_order, stage.ann)
    visit = web_connector.run_once()
    assert visit.writes == 0
    assert stage.status(change_order) == "synced"
    assert descriptions(stage.order()) == ["Footings", "Steel frame", OURS]


def test_an_order_that_a_person_did_not_see_is_found_all_the_same(stage, live_server) -> None:
    commitment, web_connector = _lost_order(stage, live_server.url)
    stage.faults.wrong_company_file = True
    web_connector.run_once()
    stage.faults.wrong_company_file = False
    stage.books.by_hand.edit_order(stage.order().txn_id, RefNumber="1044")
    stage.books.by_hand.forget_message_sets()
    stage.step("stop-waiting", commitment, stage.ann)
    stage.step("record-absent", commitment, stage.ann, note="There is no SC-001")
    stage.step("retry", commitment, stage.ann)
    assert web_connector.run_once().writes == 0
    assert stage.export(commitment).erp_number == "1044"
    assert len(stage.books.purchase_orders()) == 1


def test_what_was_written_otherwise_than_approved_is_not_written_again(stage) -> None:
    """QuickBooks answers with another amount; the bookkeeper mends it there, in her own words."""
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    session = engine.open_session(stage.connection.pk)
    assert not isinstance(session, engine.Silence)
    while (message := engine.next_message(session)) is not None:
        answer = stage.books.answer(message.body)
        engine.receive(session, answer.replace("1500.00", "1400.00") if message.writes else answer)
    engine.close_session(session)
    assert "but not as it was approved" in stage.export(change_order).message
    order = stage.order()
    stage.books.by_hand.edit_line(order.txn_id, order.lines[-1].txn_line_id, desc="Deeper")
    for _ in range(2):
        stage.step("retry", change_order, stage.ann)
        stage.visit()
        assert stage.status(change_order) == "needs_attention"
        stage.books.by_hand.forget_message_sets()
    assert descriptions(stage.order()) == ["Footings", "Steel frame", "Deeper"]
    stage.books.by_hand.delete_line(order.txn_id, order.lines[-1].txn_line_id)
    stage.step("record-absent", change_order, stage.ann, note="It was taken out")
    stage.step("retry", change_order, stage.ann)
    stage.visit()
    assert stage.status(change_order) == "synced"
    assert descriptions(stage.order()) == ["Footings", "Steel frame", OURS]


@pytest.mark.parametrize("kind", ["commitment", "change order"])
def test_an_answer_that_stays_unclear_for_ever_ends_with_a_persons_word(stage, kind) -> None:
    """QuickBooks remembers what it answered, and that is no clear answer whenever it is asked."""
    document = stage.commitment()
    if kind == "change order":
        stage.synced(document)
        document = stage.change_order(document)
    stage.send(document)
    stage.accept(document)

    def visit() -> None:
        session = engine.open_session(stage.connection.pk)
        assert not isinstance(session, engine.Silence)
        while (message := engine.next_message(session)) is not None:
            if message.writes and not spoiled[0]:
                spoiled[0] = message.key
            unclear = message.key and message.key == spoiled[0]
            tag = "PurchaseOrderMod" if kind == "change order" else "PurchaseOrderAdd"
            nothing = (
                '<?xml version="1.0"?><QBXML><QBXMLMsgsRs>'
                f'<{tag}Rs requestID="{message.key}" statusCode="-1" statusSeverity="Error" '
                'statusMessage="" /></QBXMLMsgsRs></QBXML>'
            )
            engine.receive(session, nothing if unclear else stage.books.answer(message.body))
        engine.close_session(session)

    spoiled = [""]
    visit()
    assert stage.status(document) == "needs_attention"
    stage.step("retry", document, stage.ann)
    visit()
    assert stage.status(document) == "needs_attention", "it is asked, and is as unclear as before"
    stage.step("record-absent", document, stage.ann, note="I looked: it is not there")
    stage.step("retry", document, stage.ann)
    visit()
    assert stage.status(document) == "synced"
