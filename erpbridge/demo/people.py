"""Companies, people, projects and lists of the demo, made by the people whose task that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.contrib.auth.hashers import make_password

from directory import workflow
from directory.access import Access, access_to
from directory.models import Category, Company, CostCode, Membership, Project, User, Vendor
from directory.perms import COMPANY_TOOLS, PROJECT_TOOLS, Level, Tool
from directory.privilege import grant_push
from erpbridge.demo import script

LEVELS = {level.label: level for level in Level}


def make_operator(person: script.Person) -> User:
    """Who makes companies and grants privileges."""
    return workflow.make_operator(person.email, person.name, by=None)


def make_company(contractor: script.Contractor, operator: User) -> Company:
    """A company with its people, projects and lists; nothing is linked yet."""
    company = workflow.create_company(
        contractor.name, by=operator, one_person_does_both=contractor.one_person_does_both
    )
    boss = contractor.administrator
    workflow.invite_administrator(company, boss.email, boss.name, by=operator)
    by = access_of(boss.email, company)
    for project in contractor.projects:
        workflow.save(Project(company=company, number=project.number, name=project.name), by=by)
    lists = contractor.lists
    _fill_lists(by, lists.vendors, lists.cost_codes, lists.categories)
    for person in contractor.people:
        if person is not boss:
            workflow.invite(person.email, person.name, by=by)
        _give_levels(person, by)
    return company


def grant_privileges(contractor: script.Contractor, company: Company, operator: User) -> None:
    """'Can Push to Accounting' for who decides; everybody has a password by now."""
    for person in contractor.approvers:
        grant_push(_membership(person, company), by=operator)


def access_of(email: str, company: Company, project: Project | None = None) -> Access:
    """What the person with this address may do now."""
    return access_to(User.objects.get(email=email), company, project)


def set_password(people: Sequence[script.Person], password: str) -> None:
    """One password for all of them: this is a demo."""
    hashed = make_password(password)
    User.objects.filter(email__in=[person.email for person in people]).update(password=hashed)


def _fill_lists(
    by: Access, vendors: Sequence[str], codes: Mapping[str, str], categories: Sequence[str]
) -> None:
    for name in vendors:
        workflow.save(Vendor(company=by.company, name=name), by=by)
    for code, name in codes.items():
        workflow.save(CostCode(company=by.company, code=code, name=name), by=by)
    for name in categories:
        workflow.save(Category(company=by.company, name=name), by=by)


def _give_levels(person: script.Person, by: Access) -> None:
    levels: list[tuple[Tool, Project | None, Level]] = [
        (tool, None, LEVELS[person.company[tool.value]])
        for tool in COMPANY_TOOLS
        if tool.value in person.company
    ]
    for project in Project.objects.filter(company=by.company):
        levels += [
            (tool, project, LEVELS[person.projects[tool.value]])
            for tool in PROJECT_TOOLS
            if tool.value in person.projects
        ]
    workflow.set_levels(_membership(person, by.company), levels, by=by)


def _membership(person: script.Person, company: Company) -> Membership:
    return Membership.objects.select_related("user", "company").get(
        user__email=person.email, company=company
    )
