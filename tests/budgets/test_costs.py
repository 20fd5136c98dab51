"""What the ERP has spent: Dora reads it job by job, and takes it along as a file."""

import csv
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.models import CostCode, JobCost, Project
from tests import factories
from tests.budgets.entering import Desk
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(stage: Stage, client):
    client.force_login(stage.dora)
    return client


def text(response) -> str:
    return unescape(response.content.decode())


def cost(project: Project, code: CostCode | None, actual: str, estimate: str | None = None):
    return JobCost(
        company=project.company,
        project=project,
        cost_code=code,
        name=code.name if code else "Bank <charges>",
        erp_id=code.erp_id if code else "B-1",
        actual=Decimal(actual),
        estimate=estimate and Decimal(estimate),
        as_of=timezone.now() - timedelta(hours=1),
    )


@pytest.fixture
def costs(stage: Stage) -> None:
    code = CostCode.objects.filter(company=stage.company).first()
    JobCost.objects.bulk_create(
        [cost(stage.project, code, "1250.50", "9000.00"), cost(stage.project, None, "-12.25")]
    )


def test_every_job_with_what_it_has_cost(stage: Stage, dora, costs) -> None:
    quiet = factories.ProjectFactory.create(company=stage.company, number="99-001")
    theirs = factories.ProjectFactory.create(company=stage.other)
    JobCost.objects.bulk_create([cost(theirs, None, "777.77")])
    page = text(dora.get(reverse("company_costs", args=[stage.company.pk])))
    for shown in (stage.project.number, "9,000.00", "1,238.25", quiet.number, "no costs yet"):
        assert shown in page
    assert "777.77" not in page
    one = dora.get(reverse("company_costs_job", args=[stage.company.pk, stage.project.pk]))
    assert "Bank &lt;charges&gt;" in one.content.decode()
    for shown in ("1,250.50", "-12.25", "1,238.25", "not a cost code here"):
        assert shown in text(one)
    other = reverse("company_costs_job", args=[stage.company.pk, theirs.pk])
    assert dora.get(other).status_code == 404


def test_the_files_hold_all_jobs_or_one(stage: Stage, dora, costs) -> None:
    quiet = factories.ProjectFactory.create(company=stage.company, number="99-001")
    for args, rows in (([], 2), ([stage.project.pk], 2), ([quiet.pk], 0)):
        file = dora.get(reverse("company_costs_csv", args=[stage.company.pk, *args]))
        lines = list(csv.reader(file.getvalue().decode("utf-8-sig").splitlines()))
        assert lines[0][-2:] == ["Estimated", "Spent"]
        assert len(lines) == 1 + rows


@pytest.mark.parametrize("name", ["company_costs", "company_costs_job", "company_costs_csv"])
def test_more_costs_and_jobs_ask_no_more_questions(stage: Stage, dora, costs, name: str) -> None:
    args = [stage.company.pk] + ([stage.project.pk] if name == "company_costs_job" else [])

    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            dora.get(reverse(name, args=args)).getvalue()
        return len(asked)

    questions()
    few = questions()
    projects = factories.ProjectFactory.create_batch(20, company=stage.company)
    codes = CostCode.objects.bulk_create(
        CostCode(company=stage.company, code=f"77-{n}", name=f"Work {n}", erp_id=f"W-{n}")
        for n in range(100)
    )
    JobCost.objects.bulk_create(
        cost(project, code, "1.00") for project in [stage.project, *projects] for code in codes
    )
    assert questions() == few


def test_what_the_costs_leave_out_stands_beside_them(stage: Stage, desk: Desk, client, costs):
    """On paper, too: the pages print as they are, only buttons are left out."""
    desk.create(("03-300", "40000.00"))
    everywhere = [
        (stage.pam, reverse("budget", args=[stage.project.pk])),
        (stage.pam, reverse("job_costs", args=[stage.project.pk])),
        (stage.dora, reverse("company_costs", args=[stage.company.pk])),
        (stage.dora, reverse("company_costs_job", args=[stage.company.pk, stage.project.pk])),
    ]
    words = "without commitments, invoices that are not approved yet"

    def where_told() -> list[str]:
        told = []
        for person, page in everywhere:
            client.force_login(person)
            answer = client.get(page)
            assert answer.status_code == 200
            told += [page] if words in text(answer) else []
        return told

    assert where_told() == [], "QuickBooks tells them whole"
    stage.connection.erp = "spectrum"
    stage.connection.save()
    assert where_told() == [page for _, page in everywhere]
    stage.connection.delete()
    assert where_told() == []
