"""Pam imports a budget, locks and sends it in the browser; what accounting and she then see."""

from decimal import Decimal

import pytest
from django.urls import reverse

from approvals.models import Export
from commitments.workflow import create_commitment, set_commitment_status
from tests.browser.looks import in_every_look
from tests.budgets.entering import Desk
from tests.budgets.many import many_lines
from tests.commitments.entering import line, subcontract
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = (
    "Cost code\tCategory\tDescription\tAmount\n"
    "03-300\tSubcontract\tFootings and slabs\t40,000.00\n"
    "05-120\tSubcontract\tFrame\t25,000.50\n"
    "09-290\tSubcontract\t\t12000\n"
)


def test_a_budget_is_imported_locked_and_sent(stage: Stage, sign_in, screenshot) -> None:
    desk = Desk(stage)
    made = create_commitment(
        project=stage.project, by=desk.by, data=subcontract(stage, line("03-300", "45000.00"))
    )
    set_commitment_status(made, by=desk.by, version=made.export.version, status="approved")
    page = sign_in(stage.pam)
    page.goto(reverse("budget", args=[stage.project.pk]))
    page.get_by_role("button", name="Create the budget").click()
    page.get_by_role("link", name="Import a CSV file").click()
    page.get_by_label("or paste the table here").fill(TABLE.replace("40,000.00", "1.234,56"))
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_text("write a point before the decimals").first.wait_for()
    in_every_look(page, screenshot, "budget-import-faults")
    page.get_by_label("or paste the table here").fill(TABLE)
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_text("3 new, 0 changed").wait_for()
    in_every_look(page, screenshot, "budget-import")
    page.get_by_role("button", name="Import 3 lines").click()
    page.get_by_text("Imported: 3 new, 0 changed").wait_for()
    send = page.get_by_role("button", name="Send to ERP")
    assert send.is_disabled()
    page.get_by_role("button", name="Lock Budget").click()
    page.get_by_text("The budget is locked.").wait_for()
    in_every_look(page, screenshot, "budget-locked")
    page.get_by_role("button", name="Send to ERP").click()
    page.get_by_text("Sent to accounting").first.wait_for()
    export = Export.objects.get(kind="budget")
    assert (export.status, export.amount) == ("sent", Decimal("77000.50"))

    ann = sign_in(stage.ann)
    ann.goto(reverse("export", args=[export.pk]))
    ann.get_by_text("New estimate").wait_for()
    in_every_look(ann, screenshot, "budget-review")
    ann.goto(reverse("queue", args=[stage.company.pk, "budgets"]))
    ann.get_by_text("Original budget").wait_for()
    in_every_look(ann, screenshot, "budget-queue")
    stage.accept(desk.budget)
    stage.visit()

    page.reload()
    page.get_by_role("heading", name="Waiting for the ERP's job costs").wait_for()
    in_every_look(page, screenshot, "budget-waiting")
    unlock = page.get_by_role("button", name="Unlock Budget")
    assert unlock.is_disabled()
    stage.books.by_hand.enter_bill("City of Alder:Library", "05-120", Decimal(26000))
    desk.sync()
    page.reload()
    unlock.click()
    page.get_by_role("link", name="Edit lines").click()
    page.get_by_text("Add a line").wait_for()
    assert page.get_by_label("Line 1, amount").count() == 0, "it is in QuickBooks: text"
    page.get_by_label("Line 1, description").press("Alt+Delete")
    page.get_by_text("3 lines").wait_for()
    in_every_look(page, screenshot, "budget-lines-that-stay")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="New modification").click()
    page.get_by_label("Reason").fill("Soft soil under axis C")
    page.get_by_label("Line 1, cost code").fill("03-300")
    page.get_by_label("Line 1, category").fill("Subcontract")
    page.get_by_label("Line 1, amount").fill("-1500")
    page.get_by_label("Line 2, cost code").fill("05-120")
    page.get_by_label("Line 2, category").fill("Subcontract")
    page.get_by_label("Line 2, amount").fill("1500")
    in_every_look(page, screenshot, "budget-modification")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("It goes to the ERP with round 2").wait_for()
    in_every_look(page, screenshot, "budget-round-2")


def test_the_check_of_many_lines_comes_after_the_page_and_moves_nothing(
    stage: Stage, sign_in, browser, live_server
) -> None:
    desk = Desk(stage)
    desk.create()
    many_lines(desk.budget, 1000)
    desk.lock()
    address = reverse("budget", args=[stage.project.pk])
    page = sign_in(stage.pam)
    held = []
    page.route("**/panel/?**", lambda route: held.append(route))
    page.goto(address, wait_until="domcontentloaded")
    page.locator(".is-checking").wait_for()
    send = page.get_by_role("button", name="Send to ERP")
    assert send.is_disabled()
    before = page.locator("#beside").bounding_box(), page.locator(".main").bounding_box()
    page.wait_for_function("document.querySelector('#panel').classList.contains('htmx-request')")
    held[0].continue_()
    page.get_by_text("Its 1,003 lines can be sent.").wait_for()
    assert send.is_enabled()
    assert before == (page.locator("#beside").bounding_box(), page.locator(".main").bounding_box())

    plain = browser.new_context(
        base_url=live_server.url,
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
    ).new_page()
    plain.goto(address)
    plain.get_by_role("link", name="What is wrong with them?").click()
    plain.get_by_text("Its 1,003 lines can be sent.").wait_for()
    plain.get_by_role("button", name="Send to ERP").click()
    plain.get_by_text("Sent to accounting").first.wait_for()
    plain.context.close()
