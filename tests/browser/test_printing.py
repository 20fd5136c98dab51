"""A change order and a commitment as PDFs, as a browser prints them on Letter and on A4."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SCREENSHOTS
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Excavate to the depth shown on S-201, lay 2 inches of lean concrete, form and pour footings"


def printed(page, name: str, paper: str) -> int:
    """Keeps the page as var/screenshots/NAME.pdf; how many sheets it takes."""
    folder = Path(os.environ.get("ERPBRIDGE_SCREENSHOTS", SCREENSHOTS))
    made = page.pdf(format=paper, prefer_css_page_size=False, path=str(folder / f"{name}.pdf"))
    return len(re.findall(rb"/Type\s*/Page\b", made))


def test_papers_for_signature(stage: Stage, live_server, sign_in, screenshot) -> None:
    codes = ("03-300", "05-120", "09-290")
    commitment = stage.commitment(
        title="Structural concrete and steel, Riverside Library",
        description="All labour, material and equipment for the work of divisions 03 and 05.",
        lines=[
            (codes[n % 3], LONG if n % 4 == 0 else f"Area {n}", f"{1000 * n + 0.5:.2f}")
            for n in range(1, 61)
        ],
    )
    stage.change_order(commitment, [(1, "Pump", "1250.00"), (2, "Omit", "-300.25")])
    cco = stage.change_order(
        commitment,
        [
            (1, LONG, "1500.00"),
            (2, "Less rebar", "-250.50"),
            (3, "Board on the north wall", "0.00"),
        ],
        number="002",
        title="Deeper footings at the north wall",
        description="The ground is softer than the report says.\nSee the quote of 2026-04-02.",
    )
    pam = sign_in(stage.pam)
    pam.goto(cco.get_absolute_url())
    pam.get_by_role("link", name="Print").click()
    expect(pam.get_by_role("button", name="Print or save as PDF")).to_be_visible()
    screenshot(pam, "paper-change-order-on-screen")
    for size in ("Letter", "A4"):
        assert printed(pam, f"paper-change-order-{size}", size) == 1
    pam.goto(f"{commitment.get_absolute_url()}print/")
    for size in ("Letter", "A4"):
        assert 2 <= printed(pam, f"paper-commitment-{size}", size) <= 5
    pam.set_viewport_size({"width": 390, "height": 800})
    screenshot(pam, "paper-commitment-390")


def test_the_queue_and_an_item_are_tables_on_paper(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    for number in ("SC-001", "SC-002"):
        sent = stage.commitment(number=number, title="Structural concrete, north wing")
        stage.send(sent)
    ann = sign_in(stage.ann)
    queue = f"/companies/{stage.company.pk}/erp/commitments/"
    for name, address, rows in (("queue", queue, 2), ("item", f"/exports/{sent.export_id}/", 2)):
        ann.goto(address)
        ann.emulate_media(media="print")
        ann.set_viewport_size({"width": 720, "height": 900})
        table = ann.locator("table").first
        expect(table.get_by_role("columnheader", name="Amount")).to_be_visible()
        expect(table.locator("tbody tr")).to_have_count(rows)
        expect(ann.get_by_role("button").locator("visible=true")).to_have_count(0)
        across = ann.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert across <= 0, f"{name} is {across} px too wide for paper"
        screenshot(ann, f"paper-{name}")
        ann.emulate_media(media="screen")
