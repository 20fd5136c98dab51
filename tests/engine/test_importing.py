"""What QuickBooks has and we do not waits for a person, who links, imports or archives it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from connectors import importing
from connectors.importing import LISTS
from connectors.models import Connection
from connectors.pulls import take_over
from connectors.syncing import queue_sync
from directory.access import Access
from directory.entered import Invalid
from directory.history import faults
from directory.models import CostCode, Event, Job, Project, Unlinked, Vendor
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db

VENDORS, JOBS, CODES = LISTS["vendors"], LISTS["jobs"], LISTS["cost-codes"]


@pytest.fixture
def ann(stage: Stage) -> Access:
    return stage.access(stage.ann)


@pytest.fixture
def dora(stage: Stage) -> Access:
    return stage.access(stage.dora)


def sync(stage: Stage, *, everything: bool = False) -> None:
    if everything:
        stage.connection.readings.update(full_from=None)
    queue_sync(stage.connection)
    stage.visit()


def ready(stage: Stage, each: Any = VENDORS, *, archived: bool = False) -> dict[str, int]:
    """The records that wait, by name."""
    return {one.name: one.pk for one in each.records(stage.company, archived=archived)}


def test_new_ones_wait_and_the_same_ones_are_linked(stage: Stage) -> None:
    stage.books.add_vendor("Alder Electric")
    stage.books.add_vendor("Payroll Services")
    stage.books.add_item("26-050", desc="Basic electrical work")
    mine = factories.VendorFactory.create(company=stage.company, name="Alder Electric")
    sync(stage)
    mine.refresh_from_db()
    assert mine.is_linked
    assert set(ready(stage)) == {"Payroll Services"}
    assert set(ready(stage, CODES)) == {"26-050"}
    assert not Vendor.objects.filter(name="Payroll Services").exists()
    # Made here by that name, it is linked by the next sync.
    factories.VendorFactory.create(company=stage.company, name="Payroll Services")
    sync(stage, everything=True)
    assert ready(stage) == {}
    assert Vendor.objects.get(name="Payroll Services").is_linked


def test_ann_imports_all_and_is_told_what_was_left(stage: Stage, ann) -> None:
    for name in ("Alder Electric", "Beacon Elevator"):
        stage.books.add_vendor(name)
    stage.books.add_vendor("Closed Down Roofing", active=False)
    stage.books.add_item("26-050", desc="Basic electrical work")
    stage.books.add_item("Sold only", sides="sales")
    sync(stage)
    done = importing.import_records(VENDORS, by=ann, records=None)
    assert (done.count, done.left) == (2, [])
    made = Vendor.objects.get(name="Alder Electric")
    assert (made.is_linked, made.erp_name) == (True, "Alder Electric")
    left = importing.import_records(VENDORS, by=ann, records=ready(stage).values()).left
    assert len(left) == 1
    assert left[0].startswith("Closed Down Roofing: ")
    gone = Unlinked.objects.order_by("-pk")[0].pk + 1
    [told] = importing.import_records(VENDORS, by=ann, records=[gone]).left
    assert told.startswith("1 of the chosen is no longer ready to be imported")
    assert importing.import_records(CODES, by=ann, records=None).count == 1
    code = CostCode.objects.get(code="26-050")
    assert (code.name, code.is_linked) == ("Basic electrical work", True)
    assert [event.verb for event in Event.objects.filter(subject=f"vendor:{made.pk}")] == ["import"]
    sync(stage, everything=True)
    assert set(ready(stage)) == {"Closed Down Roofing"}
    assert list(faults(stage.company.pk)) == []


def test_so_many_at_once(stage: Stage, ann, monkeypatch) -> None:
    """However long the ERP's list is: a part of it is looked at, and no more is taken than that."""
    monkeypatch.setattr(importing, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(importing, "MOST", 2)
    for name in ("Alder", "Beacon", "Cedar", "Dorset"):
        stage.books.add_vendor(name)
    factories.VendorFactory.create(company=stage.company, name="ALDER")
    sync(stage)
    done = importing.import_records(VENDORS, by=ann, records=None)
    assert (done.count, len(done.left)) == (2, 1)
    assert set(ready(stage)) == {"Alder", "Dorset"}
    for step in (importing.import_records, importing.archive):
        with pytest.raises(Invalid, match="At most 2 at once"):
            step(VENDORS, by=ann, records=[1, 2, 3])


def test_what_is_written_nearly_the_same_is_linked_at_one_go(stage: Stage, ann) -> None:
    for name in ("Alder Electric, Inc.", "Beacon & Sons", "Nobody's"):
        stage.books.add_vendor(name)
    ours = [
        factories.VendorFactory.create(company=stage.company, name=name)
        for name in ("ALDER ELECTRIC", "Beacon and Sons LLC", "Somebody's")
    ]
    sync(stage)
    done = importing.import_records(VENDORS, by=ann, records=None)
    assert (done.count, len(done.left)) == (1, 2), "what is here already is not made twice"
    assert "Beacon and Sons LLC has the same name but for case" in " ".join(done.left)
    assert importing.link_all(VENDORS, by=ann).count == 2
    assert [Vendor.objects.get(pk=one.pk).erp_name for one in ours] == [
        "Alder Electric, Inc.",
        "Beacon & Sons",
        "",
    ]
    stage.books.add_vendor("Some Body")
    sync(stage)
    importing.link(VENDORS, by=ann, record=ready(stage)["Some Body"], to=ours[2].pk)
    assert ready(stage) == {}
    with pytest.raises(Invalid, match=r"Choose a vendor of yours .* no longer in the list"):
        importing.link(VENDORS, by=ann, record=1, to=ours[2].pk)


def test_linking_many_takes_as_many_queries_as_linking_one(
    stage: Stage, ann, django_assert_max_num_queries: Any
) -> None:
    for n in range(25):
        stage.books.add_vendor(f"Subcontractor {n}, Inc.")
        factories.VendorFactory.create(company=stage.company, name=f"Subcontractor {n}")
    sync(stage)
    with django_assert_max_num_queries(20):
        assert importing.link_all(VENDORS, by=ann).count == 25
    assert Vendor.objects.get(name="Subcontractor 7").erp_name == "Subcontractor 7, Inc."
    assert ready(stage) == {}


def test_an_inactive_one_is_not_linked(stage: Stage, ann) -> None:
    stage.books.add_vendor("Closed Down Roofing", active=False)
    mine = factories.VendorFactory.create(company=stage.company, name="Roofing")
    sync(stage)
    with pytest.raises(Invalid, match="Closed Down Roofing cannot be used"):
        importing.link(VENDORS, by=ann, record=ready(stage)["Closed Down Roofing"], to=mine.pk)


def test_what_is_archived_stays_aside_until_it_is_restored(stage: Stage, ann) -> None:
    stage.books.add_vendor("Payroll Services")
    sync(stage)
    importing.archive(VENDORS, by=ann, records=ready(stage).values())
    Connection.objects.update(imports_at_once=True)
    stage.books.add_vendor("Alder Electric")
    sync(stage, everything=True)
    assert ready(stage) == {}
    assert Vendor.objects.filter(name="Alder Electric").exists()
    aside = ready(stage, archived=True)
    assert set(aside) == {"Payroll Services"}
    importing.restore(VENDORS, by=ann, records=aside.values())
    assert set(ready(stage)) == {"Payroll Services"}
    verbs = Event.objects.filter(subject__startswith="unlinked:").order_by("id")
    assert [event.verb for event in verbs] == ["archive", "restore"]


def test_what_is_deleted_there_waits_no_longer(stage: Stage) -> None:
    gone = stage.books.add_vendor("Alder Electric")
    stage.books.add_vendor("Beacon Elevator")
    sync(stage)
    stage.books.by_hand.delete_entry(gone)
    sync(stage)
    assert set(ready(stage)) == {"Beacon Elevator"}


def test_a_name_that_is_linked_to_another_record_is_a_persons_to_sort_out(stage, ann) -> None:
    """Ironwood was entered in QuickBooks a second time, and its first entry renamed."""
    stage.books.by_hand.rename(stage.vendor.erp_id, "Ironwood (old)")
    twin = stage.books.add_vendor("Ironwood Concrete")
    sync(stage)
    stage.vendor.refresh_from_db()
    assert (stage.vendor.erp_name, stage.vendor.name) == ("Ironwood (old)", "Ironwood Concrete")
    assert Unlinked.objects.get(erp_id=twin).name == "Ironwood Concrete"
    [left] = importing.import_records(VENDORS, by=ann, records=ready(stage).values()).left
    assert "you have a vendor of that name already" in left


def test_a_vendor_that_no_document_names_is_unlinked_and_stays_so(stage: Stage, ann, dora) -> None:
    with pytest.raises(PermissionDenied, match="Admin on ERP Integrations"):
        importing.unlink(VENDORS, by=ann, row=stage.vendor.pk)
    commitment = stage.commitment()
    with pytest.raises(Invalid, match="Documents name Ironwood Concrete"):
        importing.unlink(VENDORS, by=dora, row=stage.vendor.pk)
    commitment.vendor = None
    commitment.save()
    importing.unlink(VENDORS, by=dora, row=stage.vendor.pk)
    stage.vendor.refresh_from_db()
    assert not stage.vendor.is_linked
    sync(stage, everything=True)
    stage.vendor.refresh_from_db()
    assert not stage.vendor.is_linked, "a person took the link away"
    [suggested] = VENDORS.suggested(stage.company, VENDORS.records(stage.company)).values()
    assert suggested.id == stage.vendor.pk
    assert importing.link_all(VENDORS, by=ann).count == 1
    stage.vendor.refresh_from_db()
    assert stage.vendor.is_linked


def test_a_cost_code_with_lines_stays_linked(stage: Stage, dora) -> None:
    stage.commitment()
    with pytest.raises(Invalid, match="Documents name 03-300"):
        importing.unlink(CODES, by=dora, row=stage.codes["03-300"].pk)
    importing.unlink(CODES, by=dora, row=stage.codes["09-290"].pk)
    assert not CostCode.objects.get(code="09-290").is_linked


def test_a_job_becomes_a_project_or_is_linked_to_one(stage: Stage, ann, dora) -> None:
    customer = stage.books.add_customer("Northgate Health")
    for name in ("Clinic", "26-044 Garage", "Pharmacy"):
        stage.books.add_job(customer, name)
    garage = factories.ProjectFactory.create(company=stage.company, number="26-044", name="Garage")
    sync(stage)
    waiting = ready(stage, JOBS)
    assert "City of Alder:Library" not in waiting
    with pytest.raises(Invalid, match="one by one"):
        importing.import_records(JOBS, by=ann, records=None)
    clinic = waiting["Northgate Health:Clinic"]
    with pytest.raises(Invalid) as refused:
        importing.import_job(by=ann, job=clinic, number="26-010", name=" ")
    assert {fault.field for fault in refused.value.faults} == {"number", "name"}
    made = importing.import_job(by=ann, job=clinic, number="26-050", name="Clinic")
    assert (made.job_id, made.erp_synced_at is not None) == (clinic, True)
    assert importing.link_all(JOBS, by=ann).count == 1
    garage.refresh_from_db()
    assert garage.job == Job.objects.get(name="Northgate Health:26-044 Garage")
    importing.archive(JOBS, by=ann, records=ready(stage, JOBS).values())
    assert set(ready(stage, JOBS, archived=True)) >= {"Northgate Health:Pharmacy"}
    importing.unlink(JOBS, by=dora, row=clinic)
    assert Project.objects.get(pk=made.pk).job is None
    stage.commitment()
    assert stage.project.job is not None
    with pytest.raises(Invalid, match="Documents name 26-010"):
        importing.unlink(JOBS, by=dora, row=stage.project.job.pk)


def test_who_only_reads_changes_nothing(stage: Stage) -> None:
    vic = stage.access(stage.vic)
    for verb in (
        lambda: importing.link(VENDORS, by=vic, record=1, to=1),
        lambda: importing.link_all(VENDORS, by=vic),
        lambda: importing.import_records(VENDORS, by=vic, records=None),
        lambda: importing.import_job(by=vic, job=1, number="1", name="1"),
        lambda: importing.archive(VENDORS, by=vic, records=[1]),
        lambda: importing.restore(VENDORS, by=vic, records=[1]),
    ):
        with pytest.raises(PermissionDenied, match="Standard on ERP Integrations"):
            verb()


def test_another_companys_records_are_not_there(stage: Stage, ann) -> None:
    theirs = Unlinked.objects.create(
        company=stage.other, what="vendors", erp_id="8000-1", name="Mooring Electric"
    )
    yours = factories.VendorFactory.create(company=stage.other, name="Mooring")
    mine = factories.VendorFactory.create(company=stage.company, name="Mooring")
    with pytest.raises(Invalid):
        importing.link(VENDORS, by=ann, record=theirs.pk, to=mine.pk)
    assert importing.import_records(VENDORS, by=ann, records=[theirs.pk]).count == 0
    assert importing.archive(VENDORS, by=ann, records=[theirs.pk]).count == 0
    with pytest.raises(Invalid):
        importing.unlink(VENDORS, by=stage.access(stage.dora), row=yours.pk)


def test_a_name_that_is_too_long_here_is_not_cut(stage: Stage, ann) -> None:
    row = {"id": "1-1", "name": "Concrete:" * 11, "label": "Concrete", "active": True}
    Connection.objects.update(imports_at_once=True)
    take_over(Connection.objects.get(), "cost_codes", [row])
    [waits] = CODES.records(stage.company)
    assert "Its name has 99 characters, and a cost code has at most 96" in waits.erp_problem
    [left] = importing.import_records(CODES, by=ann, records=[waits.pk]).left
    assert "Shorten it there" in left
    mine = factories.CostCodeFactory.create(company=stage.company, code="03-999")
    importing.link(CODES, by=ann, record=waits.pk, to=mine.pk)
    mine.refresh_from_db()
    assert mine.is_linked


def test_what_is_no_longer_shown_waits_but_cannot_be_used(stage: Stage, ann) -> None:
    """Deleted long ago, or the user may not see it: QuickBooks does not say which."""
    Unlinked.objects.create(
        company=stage.company,
        what="vendors",
        erp_id="80000F00-1400000000",
        name="Long Gone Masonry",
        synced_at="2026-01-05T08:00Z",
    )
    sync(stage, everything=True)
    [left] = importing.import_records(VENDORS, by=ann, records=ready(stage).values()).left
    assert "QuickBooks no longer shows it: it was deleted there" in left
