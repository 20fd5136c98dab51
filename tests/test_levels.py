"""What each action needs: with exactly that a person gets in, with one level less they do not.

`tests/test_permissions.py` asks every address for people as they are; here Lea gets the levels of a
row, and nothing else. Let in means that the door opened: what is behind it may say 409 or 422.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from budgets.models import Budget
from commitments.models import ChangeOrder
from directory.access import set_level
from directory.models import Project
from directory.perms import PROJECT_TOOLS, Level, Tool
from directory.privilege import grant_push
from tests import factories
from tests.stage import Stage
from tests.test_permissions import Row, ask, client_of
from tests.test_permissions import at as at  # the ids of everything

# `+`: all of these; `|`: any of these. push: Can Push to Accounting.
TABLE = """
commitments:read
    GET    /projects/{project}/commitments/{draft}/
    GET    /api/v1/commitments/{draft}/
    GET    /api/v1/events/?export={unsent}
commitments:read | change_orders:read
    GET    /projects/{project}/change-orders/{co}/
    GET    /api/v1/change-orders/{co}/
    GET    /api/v1/events/?export={co_export}
change_events:read
    GET    /projects/{sister}/change-events/{event}/
    GET    /api/v1/change-events/{event}/
budget:read
    GET    /projects/{project}/budget/
    GET    /projects/{project}/job-costs/
    GET    /api/v1/budgets/{budget}/

commitments:admin
    POST   /projects/{project}/commitments/new/
    POST   /projects/{project}/commitments/{draft}/edit/
    POST   /projects/{project}/commitments/{draft}/delete/
    POST   /api/v1/commitments/
    PUT    /api/v1/commitments/{draft}/
    POST   /api/v1/commitments/{draft}/status/
    POST   /api/v1/commitments/{draft}/lines/import/
    DELETE /api/v1/commitments/{draft}/?version=0
    POST   /projects/{project}/commitments/{draft}/change-orders/new/
    POST   /projects/{project}/change-orders/{co}/edit/
    POST   /projects/{project}/change-orders/{co}/delete/
    POST   /api/v1/change-orders/
    PUT    /api/v1/change-orders/{co}/
    POST   /api/v1/change-orders/{co}/lines/import/
    DELETE /api/v1/change-orders/{co}/?version=0
    POST   /exports/{unsent}/send/
    POST   /exports/{sent}/retrieve/
    POST   /exports/{unsent}/attachments/
    POST   /projects/{project}/commitments/send/
    POST   /api/v1/exports/{unsent}/send/
    POST   /api/v1/exports/{sent}/retrieve/
    POST   /api/v1/exports/bulk/send/
change_orders:admin
    POST   /projects/{project}/change-orders/{co}/status/ approve
    POST   /api/v1/change-orders/{co}/status/ approve
    POST   /api/v1/change-orders/{approved}/status/ reopen
change_events:standard
    POST   /projects/{sister}/change-events/new/
    POST   /api/v1/change-events/
change_events:admin
    POST   /projects/{sister}/change-events/{event}/edit/
    PUT    /api/v1/change-events/{event}/
    POST   /api/v1/change-events/{event}/status/
    DELETE /api/v1/change-events/{event}/?version=0
change_events:standard + commitments:admin
    POST   /projects/{sister}/change-events/{event}/create/
    POST   /api/v1/change-events/{event}/create-change-orders/
    POST   /api/v1/change-events/{event}/add-to-change-order/
commitments:admin + change_orders:admin
    POST   /exports/{co_export}/send/ as_seen
    POST   /api/v1/exports/{co_export}/send/ as_seen
commitments:admin | change_orders:admin
    POST   /exports/{co_export}/retrieve/ as_seen
    POST   /api/v1/exports/{co_export}/retrieve/ as_seen
budget:admin
    POST   /projects/{project}/budget/edit/
    POST   /projects/{project}/budget/steps/lock/
    POST   /projects/{project}/budget/modifications/new/
    POST   /api/v1/budgets/
    PUT    /api/v1/budgets/{budget}/lines/
    POST   /api/v1/budgets/{budget}/lock/
    POST   /api/v1/budgets/{budget}/unlock/
    POST   /api/v1/budgets/{budget}/modifications/
    DELETE /api/v1/budgets/{budget}/?version=4
    POST   /exports/{budget_export}/send/ as_seen
    POST   /api/v1/exports/{budget_export}/send/ as_seen
    POST   /api/v1/exports/{budget_export}/retrieve/ as_seen

erp:read
    GET    /exports/{sent}/
    GET    /companies/{company}/erp/commitments/
    GET    /companies/{company}/erp/connection/
    GET    /api/v1/exports/?company={company}&kind=commitment
    GET    /api/v1/exports/{sent}/
    GET    /api/v1/exports/{sent}/preview/
erp:standard
    GET    /exports/{sent}/exchanges/
    POST   /companies/{company}/erp/vendors/link-all/
    POST   /companies/{company}/erp/jobs/import-job/
    POST   /companies/{company}/erp/connection/sync/
    GET    /api/v1/exports/{sent}/exchanges/
    POST   /api/v1/erp-records/vendors/link-all/
    POST   /api/v1/erp-records/vendors/archive/
erp:standard + push
    POST   /exports/{sent}/accept/
    POST   /exports/{sent}/reject/
    POST   /companies/{company}/erp/commitments/bulk/accept/
    POST   /api/v1/exports/{sent}/accept/
    POST   /api/v1/exports/{sent}/reject/
    POST   /api/v1/exports/bulk/accept/
erp:admin
    POST   /companies/{company}/erp/connection/create/
    POST   /companies/{company}/erp/connection/password/
    POST   /companies/{company}/erp/connection/schedule/
    POST   /companies/{company}/erp/settings/
    POST   /companies/{company}/erp/vendors/unlink/
    GET    /companies/{company}/erp/job-costs/
    GET    /qbwc/{connection}.qwc
    POST   /api/v1/connections/
    PATCH  /api/v1/connections/{connection}/
    POST   /api/v1/erp-records/vendors/unlink/
directory:read
    GET    /companies/{company}/directory/
    GET    /api/v1/people/?company={company}
directory:admin
    POST   /companies/{company}/directory/people/new/
    POST   /companies/{company}/directory/people/{vic}/
    POST   /companies/{company}/directory/people/{vic}/privilege/
    POST   /companies/{company}/directory/projects/new/
    POST   /api/v1/privilege-requests/
"""
BODIES: dict[str, dict[str, Any]] = {
    "approve": {"version": 0, "status": "approved"},
    "reopen": {"version": 0, "status": "draft"},
    "as_seen": {"version": 0},
}

Needs = dict[str, Level]


def table() -> dict[str, list[tuple[Row, dict[str, Any] | None]]]:
    """For what is needed the rows, with the body of those that have one of their own."""
    found: dict[str, list[tuple[Row, dict[str, Any] | None]]] = {}
    rows: list[tuple[Row, dict[str, Any] | None]] = []
    for line in filter(None, TABLE.splitlines()):
        if line.startswith(" "):
            method, path, *body = line.split()
            rows.append((Row(method, path, {}), BODIES[body[0]] if body else None))
        else:
            rows = found[line] = []
    return found


def enough(needs: str) -> list[Needs]:
    """Each least set of levels that opens the door; the privilege counts as a level of its own."""
    return [
        {
            name: Level[level.upper()] if level else Level.READ
            for name, _, level in (one.strip().partition(":") for one in way.split("+"))
        }
        for way in needs.split("|")
    ]


def too_little(needs: str) -> list[Needs]:
    """One level less of each thing that is needed; of everything, where any one would do."""
    ways = enough(needs)
    if len(ways) > 1:
        return [{name: Level(level - 1) for way in ways for name, level in way.items()}]
    [way] = ways
    return [way | {name: Level(level - 1)} for name, level in way.items()]


@pytest.mark.django_db
def test_exactly_that_is_enough_and_one_level_less_is_not(stage: Stage, at: dict[str, int]) -> None:
    change_order = ChangeOrder.objects.get(pk=at["co"])
    at["co_export"] = change_order.export_id
    at["approved"] = stage.change_order(change_order.commitment, number="002").pk
    at["budget_export"] = Budget.objects.get(pk=at["budget"]).export_id
    wrong = []
    for needs, rows in table().items():
        tried = [(held, True) for held in enough(needs)]
        tried += [(held, False) for held in too_little(needs)]
        for held, allowed in tried:
            for row, status in asked(stage, at, held, rows):
                if (status not in (403, 404)) is not allowed or status >= 500:
                    wrong.append(f"{row} with {held}: {status}")
    assert wrong == []


def asked(
    stage: Stage, at: dict[str, int], held: Needs, rows: list[tuple[Row, dict[str, Any] | None]]
) -> list[tuple[Row, int]]:
    """The status that Lea gets for each row who holds exactly that; nothing stays of it."""
    with transaction.atomic():
        stage.people["Lea"] = lea = factories.UserFactory.create(name="Lea")
        membership: Any = factories.MembershipFactory.create(user=lea, company=stage.company)
        here = list(Project.objects.filter(pk__in=[at["project"], at["sister"]]))
        for name, level in held.items():
            if name != "push":
                projects = here if name in PROJECT_TOOLS else [None]
                for project in projects:
                    set_level(membership, Tool(name), level, by=stage.dora, project=project)
            elif level:
                grant_push(membership, by=stage.otto)
        client = client_of(stage, "Lea")
        answers = [(row, ask(client, at, row, body).status_code) for row, body in rows]
        transaction.set_rollback(True)
    return answers
