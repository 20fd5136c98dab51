"""QuickBooks as Dora, Pam and Ann see it: connected from nothing, its costs, its differences.

QuickBooks and its Web Connector are the sandbox's stand-ins.
"""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from connectors.models import Connection
from directory.models import ToolLevel
from directory.perms import Level, Tool
from sandbox.quickbooks import Qwc, WebConnector
from tests.budgets.entering import Desk
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_nothing_to_the_first_contact(
    stage: Stage, live_server, sign_in, screenshot, settings
) -> None:
    settings.BASE_URL = live_server.url
    stage.connection.delete()
    dora = sign_in(stage.dora)
    dora.goto(f"/companies/{stage.company.pk}/erp/connection/")
    screenshot(dora, "quickbooks-1-not-connected")
    dora.get_by_role("button", name="Set up the connection").click()
    dora.get_by_label("Password").fill("a long enough password")
    dora.get_by_role("button", name="Confirm").click()
    password = dora.locator("#password").inner_text().strip()
    screenshot(dora, "quickbooks-2-password-shown-once")
    with dora.expect_download() as download:
        dora.get_by_role("link", name=re.compile(r"\.qwc")).first.click()
    qwc = Qwc.read(download.value.path())

    # The bookkeeper opens the file in the Web Connector and types the password.
    web_connector = WebConnector(qwc, password, stage.books, wait=lambda _seconds: None)
    visit = web_connector.run_once()
    assert visit.outcome == "done", visit.message
    dora.goto(f"/companies/{stage.company.pk}/erp/connection/")
    expect(dora.get_by_text("Meridian Builders, Inc.").first).to_be_visible()
    assert password not in dora.content()
    screenshot(dora, "quickbooks-3-first-contact")
    assert Connection.objects.get().facts["purchase_orders"] == "on"


def test_job_costs_arrive(stage: Stage, live_server, sign_in, screenshot) -> None:
    stage.books.by_hand.enter_bill("City of Alder:Library", "03-300", Decimal("4321.50"))
    dora, pam = sign_in(stage.dora), sign_in(stage.pam)
    dora.goto(f"/companies/{stage.company.pk}/erp/connection/")
    dora.get_by_role("button", name="Sync now").click()
    expect(dora.get_by_text("asked for at the next call")).to_be_visible()
    visit = stage.web_connector(live_server.url).run_once()
    assert visit.outcome == "done", visit.message
    pam.goto(f"/projects/{stage.project.pk}/job-costs/")
    row = pam.get_by_role("row", name=re.compile("03-300"))
    expect(row).to_contain_text("4,321.50")
    screenshot(pam, "quickbooks-4-job-costs")


def test_an_order_edited_by_hand_is_shown_as_a_difference(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    order = stage.order()
    stage.books.by_hand.edit_line(order.txn_id, order.lines[0].txn_line_id, amount=Decimal("9000"))
    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/differences/")
    screenshot(ann, "quickbooks-5-never-compared")
    ann.get_by_role("button", name="Compare now").click()
    expect(ann.get_by_text("compared at the next call").first).to_be_visible()
    visit = stage.web_connector(live_server.url).run_once()
    assert visit.outcome == "done", visit.message
    ann.reload()
    row = ann.get_by_role("row", name=re.compile("line 1"))
    expect(row).to_contain_text(re.compile(r"10,?000\.00"))
    expect(row).to_contain_text(re.compile(r"9,?000\.00"))
    screenshot(ann, "quickbooks-6-difference")


def test_an_order_that_is_there_already_is_linked(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    commitment = stage.commitment()
    job = "City of Alder:Library"
    stage.books.by_hand.enter_order(
        "Ironwood Concrete",
        "A-77",
        [("03-300", job, "Footings", Decimal(10000)), ("05-120", job, "Frame", Decimal(25000))],
    )
    ann = sign_in(stage.ann)
    ann.goto(commitment.get_absolute_url())
    ann.get_by_role("link", name="In the ERP already?").click()
    ann.get_by_label("Number there").fill("A-77")
    ann.get_by_role("button", name="Look it up").click()
    expect(ann.get_by_text("looked through at the next call").first).to_be_visible()
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    ann.reload()
    screenshot(ann, "quickbooks-7-look-up")
    ann.get_by_role("button", name="Link to this one").click()
    expect(ann.locator("#panel")).to_contain_text("Synced")
    screenshot(ann, "quickbooks-8-linked")


def test_a_job_half_done_is_linked_from_a_list(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    there = (("SC-1", "100.00", "Pipe"), ("SC-2", "99.00", "Pipe"), ("SC-3", "100.00", "Copper"))
    for number, amount, words in there:
        stage.commitment(number=number, lines=[("03-300", "Pipe", "100.00")])
        stage.books.by_hand.enter_order(
            "Ironwood Concrete",
            number,
            [("03-300", "City of Alder:Library", words, Decimal(amount))],
            txn_date="2026-03-02",
        )
    for number in ("SC-4", "SC-5"):
        stage.commitment(number=number, lines=[("03-300", "Pipe", "100.00")])
    stage.commitment(number="SC-6", status="draft")
    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    ann.get_by_role("link", name="In the ERP already?").click()
    screenshot(ann, "linking-1-projects")
    ann.get_by_role("link", name="6 not linked").click()
    screenshot(ann, "linking-2-not-looked-up")
    ann.get_by_label("Select all on this page").check()
    ann.get_by_label("Select SC-5").uncheck()
    ann.get_by_role("button", name="Look up ticked").click()
    expect(ann.get_by_text("asked about 4 of them at the next call")).to_be_visible()
    expect(ann.get_by_text("1 not asked about:")).to_be_visible()
    screenshot(ann, "linking-3-being-looked-up")
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    ann.get_by_role("link", name="Show what was found").click()
    expect(ann.get_by_role("row", name=re.compile("SC-2"))).to_contain_text("99.00, not 100.00")
    screenshot(ann, "linking-4-found")
    ann.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    screenshot(ann, "linking-4-found-dark")
    ann.set_viewport_size({"width": 390, "height": 844})
    screenshot(ann, "linking-4-found-narrow-dark")
    ann.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    screenshot(ann, "linking-4-found-narrow")
    ann.set_viewport_size({"width": 1280, "height": 900})
    ann.get_by_role("button", name="Link it").click()
    expect(ann.get_by_text("1 linked")).to_be_visible()
    screenshot(ann, "linking-5-linked")
    ann.get_by_role("row", name=re.compile("SC-3")).get_by_role(
        "link", name="Look at all of it"
    ).click()
    ann.get_by_role("button", name="Link to this one").click()
    expect(ann.locator("#panel")).to_contain_text("Synced")


def test_a_quickbooks_user_who_may_not_see_everything_is_shown(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    """And Dora chooses what becomes of categories, once nothing is on its way."""
    for number in range(8):
        stage.books.add_vendor(f"Supplier {number}")
    dora = sign_in(stage.dora)
    dora.goto(f"/companies/{stage.company.pk}/erp/connection/")
    dora.get_by_role("button", name="Sync now").click()
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    dora.reload()
    expect(dora.get_by_text("sees everything that we ask for")).to_be_visible()
    expect(dora.get_by_text("expected about")).to_be_visible()
    screenshot(dora, "quickbooks-9-connection")
    stage.books.by_hand.set_preference("UserIsRestricted", True)
    dora.get_by_role("button", name="Sync now").click()
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    dora.reload()
    expect(dora.get_by_text("QuickBooks shows 1 of them; known here: 9.")).to_be_visible()
    dora.get_by_label(re.compile("A class")).check()
    dora.get_by_role("button", name="Use this from now on").click()
    expect(dora.get_by_label(re.compile("A class"))).to_be_checked()
    dora.set_viewport_size({"width": 390, "height": 844})
    screenshot(dora, "quickbooks-10-restricted-narrow")


def test_a_budget_beside_a_bid_goes_with_a_tick(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    bid = [("03-300", "Bid", Decimal("61000.00"))]
    stage.books.by_hand.enter_estimate(
        "City of Alder:Library", bid, number="B-7", txn_date="2026-01-05"
    )
    desk = Desk(stage)
    desk.create()
    desk.lock()
    stage.send(desk.budget)
    stage.accept(desk.budget)
    stage.visit()
    assert desk.status == "failed"
    ann = sign_in(stage.ann)
    ann.goto(f"/exports/{desk.budget.export_id}/")
    screenshot(ann, "quickbooks-11-budget-beside-a-bid")
    tick = ann.get_by_label(re.compile(r"I know that the job also has estimate B-7 .* 61,000\.00"))
    ann.get_by_role("button", name="Retry").click()
    assert desk.status == "failed"  # the browser asks for the tick first
    tick.check()
    ann.get_by_role("button", name="Retry").click()
    expect(ann.get_by_text("Accepted again").first).to_be_visible()
    stage.visit()
    assert desk.status == "synced"
