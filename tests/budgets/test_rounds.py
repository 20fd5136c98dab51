"""A budget goes out in rounds: its original amounts, then the modifications since."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from approvals.errors import NotReady, Stale, StepError
from approvals.models import Export
from approvals.workflow import take
from budgets import workflow
from budgets.models import Budget, ModificationLine
from directory.entered import Invalid
from directory.models import CostCode, JobCost
from tests.budgets.entering import Desk, let_ann_unlink, line
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def estimate(stage: Stage) -> list[tuple[str, Decimal]]:
    """(item, amount) of each line of the one estimate in QuickBooks."""
    [found] = stage.books.estimates()
    return [(one.item, one.amount) for one in found.lines]


@pytest.fixture
def exported(desk: Desk) -> Desk:
    """Round 1 is in QuickBooks and not yet in the job costs."""
    desk.create()
    desk.lock()
    desk.synced()
    return desk


@pytest.fixture
def back(exported: Desk) -> Desk:
    """Round 1 is in QuickBooks, and back from there."""
    exported.sync()
    return exported


def test_the_first_round_carries_the_original_amounts(stage: Stage, desk: Desk) -> None:
    desk.create()
    assert desk.budget.export.amount == Decimal("65000.50")
    desk.lock()
    desk.synced()
    assert estimate(stage) == [
        ("03-300", Decimal("40000.00")),
        ("05-120", Decimal("25000.50")),
        ("09-290", Decimal("0.00")),
    ]


def test_an_unlocked_budget_is_not_sent_and_a_locked_one_not_edited(desk: Desk) -> None:
    budget = desk.create()
    with pytest.raises(NotReady) as refused:
        desk.stage.send(budget)
    assert [problem.code for problem in refused.value.problems] == ["unlocked"]
    desk.lock()
    with pytest.raises(Invalid, match="locked"):
        desk.save(line("03-300", "1.00"))
    desk.unlock()
    first = desk.budget.lines.get(number=1)
    desk.save(line("03-300", "39000.00", id=first.pk))
    assert desk.budget.export.amount == Decimal("64000.50")


def test_everything_that_fails_is_told_at_once(stage: Stage, desk: Desk) -> None:
    desk.create()
    desk.save(line("03-300", "5.00", sub_job="Tower A"))
    CostCode.objects.filter(code="05-120").update(erp_id="")
    stage.connection.facts = {"estimates": "off"}
    stage.connection.save()
    with pytest.raises(NotReady) as refused:
        stage.send(desk.budget)
    codes = {problem.code for problem in refused.value.problems}
    assert codes == {"unlocked", "cost_code", "sub_job", "estimates"}


def test_rejecting_unlocks_in_the_same_step_and_keeps_the_comment(desk: Desk) -> None:
    desk.create()
    desk.lock()
    desk.stage.send(desk.budget)
    with pytest.raises(Invalid, match="Retrieve it from ERP"):
        desk.unlock()
    desk.stage.step("reject", desk.budget, desk.stage.ann, "Steel is missing")
    assert (desk.status, desk.budget.locked) == ("rejected", False)
    assert desk.budget.export.message == "Steel is missing"


def test_a_retrieved_one_stays_locked_and_may_be_unlocked(desk: Desk) -> None:
    desk.create()
    desk.lock()
    desk.stage.send(desk.budget)
    desk.stage.step("retrieve", desk.budget, desk.stage.pam)
    assert (desk.status, desk.budget.locked) == ("retrieved", True)
    assert not desk.unlock().locked


def test_after_an_export_nothing_moves_until_it_is_back(exported: Desk) -> None:
    waiting = exported.budget.awaited()
    assert [(one.code, one.expected, one.seen) for one in waiting.codes] == [
        ("03-300", Decimal("40000.00"), None),
        ("05-120", Decimal("25000.50"), None),
    ]
    assert waiting.of == 3
    with pytest.raises(Invalid, match="2 of 3 exported cost codes are not back"):
        exported.unlock()
    with pytest.raises(Invalid, match="not back"):
        exported.modify(("03-300", "500.00"))
    with pytest.raises(Invalid, match="not back"):
        exported.save(line("03-300", "1.00"))
    exported.sync()
    assert not exported.budget.awaited()
    assert not exported.unlock().locked


def test_costs_from_before_the_export_say_nothing_about_it(stage: Stage, back: Desk) -> None:
    back.modify(("03-300", "-100.00"), ("05-120", "100.00"), type="transfer")
    back.synced()
    assert [one.code for one in back.budget.awaited().codes] == ["03-300", "05-120"]
    assert [one.seen for one in back.budget.awaited().codes] == [None, None]
    back.sync()
    assert not back.budget.awaited()


def test_an_amount_changed_in_the_erp_keeps_the_budget_frozen(stage: Stage, exported: Desk) -> None:
    [found] = stage.books.estimates()
    stage.books.by_hand.edit_line(found.txn_id, 0, amount=Decimal("39999.99"))
    exported.sync()
    [differing] = exported.budget.awaited().differing
    assert (differing.code, differing.seen) == ("03-300", Decimal("39999.99"))
    with pytest.raises(Invalid, match="another amount"):
        exported.unlock()
    stage.books.by_hand.edit_line(found.txn_id, 0, amount=Decimal("40000.00"))
    exported.sync()
    assert not exported.budget.awaited()


def test_another_estimate_of_the_job_does_not_keep_the_budget_frozen(
    stage: Stage, exported: Desk
) -> None:
    stage.books.by_hand.enter_estimate(
        "City of Alder:Library",
        [("03-300", "Bid", Decimal("61000.00"))],
        number="B-7",
        txn_date="2026-01-05",
    )
    exported.sync()
    cost = JobCost.objects.get(cost_code__code="03-300")
    assert cost.estimate == Decimal("101000.00")
    assert not exported.budget.awaited()


def test_the_second_round_carries_the_modifications_since(stage: Stage, back: Desk) -> None:
    back.modify(("03-300", "1500.00"))
    back.modify(("05-120", "-500.50"), ("09-290", "500.50"), type="transfer", reason="Drywall")
    assert (back.budget.round, back.budget.export.number) == (2, "2")
    assert back.budget.export.parent == Export.objects.get(kind="budget", number="1")
    assert back.budget.export.amount == Decimal("1500.00")
    assert back.budget.export.title == "Modifications 1 to 2"
    back.synced()
    assert estimate(stage)[3:] == [
        ("03-300", Decimal("1500.00")),
        ("05-120", Decimal("-500.50")),
        ("09-290", Decimal("500.50")),
    ]
    back.sync()
    assert not back.budget.awaited()
    assert back.modify(("03-300", "1.00")).round == 3


def test_a_round_that_is_rejected_leaves_the_others_alone(back: Desk) -> None:
    back.modify(("03-300", "1500.00"))
    back.stage.send(back.budget)
    back.stage.step("reject", back.budget, back.stage.ann, "Too much")
    assert (back.status, back.budget.locked) == ("rejected", False)
    assert Export.objects.get(kind="budget", number="1").status == "synced"
    first = back.budget.lines.get(number=1)
    with pytest.raises(Invalid, match="original budget is in the ERP"):
        back.save(line("03-300", "1.00", id=first.pk))
    with pytest.raises(Invalid, match="is in the ERP and has to stay"):
        back.save(gone=(first.pk,))
    modification = back.budget.modifications.get()
    workflow.delete_modification(modification, by=back.by, version=back.budget.export.version)
    back.modify(("03-300", "900.00"))
    back.lock()
    assert back.synced().export.amount == Decimal("900.00")


def test_an_empty_round_is_not_sent(back: Desk) -> None:
    back.unlock()
    back.lock()
    with pytest.raises(NotReady, match="nothing new to send") as refused:
        back.stage.send(back.budget)
    assert len(refused.value.problems) == 1, "said once"
    places = back.budget.mended_at(back.by)
    assert places["lines"].endswith("/budget/modifications/new/")


def test_modifications_before_the_first_export_wait_for_round_2(stage: Stage, desk: Desk) -> None:
    desk.create()
    with pytest.raises(Invalid, match="not locked"):
        desk.modify(("03-300", "10.00"))
    desk.lock()
    desk.modify(("03-300", "10.00"))
    assert desk.budget.export.amount == Decimal("65000.50")
    desk.synced()
    desk.sync()
    now = desk.budget
    now = workflow.next_round(now, by=desk.by, version=now.export.version)
    assert (now.round, now.export.amount) == (2, Decimal("10.00"))
    desk.synced()
    assert estimate(stage)[3:] == [("03-300", Decimal("10.00"))]


def test_a_modification_may_add_a_line(stage: Stage, desk: Desk) -> None:
    desk.create(("03-300", "100.00"))
    desk.lock()
    desk.synced()
    desk.sync()
    desk.modify(("03-300", "-40.00"), ("05-120", "40.00"), type="transfer")
    added = desk.budget.lines.get(cost_code__code="05-120")
    assert (added.amount, added.round) == (Decimal("0.00"), 2)
    desk.synced()
    desk.sync()
    assert not desk.budget.awaited()


def test_a_line_that_a_modification_added_may_get_an_original_amount(
    stage: Stage, desk: Desk
) -> None:
    desk.create(("03-300", "1000"))
    desk.lock()
    desk.modify(("09-290", "50.00"))
    desk.unlock()
    added = desk.budget.lines.get(cost_code__code="09-290")
    desk.save(line("09-290", "200", id=added.pk))
    desk.lock()
    desk.synced()
    assert estimate(stage) == [("03-300", Decimal("1000.00")), ("09-290", Decimal("200.00"))]
    assert desk.budget.modifications.get().round == 2  # it waits as before


def test_unlinking_takes_all_rounds_and_the_next_send_is_new(stage: Stage, back: Desk) -> None:
    let_ann_unlink(stage)
    back.modify(("03-300", "1500.00"))
    back.synced()
    first = Export.objects.get(kind="budget", number="1")

    stage.step("unlink", back.budget, stage.ann)
    assert set(Export.objects.filter(kind="budget").values_list("status", flat=True)) == {
        "unlinking"
    }
    stage.visit()
    still = Export.objects.filter(kind="budget").order_by("number")
    assert [one.status for one in still] == ["synced", "synced"]
    assert still[0].message.startswith(
        "The budget is still in QuickBooks® Desktop. Please delete it before retrying"
    )

    [found] = stage.books.estimates()
    stage.books.by_hand.delete_order(found.txn_id)
    stage.step("unlink", back.budget, stage.ann)
    stage.visit()
    budget = back.budget
    assert (budget.export_id, budget.round, budget.locked) == (first.pk, 1, False)
    assert budget.export.message == "Successful Unlinked"
    assert [one.erp_id for one in Export.objects.filter(kind="budget")] == ["", ""]

    original = budget.lines.get(number=1)
    back.save(line("03-300", "41000.00", id=original.pk))
    back.lock()
    back.synced()
    assert estimate(stage)[0] == ("03-300", Decimal("41000.00"))
    back.sync()
    now = back.budget
    now = workflow.next_round(now, by=back.by, version=now.export.version)
    assert Export.objects.filter(kind="budget").count() == 2
    back.synced()
    assert estimate(stage)[3:] == [("03-300", Decimal("1500.00"))]


def test_a_round_on_its_way_keeps_the_others_linked(stage: Stage, back: Desk) -> None:
    let_ann_unlink(stage)
    back.modify(("03-300", "1500.00"))
    stage.send(back.budget)
    first = Export.objects.get(kind="budget", number="1")
    with pytest.raises(StepError, match="rounds on their way"):
        unlink(stage, first)
    stage.step("retrieve", back.budget, stage.pam)
    unlink(stage, first)
    with pytest.raises(NotReady, match="not in the ERP"):
        stage.send(back.budget)


def unlink(stage: Stage, export: Export) -> None:
    export.refresh_from_db()
    take("unlink", export, by=stage.access(stage.ann), version=export.version)


def test_what_somebody_saw_of_one_round_is_not_taken_for_the_next(back: Desk) -> None:
    seen = back.budget
    back.modify(("03-300", "1500.00"))
    with pytest.raises(Stale):
        workflow.unlock_budget(seen, by=back.by, version=seen.export.version)


def test_a_transfer_that_comes_to_something_is_refused_by_the_database_too(back: Desk) -> None:
    with pytest.raises(Invalid, match="A transfer comes to"):
        back.modify(("03-300", "-40.00"), ("05-120", "40.01"), type="transfer")
    back.modify(("03-300", "-40.00"), ("05-120", "40.00"), type="transfer")
    ModificationLine.objects.filter(amount__gt=0).update(amount=Decimal("41.00"))
    with pytest.raises(IntegrityError, match="A transfer has to come to"), connection.cursor() as c:
        c.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_draft_can_be_deleted_and_its_history_stays(stage: Stage, desk: Desk) -> None:
    budget = desk.create()
    export = budget.export_id
    workflow.delete_budget(budget, by=desk.by, version=budget.export.version)
    assert not Budget.objects.exists()
    assert Export.objects.get(pk=export).live() is None
    desk.create()
    desk.lock()
    desk.synced()
    now = desk.budget
    with pytest.raises(Invalid, match="in the ERP"):
        workflow.delete_budget(now, by=desk.by, version=now.export.version)
