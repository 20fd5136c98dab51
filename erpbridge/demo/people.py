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


def make_company(demo: script.Script) -> Company:
    """The general contractor with its people, projects and lists; nothing is linked yet."""
    operator = workflow.make_operator(demo.operator.email, demo.operator.name, by=None)
    company = workflow.create_company(demo.name, by=operator)
    boss = next(person for person in demo.people if person.company.get("directory") == "Admin")
    workflow.invite_administrator(company, boss.email, boss.name, by=operator)
    by = access_of(boss.email, company)
    for project in demo.projects:
        workflow.save(Project(company=company, number=project.number, name=project.name), by=by)
    _fill_lists(by, demo.lists.vendors, demo.lists.cost_codes, demo.lists.categories)
    for person in demo.people:
        if person is not boss:
            workflow.invite(person.email, person.name, by=by)
        _give_levels(person, by)
    return company


def make_other(demo: script.Script) -> Company:
    """The second company, in which one person does everything."""
    other, operator = demo.other, User.objects.get(email=demo.operator.email)
    company = workflow.create_company(
        other.name, by=operator, one_person_does_both=other.one_person_does_both
    )
    membership = workflow.invite_administrator(
        company, other.person.email, other.person.name, by=operator
    )
    by = access_to(membership.user, company)
    number, name = other.project
    project = Project(company=company, number=number, name=name)
    workflow.save(project, by=by)
    _fill_lists(by, other.vendors, other.cost_codes, ["Labor", "Material", "Subcontract"])
    levels = [(tool, project, Level.ADMIN) for tool in PROJECT_TOOLS]
    workflow.set_levels(membership, levels, by=by)
    return company


def grant_privileges(demo: script.Script, company: Company, other: Company) -> None:
    """'Can Push to Accounting' for who decides; everybody has a password by now."""
    operator = User.objects.get(email=demo.operator.email)
    for person in demo.people:
        if person.push:
            grant_push(_membership(person, company), by=operator)
    grant_push(_membership(demo.other.person, other), by=operator)


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
