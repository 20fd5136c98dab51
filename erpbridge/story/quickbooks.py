"""The stand-in for QuickBooks, looked into from outside: its orders, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

from connectors.quickbooks import qbxml
from directory.formats import counted
from erpbridge.story.books import Change, Order, OrderLine, Page


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that QuickBooks was given, and its answer, in words."""

    request: str
    answer: str


class QuickBooks(Page):
    """Its orders, and its Web Connector, which calls when the story says so."""

    erp = "QuickBooks"
    record = "purchase order"
    unit = "line of the contract"
    waiting = "it waits for the Web Connector"
    collecting = "The Web Connector calls, and QuickBooks does its part"
    again = "The Web Connector calls once more"

    def order(self, number: str) -> Order:
        """The one purchase order of that number; LookupError if there is not exactly one."""
        found = [each for each in self.ask("/orders") if each["ref_number"] == number]
        if len(found) != 1:
            raise LookupError(f"QuickBooks holds {len(found)} purchase orders {number}.")
        [order] = found
        lines = [
            OrderLine(each["txn_line_id"], each["item"], each["desc"], Decimal(each["amount"]))
            for each in order["lines"]
        ]
        total = Decimal(order["total"])
        return Order(order["txn_id"], number, order["name"], total, tuple(lines))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Its Web Connector calls only when it is told to."""
        before = self.ask("/faults")["stopped"]
        self.ask("/faults", {"stopped": True})
        try:
            yield
        finally:
            self.ask("/faults", {"stopped": before})

    def collect(self, is_over: Callable[[], bool]) -> Iterator[str]:
        """The Web Connector calls once; one call is enough."""
        session = self._visit()
        yield f"The Web Connector calls once ({session['outcome']}). QuickBooks was"
        for pair in session.get("requests", []):
            for line in in_words(Asked(pair["request"], pair["answer"])):
                yield f"    {line}"

    def once_more(self, ask: Callable[[], None]) -> str:
        """The Web Connector calls once more."""
        return str(self._visit()["outcome"])

    def bring_costs(self, ask: Callable[[], None], is_back: Callable[[], bool]) -> None:
        """The Web Connector calls once; one call is enough."""
        ask()
        self._visit()

    def number_in(self, row: dict[str, Any]) -> str:
        """Its lines stand on the order itself."""
        return f"on purchase order {row['erp_number']} of QuickBooks"

    def approved(self, frozen: dict[str, Any]) -> list[Change]:
        """Each changed line of the contract once, under the item of its cost code."""
        items = frozen["terms"]["items"]
        sums: dict[int, Change] = {}
        for line in frozen["copy"]["lines"]:
            number = int(line["commitment_line"]["code"])
            before = sums[number].amount if number in sums else Decimal(0)
            item = items[str(line["cost_code"]["id"])]["name"]
            sums[number] = Change(item, before + Decimal(line["amount"]))
        return list(sums.values())

    def _visit(self) -> Any:
        return self.ask("/sync", {})


def in_words(asked: Asked) -> list[str]:
    """What one message to QuickBooks asked and what it answered, a sentence each."""
    told = []
    for element in _parts(asked.request):
        first, *more = _request(element)
        told += [f"asked:    {first}", *(f"              {line}" for line in more)]
    for element in _parts(asked.answer):
        status, message = element.get("statusCode", ""), element.get("statusMessage", "")
        seen = ", ".join(
            f"purchase order {qbxml.child_text(order, 'RefNumber')}, edit sequence "
            f"{qbxml.child_text(order, 'EditSequence')}, total "
            f"{qbxml.child_text(order, 'TotalAmount')}"
            for order in element.iter("PurchaseOrderRet")
        )
        told.append(f"answered: {_name(element)}, status {status}. {seen or message}")
    return told


def _parts(document: str) -> list[etree._Element]:
    root = qbxml.parse(document)
    sets = root[0] if root.tag == "QBXML" and len(root) else root
    return [each for each in sets if isinstance(each.tag, str)]


def _request(element: etree._Element) -> list[str]:
    order = element.find("PurchaseOrderMod")
    if order is None:
        return [_name(element)]
    kept: list[etree._Element] = []
    new: list[etree._Element] = []
    for line in order.findall("PurchaseOrderLineMod"):
        (new if qbxml.child_text(line, "TxnLineID") == "-1" else kept).append(line)
    told = [
        f"{_name(element)}: keep the {counted(len(kept), 'line')} there, under edit sequence "
        f"{qbxml.child_text(order, 'EditSequence')}, and put behind them"
    ]
    told += [
        f"new line: {qbxml.child_text(line, 'Desc')}, "
        f"{qbxml.child_text(line, 'Rate') or qbxml.child_text(line, 'Amount')}"
        for line in new
    ]
    return told


def _name(element: etree._Element) -> str:
    return str(element.tag).removesuffix("Rq").removesuffix("Rs")
