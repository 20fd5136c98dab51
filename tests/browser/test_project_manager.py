"""A project manager's days: from a spreadsheet to the queue, and back after a rejection."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from commitments.models import ChangeOrder, Commitment
from commitments.workflow import set_commitment_status
from tests.browser.looks import NARROW, in_every_look
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

SOV = """Cost code,Category,Description,Qty,Unit,Unit price,Amount
03-300,Subcontract,Footings,12.5,CY,185.005,
03-300,Subcontract,Slab on grade,,,,"18,400.00"
05-12,Subcontract,Steel frame,,,,"62,000.00"
05-120,Subcontract,Stairs,,,,"4.100,50"
"""


def test_from_a_file_to_the_queue(stage: Stage, sign_in, screenshot, tmp_path: Path) -> None:
    pam = sign_in(stage.pam)
    pam.goto(f"/projects/{stage.project.pk}/commitments/new/")
    pam.get_by_label("Number").fill("SC-100")
    pam.get_by_label("Title").fill("Cast-in-place concrete")
    pam.get_by_label("Contract company").select_option(str(stage.vendor.pk))
    file = tmp_path / "sov.csv"
    file.write_text(SOV, encoding="utf-8-sig")
    pam.get_by_label("CSV file").set_input_files(file)
    in_every_look(pam, screenshot, "pm-1-import")
    pam.get_by_role("button", name="Read the table").click()
    expect(pam.get_by_text("Nothing is saved yet: 2 things to mend.")).to_be_visible()
    expect(pam.locator("#line-3")).to_contain_text("There is no such cost code “05-12”")
    expect(pam.locator("#line-4")).to_contain_text("(Row 5 of the table.)")
    expect(pam.get_by_label("Title")).to_have_value("Cast-in-place concrete")
    in_every_look(pam, screenshot, "pm-2-bad-rows")

    # Each is mended where it stands; then all are saved at once.
    pam.get_by_label("Line 3, cost code").fill("05-120")
    pam.get_by_label("Line 4, amount").fill("4100.50")
    pam.get_by_label("Line 4, amount").press("Tab")
    expect(pam.locator("[data-total]")).to_have_text("86,813.06")
    pam.get_by_role("button", name="Save", exact=True).click()
    expect(pam.get_by_text("Commitment SC-100 is saved, as a Draft.")).to_be_visible()
    commitment = Commitment.objects.get()
    assert commitment.total == Decimal("86813.06")
    in_every_look(pam, screenshot, "pm-3-commitment")

    # Two more like it, then all that can go is sent from the list.
    pam.get_by_role("link", name="Copy").click()
    expect(pam.get_by_label("Number")).to_have_value("SC-101")
    pam.get_by_role("button", name="Save", exact=True).click()
    pam.get_by_role("button", name="Approve").click()
    pam.goto(f"/projects/{stage.project.pk}/commitments/")
    send = pam.get_by_role("button", name="Send ticked to ERP")
    expect(send).to_be_disabled()
    expect(pam.get_by_text("Nothing ticked")).to_be_visible()
    pam.get_by_label("Select all on this page").check()
    expect(pam.get_by_text("2 ticked, 173,626.12")).to_be_visible()
    in_every_look(pam, screenshot, "pm-4-list-ticked")
    # On a telephone a sum begins below what it is called.
    pam.set_viewport_size({"width": 390, "height": 900})
    for total in pam.locator("tfoot [data-label]").all():
        assert total.evaluate("one => getComputedStyle(one).textAlign") == "left"
    pam.set_viewport_size({"width": 1280, "height": 900})
    send.click()
    expect(pam.get_by_text("1 not sent:")).to_be_visible()
    expect(pam.get_by_text("The status is Draft.")).to_be_visible()
    expect(pam.get_by_text("1 sent", exact=True)).to_be_visible()
    in_every_look(pam, screenshot, "pm-5-results")
    assert stage.status(Commitment.objects.get(number="SC-101")) == "sent"
    with pam.expect_download() as download:
        pam.get_by_role("link", name="Download CSV").click()
    log = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert log.count("86813.06") == 4  # original and revised of both


def test_a_rejection_is_mended_and_sent_again(stage: Stage, sign_in, screenshot) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    cco = stage.change_order(commitment)
    stage.send(cco)

    ann = sign_in(stage.ann)
    ann.goto(f"/exports/{cco.export_id}/")
    ann.get_by_text("Reject …").click()
    ann.get_by_label("What has to be changed").fill("The quote says 1,400.00.")
    ann.get_by_role("button", name="Reject", exact=True).click()
    expect(ann.get_by_text("The project manager sees your comment.")).to_be_visible()

    pam = sign_in(stage.pam)
    pam.goto(f"/projects/{stage.project.pk}/change-orders/?erp=rejected")
    in_every_look(pam, screenshot, "pm-6-rejected-list")
    pam.get_by_role("link", name="View SC-001 / 001").click()
    expect(pam.locator("#panel")).to_contain_text("The quote says 1,400.00.")
    expect(pam.get_by_role("button", name="Re-send to ERP")).to_be_enabled()
    pam.get_by_role("link", name="Edit", exact=True).click()
    pam.get_by_label("Line 1, amount").fill("1400")
    pam.get_by_role("button", name="Save", exact=True).click()
    expect(pam.get_by_text("so it is Pending - Revised until it is approved.")).to_be_visible()
    expect(pam.locator("#since-box")).to_contain_text("1,400.00")
    expect(pam.get_by_role("button", name="Re-send to ERP")).to_be_disabled()
    in_every_look(pam, screenshot, "pm-7-mended")
    pam.get_by_role("button", name="Approve").click()
    pam.get_by_role("button", name="Re-send to ERP").click()
    expect(pam.get_by_text("Sent. Accounting finds it")).to_be_visible()
    assert stage.status(cco) == "sent"
    assert stage.export(cco).amount == Decimal("1400.00")
    assert ChangeOrder.objects.get().revision == 1


def test_every_disabled_button_says_why(stage: Stage, sign_in, screenshot) -> None:
    """In every state of a document, for who may do everything and for who may only look."""
    draft = stage.commitment(number="SC-1", status="draft", vendor=None)
    sent = stage.commitment(number="SC-2")
    stage.send(sent)
    complete = stage.commitment(number="SC-3")
    stage.synced(complete)
    change = stage.change_order(complete, status="pricing")
    early = stage.change_order(draft)
    by = stage.access(stage.pam)
    version = stage.export(complete).version
    set_commitment_status(complete, by=by, version=version, status="complete")
    void = stage.commitment(number="SC-4", status="void")
    project = stage.project.pk
    pages = [
        reverse("commitments", args=[project]),
        reverse("change_orders", args=[project]),
        *(one.get_absolute_url() for one in (draft, sent, complete, void, change, early)),
    ]
    told = {}
    for person in (stage.pam, stage.vic):
        page = sign_in(person)
        for path in pages:
            page.goto(path)
            told[person.name, path] = reasons(page)
    screenshot(page, "pm-8-only-looking")
    pam_sees = [one for (name, _), found in told.items() if name == "Pam" for one in found]
    vic_sees = [one for (name, _), found in told.items() if name == "Vic" for one in found]
    for label, why in (
        ("Send to ERP", "No contract company is chosen."),
        ("Send to ERP", "Commitment SC-1 is not in the ERP yet"),
        ("New change order", "The commitment is Complete; it takes no change orders."),
        ("New change order", "The commitment is Void; it takes no change orders."),
        ("Approve", "Commitment SC-3 is Complete. Set it to Approved first."),
        ("Delete", "It cannot be deleted now. It waits for accounting."),
        ("Delete", "Only a Draft can be deleted; this one is Approved."),
    ):
        assert any(label == one and why in words for one, words in pam_sees), (label, why)
    for label in ("Edit", "Copy", "New change order", "Approve", "Delete", "Send ticked to ERP"):
        words = [words for one, words in vic_sees if one == label]
        assert words, label
        assert all("This needs Admin on" in one for one in words), (label, words)


def reasons(page: Page) -> list[tuple[str, str]]:
    """Every button that cannot be pressed, with the words that its (?) shows; all must have some.

    Those that wait for a tick have the count of what is ticked beside them.
    """
    found = []
    for button in page.locator("main button:disabled:visible:not([data-needs-ticks])").all():
        label = button.inner_text()
        mark = button.locator(
            "xpath=following-sibling::*[1]/descendant-or-self::details[@class='why']"
        )
        assert mark.count() == 1, f"{label} on {page.url} does not say why."
        mark.locator("summary").click()
        words = mark.locator(".why-text")
        expect(words).to_be_visible()
        found.append((label, words.inner_text()))
        mark.locator("summary").click()
    return found


def test_a_word_without_an_end_hides_no_amount(stage: Stage, sign_in, screenshot) -> None:
    endless = "https://example.com/" + "drawing" * 12
    commitment = stage.commitment(title=endless, lines=[("03-300", endless, "12345.67")])
    stage.send(commitment)
    company, project = stage.company.pk, stage.project.pk
    ann = sign_in(stage.ann)
    for name, address in (
        ("my-work", "/"),
        ("document", commitment.get_absolute_url()),
        ("list", f"/projects/{project}/commitments/"),
        ("queue", f"/companies/{company}/erp/commitments/"),
        ("review", f"/exports/{commitment.export_id}/"),
        ("month-end", f"/companies/{company}/erp/month-end/{project}/"),
    ):
        ann.goto(address)
        ann.set_viewport_size({"width": 1024, "height": 900})
        assert ann.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        in_every_look(ann, screenshot, f"endless-{name}")
        for frame in ann.locator(".table-frame").all():
            if name != "document":  # its schedule may be pushed, with so many columns of amounts
                assert frame.evaluate("one => one.scrollWidth <= one.clientWidth"), name


def test_a_whole_schedule_of_values_is_seen_at_a_desk(stage: Stage, sign_in, screenshot) -> None:
    order = stage.commitment(
        type="purchase_order", lines=[("03-300", "Bars no. 6, cut and bent", "127840.00")]
    )
    order.lines.update(quantity=Decimal("110.5"), unit="ton", unit_cost=Decimal("1156.92"))
    pam = sign_in(stage.pam)
    pam.goto(order.get_absolute_url())
    screenshot(pam, "schedule-with-quantities")
    schedule = pam.locator(".table-frame").first
    assert schedule.evaluate("one => one.scrollWidth <= one.clientWidth")

    # The most that both may have, at no price.
    order.lines.update(
        quantity=Decimal("1234567890.1234"), unit="long tons of 2240 lb", unit_cost=Decimal("0")
    )
    pam.reload()
    screenshot(pam, "schedule-with-large-quantities")
    assert schedule.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_large_amounts_are_whole_on_a_telephone(stage: Stage, sign_in, screenshot) -> None:
    """Those that Ann decides on, and those that came back."""
    commitment = stage.commitment(lines=[("03-300", "Footings and grade beams", "12345678.90")])
    stage.synced(commitment)
    change_order = stage.change_order(commitment, [(1, "Deeper footings", "1234567.89")])
    stage.send(change_order)
    ann = sign_in(stage.ann)
    for step in ("decided-on", "synced"):
        ann.goto(f"/exports/{change_order.export_id}/")
        in_every_look(ann, screenshot, f"large-amounts-{step}")
        ann.set_viewport_size({"width": NARROW, "height": 900})
        for frame in ann.locator(".table-frame").all():
            assert frame.evaluate("one => one.scrollWidth <= one.clientWidth"), step
        if step == "decided-on":
            expect(ann.get_by_role("cell", name="13,580,246.79").first).to_be_visible()
            stage.accept(change_order, stage.ann)
            stage.visit()
