"""The main job by clicking, for a company on Spectrum: the same pages, and a worker that calls.

Two people in two browsers. Spectrum is the sandbox's stand-in, over real HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from commitments.models import ChangeOrder
from tests.browser.test_main_job import write_line
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spectrum(stage: Stage) -> Iterator[OnSpectrum]:
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


def test_a_change_order_from_the_first_click_to_spectrum_once(
    stage: Stage, spectrum: OnSpectrum, live_server, sign_in, screenshot
) -> None:
    commitment = stage.commitment()
    spectrum.synced(commitment)
    assert spectrum.total() == Decimal("35000.00")

    # Pam changes one line of the contract twice and another one once.
    pam = sign_in(stage.pam)
    pam.set_default_timeout(10_000)
    pam.goto(commitment.get_absolute_url())
    expect(pam.locator("#panel")).to_contain_text("Synced")
    screenshot(pam, "on-spectrum-1-commitment")
    pam.get_by_role("link", name="New change order").click()
    pam.get_by_label("Title", exact=True).fill("Deeper footings")
    rows = pam.locator("table[data-sheet] tbody tr")
    write_line(rows.nth(0), "1", "Deeper footings", "1500.00")
    write_line(rows.nth(1), "1", "Less rebar", "-250.50")
    write_line(rows.nth(2), "2", "Longer beam", "830.00")
    screenshot(pam, "on-spectrum-2-being-written")
    pam.get_by_role("button", name="Save", exact=True).click()
    pam.get_by_role("button", name="Approve").click()
    pam.get_by_role("button", name="Send to ERP").click()
    expect(pam.locator("#panel")).to_contain_text("Sent to accounting")
    change_order = ChangeOrder.objects.get()

    # Ann sees what Spectrum will be told, the two changes of one line summed, and accepts.
    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/change-orders/")
    screenshot(ann, "on-spectrum-3-queue")
    ann.get_by_role("link", name="001").click()
    expect(ann.get_by_label("Its number in Spectrum")).to_have_value("S001-001")
    expect(ann.get_by_text("1,249.50").first).to_be_visible()
    expect(ann.get_by_text("2,079.50").first).to_be_visible()
    screenshot(ann, "on-spectrum-4-review")
    ann.get_by_role("button", name="Accept", exact=True).click()
    expect(ann.get_by_text("It is sent to Spectrum within seconds.").first).to_be_visible()
    screenshot(ann, "on-spectrum-5-accepted")

    # A worker takes its turn; both see it, and Spectrum has it once.
    spectrum.serve()
    pam.reload()
    expect(pam.locator("#panel")).to_contain_text("Synced")
    screenshot(pam, "on-spectrum-6-synced")
    ann.goto(f"/exports/{change_order.export_id}/")
    expect(ann.get_by_text("change order S001-001").first).to_be_visible()
    screenshot(ann, "on-spectrum-7-synced")
    order = spectrum.company.subcontract("SC-001").change_order("S001-001")
    assert [(line.phase, line.amount) for line in order.lines] == [
        ("03300", Decimal("1249.50")),
        ("05120", Decimal("830.00")),
    ]
    assert spectrum.total() == Decimal("37079.50")
    asked = len(spectrum.company.calls())
    spectrum.serve()
    assert len(spectrum.company.calls()) == asked, "nothing is left to do"
