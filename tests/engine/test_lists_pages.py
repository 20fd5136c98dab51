"""The sub-tabs Vendors, Jobs and Cost Codes, on the pages and by API."""

from __future__ import annotations

import os
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection
from connectors.syncing import queue_sync
from directory.models import CostCode, Job, Project, Unlinked, User, Vendor
from tests import factories
from tests.api.conftest import Caller
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(response: Any) -> str:
    return unescape(response.content.decode())


def page(stage: Stage, slug: str = "vendors", rest: str = "") -> str:
    return f"/companies/{stage.company.pk}/erp/{slug}/{rest}"


def counts(shown: str) -> dict[str, int]:
    found = re.findall(r">(Ready to Import|Linked|Archived) <span class=\"count\">(\d+)<", shown)
    return {label: int(count) for label, count in found}


def waiting(stage: Stage, *names: str, what: str = "vendors", **fields: Any) -> list[int]:
    """Records of QuickBooks that nobody of ours is linked to."""
    return [
        Unlinked.objects.create(
            company=stage.company, what=what, erp_id=f"9-{name}", name=name, **fields
        ).pk
        for name in names
    ]


def test_ann_links_imports_and_archives(stage: Stage) -> None:
    for name in ("Alder Electric, Inc.", "Beacon Elevator", "Payroll Services"):
        stage.books.add_vendor(name)
    factories.VendorFactory.create(company=stage.company, name="Alder Electric")
    queue_sync(stage.connection)
    stage.visit()
    ann = signed_in(stage.ann)
    shown = text(ann.get(page(stage)))
    assert counts(shown) == {"Ready to Import": 3, "Linked": 1, "Archived": 0}
    assert 'value="Alder Electric"' in shown
    assert "the same name but for case, punctuation" in shown
    ids = dict(Unlinked.objects.values_list("name", "pk"))

    alder = ids["Alder Electric, Inc."]
    wrong = {"only": alder, f"to-{alder}": "Nobody"}
    shown = text(ann.post(page(stage, rest="link/"), wrong, follow=True))
    assert "Choose a vendor of yours" in shown
    right = {"only": alder, f"to-{alder}": "Alder Electric"}
    shown = text(ann.post(page(stage, rest="link/"), right, follow=True))
    assert "Linked to Alder Electric." in shown
    shown = text(
        ann.post(page(stage, rest="import/"), {"item": ids["Beacon Elevator"]}, follow=True)
    )
    assert "1 new vendor imported." in shown
    ann.post(page(stage, rest="archive/"), {"only": ids["Payroll Services"]})
    shown = text(ann.get(page(stage) + "?view=archived"))
    assert counts(shown) == {"Ready to Import": 0, "Linked": 3, "Archived": 1}
    assert "Payroll Services" in shown
    ann.post(page(stage, rest="restore/"), {"only": ids["Payroll Services"]})
    assert "Payroll Services" in text(ann.get(page(stage)))
    linked = text(ann.get(page(stage) + "?view=linked"))
    assert "Alder Electric, Inc." in linked
    assert "This needs Admin on ERP Integrations" in linked


def test_a_job_is_made_a_project(stage: Stage) -> None:
    stage.books.add_job(stage.books.add_customer("Northgate Health"), "Clinic")
    queue_sync(stage.connection)
    stage.visit()
    ann = signed_in(stage.ann)
    shown = text(ann.get(page(stage, "jobs")))
    [job] = re.findall(r'name="number-(\d+)"', shown)
    assert 'value="Clinic"' in shown
    taken = {"only": job, f"number-{job}": stage.project.number, f"name-{job}": "Clinic, phase 1"}
    refused = ann.post(page(stage, "jobs", "import-job/"), taken)
    assert refused.status_code == 422
    shown = text(refused)
    assert f"There is a project {stage.project.number} already." in shown
    assert f'name="number-{job}" value="{stage.project.number}"' in shown, "what was typed is kept"
    assert 'value="Clinic, phase 1"' in shown
    assert re.search(r"<details[^>]* open>", shown)
    body = {"only": job, f"number-{job}": "26-050", f"name-{job}": "Clinic"}
    shown = text(ann.post(page(stage, "jobs", "import-job/"), body, follow=True))
    assert "Project 26-050 Clinic is made" in shown
    assert Project.objects.get(number="26-050").company == stage.company


def test_a_job_that_the_erp_numbers_is_offered_as_a_project_of_that_number(stage: Stage) -> None:
    Job.objects.create(company=stage.company, erp_id="26010", name="26010 Fire Station 4")
    shown = text(signed_in(stage.ann).get(page(stage, "jobs")))
    assert re.search(r'name="number-\d+" value="26010"', shown)
    assert 'value="Fire Station 4"' in shown


def test_dora_unlinks_and_chooses_that_new_ones_are_imported_at_once(stage: Stage) -> None:
    dora = signed_in(stage.dora)
    free = factories.VendorFactory.create(
        company=stage.company, name="Alder", erp_id="77-1", erp_name="Alder Electric"
    )
    stage.commitment()
    shown = text(dora.post(page(stage, rest="unlink/"), {"only": stage.vendor.pk}, follow=True))
    assert "Documents name Ironwood Concrete" in shown
    shown = text(dora.post(page(stage, rest="unlink/"), {"only": free.pk}, follow=True))
    assert "Unlinked. The vendor of yours stays." in shown
    entry = text(dora.get(f"/companies/{stage.company.pk}/directory/vendors/{free.pk}/"))
    assert "took its link to Alder Electric in the ERP away" in entry
    settings = {"sync_minutes": "60", "silent_hours": "24", "imports_at_once": "yes"}
    address = f"/companies/{stage.company.pk}/erp/connection/"
    dora.post(f"{address}schedule/", settings)
    assert Connection.objects.get().imports_at_once
    assert "New ones are imported at once." in text(dora.get(address))


def test_who_may_only_look_sees_no_buttons(stage: Stage) -> None:
    waiting(stage, "Alder Electric")
    shown = text(signed_in(stage.vic).get(page(stage)))
    assert "Alder Electric" in shown
    assert "This needs Standard on ERP Integrations" in shown
    assert not re.search(r'formaction="[^"]*/(link|import|archive)/"', shown)


def test_who_lacks_a_second_factor_is_told_so(stage: Stage) -> None:
    """She has the level, so that an administrator could give her nothing."""
    stage.company.second_factor_required = True
    stage.company.save()
    waiting(stage, "Alder Electric")
    shown = text(signed_in(stage.ann).get(page(stage)))
    assert "Set yours up under Your account" in shown
    assert "An administrator of your company can give it to you" not in shown


def test_empty_views_say_what_comes_next(stage: Stage) -> None:
    ann = signed_in(stage.ann)
    assert "Everything that came from QuickBooks is linked or archived." in text(
        ann.get(page(stage))
    )
    assert "Nothing was put aside." in text(ann.get(page(stage) + "?view=archived"))
    assert ann.get(page(stage) + "?view=elsewhere").status_code == 404
    assert ann.post(page(stage, rest="burn/")).status_code == 404
    olga = signed_in(stage.olga)
    theirs = f"/companies/{stage.other.pk}/erp/vendors/"
    assert "There is no connection yet." in text(olga.get(theirs))


def test_pages_follow_one_another_without_gaps(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr("connectors.lists.PAGE", 2)
    waiting(stage, *(f"Vendor {letter}" for letter in "EBDAC"))
    ann, query, seen = signed_in(stage.ann), "?q=vendor", []
    while query:
        shown = text(ann.get(page(stage) + query))
        seen.append(re.findall(r'aria-label="Select Vendor (\w)"', shown))
        following = re.search(r'href="([^"]*)" rel="next"', shown)
        query = following[1] if following else ""
    assert seen == [["A", "B"], ["C", "D"], ["E"]]


def test_what_is_linked_comes_by_what_people_know_it_by(stage: Stage, monkeypatch) -> None:
    """Cost codes by their codes, whatever they are called; also from page to page."""
    monkeypatch.setattr("connectors.lists.PAGE", 1)
    for code, name in (("09-900", "Acoustics"), ("01-100", "Zoning")):
        CostCode.objects.create(company=stage.company, code=code, name=name, erp_id=code)
    ann, seen, query = signed_in(stage.ann), [], "?view=linked"
    while query:
        shown = text(ann.get(page(stage, "cost-codes") + query))
        seen += re.findall(r">(\d\d-\d\d\d) ", shown)
        following = re.search(r'href="(\?[^"]+)" rel="next"', shown)
        query = following[1].replace("&amp;", "&") if following else ""
    assert seen == sorted(seen)
    assert {"01-100", "09-900"} <= set(seen)


def test_more_rows_ask_no_more_questions(stage: Stage) -> None:
    waiting(stage, "Alder Electric")
    ann = signed_in(stage.ann)
    addresses = [
        page(stage, slug, f"?view={view}")
        for slug in ("vendors", "jobs", "cost-codes")
        for view in ("ready", "linked", "archived")
    ]

    def questions(address: str) -> int:
        ann.get(address)  # caches of the process
        with CaptureQueriesContext(connection) as asked:
            assert ann.get(address).status_code == 200
        return len(asked)

    few = [questions(address) for address in addresses]
    many = range(10_000 if os.environ.get("ERPBRIDGE_FULL") else 1_000)
    Unlinked.objects.bulk_create(
        Unlinked(
            company=stage.company, what=what, erp_id=f"{n}", name=f"V {n}", archived=n % 2 == 1
        )
        for what in ("vendors", "cost_codes")
        for n in many
    )
    Vendor.objects.bulk_create(
        Vendor(company=stage.company, name=f"W {n}", erp_id=f"W{n}" if n % 2 else "") for n in many
    )
    CostCode.objects.bulk_create(
        CostCode(company=stage.company, code=f"C {n}", name="", erp_id=f"C{n}") for n in many
    )
    assert [questions(address) for address in addresses] == few
    assert max(few) < 20, few


def test_a_program_does_the_same(stage: Stage) -> None:
    first, second = waiting(stage, "Alder Electric", "Beacon Elevator")
    mine = factories.VendorFactory.create(company=stage.company, name="alder electric")
    ann, company = Caller(stage.ann), {"company": stage.company.pk}
    rows = ann.get("erp-records/vendors/", **company)["results"]
    assert [row["suggested"] and row["suggested"]["id"] for row in rows] == [mine.pk, None]
    address = "erp-records/vendors"
    done = ann.post(f"{address}/link/", {**company, "records": [first], "to": mine.pk})
    assert done == {"count": 1, "left": []}
    assert ann.post(f"{address}/import/", company, key="once") == {"count": 1, "left": []}
    assert ann.post(f"{address}/import/", company, key="once") == {"count": 1, "left": []}
    linked = ann.get(f"{address}/", **company, view="linked", q="beacon")["results"]
    assert [row["name"] for row in linked] == ["Beacon Elevator"]
    ann.post(f"{address}/archive/", {**company, "records": [second]})
    ann.post(f"{address}/unlink/", {**company, "records": [mine.pk]}, 403)
    Caller(stage.dora).post(f"{address}/unlink/", {**company, "records": [mine.pk]})
    ann.post(f"{address}/burn/", company, 404)
    ann.get("erp-records/unicorns/", 404, **company)
    job = factories.JobFactory.create(company=stage.company, name="Northgate:Clinic")
    body = {**company, "records": [job.pk], "number": "26-050", "name": "Clinic"}
    ann.post("erp-records/jobs/import/", body)
    [row] = ann.get("erp-records/jobs/", **company, view="linked", q="clinic")["results"]
    assert row["project_id"] == Project.objects.get(number="26-050").pk
