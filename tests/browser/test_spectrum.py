"""Spectrum as Dora sets it up: from nothing, with what is wrong shown, to a connection that works.

Spectrum is the sandbox's stand-in; a worker's turns are taken where she waits for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from connectors import setup, tasks
from connectors.calling import serve
from connectors.models import Connection
from connectors.secrets import secrets_of
from directory.models import ToolLevel
from directory.perms import Level, Tool
from sandbox.spectrum import SpectrumCompany
from sandbox.spectrum.books import COST_LINE, SUBCONTRACT
from tests.browser.looks import in_every_look
from tests.engine.on_spectrum import (
    AUTHORIZATION,
    INFO_LINK_PASSWORD,
    INFO_LINK_USER,
    OLD_LINE,
    OLD_SUBCONTRACT,
    listening,
    listening_in_sql,
    move,
    spectrum_books,
)
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def books() -> Iterator[SpectrumCompany]:
    made = spectrum_books()
    yield made
    made.close()


def test_from_nothing_to_a_connection_that_works(
    stage: Stage, books: SpectrumCompany, live_server, sign_in, screenshot
) -> None:
    stage.connection.delete()
    there = f"/companies/{stage.company.pk}/erp/connection/"
    with listening(books) as address:
        dora = sign_in(stage.dora)
        dora.goto(there)
        dora.get_by_label(re.compile("Viewpoint Spectrum")).check()
        in_every_look(dora, screenshot, "spectrum-1-choose")
        dora.get_by_role("button", name="Set up the connection").click()
        dora.get_by_label("Password").fill("a long enough password")
        dora.get_by_role("button", name="Confirm").click()

        # What she types first is wrong, and all of it is told.
        dora.get_by_label("Address of Data Exchange").fill("http://192.168.1.20:8482")
        dora.get_by_label("Company code").fill("MERIDIAN")
        dora.get_by_role("button", name="Connect").click()
        expect(dora.get_by_text("begins with https://")).to_be_visible()
        expect(dora.get_by_text("one to three letters or digits")).to_be_visible()
        expect(dora.get_by_text("The Authorization ID is needed.")).to_be_visible()
        in_every_look(dora, screenshot, "spectrum-2-refused")
        dora.get_by_label("Address of Data Exchange").fill(address)
        dora.get_by_label("Company code").fill("abc")
        dora.get_by_label("Authorization ID").fill(AUTHORIZATION)
        dora.get_by_role("button", name="Connect").click()
        expect(dora.get_by_text("The connection is being tested.")).to_be_visible()
        connection = Connection.objects.get()
        assert secrets_of(connection) == {"authorization_id": AUTHORIZATION}
        assert AUTHORIZATION not in dora.content()

        # The Authorization ID was not built with every service: a worker finds out.
        books.authorize(AUTHORIZATION, ["vendors", "GetJob", "GetPhase", "UpdateSubcontract"])
        serve(connection.pk)
        expect(dora.get_by_text("Not every service answers as it should.")).to_be_visible()
        expect(dora.get_by_text("Not authorised. Spectrum's words")).to_have_count(3)
        in_every_look(dora, screenshot, "spectrum-3-red")
        books.authorize(AUTHORIZATION)
        dora.get_by_role("button", name="Test the connection").click()
        expect(dora.get_by_text("Being tried")).to_be_visible()
        serve(connection.pk)
        expect(dora.get_by_text("Every service answered.")).to_be_visible()

        # The questions about the site.
        dora.get_by_label("G/L account of new subcontracts").fill("5000100")
        dora.get_by_label("G/L accounts by cost type").fill("M = 5000100\nS 5000100")
        dora.get_by_label("Status code of change requests").fill("PE")
        dora.get_by_role("button", name="Save the answers").click()
        expect(dora.get_by_text("“S” is no cost type")).to_be_visible()
        dora.get_by_label("G/L accounts by cost type").fill("M = 5000100\nS = 5000100")
        dora.get_by_role("button", name="Save the answers").click()
        expect(dora.get_by_text("The answers are saved.")).to_be_visible()
        serve(connection.pk)
        dora.reload()
        expect(dora.get_by_text("Every service answered.")).to_be_visible()
        dora.get_by_role("button", name="I have seen it: PE is right").click()
        expect(dora.get_by_text("has seen a change order arrive")).to_be_visible()
        in_every_look(dora, screenshot, "spectrum-4-ready")

        # Another Authorization ID, and nothing of the one before.
        dora.get_by_role("link", name="Change address, authorisation or Info-Link").click()
        own = dora.get_by_label("Authorization ID")
        expect(own).to_have_value("")
        expect(own).to_have_attribute("placeholder", "stored; type a new one to replace it")
        own.fill("ANOTHER-ONE-0001")
        in_every_look(dora, screenshot, "spectrum-5-replace")
        dora.get_by_role("button", name="Save").click()
        expect(dora.get_by_text("The connection is being tested.")).to_be_visible()
        connection.refresh_from_db()
        assert secrets_of(connection) == {"authorization_id": "ANOTHER-ONE-0001"}
        serve(connection.pk)
        expect(dora.get_by_text("Not every service answers as it should.")).to_be_visible()
        dora.get_by_role("link", name=re.compile("Categories: 1 ready")).click()
        expect(dora.get_by_role("heading", name="Categories")).to_be_visible()
        in_every_look(dora, screenshot, "spectrum-6-categories")


def test_a_secret_that_got_lost_is_told_and_typed_again(
    stage: Stage, books: SpectrumCompany, live_server, sign_in, screenshot
) -> None:
    with listening(books) as address:
        move(stage, address)
        books.switch_on_oauth("meridian", "marked-first-secret")
        entered = {"oauth": "Y", "client_id": "meridian", "client_secret": "marked-first-secret"}
        setup.change_connection(stage.connection, stage.access(stage.dora), entered)
        serve(stage.connection.pk)
        dora = sign_in(stage.dora)
        dora.goto(f"/companies/{stage.company.pk}/erp/connection/")
        dora.get_by_role("button", name="Renew the client secret").click()
        dora.get_by_label("Password").fill("a long enough password")
        dora.get_by_role("button", name="Confirm").click()
        expect(dora.get_by_text("is being renewed")).to_be_visible()
        books.faults.add("answer_lost", "rotation", times=3)
        tasks.renew(stage.connection.pk)
        dora.reload()
        alert = dora.get_by_role("alert").filter(has_text="takes no secret that is kept here")
        expect(alert).to_be_visible()
        in_every_look(dora, screenshot, "spectrum-locked-out")

        dora.get_by_role("link", name="Change address, authorisation or Info-Link").click()
        made = str(books.books.storage.fact("client")["secret"])
        dora.get_by_label("Client secret").fill(made)
        dora.get_by_role("button", name="Save").click()
        expect(dora.get_by_text("The connection is being tested.")).to_be_visible()
        expect(alert).to_have_count(0)
        serve(stage.connection.pk)
        expect(dora.get_by_text("Every service answered.")).to_be_visible()
        assert made not in dora.content()

        dora.goto(f"/companies/{stage.company.pk}/erp/job-costs/")
        expect(dora.get_by_text("without commitments, invoices that are not")).to_be_visible()
        dora.emulate_media(media="print")
        expect(dora.get_by_text("without commitments, invoices that are not")).to_be_visible()
        dora.emulate_media(media="screen")
        in_every_look(dora, screenshot, "spectrum-job-costs")


def test_info_link_is_set_up_and_tells_ann_what_is_gone(
    stage: Stage, books: SpectrumCompany, live_server, sign_in, screenshot, settings
) -> None:
    settings.ERP_QUARANTINE_SECONDS = 0
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    books.open_info_link(INFO_LINK_USER, INFO_LINK_PASSWORD)
    books.books.put(SUBCONTRACT, ("IRON", "OLD-1"), OLD_SUBCONTRACT)
    books.books.put(COST_LINE, ("26010", "ALDER", "OLD-1", "0000"), OLD_LINE)
    with listening(books) as address, listening_in_sql(books) as beside:
        move(stage, address)
        commitment = stage.commitment()
        stage.send(commitment)
        stage.accept(commitment)
        serve(stage.connection.pk)
        dora = sign_in(stage.dora)
        dora.goto(f"/companies/{stage.company.pk}/erp/connection/")
        dora.get_by_role("link", name="Change address, authorisation or Info-Link").click()
        dora.get_by_label("Password").fill("a long enough password")
        dora.get_by_role("button", name="Confirm").click()
        expect(dora.get_by_label("Ask Info-Link")).to_be_visible()
        in_every_look(dora, screenshot, "info-link-1-form")
        dora.get_by_label("Ask Info-Link").select_option("Y")
        dora.get_by_label("Server of Info-Link").fill("10.0.0.7")
        statement = dora.get_by_label("Statement for change requests")
        example = statement.input_value()
        statement.fill(f"{example}; DELETE FROM VN_SUBCONTRACT_MC")
        dora.get_by_role("button", name="Save").click()
        expect(dora.get_by_text("10.0.0.7 is no public address.")).to_be_visible()
        expect(dora.get_by_text("It is one statement, without a semicolon.")).to_be_visible()
        in_every_look(dora, screenshot, "info-link-2-refused")
        dora.get_by_label("Server of Info-Link").fill(beside)
        dora.get_by_label("User of Info-Link").fill(INFO_LINK_USER)
        dora.get_by_label("Password of that user").fill(INFO_LINK_PASSWORD)
        dora.get_by_label("A subcontract that stays in Spectrum").fill("IRON/OLD-1")
        dora.get_by_label("A change request that stays in Spectrum").fill("26010/OLD-1")
        statement.fill(example.replace("Job_Number", "Job"))
        dora.get_by_role("button", name="Save").click()
        expect(dora.get_by_text("The connection is being tested.")).to_be_visible()
        serve(stage.connection.pk)
        expect(dora.get_by_text("Invalid column name 'Job'")).to_be_visible()
        in_every_look(dora, screenshot, "info-link-3-red")
        dora.get_by_role("link", name="Change address, authorisation or Info-Link").click()
        statement.fill(example)
        dora.get_by_role("button", name="Save").click()
        serve(stage.connection.pk)
        expect(dora.get_by_text("Every service answered.")).to_be_visible()
        in_every_look(dora, screenshot, "info-link-4-green")

        ann = sign_in(stage.ann)
        ann.goto(f"/exports/{commitment.export_id}/")
        expect(ann.get_by_text("I have made sure of it")).to_have_count(0)
        ann.get_by_role("button", name="Unlink").click()
        expect(ann.get_by_text("Unlink: checking Spectrum")).to_be_visible()
        serve(stage.connection.pk)
        expect(
            ann.get_by_text("Info-Link shows subcontract SC-001 of vendor IRON.").first
        ).to_be_visible()
        in_every_look(ann, screenshot, "info-link-5-still-there")
        books.by_hand.delete_subcontract("IRON", "SC-001")
        ann.get_by_role("button", name="Unlink").click()
        expect(ann.get_by_text("Unlink: checking Spectrum")).to_be_visible()
        serve(stage.connection.pk)
        expect(ann.get_by_text("Successful Unlinked").first).to_be_visible()
        in_every_look(ann, screenshot, "info-link-6-gone")


def test_a_spectrum_that_is_away(
    stage: Stage, books: SpectrumCompany, live_server, sign_in, screenshot, settings
) -> None:
    """Dora reads it on her company's page, Otto on the operator's."""
    with listening(books) as address:
        move(stage, address)
    settings.ALLOWED_ERP_ORIGINS = [address]
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    serve(stage.connection.pk)
    dora = sign_in(stage.dora)
    dora.goto(f"/companies/{stage.company.pk}/erp/connection/")
    told = dora.get_by_role("alert").filter(has_text="Spectrum could not be spoken to")
    expect(told).to_contain_text("It is tried again by itself")
    in_every_look(dora, screenshot, "spectrum-away")
    otto = sign_in(stage.otto)
    otto.goto("/operator/health/")
    expect(otto.get_by_text("its ERP could not be spoken to")).to_be_visible()
    in_every_look(otto, screenshot, "spectrum-away-operator")
