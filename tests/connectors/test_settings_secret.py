"""Marked credentials go the whole way, and then they are looked for wherever anything is kept.

Spectrum is the sandbox's stand-in over real HTTP. It repeats what it was shown where it refuses,
as a careless server would.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session as BrowserSession
from django.db import connection as database
from django.test import Client

from connectors import setup, tasks
from connectors.calling import serve
from connectors.models import Connection, Message, ReplyPart
from connectors.secrets import secrets_of
from directory.models import ApiToken, Category, CostCode, Event, Job, Vendor
from sandbox.spectrum import SpectrumCompany
from tests.engine.on_spectrum import PHASES, listening, move, spectrum_books
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

AUTHORIZATION = "MARKED-AUTHORIZATION"
CLIENT, CLIENT_SECRET = "marked-client-000002", "marked-client-secret-000003"
LATER = "MARKED-ANOTHER-00004"
MARKED = (AUTHORIZATION, CLIENT, CLIENT_SECRET, LATER)
BASIC = [b64encode(f"ABC:{one}".encode()).decode() for one in (AUTHORIZATION, LATER)]


@pytest.fixture
def books() -> Iterator[SpectrumCompany]:
    made = spectrum_books()
    made.authorize(AUTHORIZATION)
    made.authorize(LATER)
    made.switch_on_oauth(CLIENT, CLIENT_SECRET)
    yield made
    made.close()


def everything_kept() -> Iterator[tuple[str, str]]:
    """Every row of every table as text; what is packed or encoded there, opened."""
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            yield from ((table, row) for (row,) in cursor.fetchall())
    for one in BrowserSession.objects.all():
        yield "sessions", json.dumps(one.get_decoded())
    for part in ReplyPart.objects.all():
        yield "replies", zlib.decompress(part.packed).decode(errors="replace")


def found_in(text: str) -> list[str]:
    return [one for one in (*MARKED, *BASIC) if one in text]


def test_a_credential_is_nowhere_to_be_found(
    stage: Stage, books: SpectrumCompany, caplog: Any, settings: Any
) -> None:
    caplog.set_level("DEBUG")
    settings.ERP_QUARANTINE_SECONDS = 0
    stage.connection.delete()
    dora, said = Client(), []
    sign_in(dora, stage.dora)
    home = f"/companies/{stage.company.pk}/erp/connection/"

    def keep(answer: Any) -> Any:
        said.append((answer.request["PATH_INFO"], answer.getvalue().decode(errors="replace")))
        said.append((answer.request["PATH_INFO"], str(answer.headers)))
        return answer

    with listening(books) as address:
        entered = {
            "address": address,
            "company_code": "A-C",  # refused first: the page comes back
            "authorization_id": AUTHORIZATION,
            "oauth": "Y",
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
        }
        there = f"{home}access/?erp=spectrum"
        assert keep(dora.post(there, entered)).status_code == 422
        assert keep(dora.post(there, {**entered, "company_code": "ABC"})).status_code == 302
        stage.connection = Connection.objects.get()
        answers = {"cr_status": "PE", "gl_account": "5000100"}
        assert keep(dora.post(f"{home}settings/", answers)).status_code == 302
        _link(stage)
        serve(stage.connection.pk)

        commitment = stage.commitment()
        stage.send(commitment)
        stage.accept(commitment)
        books.faults.add("refused", text=f"{AUTHORIZATION} may not; nor may {CLIENT_SECRET}")
        serve(stage.connection.pk)
        assert stage.status(commitment) == "failed"
        assert "(hidden) may not" in stage.export(commitment).message
        stage.step("retry", commitment, stage.ann)
        serve(stage.connection.pk)
        serve(stage.connection.pk)
        assert stage.status(commitment) == "synced", stage.export(commitment).message
        assert Message.objects.filter(body__contains=PHASES["03-300"]).exists()

        key = ApiToken.make(stage.dora, "looking")
        bearer = {"Authorization": f"Bearer {key}"}
        change = {"authorization_id": LATER, "basic_for_soap": "Y", "oauth": "N"}
        path = f"/api/v1/connections/{stage.connection.pk}/"
        program = Client(headers=bearer)
        assert keep(program.patch(path, change, "application/json")).status_code == 200
        wrong = {**change, "address": "https://elsewhere.example:8482", "sco_status": "Q"}
        assert keep(program.patch(path, wrong, "application/json")).status_code == 422
        books.set(oauth=False)
        serve(stage.connection.pk)
        keep(dora.get(f"/exports/{commitment.export_id}/exchanges/"))
        keep(dora.get(f"/exports/{commitment.export_id}/"))
        for page in (home, f"{home}access/", f"{home}test/"):
            assert keep(dora.get(page)).status_code == 200, page
        for page in ("history/", "history.csv", "erp/commitments/"):
            keep(dora.get(f"/companies/{stage.company.pk}/{page}", follow=True))
        for page in (
            f"connections/?company={stage.company.pk}",
            f"events/?company={stage.company.pk}",
        ):
            assert keep(program.get(f"/api/v1/{page}")).status_code == 200, page
        keep(program.get(f"/api/v1/exports/{commitment.export_id}/exchanges/"))
        books.close()
    # Nobody listens any more: the words for that are kept, too.
    dora.post(f"{home}test/")
    serve(stage.connection.pk)

    # They did go out, and are still there to be used.
    assert set(secrets_of(Connection.objects.get()).values()) == {LATER, CLIENT, CLIENT_SECRET}
    assert len(said) > 30
    for place, text in said:
        assert not found_in(text), place
    rows = 0
    for table, text in everything_kept():
        rows += 1
        assert not found_in(text), table
    assert rows > 100
    for record in caplog.records:
        assert not found_in(f"{record.getMessage()} {record.exc_text or ''}"), record.name


def test_what_was_said_is_shown_by_its_fields(stage: Stage) -> None:
    """Ann reads which record a call made, not an envelope; Spectrum's refusal likewise."""
    books = spectrum_books()
    with listening(books) as address:
        move(stage, address)
        commitment = stage.commitment()
        stage.send(commitment)
        stage.accept(commitment)
        books.faults.add("refused", text="no such account")
        serve(stage.connection.pk)
        assert stage.status(commitment) == "failed"
    books.close()
    ann = Client()
    sign_in(ann, stage.ann)
    page = ann.get(f"/exports/{commitment.export_id}/exchanges/").content.decode()
    asked, answered = page.split("It answered")
    assert "POST /ws/UpdateSubcontract\n\n" in asked
    assert "\nVendor_Code: IRON\nSubcontract_Number: SC-001\nJob_Number: 26010\n" in asked
    assert "Envelope" not in asked
    assert "HTTP 200 text/xml\n\n" in answered
    assert "\ndesc: no such account\n" in answered


def test_spectrum_makes_a_new_client_secret(stage: Stage, books: SpectrumCompany) -> None:
    """Dora asks for it; the new one is kept and used, and the history says who, not what."""
    stage.connection.delete()
    entered = {
        "company_code": "ABC",
        "authorization_id": AUTHORIZATION,
        "oauth": "Y",
        "client_id": CLIENT,
        "client_secret": CLIENT_SECRET,
    }
    dora = stage.access(stage.dora)
    with listening(books) as address:
        entered["address"] = address
        made, _ = setup.create_connection(stage.company, "spectrum", dora, entered)
        browser = Client()
        sign_in(browser, stage.dora)
        there = f"/companies/{stage.company.pk}/erp/connection/"
        shown = browser.post(f"{there}renew/", follow=True).content.decode()
        assert "What came of it stands here in a moment" in shown
        assert "is being renewed" in shown
        tasks.renew(made.pk)
        made.refresh_from_db()
        new = secrets_of(made)["client_secret"]
        assert new != CLIENT_SECRET
        asked, done = Event.objects.filter(verb__in=["ask-renewal", "renewed"]).order_by("id")
        assert (asked.actor, done.actor) == (stage.dora, None)
        assert new not in asked.body + done.body
        assert "renewed next about" in browser.get(there).content.decode()
        serve(made.pk)
        made.refresh_from_db()
        assert made.areas
        assert not any(area["problem"] for area in made.areas)

        setup.change_connection(made, dora, {"oauth": "N"})
        answer = browser.post(f"{there}renew/", follow=True).content.decode()
        assert "no secret to renew" in answer


def _link(stage: Stage) -> None:
    """Meridian's lists are linked to those of its Spectrum."""
    Vendor.objects.filter(pk=stage.vendor.pk).update(erp_id="IRON", erp_name="Ironwood Concrete")
    Job.objects.filter(project=stage.project).update(erp_id="26010", erp_name="26010")
    Category.objects.filter(pk=stage.category.pk).update(erp_id="S", erp_name="S")
    for code, phase in PHASES.items():
        CostCode.objects.filter(pk=stage.codes[code].pk).update(erp_id=phase, erp_name=phase)
