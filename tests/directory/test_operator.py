"""Otto runs the installation: he makes companies and grants the accounting privilege."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client

from directory.access import access_to, holds_push
from directory.models import Company, Event, Membership, User
from directory.perms import Level, Tool
from directory.privilege import grant_push
from directory.workflow import (
    create_company,
    dismiss_operator,
    invite_administrator,
    make_operator,
)
from tests import factories
from tests.directory.conftest import At, link_on
from tests.stage import Stage

PASSWORD = "a long password of her own"


def test_from_the_shell_to_an_administrator_who_signs_in(db, at: At, capsys) -> None:
    """The first operator comes from the shell, everybody else from the pages."""
    call_command("operator", "otto@installation.example", "--name", "Otto")
    printed = capsys.readouterr().out
    assert "/accounts/password/reset/key/" in printed
    otto = User.objects.get(email="otto@installation.example")
    call_command("operator", "OTTO@installation.example")
    assert User.objects.filter(is_operator=True).count() == 1

    browser = at(otto)
    made = browser.post("/operator/", {"name": "Meridian Builders", "erp_enabled": "on"})
    page = made["Location"]
    company = Company.objects.get(name="Meridian Builders")
    assert page == f"/operator/companies/{company.pk}/"
    assert (company.erp_enabled, company.one_person_does_both) == (True, False)
    invited = browser.post(page, {"name": "Dora", "email": "Dora@meridian.example"})
    link = link_on(invited.content.decode())
    assert invited["Cache-Control"].startswith("max-age=0")

    dora = Client()
    form = dora.get(link, follow=True)
    assert form.status_code == 200
    action = form.redirect_chain[-1][0]
    dora.post(action, {"password1": PASSWORD, "password2": PASSWORD})
    signed_in = dora.post(
        "/accounts/login/", {"login": "dora@meridian.example", "password": PASSWORD}
    )
    assert (signed_in.status_code, signed_in["Location"]) == (302, "/")
    assert dora.get(f"/companies/{company.pk}/directory/").status_code == 200
    access = access_to(User.objects.get(email="dora@meridian.example"), company)
    assert access.level(Tool.DIRECTORY) == access.level(Tool.ERP) == Level.ADMIN
    assert not access.can_push

    used = Client().get(link, follow=True).content.decode()
    assert "password1" not in used
    refused = browser.post(f"{page}people/{Membership.objects.get().pk}/link/")
    assert refused.status_code == 403, "whoever has a password gets no link"


def test_who_works_elsewhere_is_brought_in_without_any_level(stage: Stage, at: At) -> None:
    otto, page = at(stage.otto), f"/operator/companies/{stage.company.pk}/"
    brought = {"name": "Olga", "email": stage.olga.email, "without_levels": "on"}
    told = otto.post(page, brought, follow=True).content.decode()
    assert "Its administrators choose the levels." in told
    assert not access_to(stage.olga, stage.company).levels
    person = Membership.objects.get(user=stage.olga, company=stage.company)
    shown = at(stage.dora).get(f"/companies/{stage.company.pk}/directory/people/{person.pk}/")
    assert "What the levels allow" in shown.content.decode()
    Membership.objects.all().delete()
    assert "without_levels" not in otto.get(page).content.decode(), "the first administers"


def test_nobody_else_finds_the_operators_pages(stage: Stage, at: At) -> None:
    for person in (stage.dora, stage.ann, stage.olga):
        browser = at(person)
        for path in ("/operator/", f"/operator/companies/{stage.company.pk}/"):
            assert browser.get(path).status_code == 404
        assert browser.post("/operator/", {"name": "Mine"}).status_code == 404
    assert Client().get("/operator/").status_code == 302
    assert not Company.objects.filter(name="Mine").exists()


def test_otto_grants_and_revokes_but_never_for_himself(stage: Stage, at: At) -> None:
    vic = Membership.objects.get(user=stage.vic)
    own = factories.MembershipFactory.create(user=stage.otto, company=stage.company)
    browser = at(stage.otto)
    people = f"/operator/companies/{stage.company.pk}/people"

    browser.post(f"{people}/{vic.pk}/grant/")
    assert holds_push(stage.vic, stage.company)
    browser.post(f"{people}/{vic.pk}/revoke/")
    assert not holds_push(stage.vic, stage.company)
    for verb in ("grant", "revoke"):
        refused = browser.post(f"{people}/{own.pk}/{verb}/", follow=True)
        assert "Nobody grants this privilege to themselves" in refused.content.decode()
    assert not holds_push(stage.otto, stage.company)

    verbs = Event.objects.filter(subject=f"user:{stage.vic.pk}").order_by("id")
    assert [event.verb for event in verbs][-2:] == ["grant_push", "revoke_push"]
    page = browser.get(f"/operator/companies/{stage.company.pk}/").content.decode()
    assert re.search(r"granted &#x27;Can Push to Accounting&#x27;.*\(Vic\)", page)


def test_a_switched_off_company_is_written_down(stage: Stage, at: At) -> None:
    browser = at(stage.otto)
    switches = f"/operator/companies/{stage.company.pk}/switches/"
    browser.post(switches, {"one_person_does_both": "on"})
    stage.company.refresh_from_db()
    assert (stage.company.erp_enabled, stage.company.one_person_does_both) == (False, True)
    event = Event.objects.filter(subject=f"company:{stage.company.pk}").latest("id")
    assert '"erp_enabled":[true,false]' in event.body
    browser.post(switches, {"one_person_does_both": "on"})
    assert Event.objects.filter(subject=f"company:{stage.company.pk}").latest("id") == event


def test_a_further_operator_is_made_by_one(stage: Stage, at: At) -> None:
    browser = at(stage.otto)
    page = browser.post(
        "/operator/operators/", {"operator-name": "Ida", "operator-email": "ida@test.example"}
    )
    link_on(page.content.decode())
    assert User.objects.get(email="ida@test.example").is_operator


def test_the_operators_verbs_are_nobody_elses(stage: Stage) -> None:
    """Also past the pages: an administrator of everything in the company gets nowhere."""
    for verb in (
        lambda: create_company("Mine", by=stage.dora),
        lambda: invite_administrator(stage.company, "x@test.example", "X", by=stage.dora),
        lambda: make_operator("x@test.example", by=stage.dora),
        lambda: grant_push(Membership.objects.get(user=stage.vic), by=stage.dora),
    ):
        with pytest.raises(PermissionDenied):
            verb()
    assert not User.objects.filter(email="x@test.example").exists()


def test_a_link_that_a_company_made_opens_nothing_more_than_that_company(
    stage: Stage, at: At
) -> None:
    """Dora keeps the link of somebody she invited. When that person becomes an operator, or the
    administrator of another company, the link must not make Dora one."""
    people = f"/companies/{stage.company.pk}/directory/people/"
    for name, email in (("Oskar", "oskar@test.example"), ("Harbor", "boss@test.example")):
        dora, otto = at(stage.dora), at(stage.otto)
        kept = link_on(dora.post(f"{people}new/", {"name": name, "email": email}).content.decode())
        if name == "Oskar":
            entered = {"operator-name": name, "operator-email": email}
            answer = otto.post("/operator/operators/", entered)
        else:
            page = f"/operator/companies/{stage.other.pk}/"
            answer = otto.post(page, {"name": name, "email": email})
        handed_over = link_on(answer.content.decode())
        assert "password1" not in Client().get(kept, follow=True).content.decode()
        invited = Membership.objects.get(user__email=email, company=stage.company)
        again = dora.post(f"{people}{invited.pk}/link/")
        assert again.status_code == 403
        assert "The operator makes the link" in again.content.decode()
        assert "password1" in Client().get(handed_over, follow=True).content.decode()


def test_nobody_without_a_password_gets_the_privilege(stage: Stage) -> None:
    """Who invited them still holds their link, and could decide in their name."""
    membership = Membership.objects.get(user=stage.vic)
    stage.vic.set_unusable_password()
    stage.vic.save()
    with pytest.raises(PermissionDenied, match="has not set a password"):
        grant_push(Membership.objects.get(pk=membership.pk), by=stage.otto)
    assert not holds_push(stage.vic, stage.company)


def test_who_is_dismissed_is_no_operator_any_more_and_signed_out(stage: Stage, at: At) -> None:
    ida = make_operator("ida@test.example", by=stage.otto)
    ida.set_password("quite a long sentence")
    ida.save()
    idas = Client()
    idas.post("/accounts/login/", {"login": ida.email, "password": "quite a long sentence"})
    assert idas.get("/operator/").status_code == 200
    otto = at(stage.otto)
    assert otto.post(f"/operator/operators/{stage.otto.pk}/dismiss/").status_code == 403
    assert f"/operator/operators/{stage.otto.pk}/dismiss/" not in otto.get("/operator/").text
    assert otto.post(f"/operator/operators/{ida.pk}/dismiss/").status_code == 302
    assert idas.get("/operator/").status_code == 302, "signed out"
    assert at(ida).get("/operator/").status_code == 404
    with pytest.raises(PermissionDenied):
        dismiss_operator(stage.otto, by=ida)
    event = Event.objects.get(verb="dismiss-operator")
    assert (event.subject, event.actor_id) == (f"user:{ida.pk}", stage.otto.pk)
    call_command("operator", stage.otto.email, "--dismiss")
    assert otto.get("/operator/").status_code in (302, 404)
    assert not User.objects.filter(is_operator=True).exists()


def test_two_operators_who_dismiss_each_other_leave_one(stage: Stage) -> None:
    ida = make_operator("ida@test.example", by=stage.otto)
    otto = User.objects.get(pk=stage.otto.pk)
    dismiss_operator(stage.otto, by=ida)
    assert otto.is_operator, "as a request read it before"
    with pytest.raises(PermissionDenied, match="nobody dismisses themselves"):
        dismiss_operator(ida, by=otto)


def test_behind_https_operators_need_a_second_factor(stage: Stage, at: At, settings) -> None:
    settings.OPERATORS_SECOND_FACTOR = True
    otto = at(stage.otto)
    asked = otto.get("/operator/")
    assert asked["Location"] == "/accounts/second-factor/"
    assert otto.post("/operator/", {"name": "Mine"}).status_code == 302
    assert not Company.objects.filter(name="Mine").exists()
    assert at(stage.dora).get("/operator/").status_code == 404, "still there for operators alone"
    Authenticator.objects.create(user=stage.otto, type="totp", data={})
    assert otto.get("/operator/").status_code == 200
