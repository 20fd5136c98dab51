"""Spectrum makes a new client secret now and then, and whatever gets lost on the way, the documents
of Meridian wait or go, and nobody loses a secret that works.

The ERP is the stand-in for Spectrum, over real HTTP.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from approvals.alerts import send_alerts
from connectors import engine, renewing, setup, tasks
from connectors.models import Connection, Message, Renewal, Session
from connectors.pulse import LEASE
from connectors.secrets import secrets_of, set_secrets, tries_of
from connectors.signing_in import Credentials
from directory import bell
from directory.models import Event, Notice
from sandbox.spectrum import entrance
from tests.engine.on_spectrum import OnSpectrum, listening
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

CLIENT, FIRST = "meridian", "s3cr3t-of-meridian"


@pytest.fixture
def site(spectrum: OnSpectrum, stage: Stage) -> OnSpectrum:
    """Meridian's Spectrum hands out tokens, and the first renewal is a month away."""
    spectrum.company.switch_on_oauth(CLIENT, FIRST)
    entered = {"oauth": "Y", "client_id": CLIENT, "client_secret": FIRST}
    setup.change_connection(spectrum.connection, stage.access(stage.dora), entered)
    spectrum.quiet()  # it is tested
    return spectrum


def renewal() -> Renewal:
    return Renewal.objects.get()


def come(site: OnSpectrum) -> None:
    """The time has come, and a worker hears of it."""
    Renewal.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    tasks.renew(site.connection.pk)


def theirs(site: OnSpectrum) -> str:
    """The secret that Spectrum takes."""
    return str(site.company.books.storage.fact("client")["secret"])


def ours(site: OnSpectrum) -> list[str]:
    """The secrets that are tried, in turn."""
    return [one["client_secret"] for one in tries_of(site.connection)]


def asked(site: OnSpectrum) -> int:
    return len([one for one in site.company.calls() if one["service"] == "rotation"])


def verbs() -> list[str]:
    wanted = ("renewed", "not-renewed", "ask-renewal")
    return list(Event.objects.filter(verb__in=wanted).order_by("id").values_list("verb", flat=True))


def kept_in_the_open() -> str:
    """All that people, programs and logs could read of it."""
    texts = [*Event.objects.values_list("body", flat=True)]
    texts += Session.objects.values_list("error", flat=True)
    texts += Connection.objects.values_list("last_result", flat=True)
    texts += [text or "" for row in Message.objects.values_list("body", "reply") for text in row]
    texts += [f"{one.__dict__}" for one in (*Renewal.objects.all(), *Notice.objects.all())]
    return "\n".join(texts)


def test_a_month_later_the_sweep_has_it_renewed(site: OnSpectrum, stage: Stage, monkeypatch):
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(bell, "ring", lambda task, *ids: rung.append((task, *ids)))
    bells = ("connectors.tasks.renew", site.connection.pk)
    tasks.sweep()
    assert bells not in rung, "not yet"
    Renewal.objects.update(due_at=timezone.now())
    tasks.sweep()
    assert bells in rung
    tasks.renew(site.connection.pk)
    assert ours(site) == [theirs(site)] != [FIRST]
    now = renewal()
    assert now.due_at is not None
    assert timedelta(days=29) < now.due_at - timezone.now() < timedelta(days=31)
    assert (now.fault, now.asked_at, now.locked_out, now.sealed_before) == ("", None, False, "")
    assert verbs() == ["renewed"]
    tasks.renew(site.connection.pk)
    assert asked(site) == 1, "a bell that rings twice asks once"
    site.quiet()  # the sweep had its lists read, too
    site.synced(stage.commitment())
    for secret in (FIRST, theirs(site)):
        assert secret not in kept_in_the_open()


@pytest.mark.parametrize(
    "kind", ["answer_lost", "cut", "error_500_applied", "request_lost", "error_500", "too_many"]
)
def test_an_answer_that_is_lost_leaves_a_secret_that_works(
    site: OnSpectrum, stage: Stage, kind: str
) -> None:
    """Where the old one ended, the token that is still in hand asks once more."""
    site.company.faults.add(kind, "rotation")
    come(site)
    assert ours(site) == [theirs(site)]
    site.synced(stage.commitment())
    was_done = kind in ("answer_lost", "cut", "error_500_applied")
    assert asked(site) == (2 if was_done else 1)
    assert verbs() == (["renewed"] if was_done else ["not-renewed"])
    assert ("The one before works." in renewal().fault) is not was_done
    come(site)
    assert renewal().fault == ""
    assert ours(site) == [theirs(site)] != [FIRST]


def test_where_every_answer_is_lost_people_are_told_and_nothing_goes_wrong(
    site: OnSpectrum, stage: Stage
) -> None:
    commitment = stage.commitment()
    site.accepted(commitment)
    site.company.faults.add("answer_lost", "rotation", times=3)
    come(site)
    assert renewal().locked_out
    assert ours(site) == [FIRST], "nobody throws away what may work again"
    assert site.serve() is False
    assert (stage.status(commitment), site.effects()) == ("accepted", [])
    for _ in range(2):
        send_alerts()
    told = Notice.objects.filter(kind="locked-out")
    assert {one.user_id for one in told} >= {stage.ann.pk, stage.dora.pk}
    assert told.count() == told.values("user_id").distinct().count(), "once each"

    dora = Client()
    sign_in(dora, stage.dora)
    page = f"/companies/{stage.company.pk}/erp/connection/"
    shown = dora.get(page).content.decode()
    alert = 'role="alert">Spectrum takes no secret that is kept here any more'
    assert alert in shown
    assert "no answer came that works" in shown
    for secret in (FIRST, theirs(site)):
        assert secret not in shown + kept_in_the_open()

    typed = {"client_secret": theirs(site)}
    setup.change_connection(site.connection, stage.access(stage.dora), typed)
    assert alert not in dora.get(page).content.decode()
    site.quiet()
    assert stage.status(commitment) == "synced"
    assert {what for _, _, what in site.effects()} == {"made"}


def test_a_worker_that_dies_with_the_answer_is_noticed(site: OnSpectrum, stage: Stage) -> None:
    """The note that it asked is there, and the secret that came back is not."""
    Renewal.objects.update(asked_at=timezone.now())
    entrance.rotate_secret(site.company.books)
    come(site)
    assert renewal().locked_out
    assert "no answer came that works" in renewal().fault
    assert asked(site) == 0, "there is nothing to ask with"
    set_secrets(site.connection, {**secrets_of(site.connection), "client_secret": theirs(site)})
    site.synced(stage.commitment())
    assert (renewal().locked_out, renewal().fault) == (False, "")


def test_a_renewal_that_is_done_late_is_told_when_it_locks_us_out(
    site: OnSpectrum, stage: Stage
) -> None:
    site.company.faults.add("applied_late", "rotation", seconds=3600)
    come(site)
    assert "The one before works." in renewal().fault
    site.company.catch_up(at_once=True)
    commitment = stage.commitment()
    site.accepted(commitment)
    assert site.serve() is False
    assert (stage.status(commitment), site.effects()) == ("accepted", [])
    assert renewal().locked_out
    assert "takes no secret that is kept here" in site.connection.last_result


def test_the_old_secret_is_used_until_the_new_one_works(site: OnSpectrum, stage: Stage) -> None:
    Credentials(site.connection).keep({"client_secret": "made-and-not-there-yet"})
    site.synced(stage.commitment())
    assert ours(site) == ["made-and-not-there-yet", FIRST]
    assert verbs() == []
    site.company.switch_on_oauth(CLIENT, "made-and-not-there-yet")
    site.synced(stage.commitment(number="SC-002"))
    assert ours(site) == ["made-and-not-there-yet"]
    assert verbs() == ["renewed"]


def test_what_somebody_types_meanwhile_is_tried_first(site: OnSpectrum, stage: Stage) -> None:
    us = Credentials(site.connection)
    dora = stage.access(stage.dora)
    setup.change_connection(site.connection, dora, {"client_secret": "typed-meanwhile"})
    us.keep({"client_secret": "made-meanwhile"})
    assert ours(site) == ["typed-meanwhile", "made-meanwhile"]
    setup.change_connection(site.connection, dora, {"authorization_id": "AUTH-2"})
    assert ours(site) == ["typed-meanwhile", "made-meanwhile"], "that is another one"
    setup.change_connection(site.connection, dora, {"client_secret": "typed-later"})
    assert ours(site) == ["typed-later"]


def test_what_somebody_types_beside_it_costs_no_new_secret(site: OnSpectrum, stage: Stage) -> None:
    """Dora types another authorization ID while Spectrum is making a secret."""
    us = Credentials(site.connection)
    dora = stage.access(stage.dora)
    setup.change_connection(site.connection, dora, {"authorization_id": "AUTH-2"})
    us.keep({"client_secret": "made-meanwhile"})
    assert ours(site) == ["made-meanwhile", FIRST]
    assert secrets_of(site.connection)["authorization_id"] == "AUTH-2"


def test_a_schedule_that_somebody_ended_meanwhile_stays_ended(
    site: OnSpectrum, stage: Stage
) -> None:
    """Dora switches enhanced authentication off while a worker waits for its answer."""

    class Slow:
        def answer(self, method: str, path: str, headers: Any, content: bytes) -> Any:
            if path == "/secretRotation":
                dora = stage.access(stage.dora)
                setup.change_connection(Connection.objects.get(), dora, {"oauth": "N"})
                connections.close_all()
                return 503, {}, b""
            return site.company.answer(method, path, headers, content)

    with listening(Slow()) as address:
        Connection.objects.update(address=address)
        come(site)
    assert (renewal().due_at, renewal().fault, verbs()) == (None, "", [])


def test_both_are_sealed_anew(site: OnSpectrum, settings) -> None:
    Credentials(site.connection).keep({"client_secret": "made"})
    new = "bmV3LWtleS1mb3ItdGhlLXNlYWxzLW9mLW1lcmlkaWE="
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]
    call_command("rotate_secrets")
    settings.ENCRYPTION_KEYS = [new]
    assert ours(site) == ["made", FIRST]


def test_a_document_in_the_lane_comes_first(site: OnSpectrum) -> None:
    held = engine.open_session(site.connection.pk, lease=LEASE)
    assert isinstance(held, Session)
    come(site)
    assert asked(site) == 0
    engine.close_session(held)
    tasks.renew(site.connection.pk)
    assert ours(site) == [theirs(site)] != [FIRST]


def test_a_spectrum_that_is_away_is_asked_again_soon(site: OnSpectrum) -> None:
    site.company.faults.add("unavailable", "token")
    come(site)
    assert asked(site) == 0
    now = renewal()
    assert "HTTP 503" in now.fault
    assert now.due_at is not None
    assert now.due_at - timezone.now() < timedelta(minutes=11)
    assert not now.locked_out


def test_nor_sooner_where_the_clock_of_the_worker_is_slow(site: OnSpectrum, monkeypatch) -> None:
    site.company.faults.add("unavailable", "token")
    slow = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: slow)
    come(site)
    assert renewal().fault
    assert not renewing.due().exists()


def test_without_tokens_or_switched_off_nothing_is_renewed(site: OnSpectrum, stage: Stage) -> None:
    Renewal.objects.update(due_at=timezone.now())
    stage.company.erp_enabled = False
    stage.company.save()
    tasks.renew(site.connection.pk)
    stage.company.erp_enabled = True
    stage.company.save()
    setup.change_connection(site.connection, stage.access(stage.dora), {"oauth": "N"})
    tasks.renew(site.connection.pk)
    assert (asked(site), renewal().due_at) == (0, None)


def test_a_site_that_was_connected_before_is_renewed_from_now_on(site: OnSpectrum) -> None:
    Renewal.objects.all().delete()
    import_module("connectors.migrations.0011_plan_renewals").plan(apps, None)
    assert renewal().connection == site.connection
    assert renewal().due_at is not None
    come(site)
    assert ours(site) == [theirs(site)] != [FIRST]


@pytest.mark.parametrize(
    ("server", "secret"),
    [("address", "client_secret"), ("infolink_address", "infolink_password")],
)
def test_what_is_typed_for_another_server_is_not_sent_to_the_one_before(
    site: OnSpectrum, stage: Stage, server: str, secret: str
) -> None:
    """A worker has the connection in hand as Dora moves it, and looks for its credentials then."""
    places = {"address": "https://new.example:8482", "infolink_address": "sql://new.example:1433"}
    before, us = Connection.objects.get(), Credentials(Connection.objects.get())
    typed = {"authorization_id": "AUTH-2", "client_id": CLIENT, "client_secret": "typed-for-new"}
    entered = {**typed, server: places[server], secret: "typed-for-new"}
    setup.change_connection(Connection.objects.get(), stage.access(stage.dora), entered)
    with pytest.raises(ValueError, match="Nothing was sent to the one before"):
        Credentials(before)
    with pytest.raises(ValueError, match="Nothing was sent to the one before"):
        us.keep({"client_secret": "made-by-the-one-before"})
    assert "typed-for-new" not in us.hidden()
    assert Credentials(Connection.objects.get()).secrets[secret] == "typed-for-new"


@pytest.mark.parametrize("server", ["address", "infolink_address"])
def test_a_worker_under_way_says_nothing_more_once_a_server_is_another(
    site: OnSpectrum, stage: Stage, server: str
) -> None:
    session = engine.open_session(site.connection.pk, lease=LEASE)
    assert isinstance(session, Session)
    dora = stage.access(stage.dora)
    setup.change_connection(site.connection, dora, {"address": site.address, "cr_status": "AP"})
    engine.still_here(session)  # nothing moved
    entered = {
        "address": {"address": "https://new.example:8482", "authorization_id": "A", "oauth": "N"},
        "infolink_address": {"infolink_address": "sql://new.example:1433"},
    }
    setup.change_connection(site.connection, dora, entered[server])
    with pytest.raises(engine.SessionOver):
        engine.still_here(session)
