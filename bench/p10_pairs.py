"""P10: how many exchanges with the Web Connector a thousand change orders take.

1,000 accepted change orders on 100 purchase orders, collected by the stand-in for the Web Connector
over real HTTP; counted are its pairs of sendRequestXML and receiveResponseXML. QuickBooks takes one
write for each, so 1,000 is the least there can be; the rest is questions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from django.db import transaction

from approvals import workflow
from approvals.models import Export
from approvals.workflow import MOST_AT_ONCE, Item
from bench.database import database
from bench.measuring import Goal, Result
from bench.serving import serving
from tests.stage import Stage, set_stage

ORDERS = 100
CHANGES = 10  # for each order


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p10") as url, serving(url) as server:
        with transaction.atomic():
            stage = set_stage()
            commitments = [stage.commitment(number=f"SC-{n:03}") for n in range(ORDERS)]
            for commitment in commitments:
                stage.send(commitment)
        _accept(stage)
        _visit(stage, server.url)
        with transaction.atomic():
            for number in range(CHANGES):
                for commitment in commitments:
                    stage.send(stage.change_order(commitment, number=f"{number + 1:03}"))
        _accept(stage)
        pairs = _visit(stage, server.url)
        wanted = Decimal("35000.00") + CHANGES * Decimal("1500.00")
        wrong = [order for order in stage.books.purchase_orders() if order.total != wanted]
        if wrong or Export.objects.exclude(status="synced").exists():
            raise AssertionError(f"Not every change order arrived once: {wrong[:3]}")
    changes = ORDERS * CHANGES
    yield Result(
        name="P10",
        what=f"exchanges for {changes:,} change orders on {ORDERS} purchase orders",
        size=changes,
        ours=pairs,
        against=changes,
        unit="exchanges",
        ratio=pairs / changes,
        goal=Goal(1.05),
    )


def _accept(stage: Stage) -> None:
    """Ann accepts all that waits, as many at once as the page lets her."""
    waiting = list(Export.objects.filter(status="sent").order_by("id"))
    for first in range(0, len(waiting), MOST_AT_ONCE):
        items = [Item(each.pk, each.version) for each in waiting[first : first + MOST_AT_ONCE]]
        results = workflow.take_all("accept", items, by=stage.access(stage.ann))
        if refused := [result.error for result in results if result.error]:
            raise AssertionError(refused[:3])


def _visit(stage: Stage, server: str) -> int:
    """One session of the Web Connector; how often it carried a question there and back."""
    result = stage.web_connector(server).run_once()
    if result.outcome != "done":
        raise AssertionError(f"The session ended with {result.outcome}: {result.message}")
    return result.operations.count("receiveResponseXML")
