"""Dora keeps the directory of Meridian Builders: who works here, and how far each may go."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from directory import workflow
from directory.access import access_to, holds_push, set_level
from directory.models import Membership, Project, ToolLevel, User
from directory.perms import Level, Tool
from tests import factories
from tests.directory.conftest import At, link_on
from tests.stage import Stage


def _member(stage: Stage, name: str) -> Membership:
    return Membership.objects.get(user=stage.people[name], company=stage.company)


def _page(stage: Stage, name: str = "") -> str:
    directory = f"/companies/{stage.company.pk}/directory/"
    return f"{directory}people/{_member(stage, name).pk}/" if name else directory


def _form(browser: Any, page: str) -> dict[str, str]:
    """What the browser would send back: every level as shown, with what it showed."""
    form = browser.get(page).context["form"]
    values = {}
    for field in form:
        values[field.html_name] = values[field.html_initial_name] = str(int(field.initial))
    return values


def test_somebody_new_is_invited_and_given_levels(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    invited = dora.post(
        f"{_page(stage)}people/new/", {"name": "Quinn", "email": "Quinn@test.example"}
    )
    link_on(invited.content.decode())
    quinn = User.objects.get(email="quinn@test.example")
    stage.people["Quinn"] = quinn
    values = _form(dora, _page(stage, "Quinn"))
    values[f"commitments-{stage.project.pk}"] = "3"
    assert dora.post(_page(stage, "Quinn"), values).status_code == 302
    access = access_to(quinn, stage.company, stage.project)
    assert access.levels[Tool.COMMITMENTS] == Level.ADMIN
    assert ToolLevel.objects.filter(membership__user=quinn).count() == 1
    grid = dora.get(_page(stage)).content.decode()
    assert "Quinn" in grid
    assert "Invited" in grid


def test_a_person_of_many_projects_gets_them_a_page_at_a_time(stage: Stage, at: At) -> None:
    dora, page = at(stage.dora), _page(stage, "Vic")
    made = factories.ProjectFactory.create_batch(60, company=stage.company)
    shown = dora.get(page).content.decode()
    assert shown.count("<legend>") == 1 + 50
    last = made[-1]
    address = f"{page}?q={last.name.replace(' ', '+')}"
    values = _form(dora, address)
    assert len(values) == 2 * (2 + 4)
    values[f"budget-{last.pk}"] = "2"
    saved = dora.post(address, values)
    assert (saved.status_code, saved["Location"]) == (302, address)
    assert access_to(stage.vic, stage.company, last).levels[Tool.BUDGET] == Level.STANDARD
    [following] = re.findall(r'href="(\?after=[^"]+)" rel="next"', shown)
    assert dora.get(page + following).content.decode().count("<legend>") == 1 + 11


def test_what_an_address_elsewhere_means(stage: Stage, at: At) -> None:
    """Olga works for another company: Dora can neither bring her in nor get a link for her."""
    answer = at(stage.dora).post(
        f"{_page(stage)}people/new/", {"name": "Olga", "email": stage.olga.email}
    )
    assert "has an account on this installation already" in answer.content.decode()
    assert not stage.olga.memberships.filter(company=stage.company).exists()


def test_an_address_that_is_too_long_is_refused_in_words(stage: Stage, at: At) -> None:
    address = f"{'x' * 60}@{'y' * 60}.{'z' * 60}.{'w' * 60}.{'v' * 60}.example"
    answer = at(stage.dora).post(f"{_page(stage)}people/new/", {"name": "Quinn", "email": address})
    assert "at most 254 characters" in answer.content.decode()


def test_two_administrators_with_the_same_page_do_not_undo_each_other(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    page = _page(stage, "Vic")
    first, second = _form(dora, page), _form(dora, page)
    first[f"budget-{stage.project.pk}"] = "2"
    second["directory-company"] = "1"
    dora.post(page, first)
    dora.post(page, second)
    access = access_to(stage.vic, stage.company, stage.project)
    assert (access.level(Tool.BUDGET), access.level(Tool.DIRECTORY)) == (
        Level.STANDARD,
        Level.READ,
    )


def test_the_last_administrator_stays(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    page = _page(stage, "Dora")
    values = {**_form(dora, page), "directory-company": "1", "erp-company": "1"}
    answer = dora.post(page, values)
    assert answer.status_code == 422
    assert "is the last one with Admin on Directory" in answer.content.decode()
    answer = dora.post(f"{page}activity/", {"active": "no"}, follow=True)
    assert "is the last one with Admin on Directory" in answer.content.decode()
    levels = access_to(stage.dora, stage.company).levels
    assert levels == {Tool.DIRECTORY: Level.ADMIN, Tool.ERP: Level.ADMIN}, "all or nothing"


def test_a_deactivated_administrator_does_not_count(stage: Stage) -> None:
    by = stage.access(stage.dora)
    pam, dora = _member(stage, "Pam"), _member(stage, "Dora")
    set_level(pam, Tool.DIRECTORY, Level.ADMIN, by=stage.dora)
    workflow.deactivate(pam, by=by)
    with pytest.raises(PermissionDenied):
        set_level(dora, Tool.DIRECTORY, Level.READ, by=stage.dora)
    workflow.reactivate(pam, by=by)
    set_level(dora, Tool.DIRECTORY, Level.READ, by=stage.dora)
    assert access_to(stage.pam, stage.company).has(Tool.DIRECTORY, Level.ADMIN)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_at_once(stage: Stage) -> None:
    """One lowers the other while the other deactivates the one: somebody is always left."""
    pam, dora = _member(stage, "Pam"), _member(stage, "Dora")
    set_level(pam, Tool.DIRECTORY, Level.ADMIN, by=stage.dora)
    access = stage.access(stage.pam)
    together = threading.Barrier(2)

    def at_once(verb: Callable[[], object]) -> None:
        together.wait()
        try:
            verb()
        except PermissionDenied:
            pass
        finally:
            connections.close_all()

    verbs: list[Callable[[], object]] = [
        lambda: set_level(pam, Tool.DIRECTORY, Level.NONE, by=stage.dora),
        lambda: workflow.deactivate(dora, by=access),
    ]
    for _ in range(10):
        threads = [threading.Thread(target=at_once, args=[verb]) for verb in verbs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = ToolLevel.objects.filter(
            company=stage.company,
            tool=Tool.DIRECTORY,
            level=Level.ADMIN,
            membership__is_active=True,
        )
        assert left.count() == 1
        workflow.reactivate(dora, by=access)
        set_level(pam, Tool.DIRECTORY, Level.ADMIN, by=stage.dora)


def test_an_approver_who_comes_back_has_no_privilege(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    page = _page(stage, "Ann")
    dora.post(f"{page}activity/", {"active": "no"})
    assert access_to(stage.ann, stage.company).levels == {}
    assert at(stage.ann).get(_page(stage)).status_code == 404
    dora.post(f"{page}activity/", {"active": "yes"})
    assert access_to(stage.ann, stage.company).level(Tool.ERP) == Level.STANDARD
    assert not holds_push(stage.ann, stage.company)
    told = dora.get(page).content.decode()
    assert "was taken away" in told


def test_who_may_look_and_who_may_not(stage: Stage, at: At) -> None:
    set_level(_member(stage, "Vic"), Tool.DIRECTORY, Level.READ, by=stage.dora)
    vic, page = at(stage.vic), _page(stage, "Pam")
    assert vic.get(_page(stage)).status_code == vic.get(page).status_code == 200
    assert "Save levels" not in vic.get(page).content.decode()
    for path in (page, f"{page}link/", f"{_page(stage)}people/new/"):
        assert vic.post(path, {"directory-company": "3"}).status_code == 403
    vic.post(f"{page}activity/", {"active": "no"})
    assert _member(stage, "Pam").is_active
    for stranger in (stage.pam, stage.olga):
        assert at(stranger).get(_page(stage)).status_code == 404
        assert at(stranger).post(page, {}).status_code == 404


def test_a_person_of_another_company_cannot_be_reached_through_ours(stage: Stage, at: At) -> None:
    olga = Membership.objects.get(user=stage.olga)
    page = f"{_page(stage)}people/{olga.pk}/"
    assert at(stage.dora).get(page).status_code == 404
    with pytest.raises(PermissionDenied):
        workflow.set_levels(olga, [(Tool.ERP, None, Level.NONE)], by=stage.access(stage.dora))
    theirs = Project.objects.get(company=stage.other)
    with pytest.raises(PermissionDenied):
        workflow.set_levels(
            _member(stage, "Pam"),
            [(Tool.BUDGET, theirs, Level.ADMIN)],
            by=stage.access(stage.dora),
        )


def test_a_hundred_people_come_in_pages(
    stage: Stage, at: At, django_assert_max_num_queries
) -> None:
    for number in range(100):
        user = factories.UserFactory.create(name=f"Worker {number:03}")
        factories.MembershipFactory.create(user=user, company=stage.company)
    dora = at(stage.dora)
    with django_assert_max_num_queries(15):
        first = dora.get(_page(stage))
    assert first.content.decode().count("<tr>") == 101
    rest = dora.get(_page(stage), {"after": first.context["after"]}).content.decode()
    seen = first.content.decode() + rest
    assert all(f"Worker {number:03}" in seen for number in range(100))
    assert rest.count("<tr>") == 6
