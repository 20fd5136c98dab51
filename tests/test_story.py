"""One change order's whole way, as its people see it. Read this first.

Real parts: PostgreSQL, our endpoint over HTTP, the engine. QuickBooks and its Web Connector are
the sandbox's stand-ins.
"""

from decimal import Decimal

import pytest

from directory.history import faults
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_order_reaches_quickbooks_exactly_once(stage: Stage, live_server) -> None:
    web_connector = stage.web_connector(live_server.url)
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    visit = web_connector.run_once()
    assert visit.outcome == "done", visit.message
    assert stage.status(commitment) == "synced"
    order = stage.order()
    assert order.total == Decimal("35000.00")

    # Pam changes line 1 twice in one change order; Ann accepts; QuickBooks gets one line for it.
    change_order = stage.change_order(
        commitment,
        [
            (1, "Deeper footings", "1500.00"),
            (1, "Less rebar", "-250.50"),
            (2, "Extra beam", "0.00"),
        ],
    )
    stage.send(change_order)
    assert stage.status(change_order) == "sent"
    stage.accept(change_order)
    assert stage.status(change_order) == "accepted"
    visit = web_connector.run_once()
    assert visit.outcome == "done", visit.message
    export = stage.export(change_order)
    assert (export.status, export.message) == ("synced", "")
    assert export.erp_id == order.txn_id

    order = stage.order()
    assert order.total == Decimal("36249.50")
    assert [(line.item, line.amount) for line in order.lines] == [
        ("03-300", Decimal("10000.00")),
        ("05-120", Decimal("25000.00")),
        ("03-300", Decimal("1249.50")),
        ("05-120", Decimal("0.00")),
    ]
    assert list(faults(stage.company.pk)) == []

    # Nothing is left to do: the next visit does not even wake QuickBooks.
    assert web_connector.run_once().outcome == "nothing to do"
