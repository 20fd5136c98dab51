"""Olga connects Harbor Construction with Spectrum, answers the questions and changes her mind.

Nothing is called here: see `test_settings_secret.py` for what goes over the line.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from connectors import engine
from connectors.models import Connection, Conversation, Session
from connectors.pulse import LEASE
from connectors.secrets import secrets_of
from directory.models import ApiToken, Event
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db

ADDRESS = "https://spectrum.harbor.example:8482"
SECRET = "marked-secret-000001"
ACCESS = {
    "address": ADDRESS,
    "company_code": "hbr",
    "authorization_id": SECRET,
    "oauth": "N",
    "basic_for_soap": "N",
}
ANSWERS = {
    "gl_account": "5000-100",
    "gl_by_type": "m = 5100-100\r\nL=5200-100\r\n",
    "gl_by_vendor": "",
    "sco_status": "P",
    "cr_status": "20",
    "cost_reimbursable": "N",
    "price_method": "F",
    "estimates_shown_only": "N",
    "repeat_change_requests": "N",
}


def at(person: Any) -> Client:
    client = Client()
    sign_in(client, person)
    return client


def page(stage: Stage, rest: str = "") -> str:
    return f"/companies/{stage.other.pk}/erp/connection/{rest}"


def connect(stage: Stage, **entered: str) -> Any:
    return at(stage.olga).post(page(stage, "access/?erp=spectrum"), {**ACCESS, **entered})


def connected(stage: Stage) -> Connection:
    assert connect(stage).status_code == 302
    return Connection.objects.get(company=stage.other)


def told(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """The verbs and data of the connection's history, but for the syncs."""
    events = Event.objects.filter(chain__company=stage.other, subject__startswith="connection:")
    events = events.exclude(verb="sync")
    return [(one.verb, json.loads(one.body)["data"]) for one in events.order_by("seq")]


def test_from_the_choice_to_the_answers(stage: Stage) -> None:
    olga = at(stage.olga)
    first = olga.get(page(stage)).content.decode()
    assert "Never checked against a live Spectrum" in first
    chosen = olga.post(page(stage, "create/"), {"erp": "spectrum"})
    assert chosen["Location"] == page(stage, "access/?erp=spectrum")
    form = olga.get(chosen["Location"])
    assert "never been checked against a live" in form.content.decode()
    assert "no-store" in form["Cache-Control"]
    made = connected(stage)
    assert made.address == ADDRESS
    assert made.company_file == "spectrum.harbor.example:8482/HBR"
    assert (made.user_name, made.password_digest) == (None, "")
    assert secrets_of(made) == {"authorization_id": SECRET}
    assert made.settings["company_code"] == "HBR"
    assert made.settings["repeat_change_requests"] == "N"
    # The lists and the test wait for a worker.
    waiting = Conversation.objects.filter(connection=made).values_list("record", flat=True)
    assert set(waiting) == {
        "list:vendors",
        "list:jobs",
        "list:cost_codes",
        "list:classes",
        "self-test",
    }

    shown = olga.get(page(stage)).content.decode()
    assert "Being tried" in shown
    assert "Status code of change requests" in shown
    answered = olga.post(page(stage, "settings/"), ANSWERS)
    assert answered.status_code == 302
    made.refresh_from_db()
    assert made.settings["gl_by_type"] == "L=5200-100 M=5100-100"
    assert made.settings["sco_status"] == "P"
    again = olga.get(page(stage)).content.decode()
    assert "L=5200-100\nM=5100-100" in again
    [connect_, change] = told(stage)
    assert connect_ == (
        "connect",
        {"erp": "spectrum", "address": ADDRESS, "company": made.company_file},
    )
    assert change[0] == "change"
    assert change[1]["cr_status"] == ["", "20"]
    assert "repeat_change_requests" not in change[1]
    assert olga.post(page(stage, "settings/"), ANSWERS, follow=True).content.count(
        b"Nothing was changed."
    )


def test_every_fault_is_told_at_once(stage: Stage) -> None:
    refused = connect(
        stage, address="http://10.0.0.7:8482", company_code="HARBOR", authorization_id="", oauth="Y"
    )
    assert refused.status_code == 422
    faults = refused.context["form"].errors
    assert set(faults) == {
        "address",
        "company_code",
        "authorization_id",
        "client_id",
        "client_secret",
    }
    assert faults["address"] == [
        "The address begins with https://: passwords travel with every call."
    ]
    assert faults["client_id"] == ["The Client ID is needed."]
    assert not Connection.objects.filter(company=stage.other).exists()

    connected(stage)
    wrong = {
        **ANSWERS,
        "gl_account": "5000 100",
        "gl_by_type": "M 5000\nLABOR=5100-100\nS=5000-100\nS=5000-200",
        "sco_status": "X",
        "cr_status": "123",
    }
    answer = at(stage.olga).post(page(stage, "settings/"), wrong)
    assert answer.status_code == 422
    faults = answer.context["form"].errors
    assert set(faults) == {"gl_account", "gl_by_type", "sco_status", "cr_status"}
    assert len(faults["gl_by_type"]) == 4  # M, 5000, LABOR, and S twice
    # What was typed stands there still.
    assert "LABOR=5100-100" in answer.content.decode()


def test_one_company_of_spectrum_is_connected_once(stage: Stage) -> None:
    Connection.objects.filter(pk=stage.connection.pk).update(
        company_file="spectrum.harbor.example:8482/HBR"
    )
    refused = connect(stage)
    assert refused.status_code == 422
    told = refused.content.decode()
    assert "This company of that server cannot be connected here" in told
    assert "already" not in told, "who works with that server is nobody else's business"


def test_an_address_inside_is_open_to_the_company_that_it_is_listed_for(
    stage: Stage, settings
) -> None:
    inside = "http://10.0.0.7:8482"
    settings.ALLOWED_ERP_ORIGINS = [f"{inside}={stage.company.pk}"]
    assert connect(stage, address=inside).status_code == 422
    settings.ALLOWED_ERP_ORIGINS = [f"{inside}={stage.other.pk}"]
    assert connect(stage, address=inside).status_code == 302
    answered = at(stage.olga).post(page(stage, "settings/"), ANSWERS)
    assert answered.status_code == 302


def test_a_secret_stays_with_its_server(stage: Stage) -> None:
    """Whoever gets the page open cannot have what is stored sent to a server of their own."""
    connected(stage)
    moved = connect(stage, address="https://elsewhere.example:8482", authorization_id="")
    assert moved.status_code == 422
    assert "goes only to the server that it was given for" in moved.content.decode()
    kept = connect(stage, authorization_id="", basic_for_soap="Y")
    assert kept.status_code == 302
    made = Connection.objects.get(company=stage.other)
    assert (made.address, made.settings["basic_for_soap"]) == (ADDRESS, "Y")
    assert secrets_of(made) == {"authorization_id": SECRET}
    moved = connect(
        stage, address="https://elsewhere.example:8482", authorization_id="marked-secret-000002"
    )
    assert moved.status_code == 302
    made.refresh_from_db()
    assert made.address == "https://elsewhere.example:8482"
    assert secrets_of(made) == {"authorization_id": "marked-secret-000002"}
    assert [verb for verb, _ in told(stage)] == ["connect", "change", "change", "secrets"]
    assert told(stage)[-1][1] == {"names": "authorization_id"}


def test_a_worker_at_the_old_address_sends_nothing_more(stage: Stage) -> None:
    """It is reading a list as Dora moves the connection; what is accepted then is not for there."""
    connected(stage)
    made = Connection.objects.get(company=stage.other)
    session = engine.open_session(made.pk, lease=LEASE)
    assert isinstance(session, Session)
    assert engine.next_message(session) is not None
    moved = connect(
        stage, address="https://elsewhere.example:8482", authorization_id="marked-secret-000002"
    )
    assert moved.status_code == 302
    with pytest.raises(engine.SessionOver):
        engine.still_here(session)
    with pytest.raises(engine.SessionOver):
        engine.next_message(session)


def test_credentials_of_enhanced_authentication_are_replaced_one_by_one(stage: Stage) -> None:
    connect(stage, oauth="Y", client_id="harbor", client_secret="marked-secret-000003")
    answer = connect(stage, authorization_id="", oauth="Y", client_secret="marked-secret-000004")
    assert answer.status_code == 302
    assert secrets_of(Connection.objects.get(company=stage.other)) == {
        "authorization_id": SECRET,
        "client_id": "harbor",
        "client_secret": "marked-secret-000004",
    }
    shown = at(stage.olga).get(page(stage, "access/")).content.decode()
    assert shown.count("stored; type a new one to replace it") == 3
    assert "marked-secret" not in shown


def test_what_was_accepted_does_not_change_on_its_way(stage: Stage) -> None:
    """How Spectrum is called may change at any time: that is how a way that is blocked opens."""
    made = connected(stage)
    at(stage.olga).post(page(stage, "settings/"), ANSWERS)
    engine.queue(made.pk, "export", "1", "subcontract:1")
    refused = at(stage.olga).post(page(stage, "settings/"), {**ANSWERS, "cr_status": "30"})
    assert refused.status_code == 422
    assert "Something is on its way to the ERP as it was accepted" in refused.content.decode()
    assert connect(stage, company_code="HB2", authorization_id="").status_code == 422
    assert connect(stage, authorization_id="another-one", basic_for_soap="Y").status_code == 302
    made.refresh_from_db()
    assert made.settings["cr_status"] == "20"
    assert made.settings_of_documents["cr_status"] == "20"
    assert "basic_for_soap" not in made.settings_of_documents


def test_the_company_code_is_fixed_once_its_lists_are_here(stage: Stage) -> None:
    made = connected(stage)
    assert connect(stage, company_code="HB2").status_code == 302
    made.readings.create(what="vendors", began_at=made.created_at, complete_from=made.created_at)
    refused = connect(stage, company_code="HB3")
    assert refused.status_code == 422
    assert "were read already" in refused.content.decode()


def test_a_status_code_is_confirmed_by_somebody_who_saw_it(stage: Stage) -> None:
    made = connected(stage)
    olga = at(stage.olga)
    early = olga.post(page(stage, "confirm/"), {"setting": "cr_status"}, follow=True)
    assert "nothing to confirm yet" in early.content.decode()
    olga.post(page(stage, "settings/"), ANSWERS)
    assert "I have seen it: 20 is right" in olga.get(page(stage)).content.decode()
    olga.post(page(stage, "confirm/"), {"setting": "cr_status"})
    made.refresh_from_db()
    assert made.confirmed == {"cr_status": "20"}
    assert "has seen a change order arrive" in olga.get(page(stage)).content.decode()
    # Another code has to be seen anew.
    olga.post(page(stage, "settings/"), {**ANSWERS, "cr_status": "30"})
    assert "I have seen it: 30 is right" in olga.get(page(stage)).content.decode()
    assert told(stage)[2] == ("confirm", {"cr_status": "20"})


def test_a_secret_waits_nowhere_for_a_password(stage: Stage) -> None:
    """Olga's password was entered long ago: the form is not kept in the session meanwhile."""
    olga = Client()
    olga.force_login(stage.olga, "allauth.account.auth_backends.AuthenticationBackend")
    stage.olga.set_password("a long enough password")
    stage.olga.save()
    olga.force_login(stage.olga, "allauth.account.auth_backends.AuthenticationBackend")
    address = page(stage, "access/?erp=spectrum")
    asked = olga.get(address)
    assert asked.status_code == 302
    assert "reauthenticate" in asked["Location"]
    late = olga.post(address, ACCESS)
    assert (late.status_code, late["Location"]) == (302, address)
    assert SECRET not in str(dict(olga.session))
    assert not Connection.objects.filter(company=stage.other).exists()


@pytest.mark.parametrize(
    ("name", "look", "access", "answers", "test"),
    [
        ("olga", 200, 200, 302, 302),
        ("dora", 404, 404, 404, 404),
        ("ann", 404, 404, 404, 404),
    ],
)
def test_nobody_from_elsewhere(
    stage: Stage, name: str, look: int, access: int, answers: int, test: int
) -> None:
    connected(stage)
    client = at(getattr(stage, name))
    assert client.get(page(stage)).status_code == look
    assert client.get(page(stage, "access/")).status_code == access
    assert client.post(page(stage, "settings/"), ANSWERS).status_code == answers
    assert client.post(page(stage, "test/")).status_code == test


def test_who_may_do_what_at_home(stage: Stage) -> None:
    """Meridian is on Spectrum this time: Vic looks, Ann may try it, Dora does everything."""
    stage.connection.delete()
    home = f"/companies/{stage.company.pk}/erp/connection/"
    assert at(stage.ann).post(f"{home}access/?erp=spectrum", ACCESS).status_code == 403
    assert at(stage.dora).post(f"{home}access/?erp=spectrum", ACCESS).status_code == 302
    expected = {"vic": (200, 403, 403, 403, 403), "ann": (200, 403, 403, 302, 403)}
    for name, (look, access, answers, test, confirm) in expected.items():
        client = at(getattr(stage, name))
        assert client.get(home).status_code == look, name
        assert client.get(f"{home}access/").status_code == access, name
        assert client.post(f"{home}settings/", ANSWERS).status_code == answers, name
        assert client.post(f"{home}test/").status_code == test, name
        setting = {"setting": "cr_status"}
        assert client.post(f"{home}confirm/", setting).status_code == confirm, name
        assert "Change address, authorisation or Info-Link" not in client.get(home).content.decode()
    # There is no Web Connector here.
    answer = at(stage.dora).post(f"{home}password/", follow=True).content.decode()
    assert "no Web Connector has a password" in answer


# --- By API ------------------------------------------------------------------------------------


class Api:
    """A program of Olga's."""

    def __init__(self, person: Any) -> None:
        self._key = ApiToken.make(person, "settings")

    def send(self, method: str, path: str, expected: int, **body: Any) -> Any:
        answer = Client().generic(
            method,
            f"/api/v1/{path}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self._key}"},
        )
        assert answer.status_code == expected, answer.content
        return answer.json()


def test_by_api(stage: Stage) -> None:
    api, company = Api(stage.olga), stage.other.pk
    faults = api.send(
        "POST", "connections/", 422, company=company, erp="spectrum", address=ADDRESS, oauth="Y"
    )["faults"]
    assert {one["where"] for one in faults} == {
        "/company_code",
        "/authorization_id",
        "/client_id",
        "/client_secret",
    }
    api.send("POST", "connections/", 400, company=company, erp="spectrum", secrets={})
    made = api.send(
        "POST",
        "connections/",
        201,
        company=company,
        erp="spectrum",
        address=f"{ADDRESS}/",
        company_code="HBR",
        authorization_id=SECRET,
        cr_status="20",
    )
    assert (made["password"], made["endpoint"], made["qwc"], made["user_name"]) == ("", "", "", "")
    assert made["address"] == ADDRESS
    assert made["secrets"] == ["authorization_id"]
    assert made["settings"]["sco_status"] == "E"
    path = f"connections/{made['id']}/"
    changed = api.send("PATCH", path, 200, sco_status="P", authorization_id="another-one")
    assert (changed["settings"]["sco_status"], changed["settings"]["cr_status"]) == ("P", "20")
    for said in (made, changed):
        assert SECRET not in json.dumps(said)
        assert "another-one" not in json.dumps(said)
    api.send("PATCH", path, 422, sco_status="Q")
    moved = api.send("PATCH", path, 422, address="https://elsewhere.example:8482")
    assert [one["where"] for one in moved["faults"]] == ["/authorization_id"]
    Api(stage.dora).send("PATCH", path, 404, sco_status="E")
    Api(stage.dora).send("PATCH", f"connections/{stage.connection.pk}/", 422, sco_status="E")


def test_a_browser_needs_its_password_for_the_api_too(stage: Stage) -> None:
    made = connected(stage)
    stage.olga.set_password("a long enough password")
    stage.olga.save()
    olga = Client()
    olga.force_login(stage.olga, "allauth.account.auth_backends.AuthenticationBackend")
    answer = olga.patch(
        f"/api/v1/connections/{made.pk}/", {"sco_status": "P"}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert "Enter your password again" in answer.json()["detail"]
