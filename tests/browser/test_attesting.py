"""Ann and an ERP that cannot be asked: she chooses a number and attests what is gone or there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ledger import Books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_order_goes_under_anns_number_and_is_unlinked_on_her_word(
    stage: Stage, ledger: Books, live_server, sign_in, screenshot
) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ledger.visit(stage.connection.pk)
    lines = [(1, "Deeper footings", "1500.00"), (2, "More steel", "700.00")]
    document = stage.change_order(commitment, lines)
    stage.send(document)

    ann: Page = sign_in(stage.ann)
    address = f"/exports/{document.export_id}/"
    ann.goto(address)
    number = ann.get_by_label("Its number in Ledger")
    expect(number).to_have_value("C-001")
    number.fill("X-77")
    expect(ann.get_by_text("4 of 8 characters")).to_be_visible()
    screenshot(ann, "attesting-1-number")
    ann.get_by_role("button", name="Accept").click()
    expect(ann.get_by_text("It is sent to Ledger within seconds.").first).to_be_visible()

    ledger.refuses = "05-120"
    ledger.visit(stage.connection.pk)
    ann.goto(address)
    expect(ann.get_by_role("alert")).to_contain_text("Partly in Ledger: 1 of its lines are.")
    screenshot(ann, "attesting-2-partly")
    ledger.refuses = ""
    ann.get_by_role("button", name="Retry").click()
    expect(ann.get_by_text("It goes on at the first call").first).to_be_visible()
    ledger.visit(stage.connection.pk)
    ann.goto(address)
    expect(ann.get_by_text("change order X-77")).to_be_visible()

    ann.get_by_text("Unlink …").click()
    ann.get_by_label(re.compile("The CCO X-77 was deleted")).check()
    ann.get_by_label("How did you make sure?").fill("Deleted it in the change order log.")
    screenshot(ann, "attesting-3-unlink")
    ann.get_by_role("button", name="Unlink").click()
    expect(ann.get_by_text("Successful Unlinked").first).to_be_visible()
    expect(ann.get_by_text("Attested: The CCO X-77 was deleted")).to_be_visible()

    ann.get_by_label("Number there").fill("X-78")
    ann.get_by_label(re.compile("It stands in The Ledger")).check()
    ann.get_by_label("Where did you look").fill("In the log of job 26-010.")
    screenshot(ann, "attesting-4-there-already")
    ann.get_by_role("button", name="Link to it").click()
    expect(ann.get_by_text("Recorded. It is Synced from now on.")).to_be_visible()
    assert ledger.lines[2:] == ["X-77 03-300 1500.00", "X-77 05-120 700.00"]
