"""However much there is, a page and the API ask as many questions as for a little.

Every address of the table of permissions that shows something to somebody is asked for twice: once
with ten rows of everything, once with many. A new list is among them as soon as it has its row.
"""

from __future__ import annotations

import os

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import test_permissions
from tests.multitude import multiply
from tests.stage import Stage

at = test_permissions.at  # the table's own stage

FEW = 10
MANY = 10_000 if os.environ.get("ERPBRIDGE_FULL") else 400

pytestmark = pytest.mark.django_db


def questions(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
        assert answer.status_code == 200, address
        answer.getvalue()  # a file is read while it is sent
    return len(asked)


def shown_to_somebody(stage: Stage, at: dict[str, int]) -> list[tuple[Client, str]]:
    """Every address that shows something, with the first of the cast who may see it."""
    clients = {name: test_permissions.client_of(stage, name) for name in test_permissions.PEOPLE}
    shown = [
        (clients[name], row.path.format(**at))
        for row in test_permissions.rows()
        for name in [next((one for one in test_permissions.PEOPLE if row.expected[one] == 200), "")]
        if row.method == "GET" and name
    ]
    assert len(shown) > 80
    return shown


def test_many_rows_ask_no_more_questions_than_ten(stage: Stage, at: dict[str, int]) -> None:
    shown = shown_to_somebody(stage, at)
    asked: dict[str, list[int]] = {}
    for client, address in shown:
        client.get(address).getvalue()  # caches of the process
    for numbers in (range(FEW), range(FEW, MANY)):
        multiply(stage, at, numbers)
        for client, address in shown:
            asked.setdefault(address, []).append(questions(client, address))
    more = {address: many - few for address, (few, many) in asked.items() if many > few}
    # The history's file is made a thousand events at a time, with two questions for each piece.
    assert more.pop(f"/companies/{stage.company.pk}/history.csv", 0) <= 2 * MANY // 1000
    assert more == {}
    transaction.set_rollback(True)  # what all the rows refer to would be checked one by one
