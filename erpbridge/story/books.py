"""What the story knows of an ERP: its orders, and how its stand-in is looked into from outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from urllib.request import Request, urlopen


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order; `id` is the ERP's own for it. Money in the one currency."""

    id: str
    item: str
    text: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase order or subcontract as the bookkeeper sees it now, its change orders behind."""

    id: str
    number: str
    vendor: str
    total: Decimal
    lines: tuple[OrderLine, ...]


class Change(NamedTuple):
    """What one new line of an order comes to: the ERP's item, and the sum."""

    item: str
    amount: Decimal


class Books(Protocol):
    """The stand-in for an ERP, and the words of the story that are this ERP's own."""

    address: str
    erp: str  # QuickBooks
    record: str  # purchase order
    unit: str  # what is one line there: line of the contract
    waiting: str  # what becomes of what was accepted
    collecting: str  # the title of the chapter in which the ERP does its part
    again: str  # what happens once more, to see that nothing is written twice

    def order(self, number: str) -> Order:
        """The one order of that number; LookupError if there is not exactly one."""

    def watched(self) -> AbstractContextManager[None]:
        """From now on only what the story does is told."""

    def collect(self, is_over: Callable[[], bool]) -> Iterator[str]:
        """The ERP does its part, until `is_over`; what it was asked and answered, in words."""

    def once_more(self, ask: Callable[[], None]) -> str:
        """Speak to the ERP once more; how that ended. `ask` presses Sync now, where we call it."""

    def bring_costs(self, ask: Callable[[], None], is_back: Callable[[], bool]) -> None:
        """`ask` presses Sync now; until the job costs were read, or nothing comes any more."""

    def number_in(self, row: dict[str, Any]) -> str:
        """Where a synced change order stands, in words."""

    def approved(self, frozen: dict[str, Any]) -> list[Change]:
        """The new lines that the frozen copy and destination of an export must come to."""


class Page:
    """The page of a stand-in, by its address (http)."""

    def __init__(self, address: str) -> None:
        if urlsplit(address).scheme != "http":
            raise ValueError(f"{address!r} is no http address.")
        self.address = address.rstrip("/")

    def ask(self, path: str, values: dict[str, Any] | None = None) -> Any:
        """GET a path, or POST values to it; what is answered as JSON."""
        body = None if values is None else json.dumps(values).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self.address + path, body, headers)  # noqa: S310 see __init__
        with urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.loads(answer.read())


def summed(changes: list[Change]) -> list[Change]:
    """One change for each item, in the order in which the items first come."""
    sums: dict[str, Decimal] = {}
    for each in changes:
        sums[each.item] = sums.get(each.item, Decimal(0)) + each.amount
    return [Change(item, amount) for item, amount in sums.items()]
