"""Ann links, imports and archives the vendors that QuickBooks has and the directory has not."""

import pytest

from connectors.syncing import queue_sync
from directory.models import Vendor
from tests import factories
from tests.browser.looks import in_every_look, left_of
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_link_vendors(stage: Stage, sign_in, screenshot) -> None:
    for name in ("Alder Electric, Inc.", "Beacon & Sons", "Cascade Mechanical", "Payroll Services"):
        stage.books.add_vendor(name)
    stage.books.add_vendor("Closed Down Roofing", active=False)
    for name in ("ALDER ELECTRIC", "Beacon and Sons", "Cascade Mech."):
        factories.VendorFactory.create(company=stage.company, name=name)
    stage.books.add_job(stage.books.add_customer("Northgate Health"), "Clinic")
    queue_sync(stage.connection)
    stage.visit()
    page = sign_in(stage.ann)
    page.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    page.get_by_role("link", name="Vendors").click()
    in_every_look(page, screenshot, "erp-vendors-ready")
    # On a telephone a name begins where its field does.
    page.set_viewport_size({"width": 390, "height": 900})
    name, field = page.get_by_role("rowheader").first, page.locator("tbody .link-to").first
    assert left_of(name) == left_of(field)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="Link all suggested").click()
    page.get_by_text("2 vendors linked to yours.").wait_for()
    page.get_by_label("Link Cascade Mechanical to").fill("Cascade Mech.")
    cascade = page.get_by_role("row", name="Cascade Mechanical")
    cascade.get_by_role("button", name="Link", exact=True).click()
    page.get_by_text("Linked to Cascade Mech.").wait_for()
    page.get_by_label("Select Payroll Services").check()
    page.get_by_role("button", name="Archive ticked").click()
    page.get_by_text("1 vendor put aside, under Archived.").wait_for()
    page.get_by_role("link", name="Linked").click()
    page.get_by_text("Alder Electric, Inc.").wait_for()
    in_every_look(page, screenshot, "erp-vendors-linked")
    assert Vendor.objects.exclude(erp_id="").count() == 4
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_text("Import …").click()
    page.get_by_label("Number of the project for Northgate Health:Clinic").fill("26-050")
    in_every_look(page, screenshot, "erp-jobs-ready")
    page.get_by_role("button", name="Make the project").click()
    page.get_by_text("Project 26-050 Clinic is made, and linked to its job.").wait_for()
