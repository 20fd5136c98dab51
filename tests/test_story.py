"""One change order's whole way, as its people see it. Read this first.

Pam works with pages, Ann with pages and the API. Real parts: PostgreSQL, HTTP, the engine.
QuickBooks and its Web Connector are the sandbox's stand-ins.
"""

from decimal import Decimal

import pytest
from django.test import Client
from rest_framework.test import APIClient

from commitments.models import ChangeOrder
from directory.history import faults
from directory.models import ApiToken, User
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_order_reaches_quickbooks_exactly_once(stage: Stage, live_server) -> None:
    pam, ann = browser(stage.pam), browser(stage.ann)
    program = APIClient(headers={"Authorization": f"Bearer {ApiToken.make(stage.ann, 'tests')}"})
    web_connector = stage.web_connector(live_server.url)

    # The subcontract is in QuickBooks already: 10,000 of footings and 25,000 of steel.
    commitment = stage.commitment()
    stage.synced(commitment)
    assert stage.order().total == Decimal("35000.00")

    # Pam changes line 1 twice and line 2 by nothing, in one change order. It is not approved yet,
    # so the one button is disabled and says why.
    pam.post(
        f"/projects/{stage.project.pk}/commitments/{commitment.pk}/change-orders/new/",
        {
            "number": "",
            "title": "Deeper footings",
            "description": "",
            "version": "",
            "line-id": ["", "", ""],
            "line-target": ["1", "1", "2"],
            "line-cost_code": ["", "", ""],
            "line-category": ["Subcontract", "Subcontract", "Subcontract"],
            "line-sub_job": ["", "", ""],
            "line-description": ["Deeper footings", "Less rebar", "Beam, as drawn"],
            "line-quantity": ["", "", ""],
            "line-unit": ["", "", ""],
            "line-unit_cost": ["", "", ""],
            "line-amount": ["1,500.00", "-250.50", "0"],
        },
    )
    change_order = ChangeOrder.objects.get()
    page = pam.get(change_order.get_absolute_url()).content.decode()
    assert "Only an Approved change order is sent" in " ".join(page.split())
    version = stage.export(change_order).version
    pam.post(
        f"{change_order.get_absolute_url()}status/", {"version": version, "status": "approved"}
    )

    # She sends it. It is in Ann's queue, and locked.
    version = stage.export(change_order).version
    pam.post(f"/exports/{change_order.export_id}/send/", {"version": version})
    assert stage.status(change_order) == "sent"
    queue = ann.get(f"/companies/{stage.company.pk}/erp/change-orders/").content.decode()
    assert "Change Orders - Ready to be Exported to QuickBooks® Desktop" in queue
    assert "Deeper footings" in queue

    # Ann sees what will change there, line by line, and accepts exactly that.
    seen = program.get(f"/api/v1/exports/{change_order.export_id}/preview/").json()
    assert seen["preview"]["total_before"] == "35000.00"
    assert seen["preview"]["total_after"] == "36249.50"
    accepted = program.post(
        f"/api/v1/exports/{change_order.export_id}/accept/",
        {"version": seen["version"], "terms": seen["terms_digest"]},
    ).json()
    assert accepted["status"] == "accepted"

    # The Web Connector comes by.
    visit = web_connector.run_once()
    assert visit.outcome == "done", visit.message
    order = stage.order()
    assert [(line.item, line.amount) for line in order.lines] == [
        ("03-300", Decimal("10000.00")),
        ("05-120", Decimal("25000.00")),
        ("03-300", Decimal("1249.50")),
        ("05-120", Decimal("0.00")),
    ]
    assert order.total == Decimal("36249.50")

    # Both see Synced, with the numbers of QuickBooks.
    for person in (pam, ann):
        page = person.get(f"/exports/{change_order.export_id}/").content.decode()
        assert "Synced" in page
        assert order.txn_id in page
    assert list(faults(stage.company.pk)) == []

    # Nothing is left to do: the next visit does not even wake QuickBooks.
    assert web_connector.run_once().outcome == "nothing to do"


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
