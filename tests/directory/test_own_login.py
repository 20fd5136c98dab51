"""A company signs in with its own accounts: OpenID Connect, switched on by the environment.

The real web server, set up as whoever runs it does, and a login server beside it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from bench.serving import WebServer, serving
from directory.models import User
from tests.directory.login_server import CLIENT, SECRET, LoginServer, login_server
from tests.stage import Stage, set_stage

pytestmark = pytest.mark.django_db(transaction=True)


class House(NamedTuple):
    """The two servers, and who is in the house."""

    web: WebServer
    accounts: LoginServer
    stage: Stage


@pytest.fixture
def house(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    stage = set_stage()
    with login_server() as accounts:
        monkeypatch.setenv("ERPBRIDGE_OPENID_SERVER", accounts.url)
        monkeypatch.setenv("ERPBRIDGE_OPENID_CLIENT", CLIENT)
        monkeypatch.setenv("ERPBRIDGE_OPENID_SECRET", SECRET)
        monkeypatch.setenv("ERPBRIDGE_OPENID_NAME", "Meridian")
        # Its tables are made once it is switched on.
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input"],
            env={**os.environ, "DATABASE_URL": database_url},
            check=True,
            capture_output=True,
        )
        with serving(database_url) as web:
            yield House(web, accounts, stage)


class Browser:
    """Somebody's browser, as far as signing in needs one; it follows every redirect."""

    def __init__(self, house: House) -> None:
        self.address = house.web.url
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def read(self, path: str, form: dict[str, str] | None = None) -> str:
        data = urlencode(form).encode() if form is not None else None
        request = Request(self.address + path, data, {"Referer": self.address + path})
        try:
            with self.opener.open(request) as answer:
                return answer.read().decode()
        except HTTPError as error:
            return error.read().decode()

    def sign_in(self) -> str:
        """Press the button that names the company; the page that one ends on."""
        page = self.read("/accounts/login/")
        assert "Sign in with Meridian" in page
        [action] = re.findall(r'action="(/accounts/oidc/company/login/[^"]*)"', page)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        return self.read(action.replace("&amp;", "&"), {"csrfmiddlewaretoken": token[1]})


def test_who_was_invited_gets_in_and_nobody_else(house: House) -> None:
    ann, people = house.stage.ann, User.objects.count()

    house.accounts.person = {"sub": "a1", "email": ann.email, "email_verified": True}
    page = Browser(house).sign_in()
    assert "My work" in page
    assert str(ann) in page
    assert house.accounts.refused == []

    # An address that anybody could have typed there is nobody's.
    house.accounts.person = {"sub": "b2", "email": house.stage.bea.email, "email_verified": False}
    assert "My work" not in Browser(house).sign_in()

    house.accounts.person = {"sub": "c3", "email": "who@elsewhere.example", "email_verified": True}
    stranger = Browser(house)
    assert "My work" not in stranger.sign_in()
    assert 'name="password"' in stranger.read("/")
    assert User.objects.count() == people


def test_somebody_who_left_stays_outside(house: House) -> None:
    ann = house.stage.ann
    User.objects.filter(pk=ann.pk).update(is_active=False)
    house.accounts.person = {"sub": "a1", "email": ann.email, "email_verified": True}
    gone = Browser(house)
    assert "My work" not in gone.sign_in()
    assert 'name="password"' in gone.read("/")
