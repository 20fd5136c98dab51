"""Dora keeps reasons; Ann rejects with one and names a line; Pam reads it, and is told."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
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


def _entered_the_password_long_ago() -> None:
    row = Session.objects.get()
    kept = row.get_decoded()
    for entered in kept["account_authentication_methods"]:
        entered["at"] -= 4000
    row.session_data = SessionStore().encode(kept)
    row.save()


def test_many_are_rejected_once_the_password_was_entered(
    stage: Stage, live_server, sign_in, screenshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.views.MOST_UNASKED", 1)
    made = [stage.commitment(number=f"SC-00{n}") for n in range(1, 4)]
    for document in made:
        stage.send(document)
    ann = sign_in(stage.ann)
    _entered_the_password_long_ago()
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    for number in ("SC-001", "SC-002"):
        ann.get_by_label(f"Select {number}").check()
    ann.get_by_role("button", name="Reject ticked").click()
    ann.get_by_label("What has to be changed").fill("Steel is 05-100.")
    ann.locator("[data-note-submit]").click()
    expect(ann.get_by_text("What you sent is not lost")).to_be_visible()
    screenshot(ann, "rejecting-5-password")
    ann.get_by_label("Password").fill("a long enough password")
    ann.get_by_role("button", name="Confirm").click()
    expect(ann.get_by_text("2 rejected")).to_be_visible()
    expect(ann.get_by_text("What you sent is not lost")).to_have_count(0)
    screenshot(ann, "rejecting-6-result")
    assert [stage.export(one).message for one in made] == ["Steel is 05-100."] * 2 + [""]
    # What can be pressed on this page does what it says.
    ann.get_by_role("row", name="SC-003").get_by_role("button", name="Accept").click()
    expect(ann.get_by_text("1 accepted")).to_be_visible()
