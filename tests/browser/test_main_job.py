"""The main job by clicking: Pam writes and sends a change order, Ann accepts it, it is synced.

Two people in two browsers. QuickBooks and its Web Connector are the sandbox's stand-ins.
"""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from commitments.models import ChangeOrder
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_order_from_the_first_click_to_synced(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)

    # Pam writes the change order in the spreadsheet, two lines for one contract line.
    pam = sign_in(stage.pam)
    screenshot(pam, "1-pam-my-work")
    pam.goto(commitment.get_absolute_url())
    screenshot(pam, "2-commitment")
    pam.get_by_role("link", name="New change order").click()
    pam.get_by_label("Title").fill("Deeper footings")
    pam.set_default_timeout(10_000)
    rows = pam.locator("table[data-sheet] tbody tr")
    write_line(rows.nth(0), "1", "Deeper footings", "1500.00")
    write_line(rows.nth(1), "1", "Less rebar", "-250.50")
    screenshot(pam, "3-change-order-being-written")
    pam.get_by_role("button", name="Save", exact=True).click()
    screenshot(pam, "4-change-order-not-ready")
    expect(pam.get_by_role("heading", name="Deeper footings")).to_be_visible()

    # It is not approved, so the one button is disabled and says why.
    send = pam.get_by_role("button", name="Send to ERP")
    expect(send).to_be_disabled()
    expect(pam.locator("#panel")).to_contain_text("Only an Approved change order is sent")
    screenshot(pam, "4-change-order-not-ready")
    pam.get_by_role("button", name="Approve").click()
    pam.get_by_role("button", name="Send to ERP").click()
    expect(pam.locator("#panel")).to_contain_text("Sent to accounting")
    change_order = ChangeOrder.objects.get()

    # Ann reviews what will change in QuickBooks, and accepts.
    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/change-orders/")
    screenshot(ann, "5-queue")
    ann.get_by_role("link", name="001").click()
    expect(ann.get_by_text("1,249.50").first).to_be_visible()
    screenshot(ann, "6-review")
    ann.get_by_role("button", name="Accept", exact=True).click()
    expect(ann.get_by_text("waiting for QuickBooks").first).to_be_visible()

    # The Web Connector comes by; both see it.
    visit = stage.web_connector(live_server.url).run_once()
    assert visit.outcome == "done", visit.message
    pam.reload()
    expect(pam.locator("#panel")).to_contain_text("Synced", timeout=10_000)
    screenshot(pam, "7-change-order-synced")
    ann.goto(f"/exports/{change_order.export_id}/")
    expect(ann.get_by_text(stage.order().txn_id).first).to_be_visible()
    screenshot(ann, "8-synced")

    order = stage.order()
    assert [line.amount for line in order.lines[2:]] == [Decimal("1249.50")]
    assert order.total == Decimal("36249.50")


def write_line(row, target: str, description: str, amount: str) -> None:
    row.get_by_label("changes line").fill(target)
    row.get_by_label("description").fill(description)
    row.get_by_label("amount").fill(amount)
