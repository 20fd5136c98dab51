"""Projects, vendors, cost codes and categories, as Dora keeps them."""

from __future__ import annotations

import json
import re

from directory.models import CostCode, Event, Project, Vendor
from tests import factories
from tests.directory.conftest import At
from tests.stage import Stage


def _url(stage: Stage, kind: str, rest: str = "") -> str:
    return f"/companies/{stage.company.pk}/directory/{kind}/{rest}"


def test_a_project_is_made_and_linked_to_a_job(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    job = factories.JobFactory.create(company=stage.company, name="City of Alder:Pool")
    theirs = factories.JobFactory.create(company=stage.other, name="Harbor:Office")
    gone = factories.JobFactory.create(company=stage.company, erp_active=False)
    offered = dora.get(_url(stage, "projects", "new/")).content.decode()
    assert "City of Alder:Pool" in offered
    assert theirs.name not in offered
    assert stage.project.job is not None
    assert stage.project.job.name not in offered, "one job has one project"
    for foreign in (theirs, gone, stage.project.job):
        refused = dora.post(
            _url(stage, "projects", "new/"),
            {"number": "26-020", "name": "Pool", "job": foreign.pk},
        )
        assert refused.status_code == 422

    dora.post(_url(stage, "projects", "new/"), {"number": "26-020", "name": "Pool", "job": ""})
    project = Project.objects.get(number="26-020")
    page = _url(stage, "projects", f"{project.pk}/")
    dora.post(page, {"number": "26-020", "name": "Pool", "job": job.pk})
    project.refresh_from_db()
    assert project.job == job
    event = Event.objects.filter(subject=f"project:{project.pk}").latest("id")
    assert json.loads(event.body)["data"] == {"job": [None, "City of Alder:Pool"]}
    told = dora.get(page).content.decode()
    assert "changed job: none → City of Alder:Pool" in told


def test_what_is_there_already_is_refused_at_its_field(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    answer = dora.post(
        _url(stage, "projects", "new/"), {"number": stage.project.number, "name": "Twin"}
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"number": ["There is one like this already."]}
    answer = dora.post(_url(stage, "cost-codes", "new/"), {"code": "03-300", "name": "Again"})
    assert answer.context["form"].errors == {"code": ["There is one like this already."]}
    # The other company may use the same names.
    olga = at(stage.olga)
    made = olga.post(
        f"/companies/{stage.other.pk}/directory/vendors/new/", {"name": stage.vendor.name}
    )
    assert made.status_code == 302
    assert Vendor.objects.filter(name=stage.vendor.name).count() == 2


def test_renaming_touches_nothing_that_came_from_quickbooks(stage: Stage, at: At) -> None:
    """Dora's form was open when a sync brought news."""
    code = stage.codes["03-300"]
    CostCode.objects.filter(pk=code.pk).update(erp_active=False, erp_problem="Inactive there.")
    dora = at(stage.dora)
    dora.post(
        _url(stage, "cost-codes", f"{code.pk}/"), {"code": "03-300", "name": "Concrete, cast"}
    )
    code.refresh_from_db()
    assert (code.name, code.erp_active) == ("Concrete, cast", False)
    assert "inactive there" in dora.get(_url(stage, "cost-codes")).content.decode()


def test_a_list_is_searched_and_turned_page_by_page(stage: Stage, at: At) -> None:
    Vendor.objects.bulk_create(
        Vendor(company=stage.company, name=f"Supplier {number:03}") for number in range(150)
    )
    dora = at(stage.dora)
    first = dora.get(_url(stage, "vendors"))
    second = dora.get(_url(stage, "vendors"), {"after": first.context["after"]})
    assert first.content.decode().count("<tr>") == 101
    assert second.content.decode().count("<tr>") == 52
    found = dora.get(_url(stage, "vendors"), {"q": "supplier 07"}).content.decode()
    assert found.count("<tr>") == 13
    nothing = dora.get(_url(stage, "vendors"), {"q": "<b>"}).content.decode()
    assert "Nothing matches “&lt;b&gt;”" in nothing


def test_the_lists_of_others_are_closed(stage: Stage, at: At) -> None:
    for kind in ("projects", "vendors", "cost-codes", "categories"):
        assert at(stage.olga).get(_url(stage, kind)).status_code == 404
        assert at(stage.dora).get(_url(stage, kind)).status_code == 200
    assert at(stage.dora).get(_url(stage, "secrets")).status_code == 404
    theirs = factories.VendorFactory.create(company=stage.other)
    assert at(stage.dora).get(_url(stage, "vendors", f"{theirs.pk}/")).status_code == 404


def test_what_somebody_changed_meanwhile_is_not_taken_back(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    project = stage.project
    page = _url(stage, "projects", f"{project.pk}/")
    seen = re.findall(r'name="seen" value="(\w+)"', dora.get(page).content.decode())[0]
    right = factories.JobFactory.create(company=stage.company, name="City of Alder:Pool")
    entered = {"number": project.number, "name": project.name, "job": right.pk, "seen": seen}
    assert dora.post(page, entered).status_code == 302
    late = {**entered, "name": "Library, phase 2", "job": project.job_id}
    refused = dora.post(page, late)
    assert refused.status_code == 422
    assert "Somebody has changed it since you opened this page" in refused.content.decode()
    project.refresh_from_db()
    assert project.job == right
    # Told of it, she saves what she wants.
    again = re.findall(r'name="seen" value="(\w+)"', refused.content.decode())[0]
    assert dora.post(page, {**late, "job": right.pk, "seen": again}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.job) == ("Library, phase 2", right)
