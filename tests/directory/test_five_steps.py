"""From an empty installation to the first change order in QuickBooks: the README's five steps.

Everything goes through the doors that people and QuickBooks use; no row is made past them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from directory.models import Company, Membership, Project, User
from sandbox.quickbooks import Qwc, WebConnector
from tests.books import CheckedBooks
from tests.directory.conftest import link_on

PASSWORD = "correct horse of this person"


def _set_password(link: str, email: str) -> Client:
    """Somebody opens their one-time link, sets a password and signs in with it."""
    browser = Client()
    action = browser.get(link, follow=True).redirect_chain[-1][0]
    browser.post(action, {"password1": PASSWORD, "password2": PASSWORD})
    signed_in = browser.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert signed_in.status_code == 302
    # Grants and credentials ask for it once more.
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def _api(browser: Client, path: str, body: Any = None) -> Any:
    if body is None:
        answer = browser.get(f"/api/v1/{path}")
    else:
        answer = browser.post(f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


def _step(browser: Client, export: int, step: str) -> str:
    version = _api(browser, f"exports/{export}/")["export"]["version"]
    return str(_api(browser, f"exports/{export}/{step}/", {"version": version})["status"])


@pytest.mark.django_db(transaction=True)
def test_five_steps(live_server, settings, capsys) -> None:
    settings.BASE_URL = live_server.url
    books = CheckedBooks.create(company_name="Meridian Builders, Inc.")
    books.add_vendor("Ironwood Concrete")
    books.add_item("03-300", desc="Cast-in-place concrete")
    books.add_job(books.add_customer("City of Alder"), "Riverside Library")

    # 1. The operator makes the company and hands its first administrator a link.
    call_command("operator", "otto@installation.example")
    link = re.search(r"https?://[^/]+(/accounts/\S+)", capsys.readouterr().out)
    assert link is not None
    otto = _set_password(link[1], "otto@installation.example")
    made = otto.post("/operator/", {"name": "Meridian Builders", "erp_enabled": "on"})
    page = otto.post(made["Location"], {"name": "Dora", "email": "dora@meridian.example"})
    dora = _set_password(link_on(page.content.decode()), "dora@meridian.example")
    company = Company.objects.get()
    place = f"/companies/{company.pk}"

    # 2. The administrator connects QuickBooks; its lists come with the first call.
    shown = dora.post(f"{place}/erp/connection/create/", {"erp": "quickbooks"})
    qwc = dora.get(f"/qbwc/{shown.context['connection'].pk}.qwc").content
    web_connector = WebConnector(
        Qwc.read(qwc), shown.context["password"], books, wait=lambda _seconds: None
    )
    assert web_connector.run_once().outcome == "done"
    for slug in ("vendors", "cost-codes"):
        dora.post(f"{place}/erp/{slug}/import-all/")

    # 3. A project on its job, a category, people with levels; the operator grants the privilege.
    lists = f"{place}/directory"
    job = re.search(
        r'<option value="(\d+)">City of Alder:Riverside Library', _new_project(dora, lists)
    )
    assert job is not None
    dora.post(f"{lists}/projects/new/", {"number": "26-01", "name": "Library", "job": job[1]})
    dora.post(f"{lists}/categories/new/", {"name": "Subcontract"})
    dora.post(f"{place}/erp/connection/sync/")
    assert web_connector.run_once().outcome == "done"
    project = Project.objects.get().pk
    browsers = {}
    for name, levels in {
        "Pam": {f"commitments-{project}": "3", f"change_orders-{project}": "3"},
        "Ann": {"erp-company": "2"},
    }.items():
        email = f"{name.lower()}@meridian.example"
        page = dora.post(f"{lists}/people/new/", {"name": name, "email": email})
        browsers[name] = _set_password(link_on(page.content.decode()), email)
        membership = Membership.objects.get(user__email=email).pk
        form = dora.get(f"{lists}/people/{membership}/").context["form"]
        values = {
            each: "0" for field in form for each in (field.html_name, field.html_initial_name)
        }
        assert dora.post(f"{lists}/people/{membership}/", values | levels).status_code == 302
    ann = Membership.objects.get(user=User.objects.get(name="Ann")).pk
    otto.post(f"/operator/companies/{company.pk}/people/{ann}/grant/")

    # 4. The first commitment: written, approved, sent, accepted, collected.
    vendor = _api(dora, f"vendors/?company={company.pk}")["results"][0]["id"]
    detail = _api(
        browsers["Pam"],
        "commitments/",
        {
            "project": project,
            "type": "subcontract",
            "number": "SC-001",
            "title": "Concrete",
            "vendor": vendor,
            "date_created": "2026-03-02",
            "lines": [
                {
                    "cost_code": "03-300",
                    "category": "Subcontract",
                    "description": "Footings",
                    "amount": "10000.00",
                }
            ],
        },
    )
    commitment, line = detail["commitment"], detail["lines"][0]
    _to_quickbooks(browsers, web_connector, f"commitments/{commitment['id']}/", commitment)

    # 5. The first change order on it.
    detail = _api(
        browsers["Pam"],
        "change-orders/",
        {
            "commitment": commitment["id"],
            "title": "Deeper footings",
            "lines": [
                {
                    "commitment_line": line["id"],
                    "category": "Subcontract",
                    "description": "Two feet deeper",
                    "amount": "1500.25",
                }
            ],
        },
    )
    change_order = detail["change_order"]
    _to_quickbooks(browsers, web_connector, f"change-orders/{change_order['id']}/", change_order)
    order = books.purchase_order("SC-001")
    assert [each.amount for each in order.lines] == [Decimal("10000.00"), Decimal("1500.25")]
    call_command("verify_audit")


def _new_project(dora: Client, lists: str) -> str:
    return dora.get(f"{lists}/projects/new/").content.decode()


def _to_quickbooks(
    browsers: dict[str, Client], web_connector: WebConnector, path: str, document: Any
) -> None:
    status = {"version": document["version"], "status": "approved"}
    _api(browsers["Pam"], f"{path}status/", status)
    assert _step(browsers["Pam"], document["export_id"], "send") == "sent"
    assert _step(browsers["Ann"], document["export_id"], "accept") == "accepted"
    assert web_connector.run_once().outcome == "done"
    seen = _api(browsers["Ann"], f"exports/{document['export_id']}/")["export"]
    assert (seen["status"], seen["message"]) == ("synced", "")
