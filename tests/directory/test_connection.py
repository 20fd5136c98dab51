"""Olga connects Harbor Construction with QuickBooks, from nothing to the first sync."""

from __future__ import annotations

import pytest

from connectors.models import Connection
from directory.models import CostCode, Event, Job, Vendor
from sandbox.quickbooks import CompanyFile, Qwc, WebConnector
from tests.books import CheckedBooks
from tests.directory.conftest import At
from tests.stage import Stage


def _page(stage: Stage, rest: str = "") -> str:
    return f"/companies/{stage.other.pk}/erp/connection/{rest}"


def _web_connector(qwc: bytes, password: str, books: CompanyFile) -> WebConnector:
    return WebConnector(Qwc.read(qwc), password, books, wait=lambda _seconds: None)


@pytest.mark.django_db(transaction=True)
def test_from_the_choice_to_the_first_sync(stage: Stage, at: At, live_server, settings) -> None:
    settings.BASE_URL = live_server.url
    books = CheckedBooks.create(company_name="Harbor Construction, Inc.")
    books.add_vendor("Mooring Electric")
    books.add_item("26-050", desc="Basic electrical work")
    books.add_job(books.add_customer("Port of Alder"), "Pier 4")
    olga = at(stage.olga)
    assert "QuickBooks® Desktop" in olga.get(_page(stage)).content.decode()

    shown = olga.post(_page(stage, "create/"), {"erp": "quickbooks"})
    password = shown.context["password"]
    assert password in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert password not in olga.get(_page(stage)).content.decode()
    connection = Connection.objects.get(company=stage.other)
    for event in Event.objects.filter(subject=f"connection:{connection.pk}"):
        assert password not in event.body
    assert password not in str(connection.__dict__)

    file = olga.get(f"/qbwc/{connection.pk}.qwc")
    assert file["Content-Disposition"] == f'attachment; filename="erp-bridge-{connection.pk}.qwc"'
    assert password.encode() not in file.content
    visit = _web_connector(file.content, password, books).run_once()
    assert visit.outcome == "done", visit.message
    told = olga.get(_page(stage)).content.decode()
    assert "Harbor Construction, Inc." in told
    assert "QuickBooks answered for the first time" in told
    for words in ("Vendors: 1 ready to import", "Cost Codes: 1 ready", "Jobs: 1 ready"):
        assert words in told
    for slug in ("vendors", "cost-codes"):
        olga.post(f"/companies/{stage.other.pk}/erp/{slug}/import-all/")
    assert Vendor.objects.get(company=stage.other).is_linked
    assert CostCode.objects.get(company=stage.other).erp_name == "26-050"
    assert Job.objects.get(company=stage.other).name == "Port of Alder:Pier 4"

    # A new password: the old one is refused from then on, the new one works.
    renewed = olga.post(_page(stage, "password/")).context["password"]
    olga.post(_page(stage, "sync/"))
    assert _web_connector(file.content, password, books).run_once().outcome == "refused"
    assert _web_connector(file.content, renewed, books).run_once().outcome == "done"
    assert olga.get(f"/qbwc/{connection.pk}.qwc").content == file.content


def test_a_company_has_one_connection(stage: Stage, at: At) -> None:
    dora = at(stage.dora)
    page = f"/companies/{stage.company.pk}/erp/connection/"
    answer = dora.post(f"{page}create/", {"erp": "quickbooks"}, follow=True)
    assert "has a connection already" in answer.content.decode()
    assert Connection.objects.count() == 1
    answer = at(stage.olga).post(_page(stage, "create/"), {"erp": "sap"}, follow=True)
    assert "There is no connector for" in answer.content.decode()
    stage.other.erp_enabled = False
    stage.other.save()
    answer = at(stage.olga).post(_page(stage, "create/"), {"erp": "quickbooks"}, follow=True)
    assert "is switched off" in answer.content.decode()


def test_who_may_do_what_with_it(stage: Stage, at: At) -> None:
    """Vic looks, Ann (Standard) may sync, Dora (Admin) does everything, Olga sees nothing."""
    page = f"/companies/{stage.company.pk}/erp/connection/"
    qwc = f"/qbwc/{stage.connection.pk}.qwc"
    expected = {
        "vic": (200, 403, 403, 403),
        "ann": (200, 302, 403, 403),
        "dora": (200, 302, 200, 200),
        "pam": (404, 404, 404, 404),
        "olga": (404, 404, 404, 404),
    }
    for name, (look, sync, password, download) in expected.items():
        browser = at(getattr(stage, name))
        assert browser.get(page).status_code == look, name
        assert browser.post(f"{page}sync/").status_code == sync, name
        assert browser.get(qwc).status_code == download, name
        assert browser.post(f"{page}password/").status_code == password, name
    assert browser.get("/qbwc/999.qwc").status_code == 404


def test_the_support_page_is_for_everybody(stage: Stage, client) -> None:
    answer = client.get(f"/qbwc/{stage.connection.pk}/support/")
    assert answer.status_code == 200
    assert stage.company.name not in answer.content.decode()
