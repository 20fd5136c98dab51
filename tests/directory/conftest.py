"""People at their browsers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from directory.models import User
from tests.stage import sign_in

At = Callable[[User], Client]


@pytest.fixture
def at() -> At:
    """The browser of somebody who is signed in."""

    def browser(user: User) -> Client:
        client = Client()
        sign_in(client, user)
        return client

    return browser


def link_on(page: str) -> str:
    """The path of the one-time link that a page shows."""
    found = re.search(r'value="https?://[^/"]+(/accounts/password/reset/key/[^"]+)"', page)
    assert found, page
    return found[1]
