"""QuickBooks' vendors, jobs and items come here. QuickBooks is the sandbox's stand-in."""

from datetime import timedelta

import pytest
from django.db.models import F

from approvals.errors import NotReady
from approvals.readiness import terms_now
from connectors.contract import Ref
from connectors.models import Connection, Conversation, Exchange, Reading
from connectors.pulls import EVERYTHING_AFTER
from connectors.syncing import queue_sync, request_sync
from directory.models import CostCode, Job, Project, Unlinked, Vendor
from tests.factories import VendorFactory
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(stage: Stage) -> None:
    """The company wants new vendors and cost codes imported without being asked."""
    Connection.objects.filter(pk=stage.connection.pk).update(imports_at_once=True)


def test_an_empty_company_fills_from_quickbooks(stage: Stage, live_server) -> None:
    """More than one page of each, one name that we had already, one that is inactive."""
    at_once(stage)
    VendorFactory.create(company=stage.company, name="Alder Electric")
    for number in range(240):
        stage.books.add_vendor(f"Supplier {number:03}")
    alder = stage.books.add_vendor("Alder Electric")
    stage.books.add_vendor("Closed Down Roofing", active=False)
    stage.books.add_item("Sold only", sides="sales")
    # Three lists, what was deleted, the self-test, and the costs of one job.
    assert request_sync(stage.connection, stage.access(stage.dora)) == 6
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


def test_a_job_that_is_renamed_or_moved_there_is_called_so_here(stage: Stage) -> None:
    """Who accepts sees the name that costs will stand under."""
    sync(stage)
    assert stage.project.job
    hand, job = stage.books.by_hand, stage.project.job.erp_id
    hand.rename(job, "Library, west")
    hand.move(job, stage.books.add_customer("County of Alder"))
    sync(stage)
    stage.project.job.refresh_from_db()
    assert stage.project.job.name == "County of Alder:Library, west"
    export = stage.send(stage.commitment())
    terms = terms_now(export)
    assert terms
    assert terms.job == Ref(id=job, name="County of Alder:Library, west")


def test_a_list_that_breaks_off_begins_anew(stage: Stage, live_server) -> None:
    at_once(stage)
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


def asked(what: str) -> str:
    """The last question about a list, as it went out."""
    last = Exchange.objects.filter(
        conversation__purpose="pull", conversation__subject__startswith=what
    ).latest("pk")
    return last.request


def sync(stage: Stage) -> None:
    """The sync that the schedule asks for, and one visit."""
    queue_sync(stage.connection)
    stage.visit()


@pytest.mark.parametrize("what", ["vendors", "jobs", "cost_codes", "deleted"])
def test_what_was_read_to_its_end_is_read_on_from_there(stage: Stage, what: str) -> None:
    since = "FromDeletedDate" if what == "deleted" else "FromModifiedDate"
    sync(stage)
    assert since not in asked(what)
    began = Reading.objects.get(what=what).complete_from
    assert began is not None
    sync(stage)
    assert f"<{since}>{(began - timedelta(minutes=5)).isoformat(timespec='seconds')}<" in asked(
        what
    )
    # Now and then everything is read, and always when a person asks for it.
    Reading.objects.update(full_from=F("full_from") - EVERYTHING_AFTER)
    sync(stage)
    assert since not in asked(what)
    sync(stage)
    assert since in asked(what)
    request_sync(stage.connection, stage.access(stage.dora))
    stage.visit()
    assert since not in asked(what)


def test_a_vendor_deleted_there_takes_no_new_commitment(stage: Stage) -> None:
    sync(stage)
    stage.books.by_hand.delete_entry(stage.vendor.erp_id)
    sync(stage)
    stage.vendor.refresh_from_db()
    assert (stage.vendor.is_linked, stage.vendor.erp_problem) == (
        False,
        "It was deleted in QuickBooks. Link another one.",
    )
    with pytest.raises(NotReady, match="It was deleted in QuickBooks"):
        stage.send(stage.commitment())


def test_a_vendor_that_became_inactive_blocks_what_is_new(stage: Stage) -> None:
    """Not what was sent before: that is refused when it is accepted, in words."""
    sent = stage.commitment()
    stage.send(sent)
    sync(stage)
    stage.books.by_hand.set_active(stage.vendor.erp_id, False)
    sync(stage)
    with pytest.raises(NotReady, match="It is inactive in QuickBooks"):
        stage.send(stage.commitment(number="SC-002"))
    with pytest.raises(NotReady, match="no active vendor of QuickBooks"):
        stage.accept(sent)
    stage.books.by_hand.set_active(stage.vendor.erp_id, True)
    sync(stage)
    stage.accept(sent)
    stage.visit()
    assert stage.status(sent) == "synced"


def test_only_a_whole_reading_tells_what_is_gone(stage: Stage, live_server) -> None:
    """Of what was deleted long ago QuickBooks tells nothing: it does not come any more."""
    lost = VendorFactory.create(
        company=stage.company, name="Long Gone Masonry", erp_id="80000F00-1400000000"
    )
    for number in range(240):
        stage.books.add_vendor(f"Supplier {number:03}")
    request_sync(stage.connection, stage.access(stage.dora))
    visit = stage.web_connector(live_server.url).steps()
    for step in visit:
        if step.name == "receiveResponseXML":
            break
    visit.close()
    lost = Vendor.objects.get(pk=lost.pk)
    assert lost.is_linked
    assert Reading.objects.get(what="vendors").complete_from is None
    assert stage.web_connector(live_server.url).run_once().outcome == "done"
    lost = Vendor.objects.get(pk=lost.pk)
    assert not lost.is_linked
    assert lost.erp_problem.startswith("QuickBooks no longer shows it: it was deleted there")
    stage.vendor.refresh_from_db()
    assert stage.vendor.is_linked


def test_a_list_that_comes_empty_makes_nothing_inactive(stage: Stage) -> None:
    sync(stage)
    Vendor.objects.update(erp_id="80000F00-1400000000")
    stage.books.by_hand.delete_entry(stage.books.list_id("Vendor", stage.vendor.name))
    request_sync(stage.connection, stage.access(stage.dora))
    stage.visit()
    stage.vendor.refresh_from_db()
    assert stage.vendor.is_linked


@pytest.mark.parametrize("imported", [True, False])
def test_a_list_of_which_much_is_missing_is_not_believed(stage: Stage, imported: bool) -> None:
    """Whether its vendors are imported or wait: the self-test tells, and nothing is dropped."""
    Connection.objects.update(imports_at_once=imported)
    for number in range(20):
        stage.books.add_vendor(f"Supplier {number:02}")
    sync(stage)
    kept = Vendor.objects.filter(erp_active=True).count(), Unlinked.objects.count()
    assert kept == ((21, 0) if imported else (1, 20))
    stage.books.by_hand.set_preference("UserIsRestricted", True)
    for _ in range(2):
        request_sync(stage.connection, stage.access(stage.dora))
        stage.visit()
        assert areas(stage)[0]["problem"] == ("QuickBooks shows 1 of them; known here: 21.")
        assert (Vendor.objects.filter(erp_active=True).count(), Unlinked.objects.count()) == kept


def test_a_user_who_may_not_see_everything_is_noticed(stage: Stage, client) -> None:
    """The lists come in part and nothing says so; the right user brings back what is missing."""
    at_once(stage)
    for name in ("Alder Electric", "Halden Steel"):
        stage.books.add_vendor(name)
    sync(stage)
    assert {area["name"]: area["problem"] for area in areas(stage)} == {
        "Vendors": "",
        "Customers and jobs": "",
        "Items": "",
        "Accounts": "",
        "Purchase orders": "",
        "Estimates": "",
        "Reports of costs": "",
    }
    client.force_login(stage.dora, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = f"/companies/{stage.company.pk}/erp/connection/"
    assert "sees everything that we ask for" in client.get(page).content.decode()
    stage.books.by_hand.set_preference("UserIsRestricted", True)
    request_sync(stage.connection, stage.access(stage.dora))
    stage.visit()
    refused = "QuickBooks refuses them to the user that the Web Connector works as."
    assert {area["name"]: area["problem"] for area in areas(stage) if area["problem"]} == {
        "Vendors": "QuickBooks shows 1 of them; known here: 3.",
        "Accounts": "QuickBooks shows none of them, and no company file is without.",
        "Purchase orders": refused,
        "Reports of costs": refused,
    }
    assert Vendor.objects.filter(erp_active=True).count() == 1
    told = client.get(page).content.decode()
    assert "may not see everything" in told
    assert "Integrated Applications" in told
    # It is noticed again, not taken for what there is.
    sync(stage)
    assert len([area for area in areas(stage) if area["problem"]]) == 4
    stage.books.by_hand.set_preference("UserIsRestricted", False)
    request_sync(stage.connection, stage.access(stage.dora))
    stage.visit()
    assert not any(area["problem"] for area in areas(stage))
    assert Vendor.objects.filter(erp_active=True).count() == 3


def areas(stage: Stage) -> list[dict[str, str]]:
    return list(Connection.objects.get(pk=stage.connection.pk).areas)
