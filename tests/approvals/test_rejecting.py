"""A rejection says why, with a reason of the company's and the lines that it is about."""

from __future__ import annotations

import pytest
from django.test import Client

from approvals.errors import StepError
from approvals.rejecting import comment, numbers
from directory.models import Company
from tests.stage import Stage


@pytest.fixture
def reasons(stage: Stage) -> Stage:
    Company.objects.update(rejection_reasons=["Wrong vendor", "Wrong cost code"])
    stage.company.refresh_from_db()
    return stage


def _ann(stage: Stage) -> Client:
    browser = Client()
    browser.force_login(stage.ann)
    return browser


def test_a_reason_lines_and_words_are_one_comment(reasons: Stage) -> None:
    document = reasons.commitment()
    export = reasons.send(document)
    browser = _ann(reasons)
    page = browser.get(f"/exports/{export.pk}/").content.decode()
    assert "<option>Wrong cost code</option>" in page
    browser.post(
        f"/exports/{export.pk}/reject/",
        {"version": export.version, "reason": "Wrong cost code", "lines": "2,1", "note": "03-300."},
    )
    export = reasons.export(document)
    assert (export.status, export.message) == (
        "rejected",
        "Wrong cost code (lines 1 and 2): 03-300.",
    )


@pytest.mark.parametrize(
    ("entered", "why"),
    [
        ({"reason": "Ugly"}, "no longer among the reasons"),
        ({"lines": "7", "note": "No."}, "There is no line 7"),
        ({"lines": "the second", "note": "No."}, "Name lines by their numbers"),
        ({"lines": "2"}, ""),
        ({}, "Say in the comment"),
    ],
)
def test_what_is_not_there_is_refused(reasons: Stage, entered: dict[str, str], why: str) -> None:
    document = reasons.commitment()
    export = reasons.send(document)
    path = f"/exports/{export.pk}/reject/"
    answer = _ann(reasons).post(path, {"version": export.version, **entered}, follow=True)
    assert why in answer.content.decode()
    assert reasons.status(document) == ("sent" if why else "rejected")


def test_the_words_of_a_refused_step_are_not_lost(reasons: Stage) -> None:
    export = reasons.send(reasons.commitment())
    entered = {"version": export.version, "lines": "7", "note": "The <deduct> stands twice."}
    answer = _ann(reasons).post(f"/exports/{export.pk}/reject/", entered, follow=True)
    assert "You had written: “The &lt;deduct&gt; stands twice.”" in answer.content.decode()


def test_a_reason_is_enough_for_many_at_once_and_by_api(reasons: Stage) -> None:
    first, second = (reasons.commitment(number=f"SC-00{n}") for n in (1, 2))
    sent = [reasons.send(document) for document in (first, second)]
    browser = _ann(reasons)
    browser.post(
        f"/companies/{reasons.company.pk}/erp/commitments/bulk/reject/",
        {"item": f"{sent[0].pk}:{sent[0].version}", "reason": "Wrong vendor"},
    )
    path = f"/api/v1/exports/{sent[1].pk}/reject/"
    body = {"version": sent[1].version, "reason": "Wrong vendor", "lines": [2]}
    assert browser.post(path, body, "application/json").status_code == 200
    assert [reasons.export(one).message for one in (first, second)] == [
        "Wrong vendor",
        "Wrong vendor (line 2)",
    ]


def test_how_it_is_put(reasons: Stage) -> None:
    assert comment(reasons.company, " Look again. ") == "Look again."
    assert comment(reasons.company, "") == ""
    assert numbers(" 5, 2;2 ") == [2, 5]
    with pytest.raises(StepError):
        comment(reasons.company, "No.", lines=[1])
