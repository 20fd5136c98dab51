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


def test_what_was_entered_stays_in_its_fields_with_the_fault_beside(reasons: Stage) -> None:
    export = reasons.send(reasons.commitment())
    entered = {"version": export.version, "lines": "7", "note": "The <deduct> stands twice."}
    entered |= {"reason": "Wrong cost code", "then": "/exports/77/?project=1"}
    answer = _ann(reasons).post(f"/exports/{export.pk}/reject/", entered)
    assert answer.status_code == 409
    page = answer.content.decode()
    form = page[page.index('id="reject" open') :].split("</form>")[0]
    assert "<option selected>Wrong cost code</option>" in form
    assert 'name="lines" value="7"' in form
    assert "\nThe &lt;deduct&gt; stands twice.</textarea>" in form
    assert 'role="alert">There is no line 7 in what was sent.' in form
    assert page.count("There is no line 7") == 1
    assert 'name="then" value="/exports/77/?project=1"' in form


def test_what_has_no_field_any_more_is_quoted(reasons: Stage) -> None:
    document = reasons.commitment()
    export = reasons.send(document)
    reasons.step("retrieve", document, reasons.pam)
    entered = {"version": export.version, "lines": "2", "note": "It <stands> twice."}
    page = _ann(reasons).post(f"/exports/{export.pk}/reject/", entered).content.decode()
    assert "has changed since you opened this page" in page
    assert "You had entered as the comment: <blockquote>It &lt;stands&gt; twice." in page
    assert "You had entered as the lines: <blockquote>2<" in page


def test_who_may_decide_no_longer_is_told_so_and_keeps_their_words(reasons: Stage) -> None:
    export = reasons.send(reasons.commitment())
    browser = Client()
    browser.force_login(reasons.pam)
    entered = {"version": export.version, "note": "I would not have it."}
    answer = browser.post(f"/exports/{export.pk}/reject/", entered)
    assert answer.status_code == 403
    assert "I would not have it." in answer.content.decode()


def test_what_was_said_of_many_is_there_when_some_are_refused(reasons: Stage) -> None:
    document = reasons.commitment()
    export = reasons.send(document)
    reasons.step("retrieve", document, reasons.pam)
    reasons.send(document)
    said = {"reason": "Wrong cost code", "note": "See <5>."}
    page = _ann(reasons).post(
        f"/companies/{reasons.company.pk}/erp/commitments/bulk/reject/",
        {"item": f"{export.pk}:{export.version}", **said},
    )
    assert "1 not rejected" in page.content.decode()
    assert "<option selected>Wrong cost code</option>" in page.content.decode()
    assert 'name="note" rows="4">See &lt;5&gt;.</textarea>' in page.content.decode()


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
