"""P8: what a person with two thousand projects waits for, against a person with two.

Their first page (my work), and the list of commitments of a project that both may see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import exports
from bench.client import request, seconds_each, signed_in
from bench.data import run, settle
from bench.database import database
from bench.exports import BIG, LAST
from bench.measuring import Goal, Result, alternate
from bench.serving import serving
from commitments.models import Commitment
from directory.models import Category, CostCode, Membership, Project, ToolLevel, User, Vendor
from directory.perms import PROJECT_TOOLS, Level, Tool
from tests import factories

EXPORTS = 10_000
MANY, FEW = 2_000, 2
COMMITMENTS = 100
REQUESTS = 40  # in a round
ROUNDS = 11


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p08") as url:
        exports.build(EXPORTS)
        projects = _projects()
        busy, quiet = (_person(name, projects[:n]) for name, n in (("Bo", MANY), ("Flo", FEW)))
        _commitments(Project.objects.get(pk=projects[0]), busy)
        settle()
        with serving(url) as server:
            for what, path in (
                ("my work", "/"),
                ("a project's commitments", f"/projects/{projects[0]}/commitments/"),
            ):
                ours, against = (
                    [request("GET", path, signed_in(person))] * REQUESTS for person in (busy, quiet)
                )
                times = alternate(
                    lambda asked=ours: seconds_each(server, asked),  # type: ignore[misc]
                    lambda asked=against: seconds_each(server, asked),  # type: ignore[misc]
                    rounds=ROUNDS,
                )
                yield Result(
                    name="P8",
                    what=f"{what}, for a person with {MANY:,} projects against one with {FEW}",
                    size=MANY,
                    ours=times.ours * 1000,
                    against=times.against * 1000,
                    unit="ms",
                    ratio=times.ratio,
                    goal=Goal(1.25),
                    spread=times.spread,
                )
                many, few = _queries(path, busy), _queries(path, quiet)
                yield Result(
                    name="P8",
                    what=f"queries of {what}",
                    size=MANY,
                    ours=many,
                    against=few,
                    unit="queries",
                    ratio=many / few,
                    goal=Goal(1),
                )


def _projects() -> list[int]:
    """Many more projects of the company; the ids of all of them."""
    first = 1_000_000
    Project.objects.bulk_create(
        Project(
            pk=first + n, company_id=BIG, number=f"27-{n:04}", name=f"Site {n}", erp_synced_at=LAST
        )
        for n in range(MANY)
    )
    run("SELECT setval(pg_get_serial_sequence('directory_project', 'id'), %s)", [first + MANY])
    return list(range(first, first + MANY))


def _person(name: str, projects: list[int]) -> User:
    """A project manager who approves, too, with every tool in each of the projects."""
    person = User.objects.create_user(f"{name.lower()}@bench.example", name)
    member = Membership.objects.create(user=person, company_id=BIG)
    ToolLevel.objects.create(membership=member, company_id=BIG, tool=Tool.ERP, level=Level.STANDARD)
    ToolLevel.objects.bulk_create(
        ToolLevel(
            membership=member, company_id=BIG, project_id=project, tool=tool, level=Level.ADMIN
        )
        for project in projects
        for tool in PROJECT_TOOLS
    )
    return person


@transaction.atomic
def _commitments(project: Project, made_by: User) -> None:
    category = factories.CategoryFactory.create(company=project.company)
    vendors = list(Vendor.objects.filter(company=BIG))
    code = CostCode.objects.filter(company=BIG).first()
    for number in range(COMMITMENTS):
        _commitment(project, number, vendors[number % len(vendors)], code, category, made_by)


def _commitment(
    project: Project,
    number: int,
    vendor: Vendor,
    code: CostCode | None,
    category: Category,
    made_by: User,
) -> Commitment:
    made = factories.CommitmentFactory.create(
        project=project, number=f"PC-{number:03}", vendor=vendor, created_by=made_by
    )
    factories.CommitmentLineFactory.create(
        commitment=made, cost_code=code, category=category, amount=Decimal(1000 + number)
    )
    return made


def _queries(path: str, person: User) -> int:
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(person)
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(path)
    if answer.status_code != 200:
        raise AssertionError(f"{path} answered {answer.status_code}.")
    return len(asked)
