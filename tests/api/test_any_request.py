"""Whatever the schema allows, sent by everybody: answered as the schema says, and never by a fault.

The requests are made by schemathesis from our own OpenAPI document; ids and versions are often
those that there are, so that some get through. What each of them changed is rolled back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from directory.models import ApiToken
from erpbridge.wsgi import application
from tests.api.conftest import schema
from tests.stage import Stage

pytestmark = pytest.mark.django_db

FULL = "ERPBRIDGE_FULL" in os.environ
REQUESTS = 40 if FULL else 3  # of each operation, by each person
SAID = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture(autouse=True)
def as_many_as_they_like() -> Iterator[None]:
    with override_settings(REQUESTS_A_MINUTE=0):
        yield


@pytest.fixture(autouse=True)
def in_the_tests_transaction() -> Iterator[None]:
    """The application answers on the connection of the test, which stays open."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.parametrize("name", ["Pam", "Ann", "Vic", "Dora", "Otto", "Olga"])
def test_every_operation_keeps_to_the_schema(stage: Stage, name: str) -> None:
    ids = st.sampled_from(_ids(stage))
    token = ApiToken.make(stage.people[name], "any request")
    document = schemathesis.openapi.from_dict(json.loads(json.dumps(schema())))
    document.app = application
    checks = [check for check in CHECKS.get_all() if check.__name__ in SAID]
    assert len(checks) == len(SAID)
    faults, statuses = [], set[int]()
    for found in document.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # our own schema is no fault

        @settings(
            max_examples=REQUESTS,
            deadline=None,
            database=None,
            derandomize=not FULL,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), data=st.data())
        def ask(case: Any, data: Any) -> None:
            _make_real(case, data, ids)
            with transaction.atomic():
                answer = case.call(headers={"Authorization": f"Bearer {token}"})
                transaction.set_rollback(True)
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=checks)

        try:
            ask()
        except Exception as fault:
            faults.append(f"{operation.label}: {fault}")
    assert not faults, "\n\n".join(faults)
    assert {200, 404} <= statuses


def _ids(stage: Stage) -> list[int]:
    """Of things in every state, and of their places."""
    synced, sent = stage.commitment(number="SC-1"), stage.commitment(number="SC-3")
    draft = stage.commitment(number="SC-2", status="draft")
    stage.synced(synced)
    stage.send(sent)
    change_order = stage.change_order(synced)
    documents = [synced, draft, sent, change_order]
    return [
        stage.project.pk,
        stage.company.pk,
        *(one.pk for one in documents),
        *(one.export_id for one in documents),
    ]


def _make_real(case: Any, data: Any, ids: st.SearchStrategy[int]) -> None:
    """Often an id that there is, and a version that may be the one."""
    for part in (case.path_parameters, case.query, case.body):
        for key in list(part) if isinstance(part, dict) else []:
            if key in {"id", "pk", "project", "commitment", "company", "export"}:
                part[key] = data.draw(ids if data.draw(st.booleans()) else st.just(part[key]))
            elif key == "version" and data.draw(st.booleans()):
                part[key] = data.draw(st.integers(0, 3))
