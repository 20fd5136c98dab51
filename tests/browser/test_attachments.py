"""Pam attaches papers by clicking; Ann opens them beside what was sent."""

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.attachments.files import pdf, png
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def papers(tmp_path: Path) -> list[Path]:
    """A signed change order, a photograph of the site, and a program in disguise."""
    contents = {"Signed CCO 001.pdf": pdf(), "Trench.png": png(320, 200), "Quote.pdf": b"MZ\x90\0"}
    made = [tmp_path / name for name in contents]
    for path in made:
        path.write_bytes(contents[path.name])
    return made


def test_papers_go_with_a_change_order(
    stage: Stage, live_server, sign_in, screenshot, papers: list[Path]
) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    cco = stage.change_order(commitment)
    pam = sign_in(stage.pam)
    pam.goto(cco.get_absolute_url())

    # One of three is not what its name says: nothing is attached, and she is told which.
    pam.get_by_label("Files to attach").set_input_files(papers)
    pam.get_by_role("button", name="Attach", exact=True).click()
    expect(pam.locator("#messages")).to_contain_text("Quote.pdf: it is not a PDF")
    pam.get_by_label("Files to attach").set_input_files(papers[:2])
    pam.get_by_role("button", name="Attach", exact=True).click()
    expect(pam.locator("#attachments")).to_contain_text("Signed CCO 001.pdf")
    screenshot(pam, "attachments-1-change-order")
    pam.set_viewport_size({"width": 390, "height": 800})
    screenshot(pam, "attachments-1-change-order-390")
    pam.set_viewport_size({"width": 1280, "height": 900})

    pam.get_by_role("button", name="Send to ERP").click()
    expect(pam.locator("#panel")).to_contain_text("Sent to accounting")
    expect(pam.get_by_role("button", name="Attach files")).to_be_disabled()

    ann = sign_in(stage.ann)
    ann.goto(f"/exports/{cco.export_id}/")
    screenshot(ann, "attachments-2-review")
    with ann.expect_download() as download:
        ann.get_by_role("link", name="Signed CCO 001.pdf").click()
    assert download.value.suggested_filename == "Signed CCO 001.pdf"
    got = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(got).hexdigest() == hashlib.sha256(pdf()).hexdigest()

    # The picture opens in a page of its own that can do nothing.
    with ann.expect_popup() as popup:
        ann.get_by_role("link", name="Trench.png").click()
    picture = popup.value
    picture.wait_for_load_state()
    assert picture.locator("img").evaluate("img => [img.naturalWidth, img.naturalHeight]") == [
        320,
        200,
    ]
    assert picture.evaluate("window.origin") == "null"


def test_a_name_without_a_blank_does_not_widen_the_pages(
    stage: Stage, live_server, sign_in, tmp_path: Path
) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    cco = stage.change_order(commitment)
    scan = tmp_path / f"{'Scan_20260504_' * 12}.pdf"
    scan.write_bytes(pdf())
    pam = sign_in(stage.pam)
    pam.set_viewport_size({"width": 390, "height": 800})
    pam.goto(cco.get_absolute_url())
    pam.get_by_label("Files to attach").set_input_files(scan)
    pam.get_by_role("button", name="Attach", exact=True).click()
    expect(pam.locator("#attachments")).to_contain_text("Scan_2026")
    for address in (cco.get_absolute_url(), f"/exports/{cco.export_id}/"):
        pam.goto(address)
        expect(pam.get_by_text("Scan_2026").first).to_be_visible()
        assert pam.evaluate("document.documentElement.scrollWidth") == 390
