"""Dora asks for the accounting privilege, Otto answers; what that means for items on their way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, connections, transaction

from approvals.errors import StepError
from approvals.revoking import revoke
from directory import workflow
from directory.access import holds_push
from directory.history import faults
from directory.models import Event, Membership, PrivilegeRequest
from directory.privilege import ask_push, grant_push, refuse_push, withdraw_request
from tests import factories
from tests.directory.conftest import At
from tests.stage import Stage


def _member(stage: Stage, name: str) -> Membership:
    return Membership.objects.select_related("user", "company").get(
        user=stage.people[name], company=stage.company
    )


def _verbs(stage: Stage, name: str) -> list[str]:
    events = Event.objects.filter(subject=f"user:{stage.people[name].pk}").order_by("id")
    return [verb for verb in events.values_list("verb", flat=True) if verb.endswith("_push")]


def test_from_the_request_to_the_refusal_to_the_grant(stage: Stage, at: At) -> None:
    dora, otto, vic = at(stage.dora), at(stage.otto), _member(stage, "Vic")
    page = f"/companies/{stage.company.pk}/directory/people/{vic.pk}/"
    dora.post(f"{page}privilege/", {"reason": "Ann is away in August."})
    assert "Ann is away in August." in dora.get(page).content.decode()
    assert "Privilege asked for" in dora.get(page.partition("people/")[0]).content.decode()

    waiting = otto.get("/operator/privileges/").content.decode()
    assert "Ann is away in August." in waiting
    [asked] = PrivilegeRequest.objects.all()
    otto.post(f"/operator/privileges/{asked.pk}/refuse/", {"answer": "Bea is there."})
    assert "Bea is there." in dora.get(page).content.decode()
    assert not holds_push(stage.vic, stage.company)

    dora.post(f"{page}privilege/", {"reason": "Bea is away, too."})
    otto.post(f"/operator/companies/{stage.company.pk}/people/{vic.pk}/grant/")
    assert holds_push(stage.vic, stage.company)
    assert "refused it" not in dora.get(page).content.decode()
    assert list(PrivilegeRequest.objects.order_by("id").values_list("state", "answered_by")) == [
        ("refused", stage.otto.pk),
        ("granted", stage.otto.pk),
    ]
    assert _verbs(stage, "Vic") == ["ask_push", "refuse_push", "ask_push", "grant_push"]
    history = dora.get(page).content.decode()
    assert "refused &#x27;Can Push to Accounting&#x27;: Bea is there." in history


def test_an_answer_is_given_once(stage: Stage) -> None:
    dora, vic = stage.access(stage.dora), _member(stage, "Vic")
    asked = ask_push(vic, "Month end.", by=dora)
    with pytest.raises(ValidationError, match="asked for Vic already"):
        ask_push(vic, "Month end!", by=dora)
    withdraw_request(asked, by=dora)
    with pytest.raises(ValidationError, match="answered meanwhile"):
        refuse_push(asked, "No.", by=stage.otto)
    assert PrivilegeRequest.objects.get().state == "withdrawn"
    with pytest.raises(ValidationError, match="already"):
        ask_push(_member(stage, "Ann"), "Again.", by=dora)
    with pytest.raises(ValidationError, match="Say what the operator"):
        ask_push(vic, "  ", by=dora)
    for hostile in ("Month end\u202e.dne htnoM", "Month\x07end", "\u200b"):
        with pytest.raises(ValidationError, match="Type it anew"):
            ask_push(vic, hostile, by=dora)
    asked = ask_push(vic, "Month end:\r\ntwo of us.", by=dora)
    with pytest.raises(ValidationError, match="Type it anew"):
        refuse_push(asked, "No\u2066t now.", by=stage.otto)
    assert asked.reason == "Month end:\ntwo of us."


def test_nobody_answers_for_themselves_and_no_administrator_answers(stage: Stage) -> None:
    """Otto works for Meridian, too; Dora asks for him. Another operator has to answer."""
    own = factories.MembershipFactory.create(user=stage.otto, company=stage.company)
    asked = ask_push(own, "He knows the books.", by=stage.access(stage.dora))
    for answer in (
        lambda: grant_push(own, by=stage.otto),
        lambda: grant_push(own, by=stage.dora),
        lambda: refuse_push(asked, "No.", by=stage.otto),
        lambda: revoke(_member(stage, "Ann"), by=stage.dora, put_back=True),
    ):
        with pytest.raises(PermissionDenied):
            answer()
    assert PrivilegeRequest.objects.get().state == "open"
    assert holds_push(stage.ann, stage.company)


def test_who_leaves_is_no_longer_asked_for(stage: Stage) -> None:
    dora, vic = stage.access(stage.dora), _member(stage, "Vic")
    ask_push(vic, "Month end.", by=dora)
    workflow.deactivate(vic, by=dora)
    assert PrivilegeRequest.objects.get().state == "withdrawn"
    with pytest.raises(PermissionDenied, match="deactivated"):
        grant_push(_member(stage, "Vic"), by=stage.otto)


def test_another_company_asks_for_nobody_here(stage: Stage, at: At) -> None:
    vic, olga = _member(stage, "Vic"), Membership.objects.get(user=stage.olga)
    asked = ask_push(vic, "Month end.", by=stage.access(stage.dora))
    browser = at(stage.olga)
    for company in (stage.company, stage.other):
        path = f"/companies/{company.pk}/directory/people/{vic.pk}/privilege/"
        assert browser.post(path, {"reason": "Mine."}).status_code == 404
    json = {"company": stage.other.pk, "person": stage.vic.pk, "reason": "Mine."}
    path = "/api/v1/privilege-requests/"
    assert browser.post(path, json, "application/json").status_code == 404
    assert browser.post(f"{path}{asked.pk}/withdraw/").status_code == 404
    assert browser.get(path).status_code == 404
    stray = PrivilegeRequest(
        membership=olga, company=stage.company, asked_by=stage.olga, reason="A hole."
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError), transaction.atomic():
        stray.save()
    assert PrivilegeRequest.objects.get().state == "open"


@pytest.mark.parametrize("put_back", [True, False])
def test_what_was_accepted_goes_back_if_the_operator_says_so(
    stage: Stage, at: At, put_back: bool
) -> None:
    """Ann accepted two, Bea one; QuickBooks has not called yet."""
    first, second, beas = (stage.commitment(number=f"SC-00{n}") for n in (1, 2, 3))
    for document, by in ((first, stage.ann), (second, stage.ann), (beas, stage.bea)):
        stage.send(document)
        stage.accept(document, by)
    otto, ann = at(stage.otto), _member(stage, "Ann")
    page = f"/operator/companies/{stage.company.pk}/people/{ann.pk}/revoke/"
    told = otto.get(page).content.decode()
    assert "<strong>2</strong> items that Ann accepted are still waiting" in told
    assert "SC-001" not in told, "the operator may not see what they are"
    answer = otto.post(page, {"put_back": "on"} if put_back else {}, follow=True)
    assert ("Back in the queue: 2" in answer.content.decode()) is put_back
    expected = "sent" if put_back else "accepted"
    assert [stage.status(one) for one in (first, second, beas)] == [expected] * 2 + ["accepted"]
    if put_back:
        event = Event.objects.filter(verb="undo-acceptance").latest("id")
        assert event.actor == stage.otto
        assert "can no longer push to accounting" in event.body
    stage.visit()
    expected = "sent" if put_back else "synced"
    assert [stage.status(one) for one in (first, second, beas)] == [expected] * 2 + ["synced"]


def _together(*verbs: Callable[[], object]) -> None:
    """Everybody presses at the same moment; refusals are part of it."""
    start = threading.Barrier(len(verbs))
    broken: list[BaseException] = []

    def press(verb: Callable[[], object]) -> None:
        start.wait()
        try:
            verb()
        except (PermissionDenied, StepError):
            pass
        except BaseException as fault:
            broken.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[verb]) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


@pytest.mark.django_db(transaction=True)
def test_a_revocation_that_puts_back_leaves_nothing_accepted(stage: Stage) -> None:
    """Whichever comes first, the acceptance or the revocation: it is in the queue afterwards. Once
    QuickBooks calls at the same moment, it is in the queue or it has gone, never both."""
    ann = _member(stage, "Ann")
    for n in range(8):
        document = stage.commitment(number=f"SC-{n:03}")
        stage.send(document)
        _together(
            partial(stage.accept, document, stage.ann),
            lambda: revoke(ann, by=stage.otto, put_back=True),
        )
        assert stage.status(document) == "sent"
        grant_push(ann, by=stage.otto)
        stage.accept(document, stage.ann)
        _together(stage.visit, lambda: revoke(ann, by=stage.otto, put_back=True))
        orders = [one.ref_number for one in stage.books.purchase_orders()]
        written = orders.count(f"SC-{n:03}")
        assert (stage.status(document), written) in (("sent", 0), ("synced", 1))
        assert not holds_push(stage.ann, stage.company)
        grant_push(ann, by=stage.otto)
    assert list(faults(stage.company.pk)) == []


def test_the_operators_page_asks_the_same_number_of_queries(
    stage: Stage, at: At, django_assert_max_num_queries
) -> None:
    dora = stage.access(stage.dora)
    for number in range(20):
        user = factories.UserFactory.create(name=f"Worker {number:02}")
        user.set_password("a password of their own")
        user.save()
        membership = factories.MembershipFactory.create(user=user, company=stage.company)
        if number % 2:
            grant_push(membership, by=stage.otto)
        else:
            ask_push(membership, "Month end.", by=dora)
    otto = at(stage.otto)
    with django_assert_max_num_queries(8):
        page = otto.get("/operator/privileges/").content.decode()
    assert page.count("Revoke the privilege of Worker") == 10
    assert page.count("Grant the privilege to Worker") == 10


def test_a_program_of_doras_asks(stage: Stage, at: At) -> None:
    dora, path = at(stage.dora), "/api/v1/privilege-requests/"
    body = {"company": stage.company.pk, "person": stage.vic.pk, "reason": "Month end."}
    key = {"Idempotency-Key": "once"}
    first, again = (dora.post(path, body, "application/json", headers=key) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    listed = dora.get(f"{path}?company={stage.company.pk}&state=open").json()["results"]
    assert listed == [first.json()]
    assert at(stage.otto).get(path).json()["results"] == listed
    assert dora.post(f"{path}{first.json()['id']}/withdraw/").json()["state"] == "withdrawn"
    assert dora.post(f"{path}{first.json()['id']}/withdraw/").status_code == 422
