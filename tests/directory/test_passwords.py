"""Which passwords are taken, and what a forgotten one or a code that was seen opens."""

from __future__ import annotations

import re
import time
from itertools import count

import pytest
from allauth.mfa.models import Authenticator
from django.conf import global_settings, settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from directory.invitations import one_time_link
from directory.models import Mail
from erpbridge import settings as erpbridge_settings
from tests.directory.test_signing_in import PASSWORD, _code, _keys, _next_code, _signs_in, _with_app
from tests.stage import Stage

__all__ = ["_keys"]


@pytest.mark.parametrize(
    "password",
    [
        "password12",
        "1234567890",
        "iloveyou123",
        "nine sign",
        "QuickBooks2026!",
        "meridian-2026",
        "MeridianBuilders1",
        "ERP Bridge 2026",
        "Welcome.Builders",
        "ann@test.example",
    ],
)
def test_what_anybody_would_try_first_is_refused(stage: Stage, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, stage.ann)


@pytest.mark.parametrize(
    "password",
    [
        "onlysmallletters",
        "nothing but words and blanks",
        "9283749182734",
        "Kännchen Ω 鍵 🔑 Kännchen",
        "my construction of a sentence",
        "  begins and ends with blanks  ",
        "x7" * 100,
    ],
)
def test_any_other_of_ten_characters_is_taken_exactly_as_it_was_typed(
    stage: Stage, password: str
) -> None:
    """Of any composition, of two hundred characters, too, and nothing of it is cut or changed."""
    browser = _signs_in(stage.ann)
    change = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert browser.post("/accounts/password/change/", change).status_code == 302
    for typed in (password, password.strip() + "x", password.swapcase(), password[:-1], PASSWORD):
        same = typed == password
        credentials = {"login": stage.ann.email, "password": typed}
        answer = Client(REMOTE_ADDR=f"203.0.113.{len(typed) % 250}").post(
            "/accounts/login/", credentials
        )
        assert (answer.status_code == 302) is same, repr(typed)


def test_its_field_hides_it_and_takes_what_a_password_manager_fills_in(stage: Stage) -> None:
    page = Client().get("/accounts/login/").content.decode()
    [field] = re.findall(r'<input[^>]*name="password"[^>]*>', page)
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "onpaste" not in page
    page = _signs_in(stage.ann).get("/accounts/password/change/").content.decode()
    assert page.count('autocomplete="new-password"') == 2
    assert page.count('type="password"') == 3


def test_it_is_kept_so_that_guessing_takes_long() -> None:
    # The tests themselves have a faster one.
    assert global_settings.PASSWORD_HASHERS[0].endswith(".PBKDF2PasswordHasher")
    assert "PASSWORD_HASHERS" not in vars(erpbridge_settings)
    assert PBKDF2PasswordHasher.iterations >= 600_000
    assert PBKDF2PasswordHasher.algorithm == "pbkdf2_sha256"


def test_a_code_opens_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(1.8e9, 0.01)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    secret = _with_app(_signs_in(stage.ann))
    code = _next_code(secret)
    for opens in (True, False):
        browser = Client()
        browser.post("/accounts/login/", {"login": stage.ann.email, "password": PASSWORD})
        browser.post("/accounts/second-factor/authenticate/", {"code": code})
        assert (browser.get("/").status_code == 200) is opens
    old = _code(secret)
    clock = count(1.8e9 + 61, 0.01)
    browser = Client()
    browser.post("/accounts/login/", {"login": stage.ann.email, "password": PASSWORD})
    browser.post("/accounts/second-factor/authenticate/", {"code": old})
    assert browser.get("/").status_code == 302, "a minute later it is none"


def test_codes_are_not_guessed(stage: Stage) -> None:
    secret = _with_app(_signs_in(stage.ann))
    browser = Client()
    browser.post("/accounts/login/", {"login": stage.ann.email, "password": PASSWORD})
    for number in range(5):
        browser.post("/accounts/second-factor/authenticate/", {"code": f"{number:06}"})
    answer = browser.post("/accounts/second-factor/authenticate/", {"code": _code(secret)})
    assert answer.status_code in (200, 429)
    assert browser.get("/").status_code == 302


def test_a_recovery_code_opens_once(stage: Stage) -> None:
    ann = _signs_in(stage.ann)
    _with_app(ann)
    kept = Authenticator.objects.get(user=stage.ann, type="recovery_codes")
    codes = kept.wrap().get_unused_codes()
    assert len(set(codes)) == 10
    assert all(len(code) >= 8 and code not in str(kept.data) for code in codes)
    for opens in (True, False):
        browser = Client()
        browser.post("/accounts/login/", {"login": stage.ann.email, "password": PASSWORD})
        browser.post("/accounts/second-factor/authenticate/", {"code": codes[0]})
        assert (browser.get("/").status_code == 200) is opens


def test_a_new_password_by_mail_leaves_the_second_factor_and_ends_sessions(stage: Stage) -> None:
    office = _signs_in(stage.ann)
    _with_app(office)
    elsewhere = Client()
    elsewhere.post("/accounts/password/reset/", {"email": stage.ann.email})
    [mail] = Mail.objects.filter(address=stage.ann.email)
    found = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", mail.text)
    assert found
    form = elsewhere.get(found[1])["Location"]
    new = "quite another sentence"
    elsewhere.post(form, {"password1": new, "password2": new})
    assert elsewhere.get("/").status_code == 302, "nobody is signed in by that"
    assert office.get("/").status_code == 302, "and who was is no longer"
    entered = elsewhere.post("/accounts/login/", {"login": stage.ann.email, "password": new})
    assert entered["Location"].startswith("/accounts/second-factor/authenticate/")
    assert elsewhere.get("/").status_code == 302
    again = Client().get(found[1], follow=True)
    assert "password1" not in again.content.decode(), "a link works once"


def test_a_link_is_for_its_person_its_moment_and_nothing_else(stage: Stage, settings) -> None:
    stage.ann.set_password(PASSWORD)
    stage.ann.save()
    path = "/accounts/" + one_time_link(stage.ann).partition("/accounts/")[2]
    who, _, key = path.rpartition("key/")[2].strip("/").partition("-")
    other = one_time_link(stage.bea).rpartition("key/")[2].partition("-")[0]
    for changed in (f"{other}-{key}", f"{who}-{key[:-1]}x", f"{who}-{key}x", f"{who}-x-x"):
        answer = Client().get(f"/accounts/password/reset/key/{changed}/")
        assert "password1" not in answer.content.decode()
        assert answer.status_code == 200, "no form, and no way to one"
    assert Client().get(path).status_code == 302
    assert global_settings.PASSWORD_RESET_TIMEOUT == 3 * 24 * 3600
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert Client().get(path).status_code == 200, "after three days it opens nothing"


def test_whether_somebody_has_an_account_is_told_to_nobody(stage: Stage) -> None:
    told = set()
    for address in (stage.ann.email, "nobody@test.example"):
        answer = Client().post("/accounts/password/reset/", {"email": address}, follow=True)
        page = answer.content.decode().replace(address, "")
        told.add(re.sub(r"[A-Za-z0-9]{32,}", "", page))
    assert len(told) == 1
    assert not Mail.objects.filter(address="nobody@test.example").exists()
    told = set()
    for address in (stage.ann.email, "nobody@test.example"):
        guess = {"login": address, "password": "guess"}
        page = Client().post("/accounts/login/", guess).content.decode().replace(address, "")
        told.add(re.sub(r"[A-Za-z0-9]{32,}", "", page))
    assert len(told) == 1


def test_nobody_adds_or_takes_a_factor_away_at_a_browser_that_was_left_open(stage: Stage) -> None:
    ann = _signs_in(stage.ann)
    for way in ("totp/activate", "webauthn/add", "recovery-codes/generate"):
        asked = ann.get(f"/accounts/second-factor/{way}/")
        assert asked["Location"].startswith(("/accounts/reauthenticate/", "/accounts/second-f")), (
            way
        )
        assert "secret" not in asked.content.decode()
    _with_app(ann)
    later = Client()
    later.force_login(stage.ann)
    asked = later.post("/accounts/second-factor/totp/deactivate/")
    assert "reauthenticate" in asked["Location"]
    assert Authenticator.objects.filter(user=stage.ann, type="totp").exists()
    assert later.get("/accounts/email/").status_code == 404, "and the address nobody changes"


def test_a_mailed_link_leads_here_whatever_the_request_called_us(stage: Stage) -> None:
    """Whoever asks for somebody else's new password does not say where its link leads."""
    for host in ("localhost:9", "127.0.0.1"):
        asked = {"email": stage.ann.email}
        Client().post("/accounts/password/reset/", asked, headers={"host": host})
    mails = Mail.objects.filter(address=stage.ann.email)
    assert len(mails) == 2
    for mail in mails:
        [link] = re.findall(r"https?://\S+", mail.text)
        assert link.startswith(f"{settings.BASE_URL}/accounts/password/reset/key/")
