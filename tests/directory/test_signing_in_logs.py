"""Whoever looks into a theft afterwards finds who came in, from where, by what, and who did not."""

from __future__ import annotations

from django.test import Client

from directory.models import ApiToken
from tests.directory.test_signing_in import PASSWORD, _keys, _signs_in, _with_app
from tests.stage import Stage
from tests.test_logs import Lines, lines

__all__ = ["_keys", "lines"]
OF_SIGNING_IN = "directory.signing_in"


def _told(lines: Lines) -> list[tuple[object, ...]]:
    """Words, person, address and method of each line about signing in."""
    return [
        (line["event"], line.get("person"), line.get("address"), line.get("method"))
        for line in lines()
        if line["logger"] == OF_SIGNING_IN
    ]


def test_who_came_in_and_who_did_not(stage: Stage, lines: Lines) -> None:
    ann = stage.ann
    ann.set_password(PASSWORD)
    ann.save()
    browser = Client(REMOTE_ADDR="203.0.113.7")
    browser.post("/accounts/login/", {"login": ann.email, "password": "guess"})
    browser.post("/accounts/login/", {"login": "hunter2@x.example", "password": "guess"})
    browser.post("/accounts/login/", {"login": ann.email, "password": PASSWORD})
    browser.post("/accounts/reauthenticate/", {"password": "guess"})
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.post("/accounts/logout/")
    here = "203.0.113.7"
    assert _told(lines) == [
        ("A wrong password, or no account", ann.pk, here, "password"),
        ("A wrong password, or no account", None, here, "password"),
        ("A password or factor was right", ann.pk, here, "password"),
        ("Signed in", ann.pk, here, None),
        ("A wrong password, or no account", ann.pk, here, "password"),
        ("Entered a password or factor again", ann.pk, here, "password"),
        ("Signed out", ann.pk, here, None),
    ]
    written = str(lines())
    for typed in ("hunter2", "guess", PASSWORD, ann.email):
        assert typed not in written


def test_who_was_held_up(stage: Stage, lines: Lines) -> None:
    browser = Client(REMOTE_ADDR="203.0.113.7")
    for _ in range(6):
        browser.post("/accounts/login/", {"login": stage.ann.email, "password": "guess"})
    held = ("Held up after too many wrong passwords", stage.ann.pk, "203.0.113.7", "password")
    assert _told(lines)[5:] == [held]


def test_second_factors_and_passwords_that_change(
    stage: Stage, lines: Lines, django_capture_on_commit_callbacks
) -> None:
    ann = stage.ann
    browser = _signs_in(ann)
    with django_capture_on_commit_callbacks(execute=True):
        _with_app(browser)
    later = Client()
    later.post("/accounts/login/", {"login": ann.email, "password": PASSWORD})
    later.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    new = "quite another sentence"
    change = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post("/accounts/password/change/", change).status_code == 302
    told = [(words, who, how) for words, who, _, how in _told(lines)]
    for line in (
        ("A second factor was added", ann.pk, "totp"),
        ("A wrong second factor", ann.pk, "totp"),
        ("The password was changed", ann.pk, None),
    ):
        assert line in told
    assert told.count(("Signed in", ann.pk, None)) == 1, "a password alone is not signed in"


def test_what_was_refused_names_who_asked(stage: Stage, lines: Lines) -> None:
    vic = Client(REMOTE_ADDR="203.0.113.7")
    vic.force_login(stage.vic)
    assert vic.post(f"/companies/{stage.company.pk}/erp/settings/").status_code in (302, 403)
    assert vic.get(f"/companies/{stage.other.pk}/erp/commitments/").status_code == 404
    key = {"Authorization": f"Bearer {ApiToken.make(stage.vic, 'reports')}"}
    path = f"/api/v1/commitments/?project={10**9}"
    assert Client(REMOTE_ADDR="203.0.113.8").get(path, headers=key).status_code == 404
    wrong = {"Authorization": "Bearer eb_x"}
    assert Client().get("/api/v1/companies/", headers=wrong).status_code == 401
    refused = [line for line in lines() if line["logger"] == "django.request"]
    assert {(line.get("person"), line["address"]) for line in refused if line.get("person")} == {
        (stage.vic.pk, "203.0.113.7"),
        (stage.vic.pk, "203.0.113.8"),
    }
    assert ("A token that opens nothing", None, "127.0.0.1", "token") in _told(lines)
