"""P12: the page of a budget with 3,000 lines, on its way (as most of the time) and as a draft.

The other side is the same figures as JSON that one SQL statement makes, behind the same login. A
draft's page says what fails before it can be sent as far as that is known without looking at every
line; it asks for the rest once it is there, in a request of its own, which is not measured here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db import transaction
from django.db.models import Max

from approvals import workflow
from bench import exports
from bench.data import run, settle
from bench.database import database
from bench.exports import BIG
from bench.measuring import Result
from bench.pages import managed_by, page_against_json
from budgets.models import Budget
from budgets.workflow import create_budget, load_budget, lock_budget
from directory.access import access_to
from directory.models import Company, CostCode, Project, User
from tests.budgets.many import many_lines

EXPORTS = 10_000
LINES = 3_000
REQUESTS = 10  # in a round


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p12") as url:
        people = exports.build(EXPORTS)
        budget = _budget(managed_by(people.pam), people.pam)
        settle()
        yield _measured(url, budget, people.pam, "a draft")
        _send(budget, people.pam)
        yield _measured(url, budget, people.pam, "on its way")


def _measured(url: str, budget: Budget, pam: User, state: str) -> Result:
    return page_against_json(
        "P12",
        f"a budget's page, {LINES:,} lines, {state}",
        LINES,
        url=url,
        person=pam,
        page=budget.get_absolute_url(),
        json=f"/bench/budget/?project={budget.project_id}",
        requests=REQUESTS,
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
