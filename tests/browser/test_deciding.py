"""Ann decides: five hundred at once, one with summed lines, one that has to leave QuickBooks."""

import re

import pytest
from playwright.sync_api import expect

from approvals import workflow
from approvals.models import Export
from approvals.workflow import Item
from directory.models import CostCode, ToolLevel
from directory.perms import Level, Tool
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 500


def test_five_hundred_at_once_and_three_that_cannot_go(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    made = [stage.change_order(commitment, number=f"{n:03d}") for n in range(1, MANY)]
    made.append(stage.change_order(commitment, [(2, "More steel", "75.00")], number="500"))
    workflow.send_all([shown(one) for one in made], by=stage.access(stage.pam))

    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/change-orders/")
    ann.get_by_role("link", name=re.compile("Select all in this view")).click()
    expect(ann.get_by_text(re.compile("^500 ticked"))).to_be_visible()
    # Meanwhile Pam takes one back, Bea accepts one, and the item of a third is unlinked.
    stage.step("retrieve", made[3], stage.pam)
    stage.accept(made[4], by=stage.bea)
    CostCode.objects.filter(pk=stage.codes["05-120"].pk).update(erp_id="", erp_name="")
    ann.get_by_role("button", name="Accept ticked").click()

    refused = ann.get_by_role("alert")
    expect(refused).to_contain_text("3 not accepted", timeout=30_000)
    expect(refused).to_contain_text("it is now: Retrieved")
    expect(refused).to_contain_text("it is now: Accepted")
    expect(refused).to_contain_text("05-120")
    expect(ann.get_by_role("status").filter(has_text="497 accepted")).to_be_visible()
    screenshot(ann, "deciding-1-five-hundred")
    statuses = Export.objects.filter(pk__in=[one.export_id for one in made])
    assert statuses.filter(status="accepted").count() == MANY - 2
    expect(ann.locator("#queue tbody tr")).to_have_count(1)


def shown(document) -> Item:
    export = Export.objects.get(pk=document.export_id)
    return Item(export.pk, export.version)


def test_summed_lines_unfold_to_their_parts(stage: Stage, sign_in, screenshot) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(
        commitment,
        [
            (1, "Deeper footings", "1500.00"),
            (2, "Heavier beams", "800.00"),
            (1, "Less rebar", "-250.50"),
        ],
    )
    stage.send(change_order)
    ann = sign_in(stage.ann)
    ann.goto(f"/exports/{change_order.export_id}/")
    row = ann.get_by_role("row", name=re.compile("new 03-300"))
    expect(row).to_contain_text("1,249.50")
    row.get_by_text("Sum of 2 lines").click()
    expect(row).to_contain_text("Deeper footings")
    expect(row).to_contain_text("-250.50")
    expect(ann.get_by_text("= what was sent")).to_be_visible()
    screenshot(ann, "deciding-2-summed-lines")
    ann.get_by_role("button", name="Light or dark").first.click()
    screenshot(ann, "deciding-2-summed-lines-dark")


def test_unlinking_first_red_then_green(stage: Stage, live_server, sign_in, screenshot) -> None:
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.synced(change_order)
    ann = sign_in(stage.ann)
    ann.goto(f"/exports/{change_order.export_id}/")
    panel = ann.locator("#panel")
    panel.get_by_role("button", name="Unlink").click()
    expect(panel).to_contain_text("Unlink: checking QuickBooks")
    screenshot(ann, "deciding-3-unlinking")
    # The open page hears the answer by itself.
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    expect(ann.locator("main")).to_contain_text(
        "The CCO is still in QuickBooks® Desktop. Please delete it before retrying",
        timeout=30_000,
    )
    screenshot(ann, "deciding-4-still-there")

    [order] = stage.books.purchase_orders()
    [line] = [one for one in order.lines if one.desc.startswith("CCO 001")]
    stage.books.by_hand.delete_line(order.txn_id, line.txn_line_id)
    panel.get_by_role("button", name="Unlink").click()
    expect(panel).to_contain_text("Unlink: checking QuickBooks")
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    expect(ann.locator("main")).to_contain_text("Successful Unlinked", timeout=30_000)
    screenshot(ann, "deciding-5-unlinked")
    assert stage.status(change_order) == "draft"
