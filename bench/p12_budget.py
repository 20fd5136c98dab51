"""P12: the page of a budget with 3,000 lines, on its way (as most of the time) and as a draft.

The other side is the same figures as JSON that one SQL statement makes, behind the same login. A
draft's page also says what fails before it can be sent, which looks at every line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db import transaction
from django.db.models import Max

from approvals import workflow
from bench import exports
from bench.client import request, seconds_each, signed_in
from bench.data import run, settle
from bench.database import database
from bench.exports import BIG
from bench.measuring import Goal, Result, alternate
from bench.serving import serving
from budgets.models import Budget
from budgets.workflow import create_budget, load_budget, lock_budget
from directory.access import access_to
from directory.models import Company, CostCode, Membership, Project, ToolLevel, User
from directory.perms import PROJECT_TOOLS, Level
from tests.budgets.many import many_lines

EXPORTS = 10_000
LINES = 3_000
REQUESTS = 10  # in a round
ROUNDS = 11


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p12") as url:
        people = exports.build(EXPORTS)
        project = Project.objects.filter(company=BIG).order_by("pk")[0]
        member = Membership.objects.get(user=people.pam, company=BIG)
        for tool in PROJECT_TOOLS:
            ToolLevel.objects.create(
                membership=member, company_id=BIG, project=project, tool=tool, level=Level.ADMIN
            )
        budget = _budget(project, people.pam)
        settle()
        yield from _measured(url, budget, people.pam, "a draft")
        _send(budget, people.pam)
        yield from _measured(url, budget, people.pam, "on its way")


def _measured(url: str, budget: Budget, pam: User, state: str) -> Iterator[Result]:
    with serving(url) as server:
        ours, against = (
            [request("GET", path, signed_in(pam))] * REQUESTS
            for path in (budget.get_absolute_url(), f"/bench/budget/?project={budget.project_id}")
        )
        times = alternate(
            lambda: seconds_each(server, ours),
            lambda: seconds_each(server, against),
            rounds=ROUNDS,
        )
    yield Result(
        name="P12",
        what=f"a budget's page, {LINES:,} lines, {state}, against JSON",
        size=LINES,
        ours=1 / times.ours,
        against=1 / times.against,
        unit="pages/s",
        ratio=1 / times.ratio,
        goal=Goal(0.25, at_least=True),
        spread=times.spread,
    )


@transaction.atomic
def _budget(project: Project, by: User) -> Budget:
    access = access_to(by, Company.objects.get(pk=BIG), project)
    made = create_budget(project=project, by=access)
    # The company's cost codes were written with their ids.
    last = CostCode.objects.aggregate(last=Max("id"))["last"]
    run("SELECT setval(pg_get_serial_sequence('directory_costcode', 'id'), %s)", [last])
    many_lines(made, LINES)
    return made


def _send(budget: Budget, by: User) -> None:
    now = load_budget(budget.project_id)
    access = access_to(by, now.company, now.project)
    now = lock_budget(now, by=access, version=now.export.version)
    workflow.take("send", now.export, by=access, version=now.export.version)
