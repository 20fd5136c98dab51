"""Spectrum's lists and costs come to Meridian: linked, waiting, in part, and no longer there.

Spectrum is the sandbox's stand-in; the calls are made as a worker makes them, in this process.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client

from connectors import engine, setup
from connectors.contract import Site
from connectors.models import Connection
from connectors.secrets import secrets_of
from connectors.spectrum import connector
from connectors.syncing import queue_sync
from directory.models import Category, CostCode, Job, JobCost, Project, Unlinked, Vendor
from sandbox.spectrum import SpectrumCompany
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db

AUTHORIZATION = "AUTH-0123456789"
ENTERED = {
    "address": "https://spectrum.meridian.example:8482",
    "company_code": "ABC",
    "authorization_id": AUTHORIZATION,
    "cr_status": "PE",
    "gl_account": "5000100",
}


@pytest.fixture
def company() -> Iterator[SpectrumCompany]:
    made = SpectrumCompany(wait=lambda _: None)
    made.authorize(AUTHORIZATION)
    made.add_vendor("IRON", "Ironwood Concrete")
    made.add_vendor("MOOR", "Mooring Electric")
    made.add_job("26010", "Riverside Library", customer="ALDER")
    for phase, name in (("03300", "Cast-in-place"), ("05120", "Structural steel")):
        for cost_type in ("S", "M"):
            made.add_phase("26010", phase, cost_type, name)
    yield made
    made.close()


@pytest.fixture
def connection(stage: Stage) -> Connection:
    """Meridian, on Spectrum now; its own lists are linked to nothing yet."""
    stage.connection.delete()
    Project.objects.filter(pk=stage.project.pk).update(job=None)
    Job.objects.all().delete()
    for model in (Vendor, CostCode, Category):
        model.objects.filter(company=stage.company).update(erp_id="", erp_name="")
    made, _ = setup.create_connection(
        stage.company, "spectrum", stage.access(stage.dora), entered=ENTERED
    )
    return made


def visit(connection: Connection, company: SpectrumCompany, most: int = 1000) -> int:
    """A worker's turn of at most so many calls; how many there were."""
    session = engine.open_session(connection.pk)
    assert not isinstance(session, engine.Silence)
    site = Site(
        address=connection.address,
        settings=connection.settings,
        secrets=secrets_of(connection),
    )
    calls = 0
    while calls < most and (message := engine.next_message(session)) is not None:
        call = connector.call(message.body, site)
        status, headers, content = company.answer(
            call.method, call.path, dict(call.headers), call.content
        )
        kind = headers.get("Content-Type", "").partition(";")[0]
        engine.receive(session, f"HTTP {status} {kind}\n\n{content.decode()}")
        calls += 1
    engine.close_session(session)
    return calls


def waiting(what: str) -> set[str]:
    return set(Unlinked.objects.filter(what=what).values_list("name", flat=True))


def at(person: object) -> Client:
    client = Client()
    sign_in(client, person)  # type: ignore[arg-type]
    return client


def test_lists_wait_to_be_linked(
    stage: Stage, connection: Connection, company: SpectrumCompany
) -> None:
    visit(connection, company)
    vendor = Vendor.objects.get(pk=stage.vendor.pk)
    assert vendor.erp_id == "IRON"  # written the same
    assert waiting("vendors") == {"Mooring Electric"}
    assert waiting("cost_codes") == {"03300", "05120"}
    assert waiting("classes") == {"S", "M"}
    [job] = Job.objects.all()
    assert (job.erp_id, job.name) == ("26010", "26010 Riverside Library")
    page = at(stage.dora).get(f"/companies/{stage.company.pk}/erp/connection/").content.decode()
    assert "Every service answered" in page
    assert "vendors, jobs, phases and cost types of Spectrum" in page
    assert "Categories: 2 ready to import" in page

    # Ann links Spectrum's cost type S to the category that Meridian calls Subcontract.
    ann = at(stage.ann)
    there = f"/companies/{stage.company.pk}/erp/categories/"
    assert "In Spectrum" in ann.get(there).content.decode()
    cost_type = Unlinked.objects.get(what="classes", name="S")
    linked = {"only": str(cost_type.pk), f"to-{cost_type.pk}": "Subcontract"}
    assert (
        "Linked to Subcontract" in ann.post(f"{there}link/", linked, follow=True).content.decode()
    )
    stage.category.refresh_from_db()
    assert (stage.category.erp_id, stage.category.name) == ("S", "Subcontract")


def test_costs_come_by_phase_and_cost_type(
    stage: Stage, connection: Connection, company: SpectrumCompany
) -> None:
    visit(connection, company)
    Project.objects.filter(pk=stage.project.pk).update(job=Job.objects.get())
    CostCode.objects.filter(pk=stage.codes["03-300"].pk).update(erp_id="03300", erp_name="03300")
    Category.objects.filter(pk=stage.category.pk).update(erp_id="S", erp_name="S")
    company.by_hand.enter_cost("26010", "03300", "S", Decimal("700.00"))
    company.by_hand.enter_cost("26010", "03300", "M", Decimal("20.00"))
    queue_sync(connection)
    visit(connection, company)
    costs = JobCost.objects.filter(cost_code=stage.codes["03-300"], actual__gt=0)
    assert {(one.category, one.actual) for one in costs} == {
        (stage.category, Decimal("700.00")),
        (None, Decimal("20.00")),
    }


def test_a_list_that_came_in_part_ends_nothing(
    stage: Stage, connection: Connection, company: SpectrumCompany
) -> None:
    """Steel is not in the part that came, and stays. What is not in a whole list is gone."""
    visit(connection, company)
    CostCode.objects.filter(pk=stage.codes["05-120"].pk).update(erp_id="05120", erp_name="05120")
    company.set(row_cap=2)
    queue_sync(connection)
    visit(connection, company)
    assert CostCode.objects.get(code="05-120").is_linked
    reading = connection.readings.get(what="cost_codes")
    assert "gave only a part" in reading.incomplete
    page = at(stage.dora).get(f"/companies/{stage.company.pk}/erp/connection/").content.decode()
    assert "The last reading was not whole" in page

    company.set(row_cap=500)
    company.by_hand.set_status("vendor", ("IRON",), "I")
    queue_sync(connection)
    visit(connection, company)
    assert CostCode.objects.get(code="05-120").is_linked
    assert not connection.readings.get(what="cost_codes").incomplete
    vendor = Vendor.objects.get(pk=stage.vendor.pk)
    assert not vendor.is_linked
    assert "Spectrum no longer shows it" in vendor.erp_problem
    # Spectrum shows no inactive vendor, and that is no fault of our Authorization ID.
    queue_sync(connection)
    visit(connection, company)
    connection.refresh_from_db()
    assert not any(area["problem"] for area in connection.areas)


def test_phases_of_many_jobs_go_on_in_the_next_turn(
    connection: Connection, company: SpectrumCompany
) -> None:
    """Twenty-four jobs, and a worker that may make thirty calls a turn: it comes to its end."""
    for number in range(24):
        company.add_job(f"27{number:03}", f"House {number}")
        company.add_phase(f"27{number:03}", f"1{number:04}", "L", "Carpentry")
    for _turn in range(20):
        if not visit(connection, company, most=30):
            break
    assert len(waiting("cost_codes")) == 26
    assert connection.readings.get(what="cost_codes").complete_from is not None


def test_what_is_not_authorised_is_red(
    stage: Stage, connection: Connection, company: SpectrumCompany
) -> None:
    company.authorize(AUTHORIZATION, ["vendors", "GetJob", "GetPhase", "UpdateSubcontract"])
    visit(connection, company)
    dora = at(stage.dora)
    page = f"/companies/{stage.company.pk}/erp/connection/"
    shown = dora.get(page).content.decode()
    assert "Not every service answers as it should" in shown
    assert shown.count("Not authorised. Spectrum&#x27;s words:") == 3
    company.authorize(AUTHORIZATION)
    assert dora.post(f"{page}test/").status_code == 302
    Connection.objects.filter(pk=connection.pk).update(last_result="OK: 1 done")
    waiting = dora.get(f"{page}test/").content.decode()
    assert "Being tried" in waiting
    assert "The last call" not in waiting, "it went well"
    visit(connection, company)
    green = dora.get(f"{page}test/").content.decode()
    assert "Every service answered" in green
    assert "hx-get" not in green
