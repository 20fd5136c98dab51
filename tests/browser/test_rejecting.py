"""Dora keeps reasons; Ann rejects with one and names a line; Pam reads it, and is told."""

import pytest
from playwright.sync_api import expect

from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_rejection_with_a_reason_and_a_line(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    first, second = (stage.commitment(number=number) for number in ("SC-001", "SC-002"))
    for document in (first, second):
        stage.send(document)
    dora = sign_in(stage.dora)
    dora.goto(f"/companies/{stage.company.pk}/erp/settings/")
    dora.get_by_label("Reasons for rejecting").fill("Wrong vendor\nWrong cost code")
    dora.get_by_label("Two approvers").fill("100000")
    dora.get_by_role("button", name="Save").click()
    dora.get_by_label("Password").fill("a long enough password")
    dora.get_by_role("button", name="Confirm").click()
    expect(dora.get_by_text("Saved the settings")).to_be_visible()
    screenshot(dora, "rejecting-1-settings")

    ann = sign_in(stage.ann)
    ann.goto(f"/exports/{first.export_id}/")
    ann.locator("#reject summary").click()
    ann.get_by_label("Reason", exact=False).first.select_option("Wrong cost code")
    ann.get_by_label("About which lines?").fill("7")
    ann.get_by_label("What has to be changed").fill("Steel is 05-100.")
    ann.locator("#reject form button").click()
    expect(ann.get_by_text("There is no line 7 in what was sent.")).to_be_visible()
    expect(ann.get_by_label("What has to be changed")).to_have_value("Steel is 05-100.")
    screenshot(ann, "rejecting-2-refused")
    ann.get_by_label("About which lines?").fill("2")
    screenshot(ann, "rejecting-2-form")
    ann.locator("#reject form button").click()
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    ann.get_by_role("row", name="SC-002").get_by_role("button", name="Reject").click()
    dialog = ann.locator("#note-dialog")
    dialog.get_by_label("Reason").select_option("Wrong vendor")
    screenshot(ann, "rejecting-3-dialog")
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(ann.get_by_text("1 rejected")).to_be_visible()

    pam = sign_in(stage.pam)
    expect(pam.get_by_text("Wrong cost code (line 2): Steel is 05-100.").first).to_be_visible()
    screenshot(pam, "rejecting-4-my-work")
    pam.get_by_role("link", name="All").click()
    expect(pam.get_by_text("Wrong vendor").first).to_be_visible()
    assert stage.export(second).message == "Wrong vendor"
