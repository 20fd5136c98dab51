"""Ann and a company on Spectrum: the same queue and pages, another ERP. Its part is played by the
sandbox's stand-in, over real HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from directory.models import ToolLevel
from directory.perms import Level, Tool
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spectrum(stage: Stage) -> Iterator[OnSpectrum]:
    """Ann may also unlink: that needs Admin on the project's Commitments."""
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


def test_a_change_order_goes_under_anns_number_and_is_unlinked_on_her_word(
    stage: Stage, spectrum: OnSpectrum, live_server, sign_in, screenshot
) -> None:
    commitment = stage.commitment()
    spectrum.synced(commitment)
    document = stage.change_order(commitment)
    stage.send(document)

    ann: Page = sign_in(stage.ann)
    ann.goto(f"/exports/{document.export_id}/")
    number = ann.get_by_label("Its number in Spectrum")
    expect(number).to_have_value("S001-001")
    screenshot(ann, "spectrum-number-1-review")
    number.fill("S001-01ABC")
    expect(ann.get_by_text("10 of 8 characters. Spectrum takes 8.")).to_be_visible()
    ann.get_by_role("button", name="Accept").click()
    expect(ann.get_by_text("has 10 characters; Spectrum takes 8.")).to_be_visible()
    expect(number).to_have_value("S001-01ABC")
    screenshot(ann, "spectrum-number-1-refused")
    number.fill("S001-01A")
    expect(ann.get_by_text("8 of 8 characters")).to_be_visible()
    ann.get_by_role("button", name="Accept").click()
    expect(ann.get_by_text("It is sent to Spectrum within seconds.").first).to_be_visible()
    spectrum.serve()
    ann.goto(f"/exports/{document.export_id}/")
    expect(ann.get_by_text("change order S001-01A")).to_be_visible()
    screenshot(ann, "spectrum-number-2-synced")

    ann.get_by_text("Unlink …").click()
    ann.get_by_label(re.compile("The CCO S001-01A was deleted")).check()
    ann.get_by_label("How did you make sure?").fill("Deleted it in the change order log.")
    ann.get_by_role("button", name="Unlink").click()
    expect(ann.get_by_text("Successful Unlinked").first).to_be_visible()
    assert spectrum.sent()[-1] == "POST /ws/ARChangeRequest", "Spectrum was asked nothing more"
