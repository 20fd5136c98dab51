"""QuickBooks' vendors, jobs and items come here. QuickBooks is the sandbox's stand-in."""

import pytest

from connectors.models import Conversation
from connectors.pulls import request_sync
from directory.models import CostCode, Job, Project, Vendor
from tests.factories import VendorFactory
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_empty_company_fills_from_quickbooks(stage: Stage, live_server) -> None:
    """More than one page of each, one name that we had already, one that is inactive."""
    VendorFactory.create(company=stage.company, name="Alder Electric")
    for number in range(240):
        stage.books.add_vendor(f"Supplier {number:03}")
    alder = stage.books.add_vendor("Alder Electric")
    stage.books.add_vendor("Closed Down Roofing", active=False)
    stage.books.add_item("Sold only", sides="sales")
    # Three lists, and the costs of one job.
    assert request_sync(stage.connection, stage.access(stage.dora)) == 4
    assert request_sync(stage.connection, stage.access(stage.dora)) == 0
    visit = stage.web_connector(live_server.url).run_once()
    assert visit.outcome == "done", visit.message
    assert not Conversation.objects.exclude(state="closed").exists()
    assert Vendor.objects.filter(company=stage.company).count() == 243
    assert Vendor.objects.get(name="Alder Electric").erp_id == alder
    closed = Vendor.objects.get(name="Closed Down Roofing")
    assert (closed.is_linked, bool(closed.erp_problem)) == (False, True)
    assert not CostCode.objects.get(code="Sold only").is_linked
    assert Job.objects.get(erp_name="City of Alder:Library").project == stage.project
    # Once more changes nothing.
    request_sync(stage.connection, stage.access(stage.dora))
    stage.web_connector(live_server.url).run_once()
    assert Vendor.objects.filter(company=stage.company).count() == 243


def test_a_vendor_that_is_renamed_or_deactivated_there_is_so_here(stage, live_server) -> None:
    stage.books.by_hand.set_active(stage.vendor.erp_id, False)
    request_sync(stage.connection, stage.access(stage.dora))
    stage.web_connector(live_server.url).run_once()
    stage.vendor.refresh_from_db()
    assert not stage.vendor.is_linked


def test_a_list_that_breaks_off_begins_anew(stage: Stage, live_server) -> None:
    for number in range(240):
        stage.books.add_vendor(f"Supplier {number:03}")
    Project.objects.update(erp_synced_at=None)
    request_sync(stage.connection, stage.access(stage.dora))
    visit = stage.web_connector(live_server.url).steps()
    pages = 0
    for step in visit:
        pages += step.name == "receiveResponseXML"
        if pages == 2:
            break
    visit.close()
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    assert Vendor.objects.filter(company=stage.company).count() == 241
    stage.project.refresh_from_db()
    assert stage.project.erp_synced_at is not None
