"""Answers that never come, come late, or come twice: one effect in QuickBooks, and the truth here.

The Web Connector and the company file are stand-ins, over real HTTP.
"""

from decimal import Decimal

import pytest

from approvals.models import Export
from connectors.models import Conversation, Message
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_quarantine(settings):
    settings.ERP_QUARANTINE_SECONDS = 0


def lines_of(stage: Stage, number: str) -> list[Decimal]:
    return [line.amount for line in stage.order().lines if line.desc.startswith(f"CCO {number}:")]


def test_a_change_order_whose_answer_is_lost_is_found_not_repeated(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.lose_answer = 1
    web_connector = stage.web_connector(live_server.url)
    assert web_connector.run_once().outcome == "lost"
    assert stage.status(change_order) == "exporting"
    # The next visit takes over: what was written is unknown until QuickBooks has been asked.
    visit = web_connector.run_once()
    assert visit.writes == 0
    assert stage.status(change_order) == "synced"
    assert lines_of(stage, "001") == [Decimal("1500.00")]


def test_a_commitment_whose_answer_is_lost_is_found_by_its_message_set(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.faults.lose_answer = 1
    web_connector = stage.web_connector(live_server.url)
    web_connector.run_once()
    visit = web_connector.run_once()
    assert stage.status(commitment) == "synced"
    assert visit.writes == 0
    assert stage.order().total == Decimal("35000.00")


def test_a_commitment_that_never_arrived_goes_again_in_the_same_bytes(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.faults.lose_request = 1
    web_connector = stage.web_connector(live_server.url)
    web_connector.run_once()
    # As if it had been built by an older version: what is kept goes again, nothing is built anew.
    [lost] = Message.objects.filter(writes=True)
    lost.body = lost.body.replace("?>", "?><!-- built before -->", 1)
    lost.save(update_fields=["body"])
    visit = web_connector.run_once()
    assert visit.outcome == "done"
    assert stage.status(commitment) == "synced"
    first, second = Message.objects.filter(writes=True).order_by("id")
    assert (first.key, first.body) == (second.key, second.body)
    assert "built before" in second.body
    assert stage.order().total == Decimal("35000.00")


def test_a_change_order_that_never_arrived_goes_again_under_a_new_key(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.lose_request = 1
    web_connector = stage.web_connector(live_server.url)
    web_connector.run_once()
    web_connector.run_once()
    assert stage.status(change_order) == "synced"
    _, first, second = Message.objects.filter(writes=True).order_by("id")
    assert first.key != second.key
    assert lines_of(stage, "001") == [Decimal("1500.00")]


def test_a_late_answer_is_evidence(stage, live_server, settings) -> None:
    """The old session's answer comes while its search still waits for the quarantine."""
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.late_answer = 1
    web_connector = stage.web_connector(live_server.url)
    web_connector.run_once()
    other = stage.change_order(commitment, number="002")
    stage.send(other)
    stage.accept(other)
    web_connector.run_once()
    web_connector.run_once()
    assert stage.status(change_order) == "synced"
    assert lines_of(stage, "001") == [Decimal("1500.00")]


def test_an_answer_that_comes_twice_counts_once(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.repeat_answer = 1
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    assert stage.status(change_order) == "synced"
    assert lines_of(stage, "001") == [Decimal("1500.00")]


def test_while_a_write_is_out_another_web_connector_is_told_busy(
    stage, live_server, settings
) -> None:
    settings.ERP_QUARANTINE_SECONDS = 600
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    first = stage.web_connector(live_server.url, machine="office-pc").steps()
    for step in first:
        if step.name == "sendRequestXML" and "PurchaseOrderAddRq" in str(step.got):
            break
    other = stage.web_connector(live_server.url, machine="laptop")
    assert other.run_once().outcome == "busy"
    # The first one comes back, and nothing is lost.
    for _ in first:
        pass
    assert stage.status(commitment) == "synced"


def test_a_web_connector_that_only_asked_is_taken_over_at_once(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    first = stage.web_connector(live_server.url, machine="office-pc").steps()
    for step in first:
        if step.name == "sendRequestXML":
            break
    assert stage.web_connector(live_server.url, machine="laptop").run_once().outcome == "done"
    for _ in first:  # the old ticket is dead: what it says changes nothing
        pass
    assert stage.status(change_order) == "synced"
    assert lines_of(stage, "001") == [Decimal("1500.00")]


def test_quickbooks_that_breaks_over_a_write_leaves_it_unknown_until_found(
    stage, live_server
) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.hresult = "0x80040402"
    web_connector = stage.web_connector(live_server.url)
    assert web_connector.run_once().outcome == "error"
    assert stage.status(change_order) == "unknown"
    web_connector.run_once()
    assert stage.status(change_order) == "synced"
    assert lines_of(stage, "001") == [Decimal("1500.00")]


def test_a_bookkeeper_edits_the_order_meanwhile(stage, live_server) -> None:
    """3200: the order is read again and the change built anew; her edit stays."""
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.edit_order = 1
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    assert stage.status(change_order) == "synced"
    assert lines_of(stage, "001") == [Decimal("1500.00")]


def test_a_bookkeeper_deleted_the_order(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.delete_order = 1
    stage.web_connector(live_server.url).run_once()
    export = stage.export(change_order)
    assert export.status == "failed"
    assert "no longer in QuickBooks" in export.message


def test_another_company_file_gets_nothing(stage, live_server, client) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.web_connector(live_server.url).run_once()
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    stage.faults.wrong_company_file = True
    visit = stage.web_connector(live_server.url).run_once()
    assert "is not the one that Meridian Builders is connected to" in visit.message
    assert visit.writes == 0
    assert stage.status(change_order) == "accepted"
    # The item's page says why it does not go, and not that it goes at the next call.
    client.force_login(stage.ann)
    page = client.get(f"/exports/{change_order.export_id}/").content.decode()
    assert "The last call came to this: The company file that is open in QuickBooks" in page
    assert "It goes when QuickBooks next calls" not in page
    stage.faults.wrong_company_file = False
    stage.web_connector(live_server.url).run_once()
    assert stage.status(change_order) == "synced"


def test_a_connector_changed_between_two_calls_never_writes_twice(
    stage, live_server, monkeypatch
) -> None:
    """A new version is installed after the question and before the write, and again after it."""
    from connectors.engine import steps, turns

    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    visit = stage.web_connector(live_server.url).steps()
    versions = iter(f"{n:064}" for n in range(1000))
    asked = 0
    for step in visit:
        if step.name == "sendRequestXML":
            asked += 1
            new = next(versions)
            for module in (steps, turns):
                monkeypatch.setattr(module, "fingerprint", lambda _erp, new=new: new)
    for _ in range(4):
        stage.web_connector(live_server.url).run_once()
    assert stage.status(change_order) == "synced"
    assert lines_of(stage, "001") == [Decimal("1500.00")]
    put_back = Conversation.objects.filter(outcome="put_back").count()
    assert put_back == 1, "the change of version was not noticed"


def test_one_document_has_one_open_attempt(stage, live_server) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    assert not Conversation.objects.exclude(state="closed").exists()
    assert Export.objects.filter(status="synced").count() == 1


def test_a_document_that_was_changed_since_never_goes_in_its_old_bytes(stage, live_server) -> None:
    """Lost, searched for by a person, rejected, mended, sent again: QuickBooks gets the new one."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.faults.lose_request = 1
    stage.web_connector(live_server.url).run_once()
    from connectors import engine
    from connectors.models import Session

    engine.close_session(Session.objects.get(ended_at=None))
    assert stage.status(commitment) == "unknown"
    stage.step("stop-waiting", commitment, stage.ann)
    stage.step("record-absent", commitment, stage.ann, note="Looked at all orders of the vendor")
    stage.step("reject", commitment, stage.ann, note="Footings are 12,000")
    commitment.lines.filter(number=1).update(amount="12000.00")
    stage.send(commitment)
    stage.accept(commitment)
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    assert stage.status(commitment) == "synced"
    assert stage.order().total == Decimal("37000.00")
