"""An accountant at month's end: narrowing the queue, deciding by keyboard."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from approvals.models import Export
from tests.browser.looks import in_every_look
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(stage: Stage, how_many: int) -> list[int]:
    """So many change orders of one synced commitment, each a day older; the exports' ids."""
    commitment = stage.commitment()
    stage.synced(commitment)
    made = []
    for n in range(1, how_many + 1):
        change_order = stage.change_order(
            commitment, number=f"{n:03d}", title=f"Change {n}", lines=[(1, "More", f"{n * 400}.00")]
        )
        stage.send(change_order)
        moment = timezone.now() - timedelta(days=how_many - n)
        Export.objects.filter(pk=change_order.export_id).update(status_at=moment)
        made.append(change_order.export_id)
    return made


def test_ann_narrows_the_queue_and_decides_what_is_left(stage, sign_in, screenshot):
    exports = waiting(stage, 8)
    page = sign_in(stage.ann)
    page.goto(f"/companies/{stage.company.pk}/erp/change-orders/")
    page.get_by_role("link", name="Filter", exact=True).click()
    form = page.get_by_role("form", name="Filter this view")
    form.get_by_label("Project").select_option(label=str(stage.project))
    form.get_by_label("Sent by").select_option(label=stage.pam.name)
    form.get_by_label("Amount from").fill("1,000.00")
    form.get_by_label("Order").select_option(label="Oldest first")
    screenshot(page, "queue-filter-form")
    form.get_by_role("button", name="Show").click()
    rows = page.locator("#queue tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_contain_text("Change 3")
    expect(page.get_by_role("link", name=re.compile("From 1,000.00"))).to_be_visible()
    screenshot(page, "queue-filtered")
    page.get_by_role("button", name=re.compile("dark", re.IGNORECASE)).click()
    screenshot(page, "queue-filtered-dark")
    page.get_by_role("button", name=re.compile("dark|light", re.IGNORECASE)).click()

    # Which keys there are stands below the rows, and is brought into view and read out.
    page.keyboard.press("?")
    expect(page.locator(".keys")).to_be_focused()
    expect(page.locator(".keys")).to_be_in_viewport()
    # The keyboard: the first is accepted where it stands, the second opened and accepted there.
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("1 accepted")
    expect(rows).to_have_count(5)
    expect(rows.first).to_have_class("is-current")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Change 4")
    page.get_by_role("button", name="Accept").click()
    # The next one of what she narrowed the view to, in its order.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Change 5")
    screenshot(page, "review-next")
    statuses = Export.objects.filter(pk__in=exports).values_list("id", "status")
    accepted = sorted(pk for pk, status in statuses if status == "accepted")
    assert accepted == exports[2:4]

    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/companies/{stage.company.pk}/erp/change-orders/?least=1000&order=oldest")
    page.get_by_role("link", name="Filter", exact=True).click()
    expect(form).to_be_visible()
    screenshot(page, "queue-filtered-390")


def test_ann_closes_the_month_of_a_job(stage, sign_in, screenshot):
    waiting(stage, 3)
    stage.commitment(number="SC-002", title="Roofing", lines=[("05-120", "Deck", "8200.50")])
    page = sign_in(stage.ann)
    page.goto(f"/companies/{stage.company.pk}/erp/month-end/")
    screenshot(page, "month-end")
    page.get_by_role("link", name=str(stage.project)).click()
    row = page.get_by_role("row", name=re.compile("SC-001"))
    expect(row).to_contain_text("3 ready to export: 2,400.00")
    expect(page.get_by_role("row", name=re.compile("2 commitments"))).to_contain_text("10,600.50")
    screenshot(page, "month-end-job")
    page.emulate_media(media="print")
    screenshot(page, "month-end-job-print")


def test_dora_reads_the_history(stage, sign_in, screenshot):
    waiting(stage, 4)
    page = sign_in(stage.dora)
    page.goto(f"/companies/{stage.company.pk}/directory/")
    page.get_by_role("link", name="History").click()
    page.get_by_label("Who").select_option(label=stage.ann.name)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name=re.compile("Accepted"))).to_be_visible()
    page.get_by_label("Who").select_option(label="Anybody")
    page.get_by_role("button", name="Show").click()
    screenshot(page, "company-history")


def test_long_names_and_numbers_stay_in_their_places(stage: Stage, sign_in, screenshot) -> None:
    stage.pam.name = "Pamela Wilhelmina Ortega-Featherstonehaugh de la Vega"
    stage.pam.save()
    sent = stage.commitment(
        number="SC-24017-02-REVISED-AND-RENUMBERED", title="Furnish and install " + "steel " * 12
    )
    stage.send(stage.commitment())
    Export.objects.update(number=sent.number, amount="123456789.99")
    ann, pam = sign_in(stage.ann), sign_in(stage.pam)
    pam.goto(f"/projects/{stage.project.pk}/commitments/")
    in_every_look(pam, screenshot, "long-commitments")
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    in_every_look(ann, screenshot, "long-queue")
    for width in (1280, 390):
        ann.set_viewport_size({"width": width, "height": 900})
        row = ann.locator("#queue tbody tr").first
        for one, other in ((".a-number", ".a-amount"), (".a-who", ".a-when")):
            words = row.locator(one).evaluate(
                "cell => { const all = document.createRange(); all.selectNodeContents(cell);"
                " return Math.max(...[...all.getClientRects()].map((box) => box.right)); }"
            )
            assert words <= row.locator(other).bounding_box()["x"], (width, one)
        ann.locator("#queue h2").first.click()
        assert row.locator(".a-title").bounding_box()["width"] >= 150
