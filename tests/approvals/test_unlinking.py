"""Unlinking, and comparing with what the ERP holds. QuickBooks is the sandbox's stand-in."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import erp_wording
from approvals.comparing import differences_of, request_comparison
from approvals.errors import StepError
from approvals.models import Comparison, Export
from approvals.states import BY_CHOICE, STEPS, Who
from approvals.tasks import sweep
from connectors import engine
from connectors.models import Connection
from directory.models import ToolLevel
from directory.perms import Level, Tool
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Ann may also unlink: that needs Admin on the project's Commitments beside her approval."""
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    return stage


def test_unlinking_needs_the_projects_tool_too(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    for person in (stage.bea, stage.pam, stage.vic):
        with pytest.raises((PermissionDenied, StepError)):
            stage.step("unlink", commitment, person)
    assert stage.status(commitment) == "synced"


def test_what_is_still_there_stays_linked(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.synced(change_order)
    stage.step("unlink", change_order, stage.ann)
    assert stage.status(change_order) == "unlinking"
    stage.visit()
    export = stage.export(change_order)
    assert export.status == "synced"
    words = export.message.splitlines()
    assert words[0] == ("The CCO is still in QuickBooks® Desktop. Please delete it before retrying")
    assert len(words) > 1


def test_deleted_there_unlinked_here_corrected_and_sent_anew(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.synced(change_order)
    order = stage.order()
    [line] = [line for line in order.lines if line.desc.startswith("CCO 001:")]
    stage.books.by_hand.delete_line(order.txn_id, line.txn_line_id)
    stage.step("unlink", change_order, stage.ann)
    stage.visit()
    export = stage.export(change_order)
    assert (export.status, export.message) == ("draft", "Successful Unlinked")
    assert (export.erp_id, export.receipt, export.terms) == ("", "", "")

    change_order.lines.filter(number=1).update(amount=Decimal("1750.00"))
    assert stage.synced(change_order).erp_id == order.txn_id
    amounts = [line.amount for line in stage.order().lines if line.desc.startswith("CCO 001:")]
    assert amounts == [Decimal("1750.00")]


def test_many_that_are_still_there_are_told_with_one_look_at_the_connection(stage: Stage) -> None:
    looks = []
    for many in (1, 6):
        documents = [stage.commitment(number=f"SC-{many}{place}") for place in range(many)]
        for document in documents:
            stage.synced(document)
        for document in documents:
            stage.step("unlink", document, stage.ann)
        with CaptureQueriesContext(connection) as queries:
            stage.visit()
        for document in documents:
            assert "The commitment is still in QuickBooks" in stage.export(document).message
        by_company = 'WHERE "connectors_connection"."company_id" ='
        looks.append(len([one for one in queries if by_company in one["sql"]]))
    assert looks[1] == looks[0]


def test_a_commitment_waits_for_its_change_orders(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    with pytest.raises(StepError, match="change orders on their way"):
        stage.step("unlink", commitment, stage.ann)
    stage.step("retrieve", change_order, stage.pam)
    stage.step("unlink", commitment, stage.ann)
    # While it is unlinking, no change order of it goes anywhere.
    with pytest.raises(StepError, match="not in the ERP"):
        stage.send(change_order)
    stage.books.by_hand.delete_order(stage.order().txn_id)
    stage.visit()
    assert stage.status(commitment) == "draft"
    # The same commitment goes again, as a new order.
    stage.synced(commitment)
    assert stage.order().total == Decimal("35000.00")


def test_checking_can_be_called_off(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.step("unlink", commitment, stage.ann)
    stage.step("stop-checking", commitment, stage.ann)
    assert stage.status(commitment) == "synced"
    assert stage.visit() == 0


@pytest.mark.parametrize(("minutes", "status"), [(-1, "unlinking"), (1, "synced")])
def test_no_answer_within_a_day_is_no_permission(stage: Stage, minutes: int, status: str) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.step("unlink", commitment, stage.ann)
    asked = Now() - timedelta(hours=24, minutes=minutes)
    Export.objects.filter(pk=commitment.export_id).update(status_at=asked)
    sweep()
    export = stage.export(commitment)
    assert export.status == status
    assert ("did not answer within 24 hours" in export.message) is (status == "synced")
    # What nobody waits for any more is not asked.
    assert (stage.visit() > 0) is (status == "unlinking")
    assert stage.status(commitment) == "synced"


def test_a_day_does_not_end_while_the_question_is_out(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.step("unlink", commitment, stage.ann)
    Export.objects.filter(pk=commitment.export_id).update(status_at=Now() - timedelta(hours=25))
    session = engine.open_session(stage.connection.pk)
    assert not isinstance(session, engine.Silence)
    assert engine.next_message(session) is not None
    sweep()
    assert stage.status(commitment) == "unlinking"


def test_the_page_says_that_quickbooks_is_asked_first(stage: Stage, client) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    client.force_login(stage.ann)

    def press(step: str) -> str:
        address = reverse("export_step", args=[commitment.export_id, step])
        version = {"version": stage.export(commitment).version}
        return client.post(address, version, follow=True).content.decode()

    asked = "QuickBooks is asked at the next call whether it was deleted there."
    assert f"Commitment SC-001: {asked} Until then it stays linked." in press("unlink")
    assert "Commitment SC-001: Stopped checking. It stays linked." in press("stop-checking")


def test_the_page_says_when_quickbooks_is_expected(stage: Stage, client) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.step("unlink", commitment, stage.ann)
    client.force_login(stage.ann)

    def ribbon() -> str:
        page = client.get(reverse("export_panel", args=[commitment.export_id])).content.decode()
        return page.partition("Unlink: checking QuickBooks")[2].partition("</div>")[0]

    Connection.objects.update(last_seen_at=Now() - timedelta(minutes=5))
    expected = Connection.objects.get().next_call_at
    assert expected is not None
    assert f'(next contact about <time datetime="{expected:%Y-%m-%dT%H:%M}' in ribbon()
    # It should have called by now: when it will is not known.
    Connection.objects.update(last_seen_at=Now() - timedelta(hours=5))
    assert "next contact" not in ribbon()


def test_people_are_told_what_came_of_every_step() -> None:
    mine = {step.name for step in STEPS.values() if step.who != Who.WORKER} - BY_CHOICE
    assert mine <= set(erp_wording.DONE)


def test_until_all_is_compared_nobody_reads_that_all_is_well(stage: Stage, client) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    client.force_login(stage.ann)

    def page() -> str:
        return client.get(reverse("differences", args=[stage.company.pk])).content.decode()

    well = "Everything that was exported stands there as it was approved."
    request_comparison(stage.connection, stage.access(stage.ann))
    stage.visit()
    assert well in page()
    stage.books.by_hand.delete_order(stage.order().txn_id)
    request_comparison(stage.connection, stage.access(stage.ann))
    assert well not in page()
    assert "What was exported is compared at the next call." in page()
    stage.visit()
    assert "no longer there" in page()


def test_an_order_changed_by_hand_is_told_with_what_to_do(stage: Stage) -> None:
    commitment, other = stage.commitment(), stage.commitment(number="SC-002")
    stage.synced(commitment)
    stage.synced(other)
    order = stage.order()
    stage.books.by_hand.edit_line(order.txn_id, order.lines[0].txn_line_id, amount=Decimal("9000"))
    assert request_comparison(stage.connection, stage.access(stage.ann)) == 2
    assert request_comparison(stage.connection, stage.access(stage.ann)) == 0
    stage.visit()
    same = Comparison.objects.get(export=other.export_id)
    assert (same.differs, same.gone) == (False, False)
    found = Comparison.objects.get(export=commitment.export_id)
    assert found.differs
    told = {one.where: (one.ours, one.theirs) for one in differences_of(found)}
    assert set(told) == {"line:1", "total"}
    assert told["total"][0].replace(",", "") == "35000.00"
    assert told["total"][1].replace(",", "") == "34000.00"
    assert all(one.advice for one in differences_of(found))


def test_an_order_that_is_gone_is_told(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.books.by_hand.delete_order(stage.order().txn_id)
    request_comparison(stage.connection, stage.access(stage.ann))
    stage.visit()
    found = Comparison.objects.get(export=commitment.export_id)
    assert (found.gone, found.differs) == (True, True)
    assert stage.status(commitment) == "synced"
