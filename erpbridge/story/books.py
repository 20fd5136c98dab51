"""The stand-in for QuickBooks, looked into from outside: its orders, and what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from lxml import etree

from connectors.quickbooks import qbxml


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a purchase order; `id` is QuickBooks' own for it. Money in the one currency."""

    id: str
    item: str
    text: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase order as the bookkeeper sees it now."""

    id: str
    number: str
    vendor: str
    total: Decimal
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that QuickBooks was given, and its answer, in words."""

    request: str
    answer: str


class Books:
    """The page of the stand-in, by its address."""

    def __init__(self, address: str) -> None:
        if urlsplit(address).scheme != "http":
            raise ValueError(f"{address!r} is no http address.")
        self.address = address.rstrip("/")

    def order(self, number: str) -> Order:
        """The one purchase order of that number; LookupError if there is not exactly one."""
        found = [each for each in self._ask("/orders") if each["ref_number"] == number]
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
    def quiet(self) -> Iterator[None]:
        """Its Web Connector calls only when it is told to (`visit`)."""
        before = self._ask("/faults")["stopped"]
        self._ask("/faults", {"stopped": True})
        try:
            yield
        finally:
            self._ask("/faults", {"stopped": before})

    def visit(self) -> tuple[str, list[Asked]]:
        """Let the Web Connector call once; how that ended, and what QuickBooks was asked."""
        session = self._ask("/sync", {})
        asked = [Asked(pair["request"], pair["answer"]) for pair in session.get("requests", [])]
        return session["outcome"], asked

    def _ask(self, path: str, values: dict[str, Any] | None = None) -> Any:
        body = None if values is None else json.dumps(values).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self.address + path, body, headers)  # noqa: S310 see __init__
        with urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.loads(answer.read())


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
        f"{_name(element)}: keep the {len(kept)} lines that are there, under edit sequence "
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
