"""How long a browser stays signed in, and what of it is left afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client

from directory.models import ApiToken, Event
from directory.retention import forget
from directory.sessions import NOTED
from tests.directory.test_signing_in import PASSWORD, _keys, _signs_in
from tests.stage import Stage

__all__ = ["_keys"]
HOUR = 3600.0
Later = Callable[[float], None]
AGAIN = "/accounts/reauthenticate/"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let so many seconds pass."""
    now = time.time()

    def pass_(seconds: float) -> None:
        nonlocal now
        now += seconds
        moment = now
        monkeypatch.setattr(time, "time", lambda: moment)

    return pass_


def test_after_an_hour_away_the_password_is_asked_for_and_nothing_typed_is_lost(
    stage: Stage, later: Later
) -> None:
    pam = _signs_in(stage.pam)
    page = f"/projects/{stage.project.pk}/commitments/new/"
    assert pam.get(page).status_code == 200
    later(HOUR + 60)
    asked = pam.get(page)
    assert (
        asked["Location"] == f"{AGAIN}?next=%2Fprojects%2F{stage.project.pk}%2Fcommitments%2Fnew%2F"
    )
    form = {"type": "subcontract", "number": "SC-9", "title": "Drywall", "lines": "0"}
    asked = pam.post(page + "?copy=", form)
    assert asked["Location"].startswith(AGAIN)
    told = pam.get(asked["Location"]).content.decode()
    assert "Nothing was heard of you for an hour" in told
    wrong = pam.post(asked["Location"], {"password": "guess", "next": page})
    assert wrong.status_code == 200
    assert pam.get("/")["Location"].startswith(AGAIN), "still locked"
    back = pam.post(asked["Location"], {"password": PASSWORD, "next": page})
    assert back.status_code == 422, "the form itself, with its fault"
    assert 'value="Drywall"' in back.content.decode()
    assert f'action="{page}?copy="' in back.content.decode(), "not where the password was entered"
    assert pam.get("/").status_code == 200


def test_files_that_were_sent_while_it_was_locked_are_not_said_to_be_kept(
    stage: Stage, later: Later
) -> None:
    pam = _signs_in(stage.pam)
    later(HOUR + 60)
    quote = SimpleUploadedFile("Quote.pdf", b"%PDF-1.7", "application/pdf")
    form = {"number": "SC-9", "lines": "0", "files": quote}
    asked = pam.post(f"/projects/{stage.project.pk}/commitments/new/", form)
    told = pam.get(asked["Location"]).content.decode()
    assert "carried out then, without the files" in told


def test_who_is_asked_again_is_shown_what_they_typed_and_nothing_of_the_page(stage: Stage) -> None:
    dora = _signs_in(stage.dora)
    path = f"/companies/{stage.company.pk}/erp/settings/"
    asked = dora.post(path, {"seen": "f3090f908d91", "rejection_reasons": "Wrong job"})
    told = dora.get(asked["Location"]).content.decode()
    assert "<li>rejection reasons: Wrong job</li>" in told
    assert "f3090f908d91" not in told


def test_whoever_is_seen_is_not_locked_out_and_a_page_that_asks_by_itself_is_not_seen(
    stage: Stage, later: Later
) -> None:
    busy, typing, away = (_signs_in(one) for one in (stage.pam, stage.dora, stage.ann))
    for _ in range(8):
        later(HOUR / 4)
        assert busy.get("/").status_code == 200
        typing.get("/health/live/")  # as a page asks while somebody types
        away.get("/notices/", headers={"HX-Request": "true"})
    assert typing.get("/").status_code == 200
    assert away.get("/notices/", headers={"HX-Request": "true"})["Location"].startswith(AGAIN)


def test_a_locked_session_opens_the_way_out_and_nothing_of_a_company(
    stage: Stage, later: Later
) -> None:
    ann = _signs_in(stage.ann)
    export = stage.send(stage.commitment())
    later(HOUR + 60)
    told = ann.get(f"/api/v1/exports/{export.pk}/")
    assert (told.status_code, told["Content-Type"]) == (401, "application/problem+json")
    for shown in ("Basic x", "Bearer", "bearer eb_x"):
        header = {"Authorization": shown}
        assert ann.get(f"/api/v1/exports/{export.pk}/", headers=header).status_code == 401
        assert ann.get("/", headers=header).status_code == 302
    script = {"HX-Request": "true"}
    ann.post(f"/exports/{export.pk}/accept/", {"version": export.version}, headers=script)
    ann.post(AGAIN, {"password": PASSWORD})
    export.refresh_from_db()
    assert export.status == "sent", "what a script sent is not done later on"
    key = {"Authorization": f"Bearer {ApiToken.make(stage.ann, 'reports')}"}
    later(HOUR + 60)
    assert ann.get(f"/api/v1/exports/{export.pk}/", headers=key).status_code == 200
    assert ann.get("/accounts/password/reset/").status_code == 200
    assert ann.post("/accounts/logout/")["Location"] == "/"
    assert ann.get("/")["Location"].startswith("/accounts/login/")


def test_half_a_day_after_signing_in_the_password_is_asked_for_however_busy_somebody_is(
    stage: Stage, later: Later
) -> None:
    pam = _signs_in(stage.pam)
    for _ in range(14):
        later(HOUR - 120)
        last = pam.get("/")
        if last.status_code == 302:
            break
    assert last["Location"].startswith(AGAIN)
    assert "signed in for half a day" in pam.get(last["Location"]).content.decode()
    pam.post(AGAIN, {"password": PASSWORD, "next": "/"})
    for _ in range(3):
        later(HOUR - 120)
        assert pam.get("/").status_code == 200, "from then on it counts anew"


def test_what_waits_for_the_password_is_shown_to_whoever_enters_it(
    stage: Stage, later: Later
) -> None:
    """Somebody else may have sent it from the browser that was left open."""
    ann = _signs_in(stage.ann)
    export = stage.send(stage.commitment())
    later(HOUR + 60)
    address = f"/exports/{export.pk}/reject/"
    asked = ann.post(address, {"version": export.version, "note": "Never mind <b>"})
    for _ in range(2):
        told = ann.get(asked["Location"]).content.decode()
        assert address in told
        assert "note: Never mind &lt;b&gt;" in told
    ann.post("/accounts/logout/")
    _signs_in(stage.ann).get("/")
    export.refresh_from_db()
    assert export.status == "sent"


def test_a_session_is_written_again_every_few_minutes_at_most(
    stage: Stage, later: Later, django_assert_num_queries
) -> None:
    pam = _signs_in(stage.pam)
    pam.get("/account/")
    later(NOTED - 10)
    kept = Session.objects.get().session_data
    pam.get("/account/")
    assert Session.objects.get().session_data == kept
    later(20)
    pam.get("/account/")
    assert Session.objects.get().session_data != kept


def test_signing_in_and_entering_the_password_again_give_the_session_another_key(
    stage: Stage,
) -> None:
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    ann = Client()
    ann.get("/accounts/login/")
    keys = []
    for page in ("/accounts/login/", AGAIN):
        ann.post(page, {"login": stage.ann.email, "password": PASSWORD})
        keys.append(ann.cookies["sessionid"].value)
    assert len(set(keys)) == 2
    stolen = Client()
    stolen.cookies["sessionid"] = keys[0]
    assert stolen.get("/").status_code == 302
    assert ann.get("/").status_code == 200
    assert ann.get("/accounts/sessions/").content.decode().count("127.0.0.1") == 1


def test_signed_out_a_session_is_nowhere_any_more(stage: Stage) -> None:
    ann = _signs_in(stage.ann)
    copy = Client()
    copy.cookies["sessionid"] = ann.cookies["sessionid"].value
    assert copy.get("/").status_code == 200
    answer = ann.post("/accounts/logout/")
    assert copy.get("/").status_code == 302
    assert not Session.objects.exists()
    assert answer["Clear-Site-Data"] == '"cache"'


def test_another_password_ends_every_other_session(stage: Stage) -> None:
    office, train = _signs_in(stage.ann), Client()
    train.post("/accounts/login/", {"login": stage.ann.email, "password": PASSWORD})
    new = "quite another sentence"
    wrong = {"oldpassword": "guess", "password1": new, "password2": new}
    assert office.post("/accounts/password/change/", wrong).status_code == 200
    assert train.get("/").status_code == 200
    office.post("/accounts/password/change/", wrong | {"oldpassword": PASSWORD})
    assert train.get("/").status_code == 302
    assert office.get("/").status_code == 200


def test_who_is_no_longer_active_is_signed_in_nowhere(stage: Stage) -> None:
    ann = _signs_in(stage.ann)
    stage.ann.is_active = False
    stage.ann.save()
    assert ann.get("/").status_code == 302
    assert _signs_in(stage.ann).get("/").status_code == 302


def test_whoever_runs_the_machine_signs_people_out(stage: Stage, capsys) -> None:
    ann, pam = _signs_in(stage.ann), _signs_in(stage.pam)
    key = {"Authorization": f"Bearer {ApiToken.make(stage.ann, 'reports')}"}
    call_command("sign_out", stage.ann.email)
    assert ann.get("/").status_code == 302
    assert pam.get("/").status_code == 200
    assert Client().get("/api/v1/companies/", headers=key).status_code == 200
    call_command("sign_out", stage.ann.email, "--tokens")
    assert Client().get("/api/v1/companies/", headers=key).status_code == 401
    call_command("sign_out", "--everybody")
    assert pam.get("/").status_code == 302
    assert list(Event.objects.filter(verb="sign-out").values_list("subject", flat=True)) == [
        f"user:{stage.ann.pk}",
        f"user:{stage.ann.pk}",
        "everybody",
    ]


def test_of_a_session_that_is_over_nothing_is_kept(stage: Stage) -> None:
    ann, pam = _signs_in(stage.ann), _signs_in(stage.pam)
    key = ann.cookies["sessionid"].value
    Session.objects.filter(session_key=key).update(expire_date=Now())
    assert forget() == 2, "the session, and from where it came"
    assert [one.user for one in UserSession.objects.all()] == [stage.pam]
    assert pam.get("/").status_code == 200


def test_pages_have_a_pace_too(stage: Stage, later: Later, settings) -> None:
    ann, pam = _signs_in(stage.ann), _signs_in(stage.pam)
    settings.REQUESTS_A_MINUTE = 3
    later(60 - time.time() % 60)
    key = {"Authorization": f"Bearer {ApiToken.make(stage.ann, 'reports')}"}
    assert Client().get("/api/v1/companies/", headers=key).status_code == 200
    assert [ann.get("/account/").status_code for _ in range(3)] == [200, 200, 429]
    assert "Wait a minute" in ann.get("/account/").content.decode()
    assert pam.get("/account/").status_code == 200
    later(60)
    assert ann.get("/account/").status_code == 200
