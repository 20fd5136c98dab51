"""Vendors, jobs and items that change in QuickBooks between acceptance and the write.

Everything is named by its id, so a new name takes nothing elsewhere. What was merged into another
one has no id any more, and what was merged or made inactive takes nothing.
"""

from collections.abc import Callable

import pytest
from django.db import transaction

from approvals.comparing import queue_comparisons
from approvals.models import Comparison
from commitments.models import ChangeOrder, Commitment
from connectors import engine
from connectors.pulls import take_over
from directory.models import CostCode, Job, Vendor
from tests.stage import Stage

pytestmark = pytest.mark.django_db

LISTS = {"Vendor": "vendors", "Item": "cost_codes", "Customer": "jobs"}


def accepted(stage: Stage, number: str = "SC-001") -> Commitment:
    commitment = stage.commitment(number=number)
    stage.send(commitment)
    stage.accept(commitment)
    return commitment


def job_of(stage: Stage) -> str:
    assert stage.project.job
    return stage.project.job.erp_id


def read(stage: Stage, what: str, erp_id: str) -> None:
    """The lists are read, as in a session before the one that writes."""
    [entry] = [one for one in stage.books.entries(what) if one.list_id == erp_id]
    name, label = entry.full_name, entry.name
    row = {"id": erp_id, "name": name, "label": label, "active": entry.is_active, "parent": ""}
    take_over(stage.connection, LISTS[what], [row])


def test_what_was_renamed_is_written_to_all_the_same(stage: Stage) -> None:
    hand = stage.books.by_hand
    commitment = accepted(stage)
    change_order = stage.change_order(commitment)
    hand.rename(stage.vendor.erp_id, "Ironwood Concrete, LLC")
    hand.rename(stage.codes["03-300"].erp_id, "03-301")
    hand.move(job_of(stage), stage.books.add_customer("County of Alder"))
    stage.visit()
    stage.synced(change_order)
    order = stage.order()
    assert order.name == "Ironwood Concrete, LLC"
    assert [line.item for line in order.lines] == ["03-301", "05-120", "03-301"]
    assert {line.customer for line in order.lines} == {"County of Alder:Library"}


def test_a_vendor_that_is_called_otherwise_is_looked_at_again(stage: Stage) -> None:
    """“Ironwood (old)” may not be whom Ann meant."""
    commitment = accepted(stage)
    stage.books.by_hand.rename(stage.vendor.erp_id, "Ironwood (old)")
    read(stage, "Vendor", stage.vendor.erp_id)
    stage.visit()
    export = stage.export(commitment)
    assert (export.status, export.message) == (
        "failed",
        "Where this goes in the ERP has changed since it was accepted: the vendor was called "
        "“Ironwood Concrete” and is called “Ironwood (old)” now. Nothing was sent. Look at the "
        "preview again and retry, or reject it.",
    )
    stage.step("retry", commitment, stage.ann)
    stage.visit()
    assert stage.order().name == "Ironwood (old)"


def test_what_goes_elsewhere_is_told_each_by_name(stage: Stage) -> None:
    commitment = accepted(stage)
    item, job = stage.codes["03-300"].erp_id, job_of(stage)
    stage.books.by_hand.set_active(item, False)
    stage.books.by_hand.rename(job, "Library, west")
    read(stage, "Item", item)
    read(stage, "Customer", job)
    halden = stage.books.add_vendor("Halden")
    Vendor.objects.filter(pk=stage.vendor.pk).update(erp_id=halden, erp_name="Halden")
    stage.visit()
    message = stage.export(commitment).message
    assert "the vendor was “Ironwood Concrete” and is “Halden” now" in message
    assert "“City of Alder:Library” and is called “City of Alder:Library, west” now" in message
    assert "cost code 03-300 was “03-300”, which is not in use there now" in message
    assert "05-120" not in message
    assert stage.books.purchase_orders() == []


WHAT: dict[str, Callable[[Stage], tuple[str, str]]] = {
    "the vendor “Ironwood Concrete”": lambda stage: (
        stage.vendor.erp_id,
        stage.books.add_vendor("Ironwood Concrete, LLC"),
    ),
    "the item “03-300”": lambda stage: (
        stage.codes["03-300"].erp_id,
        stage.books.add_item("03-310"),
    ),
    "the job “City of Alder:Library”": lambda stage: (
        job_of(stage),
        stage.books.add_job(stage.books.add_customer("County of Alder"), "Library"),
    ),
}


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("deed", ["merged", "inactive"])
def test_what_takes_nothing_any_more_is_told_by_name(stage: Stage, what: str, deed: str) -> None:
    theirs, other = WHAT[what](stage)
    stage.synced(stage.commitment())
    before = stage.order()
    commitment = accepted(stage, "SC-002")
    if deed == "merged":
        stage.books.by_hand.merge(theirs, other)
    else:
        stage.books.by_hand.set_active(theirs, False)
    stage.visit()
    export = stage.export(commitment)
    assert export.status == "failed"
    assert f"{what} is no longer in QuickBooks, or inactive there" in export.message
    assert [order.txn_id for order in stage.books.purchase_orders()] == [before.txn_id]


def test_a_change_of_an_order_whose_vendor_was_merged_waits_for_the_link(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.accept(change_order)
    other = stage.books.add_vendor("Ironwood Concrete, LLC")
    stage.books.by_hand.merge(stage.vendor.erp_id, other)
    stage.visit()
    assert "is Ironwood Concrete, LLC's in QuickBooks" in stage.export(change_order).message
    Vendor.objects.filter(pk=stage.vendor.pk).update(
        erp_id=other, erp_name="Ironwood Concrete, LLC"
    )
    stage.step("retry", change_order, stage.ann)
    stage.visit()
    assert stage.status(change_order) == "synced"
    assert len(stage.order().lines) == 3


@pytest.mark.parametrize("what", ["the vendor “Ironwood Concrete”", "the item “03-300”"])
@pytest.mark.parametrize("kind", ["commitment", "change order"])
def test_what_was_written_and_then_merged_is_found_once_the_link_is_mended(
    stage: Stage, settings, what: str, kind: str
) -> None:
    """The answer was lost; before anybody asked, the bookkeeper merged what it names."""
    settings.ERP_QUARANTINE_SECONDS = 0
    theirs, other = WHAT[what](stage)
    document: Commitment | ChangeOrder = stage.commitment()
    if isinstance(document, Commitment) and kind == "change order":
        stage.synced(document)
        document = stage.change_order(document)
    stage.send(document)
    stage.accept(document)
    lose_answer(stage)
    before = stage.order()
    stage.books.by_hand.merge(theirs, other)
    stage.visit()
    if stage.status(document) != "synced":
        assert stage.status(document) == "needs_attention"
        for model in (Vendor, CostCode):
            model.objects.filter(erp_id=theirs).update(erp_id=other)
        stage.step("retry", document, stage.ann)
        stage.visit()
    assert stage.status(document) == "synced", stage.export(document).message
    after = stage.order()
    assert [line.txn_line_id for line in after.lines] == [line.txn_line_id for line in before.lines]


def test_what_was_merged_differs_until_the_one_that_is_left_is_linked(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.synced(change_order)
    merged = {what: make(stage) for what, make in WHAT.items()}
    for theirs, other in merged.values():
        stage.books.by_hand.merge(theirs, other)
    assert differing(stage) == {commitment.export.pk: 4, change_order.export.pk: 3}
    for theirs, other in merged.values():
        for model in (Vendor, CostCode, Job):
            model._default_manager.filter(erp_id=theirs).update(erp_id=other)
    assert differing(stage) == {}
    stage.books.add_vendor("Quite another")
    stage.books.by_hand.edit_order(stage.order().txn_id, VendorRef="Quite another")
    assert differing(stage) == {commitment.export.pk: 1, change_order.export.pk: 1}


def differing(stage: Stage) -> dict[int, int]:
    """What a night's comparison finds: how many differences of each export that has some."""
    with transaction.atomic():
        queue_comparisons(stage.connection)
    stage.visit()
    found = Comparison.objects.filter(differs=True)
    return {one.export_id: len(one.differences) for one in found}


def lose_answer(stage: Stage) -> None:
    """A visit that ends when QuickBooks has carried out a write."""
    session = engine.open_session(stage.connection.pk)
    assert not isinstance(session, engine.Silence)
    while (message := engine.next_message(session)) is not None:
        answer = stage.books.answer(message.body)
        if message.writes:
            break
        engine.receive(session, answer)
    engine.close_session(session)
