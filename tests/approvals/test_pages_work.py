"""The first page: what waits for whom."""

from __future__ import annotations

import re

import pytest
from django.db.models.functions import Now
from django.test import Client

from approvals.models import Export
from connectors.models import Connection
from directory.models import Membership, ToolLevel, User
from directory.perms import Level, Tool
from directory.workflow import create_company, invite_administrator
from erpbridge.my_work import PROJECTS
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def first_page(person: User, **query: str) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get("/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def _page(person: User, address: str) -> str:
    client = Client()
    client.force_login(person)
    return client.get(address).content.decode()


def test_what_pam_sent_waits_for_ann(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    page = first_page(stage.ann)
    assert "Waiting for your decision" in page
    assert f'href="/exports/{commitment.export_id}/"' in page
    assert "35,000.00" in page
    assert "just now" in page
    assert "QuickBooks" in page
    assert "Has never called" in page


def test_what_the_last_call_stumbled_over_looks_like_trouble(stage: Stage) -> None:
    """On the first page and on the connection's own; what went well does not."""
    where = (f"/companies/{stage.company.pk}/erp/connection/", "/")
    for result, marked in (("Another company file is open.", True), ("OK: 3 done", False)):
        stage.connection.last_result = result
        stage.connection.save()
        for page in where:
            shown = re.search(rf'class="([^"]*)">{re.escape(result)}<', _page(stage.ann, page))
            looks_bad = shown is not None and shown[1] in ("banner is-red", "deduct")
            assert looks_bad == marked, (page, result)


def test_what_ann_rejected_comes_back_to_pam(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.step("reject", commitment, stage.ann, note="Retainage is missing.")
    page = first_page(stage.pam)
    assert "Came back to you" in page
    assert "Retainage is missing." in page
    assert f'href="{commitment.get_absolute_url()}"' in page
    assert "Waiting for your decision" not in page
    assert "Retainage is missing." not in first_page(stage.ann)


def test_pam_finds_what_she_began(stage: Stage) -> None:
    commitment = stage.commitment(title="Half a subcontract")
    page = first_page(stage.pam)
    assert "Begun by you, not sent yet" in page
    assert "Half a subcontract" in page
    assert f'href="{commitment.get_absolute_url()}"' in page


def test_vic_sees_the_queue_but_is_not_asked(stage: Stage) -> None:
    stage.send(stage.commitment())
    page = first_page(stage.vic)
    assert "Waiting for your decision" not in page
    assert "Accounting decides about these; you may look." in page
    assert "35,000.00" not in page


def test_olga_and_otto_see_nothing_of_it(stage: Stage) -> None:
    stage.send(stage.commitment(title="Secret tower"))
    for person in (stage.olga, stage.otto):
        page = first_page(person)
        assert "Secret tower" not in page
        assert "Riverside" not in page
    assert "Operator" in first_page(stage.otto)


def test_a_person_without_a_company_is_told_what_to_do(stage: Stage) -> None:
    page = first_page(factories.UserFactory.create(name="Nora"))
    assert "You do not belong to a company yet." in page


def test_a_person_whose_company_was_closed_to_them_is_told_so(stage: Stage) -> None:
    Membership.objects.filter(user=stage.vic).update(is_active=False)
    page = first_page(stage.vic)
    assert f"{stage.company}: closed to you." in page
    assert "You do not belong to a company yet." not in page


def test_an_administrator_sees_what_their_company_still_lacks(stage: Stage) -> None:
    assert "Setting up" in first_page(stage.dora), "QuickBooks has never answered"
    Connection.objects.update(first_seen_at=Now())
    assert "Setting up" not in first_page(stage.dora)
    Membership.objects.filter(user__in=[stage.ann, stage.bea]).update(is_active=False)
    page = first_page(stage.dora)
    assert "1 of 7 left" in page
    assert "Invite an approver" in page
    assert "Setting up" not in first_page(stage.pam)


def test_a_new_company_lacks_everything(db) -> None:
    otto = factories.UserFactory.create(is_operator=True)
    company = create_company("Harbor", by=otto)
    made = invite_administrator(company, "dora@harbor.example", "Dora", by=otto)
    page = first_page(made.user)
    assert "Setting up Harbor" in page
    assert "7 of 7 left" in page
    client = Client()
    client.force_login(made.user)
    for address in set(re.findall(r'○</span> <a href="([^"]+)"', page)):
        assert client.get(address).status_code == 200, address


def test_two_thousand_projects_cost_no_more_queries_than_one(
    stage: Stage, django_assert_max_num_queries
) -> None:
    stage.send(stage.commitment())
    client = Client()
    client.force_login(stage.pam)
    client.get("/")
    with django_assert_max_num_queries(12) as few:
        client.get("/")
    projects(stage, 2000)
    for n in range(2, 12):
        stage.send(stage.commitment(number=f"SC-{n:03d}"))
    with django_assert_max_num_queries(12) as many:
        page = client.get("/").content.decode()
    assert len(few) == len(many)
    assert page.count('href="/projects/') == PROJECTS
    assert "search for others" in page
    found = first_page(stage.pam, q="Site 1999")
    assert re.findall(r"P-\d+ Site \d+", found) == ["P-1999 Site 1999"]
    assert "No project of yours matches" in first_page(stage.pam, q="Site 3000")


def projects(stage: Stage, how_many: int) -> None:
    """So many projects more that Pam may read."""
    from directory.models import Project

    membership = Membership.objects.get(user=stage.pam, company=stage.company)
    made = Project.objects.bulk_create(
        Project(company=stage.company, number=f"P-{n:04d}", name=f"Site {n}")
        for n in range(how_many)
    )
    ToolLevel.objects.bulk_create(
        ToolLevel(
            membership=membership,
            company=stage.company,
            project=project,
            tool=Tool.COMMITMENTS,
            level=Level.READ,
        )
        for project in made
    )


def test_a_project_without_a_level_is_not_listed(stage: Stage) -> None:
    factories.ProjectFactory.create(company=stage.company, number="26-099", name="Other site")
    assert "Other site" not in first_page(stage.pam)


def test_a_person_who_left_sees_nothing(stage: Stage) -> None:
    stage.send(stage.commitment())
    Membership.objects.filter(user=stage.ann).update(is_active=False)
    page = first_page(stage.ann)
    assert "Riverside" not in page
    assert "ERP Integrations" not in page
    assert Export.objects.exists()
