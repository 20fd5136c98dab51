"""A lost answer, and the same request once more: carried out once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from approvals.models import Export
from commitments.models import Commitment
from directory.models import Event, RequestKey
from tests.api.conftest import Caller, Program
from tests.stage import Stage


def new(stage: Stage, **more: Any) -> dict[str, Any]:
    return {
        "project": stage.project.pk,
        "type": "subcontract",
        "number": "SC-1",
        "title": "Concrete",
        "date_created": "2026-03-02",
        **more,
    }


def test_the_same_request_gets_the_same_answer(stage: Stage, program: Program) -> None:
    pam = program(stage.pam)
    first = pam.post("commitments/", new(stage), 201, key="a-1")
    events = Event.objects.count()
    assert pam.post("commitments/", new(stage), 201, key="a-1") == first
    assert (Commitment.objects.count(), Event.objects.count()) == (1, events)


def test_a_key_is_for_one_request_of_one_person(stage: Stage, program: Program) -> None:
    pam = program(stage.pam)
    pam.post("commitments/", new(stage), 201, key="a-1")
    told = pam.post("commitments/", new(stage, number="SC-2"), 422, key="a-1")
    assert "another request" in told["detail"]
    assert Commitment.objects.count() == 1
    program(stage.olga).post("commitments/", new(stage), 404, key="a-1")


def test_a_request_that_failed_may_be_sent_again(stage: Stage, program: Program) -> None:
    pam = program(stage.pam)
    pam.post("commitments/", new(stage, number=""), 422, key="a-1")
    assert not RequestKey.objects.exists()
    pam.post("commitments/", new(stage), 201, key="a-1")


def test_a_bulk_step_is_answered_again_with_its_results(stage: Stage, program: Program) -> None:
    export = stage.send(stage.commitment())
    body = {"items": [{"id": export.pk, "version": export.version}]}
    ann = program(stage.ann)
    first = ann.post("exports/bulk/accept/", body, key="k")
    assert first["results"][0]["done"]
    assert ann.post("exports/bulk/accept/", body, key="k") == first
    assert not ann.post("exports/bulk/accept/", body)["results"][0]["done"]


def test_the_password_of_a_connection_is_never_kept(stage: Stage, program: Program) -> None:
    olga = program(stage.olga)
    made = olga.post("connections/", {"company": stage.other.pk, "erp": "quickbooks"}, 201, key="k")
    assert made["password"]
    assert not RequestKey.objects.exists()


def test_keys_are_forgotten_after_a_day(stage: Stage, program: Program) -> None:
    pam = program(stage.pam)
    pam.post("commitments/", new(stage), 201, key="old")
    RequestKey.objects.update(at=timezone.now() - timedelta(hours=25))
    pam.post("commitments/", new(stage, number="SC-2"), 201, key="new")
    assert list(RequestKey.objects.values_list("key", flat=True)) == ["new"]


def test_a_key_that_cannot_be_one(stage: Stage, program: Program) -> None:
    pam = program(stage.pam)
    pam.post("commitments/", new(stage), 400, key="x" * 101)
    assert not Commitment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_and_one_effect(stage: Stage) -> None:
    """All eight get the answer of the one that was carried out."""
    body = new(stage)
    callers = [Caller(stage.pam) for _ in range(8)]

    def ask(caller: Caller) -> Any:
        try:
            return caller.post("commitments/", body, 201, key="same")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, callers))
    assert all(answer == answers[0] for answer in answers)
    assert Export.objects.filter(kind="commitment").count() == 1
