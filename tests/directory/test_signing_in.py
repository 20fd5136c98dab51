"""Second factors, entering the password again, sessions, and keys for programs."""

from __future__ import annotations

import re
import time
from itertools import count

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from approvals.workflow import Item, take_all
from directory.access import holds_push, set_level
from directory.models import ApiToken, Company, Event, Membership, Notice, User
from directory.perms import Level, Tool
from tests.directory.conftest import At
from tests.stage import Stage

PASSWORD = "a long password of her own"


@pytest.fixture(autouse=True)
def _keys(settings) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]


def _signs_in(user: User) -> Client:
    user.set_password(PASSWORD)
    user.save()
    browser = Client()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return browser


def _shown(browser: Client, page: str) -> str:
    """What the settings page says that it showed."""
    found = re.search(r'name="seen" value="(\w{64})"', browser.get(page).content.decode())
    assert found
    return found[1]


def _code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def _next_code(secret: str) -> str:
    """The code of a moment; one that was used is not taken twice, so that is forgotten first."""
    cache.clear()
    return _code(secret)


def _with_app(browser: Client) -> str:
    """Sets up an authenticator app; its secret."""
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = browser.get("/accounts/second-factor/totp/activate/").content.decode()
    found = re.search(r'value="([A-Z2-7]{32})"', page)
    assert found, page
    done = browser.post("/accounts/second-factor/totp/activate/", {"code": _code(found[1])})
    assert done.status_code == 302
    return found[1]


def _tries(user: User, password: str, address: str) -> str:
    """'' if that opens the door, else why not."""
    browser = Client(REMOTE_ADDR=address)
    answer = browser.post("/accounts/login/", {"login": user.email, "password": password})
    if answer.status_code == 302:
        return ""
    return "locked" if "Too many wrong passwords" in answer.content.decode() else "wrong"


def test_wrong_passwords_keep_nobody_out_who_is_elsewhere(stage: Stage) -> None:
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    assert [_tries(stage.ann, "guess", "203.0.113.7") for _ in range(6)] == 5 * ["wrong"] + [
        "locked"
    ]
    assert _tries(stage.ann, PASSWORD, "203.0.113.7") == "locked", "from there not even the right"
    assert _tries(stage.ann, PASSWORD, "198.51.100.4") == "", "Ann herself gets in"
    assert _tries(stage.bea, "guess", "203.0.113.7") == "wrong", "another account is not locked"


def test_an_office_that_mistypes_keeps_none_of_its_people_out(stage: Stage) -> None:
    """All of Meridian call from one address, and on Monday a dozen have a new password."""
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    office = "203.0.113.7"
    for user in (stage.pam, stage.bea, stage.vic, stage.dora):
        assert [_tries(user, "mistyped", office) for _ in range(6)] == 5 * ["wrong"] + ["locked"]
    assert _tries(stage.ann, PASSWORD, office) == "", "her own five are hers"


def test_whoever_tries_many_accounts_holds_up_their_own_address_for_a_minute(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    clock = count(1.8e9, 0.01)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    browser = Client(REMOTE_ADDR="203.0.113.7")
    for number in range(60):
        guess = {"login": f"{number}@test.example", "password": "guess"}
        assert browser.post("/accounts/login/", guess).status_code == 200
    entered = {"login": stage.ann.email, "password": PASSWORD}
    page = browser.post("/accounts/login/", entered).content.decode()
    assert "Very many wrong passwords came from where you are" in page
    assert "Nothing is wrong with your account: try again in a minute." in page
    assert "five minutes" not in page
    assert _tries(stage.ann, PASSWORD, "198.51.100.4") == "", "from elsewhere she gets in"
    clock = count(1.8e9 + 70, 0.01)
    assert _tries(stage.ann, PASSWORD, "203.0.113.7") == "", "a minute later"


def test_very_many_wrong_passwords_lock_an_account_wherever_they_come_from(stage: Stage) -> None:
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    for place in range(10):
        for _ in range(5):
            assert _tries(stage.ann, "guess", f"203.0.113.{place}") == "wrong"
    assert _tries(stage.ann, "guess", "203.0.113.99") == "locked"
    assert _tries(stage.ann, PASSWORD, "198.51.100.4") == "locked"
    assert _tries(stage.bea, "guess", "203.0.113.99") == "wrong", "refused tries do not count"


def test_guesses_are_counted_whatever_the_request_calls_us(stage: Stage) -> None:
    """The port in a Host header is anybody's to choose, and no other account for that."""
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    here = Client(REMOTE_ADDR="203.0.113.7")
    names = ("localhost:1", "localhost:2", "127.0.0.1", "LOCALHOST:3", "localhost")
    for name in names:
        guess = {"login": stage.ann.email.swapcase(), "password": "guess"}
        here.post("/accounts/login/", guess, headers={"host": name})
    # PostgreSQL and allauth take a long s for an s.
    assert _tries(stage.bea, "guess", "203.0.113.8") == "wrong"
    for _ in range(5):
        guess = {"login": stage.bea.email.replace("s", "\u017f"), "password": "guess"}
        Client(REMOTE_ADDR="203.0.113.8").post("/accounts/login/", guess)
    assert _tries(stage.bea, "guess", "203.0.113.8") == "locked"
    entered = {"login": stage.ann.email, "password": PASSWORD}
    answer = here.post("/accounts/login/", entered, headers={"host": "localhost:4"})
    assert "Too many wrong passwords" in answer.content.decode()
    for place in range(9):
        for port in range(5):
            there = Client(REMOTE_ADDR=f"198.51.100.{place}")
            guess = {"login": stage.ann.email, "password": "guess"}
            there.post("/accounts/login/", guess, headers={"host": f"localhost:{port}"})
    assert _tries(stage.ann, PASSWORD, "192.0.2.1") == "locked"


def test_one_patient_guesser_locks_an_account_nowhere_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five wrong passwords whenever five may be tried, for an hour and a half."""
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    for minutes in range(0, 90, 6):
        clock = count(1.8e9 + 60 * minutes, 0.01)
        monkeypatch.setattr(time, "time", lambda clock=clock: next(clock))
        for _ in range(5):
            assert _tries(stage.ann, "guess", "203.0.113.7") in ("wrong", "locked")
        assert _tries(stage.ann, PASSWORD, "198.51.100.4") == "", "Ann herself gets in"


def test_an_authenticator_app_is_asked_for_from_then_on(stage: Stage) -> None:
    ann = _signs_in(stage.ann)
    secret = _with_app(ann)
    kept = Authenticator.objects.get(user=stage.ann, type="totp")
    assert secret not in str(kept.data), "encrypted at rest"

    later = Client()
    entered = {"login": stage.ann.email, "password": PASSWORD}
    answer = later.post("/accounts/login/", entered)
    assert answer["Location"] == "/accounts/second-factor/authenticate/"
    assert later.get("/").status_code == 302, "the password alone opens nothing"
    later.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    assert later.get("/").status_code == 302
    codes = later.post("/accounts/second-factor/authenticate/", {"code": _next_code(secret)})
    assert codes["Location"] == "/"
    assert later.get("/").status_code == 200


def test_a_company_that_asks_for_a_second_factor(stage: Stage, at: At) -> None:
    """Approvers and administrators without one may look; the others are not asked."""
    commitment = stage.commitment()
    export = stage.send(commitment)
    dora = at(stage.dora)
    page = f"/companies/{stage.company.pk}/erp/settings/"
    said = {"seen": _shown(dora, page), "second_factor_required": "on"}
    dora.post(page, said)
    assert Company.objects.get(pk=stage.company.pk).second_factor_required

    ann = stage.access(stage.ann)
    assert (ann.is_approver, ann.level(Tool.ERP), ann.lacks_second_factor) == (
        False,
        Level.READ,
        True,
    )
    assert not stage.access(stage.pam).lacks_second_factor
    with pytest.raises(Exception, match="asks approvers and administrators"):
        take_all("accept", [Item(export.pk, export.version)], by=ann)
    browser = at(stage.ann)
    assert "second factor" in browser.get("/").content.decode()
    queue = browser.get(f"/companies/{stage.company.pk}/erp/commitments/").content.decode()
    assert "asks approvers and administrators" in queue
    refused = dora.post(page, {"rejection_reasons": ""})
    assert refused.status_code == 403
    assert "Set yours up under Your account" in refused.content.decode()
    key = {"Authorization": f"Bearer {ApiToken.make(stage.ann, 'reports')}"}
    path = f"/api/v1/exports/{export.pk}/accept/"
    body = {"version": export.version}
    answer = Client().post(path, body, "application/json", headers=key)
    assert answer.status_code == 403, "nor a program of hers"

    browser = _signs_in(stage.ann)
    _with_app(browser)
    assert stage.access(stage.ann).is_approver
    assert holds_push(stage.ann, stage.company)
    stage.accept(commitment)


def test_whoever_lost_every_factor_is_helped_by_the_operator(stage: Stage, capsys) -> None:
    ann = _signs_in(stage.ann)
    _with_app(ann)
    call_command("forget_second_factor", stage.ann.email)
    assert not Authenticator.objects.filter(user=stage.ann).exists()
    assert Event.objects.filter(verb="forget-second-factor").count() == 1
    assert _signs_in(stage.ann).get("/").status_code == 200


def test_a_grant_asks_for_the_password_again_and_then_goes_on(stage: Stage) -> None:
    stage.vic.set_password(PASSWORD)
    stage.vic.save()
    otto, vic = _signs_in(stage.otto), Membership.objects.get(user=stage.vic)
    path = f"/operator/companies/{stage.company.pk}/people/{vic.pk}/grant/"
    asked = otto.post(path, {"from": "requests"})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not holds_push(stage.vic, stage.company)
    page = otto.get(asked["Location"]).content.decode()
    assert "Once more: is it you?" in page
    wrong = otto.post(asked["Location"], {"password": "not hers"})
    assert wrong.status_code == 200
    done = otto.post(asked["Location"], {"password": PASSWORD, "next": path})
    assert done["Location"] == "/operator/privileges/"
    assert holds_push(stage.vic, stage.company)


def test_a_session_elsewhere_is_ended(stage: Stage) -> None:
    office, train = _signs_in(stage.ann), Client()
    train.post("/accounts/login/", {"login": stage.ann.email, "password": PASSWORD})
    assert train.get("/").status_code == 200
    page = office.get("/accounts/sessions/").content.decode()
    assert page.count("127.0.0.1") == 2
    asked = office.post("/accounts/sessions/")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert train.get("/").status_code == 200
    office.post(asked["Location"], {"password": PASSWORD, "next": "/accounts/sessions/"})
    assert office.get("/").status_code == 200
    assert train.get("/").status_code == 302


def test_a_token_is_made_and_revoked_on_the_account_page(stage: Stage, at: At) -> None:
    ann = at(stage.ann)
    shown = ann.post("/account/tokens/", {"name": "month end", "days": "90"}).content.decode()
    key = re.search(r"eb_[0-9a-f]{48}", shown)
    assert key is not None
    header = {"Authorization": f"Bearer {key[0]}"}
    assert Client().get("/api/v1/companies/", headers=header).status_code == 200
    page = ann.get("/account/").content.decode()
    assert "month end" in page
    assert key[0] not in page
    ann.post(f"/account/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert Client().get("/api/v1/companies/", headers=header).status_code == 401
    assert "Revoked" in ann.get("/account/").content.decode()
    assert ann.post("/account/tokens/", {"name": "", "days": "90"}).status_code == 302


def test_reasons_are_kept_once_each(stage: Stage, at: At) -> None:
    dora, page = at(stage.dora), f"/companies/{stage.company.pk}/erp/settings/"
    reasons = "Wrong vendor\n\n Wrong cost code \nWrong vendor"
    dora.post(page, {"seen": _shown(dora, page), "rejection_reasons": reasons})
    stage.company.refresh_from_db()
    assert stage.company.rejection_reasons == ["Wrong vendor", "Wrong cost code"]
    assert dora.post(page, {"rejection_reasons": "x" * 121}).status_code == 422
    history = dora.get(page).content.decode()
    assert "reasons for rejecting: none → Wrong vendor; Wrong cost code" in history
    assert at(stage.ann).post(page, {"rejection_reasons": ""}).status_code == 403


def test_from_where_two_approve_is_written_as_money_is(stage: Stage, at: At) -> None:
    page = f"/companies/{stage.company.pk}/erp/settings/"
    dora = at(stage.dora)
    for typed, why in (
        ("1.000,00", "write a point"),
        ("-1", "0.00 or more"),
        ("1.005", "decimals"),
    ):
        answer = dora.post(page, {"seen": _shown(dora, page), "second_approver_from": typed})
        assert answer.status_code == 422
        assert why in answer.content.decode()
        assert f'value="{typed}"' in answer.content.decode()
    dora.post(page, {"seen": _shown(dora, page), "second_approver_from": "$1,000,000"})
    stage.company.refresh_from_db()
    assert stage.company.second_approver_from == 1_000_000
    shown = dora.get(page).content.decode()
    assert 'value="1,000,000.00"' in shown
    assert "two approvers from: none → 1,000,000.00" in shown
    dora.post(page, {"seen": _shown(dora, page), "second_approver_from": ""})
    stage.company.refresh_from_db()
    assert stage.company.second_approver_from is None


def test_a_page_that_is_out_of_date_overwrites_nothing(stage: Stage, at: At) -> None:
    page = f"/companies/{stage.company.pk}/erp/settings/"
    dora, erin = at(stage.dora), at(stage.dora)
    old = _shown(erin, page)
    dora.post(page, {"seen": _shown(dora, page), "second_approver_from": "20000"})
    said = {"seen": old, "rejection_reasons": "Wrong vendor"}
    answer = erin.post(page, said)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Somebody has changed these settings since you opened this page" in text
    assert "Wrong vendor</textarea>" in text, "nothing that was typed is lost"
    stage.company.refresh_from_db()
    assert stage.company.second_approver_from == 20000
    assert stage.company.rejection_reasons == []
    # The page names what it shows now, so that saving again is a decision.
    found = re.search(r'name="seen" value="(\w{64})"', text)
    assert found
    assert erin.post(page, {**said, "seen": found[1]}).status_code == 302
    answer = erin.post(page, {"rejection_reasons": "None seen"})
    assert answer.status_code == 422, "a page that does not say what it showed"


def test_nobody_changes_alone_and_unseen_who_has_to_approve(stage: Stage, at: At) -> None:
    """Ann approves, and administers ERP Integrations, too."""
    ann = Membership.objects.get(user=stage.ann)
    set_level(ann, Tool.ERP, Level.ADMIN, by=stage.dora)
    page = f"/companies/{stage.company.pk}/erp/settings/"
    browser = at(stage.ann)
    browser.post(page, {"seen": _shown(browser, page), "second_approver_from": "20000"})
    Notice.objects.all().delete()
    browser.post(page, {"seen": _shown(browser, page), "rejection_reasons": "Wrong vendor"})
    told = Notice.objects.filter(kind="limit-changed")
    assert {one.user.name for one in told} == {"Bea", "Dora"}
    assert {one.title for one in told} == {
        "Ann changed from where on Meridian Builders needs two approvers: 20,000.00 → no amount"
    }
    assert "two approvers from: 20,000.00 → none" in browser.get(page).content.decode()
    Notice.objects.all().delete()
    browser.post(page, {"seen": _shown(browser, page), "rejection_reasons": "Another"})
    assert not Notice.objects.exists()


def test_settings_are_not_changed_at_a_browser_that_was_left_open(stage: Stage) -> None:
    """Whoever sits down there could switch the second approver off and accept alone."""
    page = f"/companies/{stage.company.pk}/erp/settings/"
    left_open = Client()
    left_open.force_login(stage.dora)
    answer = left_open.post(page, {"rejection_reasons": "Mine"})
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    stage.company.refresh_from_db()
    assert stage.company.rejection_reasons == []
