"""A large item takes two approvers: what Ann and Bea see of it."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_ann_is_the_first_and_bea_the_second(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    stage.company.second_approver_from = Decimal(20_000)
    stage.company.save()
    large = stage.commitment()
    for document in (
        large,
        stage.commitment(number="PO-1", lines=[("03-300", "Pipe", "10.00")]),
    ):
        stage.send(document)
    ann, bea = sign_in(stage.ann), sign_in(stage.bea)
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    ann.get_by_label("Select all on this page").check()
    ann.get_by_role("button", name="Accept ticked").click()
    expect(ann.get_by_text("first approval given, a second approver is missing")).to_be_visible()
    expect(ann.get_by_text("1 accepted")).to_be_visible()
    screenshot(ann, "second-1-first-approval")
    bea.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    expect(bea.get_by_text("Ann has approved; a second approver is missing")).to_be_visible()
    bea.get_by_role("link", name="SC-001").click()
    expect(bea.get_by_text("Ann has; somebody else is missing.")).to_be_visible()
    bea.set_viewport_size({"width": 390, "height": 844})
    bea.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    screenshot(bea, "second-2-second-narrow-dark")
    bea.get_by_role("button", name="Accept", exact=True).click()
    expect(bea.get_by_text("Accepted.").first).to_be_visible()
    assert stage.status(large) == "accepted"
