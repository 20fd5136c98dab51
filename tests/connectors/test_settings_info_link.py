"""Olga has Info-Link asked: what she enters, what is refused, and what the test says of it."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.calling import serve
from connectors.models import Connection, Message
from connectors.secrets import secrets_of
from connectors.spectrum.statements import STATEMENTS
from connectors.syncing import request_test
from tests.connectors.test_settings import SECRET, at, connected, page, told
from tests.engine.conftest import spectrum as spectrum
from tests.engine.on_spectrum import OnSpectrum, asking_info_link
from tests.stage import Stage

pytestmark = pytest.mark.django_db

PASSWORD = "marked-password-02"
GOOD = STATEMENTS["change_request"].example
ENTERED = {
    "infolink": "Y",
    "infolink_address": "HBR-data.example.com",
    "infolink_database": "Spectrum",
    "infolink_user": "marked-user-01",
    "infolink_password": PASSWORD,
    "infolink_subcontract": STATEMENTS["subcontract"].example.replace("\n", "\r\n"),
    "infolink_known_subcontract": "IRONWOOD/SC-001",
    "infolink_change_request": GOOD,
    "infolink_known_change_request": "26010/S001-001",
}


def enter(stage: Stage, **entered: str) -> Any:
    return at(stage.olga).post(page(stage, "access/"), {**ENTERED, **entered})


def test_it_is_entered_beside_the_address(stage: Stage) -> None:
    made = connected(stage)
    form = at(stage.olga).get(page(stage, "access/")).content.decode()
    assert "FROM VN_SUBCONTRACT_MC" in form, "an example to begin with"
    assert "The example was never run: the names of its columns are guesses." in form
    assert "called vendor and number, and there is no row" in form
    assert "phase, cost_type, amount and description" in form
    assert "not asked" in at(stage.olga).get(page(stage)).content.decode()
    answer = enter(stage)
    assert answer.status_code == 302, answer.context["form"].errors
    made.refresh_from_db()
    assert made.settings["infolink_address"] == "sql://hbr-data.example.com:1433"
    assert made.settings["infolink_subcontract"] == STATEMENTS["subcontract"].example
    assert secrets_of(made) == {
        "authorization_id": SECRET,
        "infolink_user": "marked-user-01",
        "infolink_password": PASSWORD,
    }
    # It says nothing of what a document becomes: what was accepted stays as it was.
    assert not any("infolink" in name for name in made.settings_of_documents)
    shown = at(stage.olga).get(page(stage)).content.decode()
    assert "asked at sql://hbr-data.example.com:1433" in shown
    form = at(stage.olga).get(page(stage, "access/")).content.decode()
    assert PASSWORD not in form
    assert "marked-user-01" not in form
    assert PASSWORD not in str(told(stage))
    assert told(stage)[-1] == ("secrets", {"names": "infolink_user, infolink_password"})


def test_what_is_missing_or_wrong_is_told_at_once(stage: Stage) -> None:
    connected(stage)
    nothing = dict.fromkeys(ENTERED, "") | {"infolink": "Y"}
    refused = enter(stage, **nothing)
    assert refused.status_code == 422
    missing = set(ENTERED) - {"infolink", "infolink_database"}
    assert set(refused.context["form"].errors) == missing
    wrong = enter(
        stage,
        infolink_address="10.0.0.7",
        infolink_known_subcontract="SC-001",
        infolink_known_change_request="26010/S001-00001",
        infolink_change_request=f"{GOOD}; DELETE FROM CR_CHNG_REQ_HDR_MC -- and more",
    )
    assert dict(wrong.context["form"].errors) == {
        "infolink_address": [
            "10.0.0.7 is no public address. An ERP inside the network of this installation has to "
            "be allowed by its operator (ERPBRIDGE_ALLOWED_ERP_ORIGINS)."
        ],
        "infolink_known_subcontract": ["It is written like IRONWOOD/SC-001."],
        "infolink_known_change_request": ["It is written like 26010/S001-001."],
        "infolink_change_request": [
            "It is one statement, without a semicolon.",
            "DELETE may not stand in it: it only reads, locks nothing and passes over nothing. A "
            "column of that name is written [DELETE].",
            "Comments may not stand in it.",
        ],
    }
    assert PASSWORD not in wrong.content.decode()


def test_what_is_kept_goes_to_no_other_server(stage: Stage) -> None:
    made = connected(stage)
    enter(stage)
    moved = {"infolink_address": "elsewhere.example.com", "infolink_user": "x"}
    refused = enter(stage, **moved, infolink_password="")
    assert refused.context["form"].errors["infolink_password"] == [
        "The address is another one, so type this again: what is kept goes only to the server that "
        "it was given for."
    ]
    # Another server of Spectrum needs Spectrum's own again, and nothing of Info-Link's.
    refused = at(stage.olga).post(page(stage, "access/"), {"address": "https://new.example.com"})
    assert set(refused.context["form"].errors) == {"authorization_id"}
    # Where it is not asked any more, what was kept for a server that is not there now goes.
    enter(stage, infolink="N", infolink_address="", infolink_user="", infolink_password="")
    made = Connection.objects.get(pk=made.pk)
    assert secrets_of(made) == {"authorization_id": SECRET}


# --- The test of the connection ------------------------------------------------------------------


def areas(spectrum: OnSpectrum) -> dict[str, str]:
    """What the test says of Info-Link, by what it is about."""
    request_test(spectrum.connection, spectrum.stage.access(spectrum.stage.dora))
    serve(spectrum.connection.pk)
    found = {one["name"]: one["problem"] for one in spectrum.connection.areas}
    return {name: text for name, text in found.items() if name.startswith("Info-Link")}


@pytest.mark.django_db(transaction=True)
def test_each_statement_is_tried(spectrum: OnSpectrum) -> None:
    assert areas(spectrum) == {}
    with asking_info_link(spectrum):
        fine = {"Info-Link: subcontracts": "", "Info-Link: change requests": ""}
        assert areas(spectrum) == fine
        asked = Message.objects.filter(body__startswith="SQL ").count()
        assert asked == 4, "for one that nobody has, and for the one that is known"
        for statement, words in {
            GOOD.replace("Job_Number =", "Jobs ="): "“Invalid column name 'Jobs'” (207)",
            GOOD.replace("AS amount", "AS total"): "one column called amount (it gives: job, "
            "number, subcontract, phase, cost_type, total, description)",
            GOOD.replace("= @company", "<> @company"): "does not even show the one of the",
            GOOD.replace("Job_Number = @job", "@job <> ''").replace(
                "= @number", "<> @number"
            ): "gave the job '26010' where '~' was asked for",
            GOOD.replace("Change_Request_Amount", "Customer_Code"): "as the amount of OLD-1",
        }.items():
            change = {"infolink_change_request": statement}
            Connection.objects.update(settings=spectrum.connection.settings | change)
            tried = areas(spectrum)
            assert tried["Info-Link: subcontracts"] == ""
            assert words in tried["Info-Link: change requests"], statement
        spectrum.company.open_info_link("another", "one")
        assert all("Login failed for user '(hidden)'" in one for one in areas(spectrum).values())
    assert all("Info-Link did not answer" in one for one in areas(spectrum).values())
