"""Pam writes more than Spectrum has room for, and gives it shorter texts where she is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from commitments.models import Commitment
from tests.browser.looks import in_every_look
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

TITLE = "Cast-in-place concrete and reinforcing steel for the foundations, the slabs on grade and "
TITLE += "the retaining walls of the east wing"
NEEDED = re.compile("is-needed")
SAID = "Spread footings and grade beams, axes A to F"


@pytest.fixture
def spectrum(stage: Stage) -> Iterator[OnSpectrum]:
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


def test_a_text_for_spectrum_is_asked_for_while_the_long_one_is_typed(
    stage: Stage, spectrum: OnSpectrum, live_server, sign_in, screenshot
) -> None:
    pam = sign_in(stage.pam)
    pam.set_default_timeout(10_000)
    pam.goto(f"/projects/{stage.project.pk}/commitments/new/?type=subcontract")
    own = pam.get_by_label("Title for Spectrum")
    expect(own).to_be_hidden()
    pam.get_by_label("Number").fill("SC-100")
    title = pam.get_by_label("Title", exact=True)
    title.fill("Concrete")
    expect(own).to_be_hidden()
    title.fill(TITLE)
    expect(own).to_be_visible()
    expect(pam.get_by_text("Spectrum takes 120, so it needs a text of its own.")).to_be_visible()
    own.fill("Concrete of the east wing")
    expect(pam.get_by_text("Spectrum takes 120, so it gets a text of its own.")).to_be_visible()
    title.fill("Concrete")
    expect(own).to_be_visible()  # Spectrum would still get it
    title.fill(TITLE)
    pam.get_by_label("Contract company").select_option(str(stage.vendor.pk))

    def cell(line: int, name: str):
        return pam.get_by_label(f"Line {line}, {name}", exact=True)

    for line, said in ((1, SAID), (2, "Slab on grade")):
        cell(line, "cost code").fill("03-300" if line == 1 else "05-120")
        cell(line, "category").fill("Subcontract")
        cell(line, "description").fill(said)
        cell(line, "amount").fill("12500.00")
    # Where the description fits, it stands where its own text would.
    assert cell(2, "text for Spectrum").get_attribute("placeholder") == "Slab on grade"
    assert cell(1, "text for Spectrum").get_attribute("placeholder") == "at most 25 characters"
    assert "is-needed" in (cell(1, "text for Spectrum").get_attribute("class") or "")
    screenshot(pam, "own-texts-1-asked-for")
    # Two texts of one cost code and category are summed under other words: none is needed.
    for name, text in (("cost code", "03-300"), ("category", "Subcontract")):
        cell(3, name).fill(text)
    cell(3, "description").fill("Retaining walls, east wing, both sides")
    for line in (1, 3):
        expect(cell(line, "text for Spectrum")).not_to_have_class(NEEDED)
    cell(3, "description").fill(SAID)
    for line in (1, 3):
        expect(cell(line, "text for Spectrum")).to_have_class(NEEDED)
    for name in ("cost code", "category", "description"):
        cell(3, name).fill("")
    cell(1, "text for Spectrum").fill("Footings and grade beams of A-F")
    assert cell(1, "text for Spectrum").get_attribute("aria-invalid") == "true"
    pam.get_by_role("button", name="Save", exact=True).click()
    expect(pam.get_by_text("This has 31 characters; 25 are possible.").first).to_be_visible()
    screenshot(pam, "own-texts-2-refused")
    cell(1, "text for Spectrum").fill("Footings, axes A to F")
    in_every_look(pam, screenshot, "own-texts-3")
    pam.get_by_role("button", name="Save", exact=True).click()
    expect(pam.get_by_text("For the ERP: Footings, axes A to F")).to_be_visible()
    screenshot(pam, "own-texts-4-saved")

    made = Commitment.objects.get()
    Commitment.objects.update(status="approved")
    stage.send(made)
    ann = sign_in(stage.ann)
    ann.set_default_timeout(10_000)
    ann.goto(f"/exports/{made.export_id}/")
    expect(ann.get_by_text("Concrete of the east wing").first).to_be_visible()
    screenshot(ann, "own-texts-5-review")
    ann.get_by_role("button", name="Accept", exact=True).click()
    expect(ann.get_by_text("It is sent to Spectrum within seconds.").first).to_be_visible()
    spectrum.serve()
    held = spectrum.company.subcontract("SC-100")
    assert held.comment == "Concrete of the east wing"
    assert [one.description for one in held.phases] == ["Footings, axes A to F", "Slab on grade"]

    # A change order: 30 characters of its title, 250 of its description.
    pam.goto(f"/projects/{stage.project.pk}/commitments/{made.pk}/change-orders/new/")
    pam.get_by_label("Title", exact=True).fill("Deeper footings by the soil report of May")
    memo = "The soil report of May asks for footings that are deeper by two feet. " * 4
    pam.locator("#description").fill(memo)
    for name in ("Title for Spectrum", "Description for Spectrum"):
        expect(pam.get_by_label(name)).to_be_visible()
    pam.get_by_label("Title for Spectrum").fill("Deeper footings")
    in_every_look(pam, screenshot, "own-texts-6-change-order")
