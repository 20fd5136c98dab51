"""Dora chooses what becomes of categories; commitments go, and costs come, accordingly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from approvals.errors import NotReady
from connectors.contract import CostRow, JobCosts, Ref
from connectors.costs import replace_costs
from connectors.models import Connection
from connectors.syncing import queue_sync
from directory.models import CostCode, Event, JobCost, Unlinked
from tests.stage import Stage

pytestmark = pytest.mark.django_db

JOB = "City of Alder:Library"


def choose(stage: Stage, category: str) -> str:
    """Dora presses *Change*; what the page then says."""
    client = Client()
    client.force_login(stage.dora)
    page = f"/companies/{stage.company.pk}/erp/connection/"
    answer = client.post(f"{page}categories/", {"category": category}, follow=True)
    assert answer.status_code == 200
    stage.connection.refresh_from_db()
    return str(answer.content.decode())


def sync(stage: Stage) -> None:
    queue_sync(stage.connection)
    stage.visit()


@pytest.mark.parametrize("imports_at_once", [True, False])
def test_a_sub_item_for_each_category(stage: Stage, imports_at_once: bool) -> None:
    """What is missing in QuickBooks is told to who accepts; once it is there, it goes. Nobody
    has to make the sub-item a cost code of its own here."""
    Connection.objects.update(imports_at_once=imports_at_once)
    stage.connection.refresh_from_db()
    assert "The lists are read anew" in choose(stage, "sub_item")
    commitment = stage.commitment()
    stage.send(commitment)
    with pytest.raises(NotReady, match="no item 03-300:Subcontract that can take costs"):
        stage.accept(commitment)
    for code in ("03-300", "05-120"):
        stage.books.add_item("Subcontract", stage.books.list_id("Item", code))
    sync(stage)
    assert not CostCode.objects.filter(code="03-300:Subcontract").exists()
    assert not Unlinked.objects.filter(name="03-300:Subcontract", archived=False).exists()
    stage.accept(commitment)
    stage.visit()
    assert stage.status(commitment) == "synced", stage.export(commitment).message
    assert [line.item for line in stage.order().lines] == [
        "03-300:Subcontract",
        "05-120:Subcontract",
    ]
    # Costs of the sub-item and of the item itself are the code's, told apart by category.
    stage.books.by_hand.enter_bill(JOB, "03-300:Subcontract", Decimal("700.00"))
    stage.books.by_hand.enter_bill(JOB, "03-300", Decimal("20.00"))
    sync(stage)
    costs = JobCost.objects.filter(cost_code=stage.codes["03-300"])
    assert {(cost.category, cost.actual) for cost in costs} == {
        (None, Decimal("20.00")),
        (stage.category, Decimal("700.00")),
    }


def test_a_class_for_each_category(stage: Stage) -> None:
    choose(stage, "class")
    commitment = stage.commitment()
    stage.send(commitment)
    with pytest.raises(NotReady, match="no active class Subcontract"):
        stage.accept(commitment)
    klass = stage.books.add_class("Subcontract")
    stage.books.add_class("Overhead")
    sync(stage)
    stage.category.refresh_from_db()
    assert stage.category.erp_id == klass
    [waits] = Unlinked.objects.filter(what="classes")  # a new one waits as the others do
    assert waits.name == "Overhead"
    stage.accept(commitment)
    stage.visit()
    assert stage.status(commitment) == "synced", stage.export(commitment).message
    assert {(line.item, line.klass) for line in stage.order().lines} == {
        ("03-300", "Subcontract"),
        ("05-120", "Subcontract"),
    }
    change_order = stage.change_order(commitment)
    stage.synced(change_order)
    assert stage.order().lines[-1].klass == "Subcontract"
    stage.books.by_hand.enter_bill(JOB, "03-300", Decimal("700.00"), klass="Subcontract")
    stage.books.by_hand.enter_bill(JOB, "03-300", Decimal("20.00"))
    sync(stage)
    costs = JobCost.objects.filter(cost_code=stage.codes["03-300"])
    assert {(cost.category, cost.actual) for cost in costs} == {
        (None, Decimal("20.00")),
        (stage.category, Decimal("700.00")),
    }
    client = Client()
    client.force_login(stage.pam)
    page = client.get(f"/projects/{stage.project.pk}/job-costs/").content.decode()
    assert "Concrete</span> · Subcontract" in page
    # An inactive class blocks what is new.
    stage.books.by_hand.set_active(klass, False)
    sync(stage)
    second = stage.commitment(number="SC-002")
    stage.send(second)
    with pytest.raises(NotReady, match="no active class Subcontract"):
        stage.accept(second)


def test_it_does_not_change_under_what_is_on_its_way(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    assert "Something is on its way to the ERP as it was accepted" in choose(stage, "class")
    assert stage.connection.settings == {"category": "nothing"}
    stage.visit()
    assert stage.status(commitment) == "synced"
    assert "Changed." in choose(stage, "class")
    assert stage.connection.settings == {"category": "class"}
    subject = f"connection:{stage.connection.pk}"
    assert Event.objects.filter(subject=subject, verb="categories").count() == 1
    assert "Choose what becomes of categories" in choose(stage, "sub_job")


def test_only_an_administrator_chooses(stage: Stage) -> None:
    client = Client()
    client.force_login(stage.ann)
    page = f"/companies/{stage.company.pk}/erp/connection/categories/"
    assert client.post(page, {"category": "class"}).status_code == 403
    assert Connection.objects.get(pk=stage.connection.pk).settings == {"category": "nothing"}


def test_costs_under_records_that_are_gone_keep_their_names(stage: Stage) -> None:
    job = Ref(id="J", name=JOB)
    rows = tuple(
        CostRow(item="", name=name, estimate=None, actual=Decimal("5.00"))
        for name in ("", "Old item", "Older item")
    )
    replace_costs(stage.project.pk, JobCosts(job=job, rows=rows))
    costs = JobCost.objects.filter(cost_code=None)
    assert set(costs.values_list("name", flat=True)) == {"", "Old item", "Older item"}
