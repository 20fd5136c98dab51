"""Dora asks for Vic, Otto grants, Vic decides, Otto takes it away and back comes what waits."""

import pytest
from playwright.sync_api import expect

from directory.access import set_level
from directory.models import Membership
from directory.perms import Level, Tool
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_privilege_is_asked_for_granted_used_and_taken_away(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    vics = Membership.objects.get(user=stage.vic)
    set_level(vics, Tool.ERP, Level.STANDARD, by=stage.dora)
    commitment = stage.commitment()
    stage.send(commitment)
    queue = f"/companies/{stage.company.pk}/erp/commitments/"

    vic = sign_in(stage.vic)
    vic.goto(queue)
    expect(vic.get_by_role("button", name="Accept").first).to_be_disabled()

    dora = sign_in(stage.dora)
    dora.goto(f"/companies/{stage.company.pk}/directory/")
    dora.get_by_role("link", name="Vic").click()
    dora.get_by_label("Why should Vic decide").fill("Ann is away in August; Vic closes the month.")
    screenshot(dora, "privilege-1-asking")
    dora.get_by_role("button", name="Ask the operator").click()
    expect(dora.get_by_text("Ann is away in August").first).to_be_visible()
    screenshot(dora, "privilege-2-asked")

    otto = sign_in(stage.otto)
    otto.get_by_role("link", name="Operator", exact=True).click()
    otto.get_by_role("link", name="Accounting privilege").click()
    screenshot(otto, "privilege-3-request")
    otto.get_by_role("button", name="Grant the privilege to Vic").click()
    otto.get_by_label("Password").fill("a long enough password")
    screenshot(otto, "privilege-3b-password-again")
    otto.get_by_role("button", name="Confirm").click()
    expect(otto.get_by_text("was granted to Vic")).to_be_visible()
    screenshot(otto, "privilege-4-granted")

    vic.goto(queue)
    vic.get_by_role("link", name="SC-001").click()
    vic.get_by_role("button", name="Accept", exact=True).click()
    expect(vic.get_by_text("waiting for QuickBooks").first).to_be_visible()

    otto.get_by_role("link", name="Revoke the privilege of Vic").click()
    expect(otto.get_by_text("1 item that Vic accepted is still waiting")).to_be_visible()
    screenshot(otto, "privilege-5-revoking")
    otto.get_by_role("button", name="Revoke").click()
    expect(otto.get_by_text("Back in the queue: 1")).to_be_visible()
    assert stage.status(commitment) == "sent"
    vic.goto(queue)
    expect(vic.get_by_role("button", name="Accept").first).to_be_disabled()

    # The same pages on a phone, and in the dark.
    otto.get_by_role("button", name="Light or dark").click()
    screenshot(otto, "privilege-6-dark")
    dora.set_viewport_size({"width": 390, "height": 844})
    dora.reload()
    screenshot(dora, "privilege-7-narrow")
