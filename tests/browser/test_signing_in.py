"""Ann sets up a passkey and signs in with it; a token; a password asked for again."""

import re

import pytest
from cryptography.fernet import Fernet
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from directory.models import Company
from directory.sessions import SEEN
from directory.workflow import change_settings
from tests.browser.looks import in_every_look
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a long enough password"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_set_up_where_the_company_asks_and_opens_the_queue(
    stage: Stage, live_server, sign_in, screenshot, settings
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    change_settings(
        stage.company,
        by=stage.access(stage.dora),
        second_factor_required=True,
        rejection_reasons=[],
    )
    stage.send(stage.commitment())
    ann = sign_in(stage.ann)
    device = ann.context.new_cdp_session(ann)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    expect(ann.get_by_text("until then you can only look")).to_be_visible()
    screenshot(ann, "signing-in-1-asked-for")

    ann.get_by_role("link", name="Set yours up").click()
    screenshot(ann, "signing-in-2-second-factor")
    ann.goto("/accounts/second-factor/webauthn/add/")
    ann.get_by_label("Password").fill(PASSWORD)
    screenshot(ann, "signing-in-3-password-again")
    ann.get_by_role("button", name="Confirm").click()
    ann.get_by_label("Passwordless").check()
    screenshot(ann, "signing-in-4-passkey")
    ann.get_by_role("button", name="Add").click()
    expect(ann.get_by_text("recovery codes").first).to_be_visible()
    screenshot(ann, "signing-in-5-recovery-codes")

    ann.get_by_role("button", name="Ann").click()
    ann.get_by_role("button", name="Sign out").click()
    ann.goto("/accounts/login/")
    screenshot(ann, "signing-in-6-sign-in")
    ann.get_by_role("button", name="Use a passkey instead").click()
    expect(ann.get_by_role("heading", name="My work")).to_be_visible()
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    expect(ann.get_by_role("button", name="Accept").first).to_be_visible()
    assert Company.objects.get(pk=stage.company.pk).second_factor_required

    # The password alone is not enough any more.
    ann.get_by_role("button", name="Ann").click()
    ann.get_by_role("button", name="Sign out").click()
    ann.goto("/accounts/login/")
    ann.get_by_label("Email").fill(stage.ann.email)
    ann.get_by_label("Password", exact=True).fill(PASSWORD)
    ann.get_by_role("button", name="Sign in", exact=True).click()
    screenshot(ann, "signing-in-7-second-factor-asked")
    ann.get_by_role("button", name="Use a security key").click()
    expect(ann.get_by_role("heading", name="My work")).to_be_visible()


def test_the_account_page(stage: Stage, live_server, sign_in, screenshot) -> None:
    pam = sign_in(stage.pam)
    pam.get_by_role("button", name="Pam").click()
    pam.get_by_role("link", name="Your account").click()
    pam.get_by_placeholder("What for").fill("monthly report")
    pam.get_by_role("button", name="Make a token").click()
    pam.get_by_label("Password").fill(PASSWORD)
    pam.get_by_role("button", name="Confirm").click()
    expect(pam.get_by_label("Token")).to_have_value(re.compile("eb_[0-9a-f]{48}"))
    screenshot(pam, "account-1-token")
    pam.get_by_role("link", name="Done").click()
    expect(pam.get_by_text("monthly report")).to_be_visible()
    pam.get_by_label("Once a day").check()
    pam.get_by_role("button", name="Save").click()
    expect(pam.get_by_text("Saved when you get mail.")).to_be_visible()
    screenshot(pam, "account-2")
    pam.get_by_role("button", name="Light or dark").click()
    pam.reload()
    screenshot(pam, "account-3-dark")
    pam.set_viewport_size({"width": 390, "height": 844})
    screenshot(pam, "account-4-narrow")
    pam.goto("/accounts/sessions/")
    screenshot(pam, "account-5-sessions")


def _an_hour_alone() -> None:
    row = Session.objects.get()
    kept = row.get_decoded()
    kept[SEEN] -= 4000
    row.session_data = SessionStore().encode(kept)
    row.save()


def test_pam_comes_back_from_lunch_and_what_she_typed_is_saved(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    pam = sign_in(stage.pam)
    pam.goto(f"/projects/{stage.project.pk}/commitments/new/")
    pam.get_by_label("Number", exact=True).fill("SC-77")
    pam.get_by_label("Title", exact=True).fill("Drywall")
    _an_hour_alone()
    pam.get_by_role("button", name="Save").first.click()
    expect(pam.get_by_text("Nothing was heard of you for an hour.")).to_be_visible()
    in_every_look(pam, screenshot, "signing-in-locked")
    pam.get_by_label("Password").fill(PASSWORD)
    pam.get_by_role("button", name="Confirm").click()
    expect(pam.get_by_role("heading", name="Drywall")).to_be_visible()


def test_a_comment_that_ann_typed_in_a_locked_queue_can_still_be_sent(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    document = stage.commitment()
    stage.send(document)
    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    ann.get_by_role("row", name="SC-001").get_by_role("button", name="Reject").click()
    dialog = ann.locator("#note-dialog")
    dialog.locator("textarea").fill("Steel is 05-100.")
    _an_hour_alone()
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(ann.get_by_role("alert")).to_contain_text("What you typed stays here")
    screenshot(ann, "signing-in-locked-queue")
    there = ann.context.new_page()
    there.goto(ann.url)
    there.get_by_label("Password").fill(PASSWORD)
    there.get_by_role("button", name="Confirm").click()
    expect(there.get_by_role("row", name="SC-001")).to_be_visible()
    expect(dialog.locator("textarea")).to_have_value("Steel is 05-100.")
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(ann.get_by_text("1 rejected")).to_be_visible()
    assert stage.export(document).message == "Steel is 05-100."
