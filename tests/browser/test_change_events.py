"""Pam enters a change event, pastes its lines, and makes a change order of them."""

import pytest

from commitments.models import ChangeOrder
from tests.browser.looks import in_every_look
from tests.browser.test_entering_lines import PASTE, cell
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_a_change_event_to_a_change_order(stage: Stage, sign_in, screenshot) -> None:
    stage.project.change_events = True
    stage.project.save()
    stage.commitment()
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/change-events/")
    page.get_by_role("link", name="New change event").click()
    page.get_by_label("Title").fill("Owner moves the stair")
    page.get_by_label("Description").first.fill("Bulletin 7 moves the stair to the north wall.")
    cell(page, 1, "commitment or company").focus()
    page.evaluate(
        PASTE,
        "SC-001\t03-300\tSubcontract\tFootings for the stair\t\t\t\t1500\n"
        "Ironwood\t09-290\tSubcontract\tPatch the old opening\t\t\t\t($250.50)\n"
        "\t05-120\tSubcontract\tStringers\t2\tEA\t400",
    )
    assert cell(page, 1, "commitment or company").input_value() == "SC-001 · Ironwood Concrete"
    cell(page, 2, "commitment or company").fill("Ironwood Concrete")
    assert page.locator("[data-total]").inner_text() == "2,049.50"
    in_every_look(page, screenshot, "change-event-form")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Change event 001 is saved.").wait_for()

    page.get_by_label("Line 1").check()
    page.get_by_label("Line 2").check()
    page.get_by_role("button", name="Create change order").click()
    page.get_by_text("Choose the commitment for line 2. It names Ironwood Concrete.").wait_for()
    in_every_look(page, screenshot, "change-event-refused")
    page.get_by_label("For lines without a commitment").select_option(index=1)
    page.get_by_role("button", name="Create change order").click()
    page.get_by_text("Made, as a Draft: SC-001 / 001.").wait_for()
    in_every_look(page, screenshot, "change-event-carried")

    page.get_by_label("Line 3").check()
    page.get_by_label("Change order", exact=True).select_option(index=1)
    page.get_by_role("button", name="Add to change order").click()
    page.get_by_text("1 line added to SC-001 / 001.").wait_for()
    page.get_by_label("Line 3").check()
    page.get_by_role("button", name="Take out of change order").click()
    page.get_by_text("1 line taken out; free to go elsewhere.").wait_for()

    page.get_by_role("link", name="SC-001 / 001").first.click()
    page.get_by_text("From change event 001, line 2").wait_for()
    in_every_look(page, screenshot, "change-order-from-change-event")
    assert str(ChangeOrder.objects.get().total) == "1249.50"
    page.goto(f"/projects/{stage.project.pk}/change-events/")
    in_every_look(page, screenshot, "change-events")
    page.goto(f"/projects/{stage.project.pk}/")
    assert "1 with lines that no change order carries" in page.locator(".tiles").inner_text()
