"""Two administrators have the settings of Spectrum open: the second overwrites nothing unseen."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from connectors.models import Connection
from tests.connectors.test_settings import ACCESS, ANSWERS, at, connected, page
from tests.stage import Stage

pytestmark = pytest.mark.django_db

STALE = "Somebody has changed this connection since you opened this page, so nothing was saved"


def seen(client: Client, address: str) -> str:
    """What the form at `address` says of what it shows."""
    return re.findall(r'name="seen" value="(\w+)"', client.get(address).content.decode())[0]


def test_answers_that_changed_meanwhile_are_not_overwritten(stage: Stage) -> None:
    connected(stage)
    olga = at(stage.olga)
    shown = seen(olga, page(stage))
    olga.post(page(stage, "settings/"), {**ANSWERS, "repeat_change_requests": "N", "seen": shown})
    late = {**ANSWERS, "gl_account": "5000-900", "repeat_change_requests": "Y", "seen": shown}
    refused = olga.post(page(stage, "settings/"), late)
    assert STALE in refused.content.decode()
    kept = Connection.objects.get(company=stage.other).settings
    assert (kept["gl_account"], kept["repeat_change_requests"]) == ("5000-100", "N")
    # Told of it, she saves what she wants.
    again = olga.post(page(stage, "settings/"), {**late, "seen": seen(olga, page(stage))})
    assert again.status_code == 302
    assert Connection.objects.get(company=stage.other).settings["gl_account"] == "5000-900"


def test_an_address_that_changed_meanwhile_is_not_taken_back(stage: Stage) -> None:
    connected(stage)
    olga = at(stage.olga)
    at_access = page(stage, "access/")
    shown = seen(olga, at_access)
    moved = {**ACCESS, "address": "https://new.harbor.example:8482", "seen": shown}
    assert olga.post(at_access, moved).status_code == 302
    refused = olga.post(at_access, {**ACCESS, "basic_for_soap": "Y", "seen": shown})
    assert refused.status_code == 422
    assert STALE in refused.content.decode()
    kept = Connection.objects.get(company=stage.other)
    assert kept.address == moved["address"]
    assert kept.settings["basic_for_soap"] == "N"
