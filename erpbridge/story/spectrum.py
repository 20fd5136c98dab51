"""The stand-in for Spectrum, looked into from outside: its subcontracts, and how it was called."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from erpbridge.story.books import Change, Order, OrderLine, Page, summed

PATIENCE = 60.0  # seconds for the workers to call
# What a call says of itself in the story, by service: names of its elements.
_TOLD = {
    "ARChangeRequest": (
        "Change_Request_Number",
        "Subcontract_Number",
        "CR_Phase_Code",
        "CR_Cost_Type",
        "Sub_Amount",
        "Sub_Status",
    ),
    "AddPhase": ("Phase_Code", "Cost_Type", "Current_Est_Cost"),
    "GetJob": ("pStatus_Code",),
    "GetPhase": ("pJob_Number",),
}


_WRITES = frozenset({"ARChangeRequest", "AddPhase"})


class Spectrum(Page):
    """Its subcontracts with their change orders. Our workers call it as soon as they are told."""

    erp = "Spectrum"
    record = "subcontract"
    unit = "phase and cost type"
    waiting = "a worker is told to call Spectrum"
    collecting = "A worker calls Spectrum, one call for each phase and cost type"
    again = "Nora presses Sync now, so a worker calls Spectrum once more"

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._seen = 0  # the number of the last call that was told

    def order(self, number: str) -> Order:
        """The one subcontract of that number; LookupError if there is not exactly one."""
        found = [each for each in self.ask("/subcontracts") if each["number"] == number]
        if len(found) != 1:
            raise LookupError(f"Spectrum holds {len(found)} subcontracts {number}.")
        [held] = found
        lines = [
            OrderLine(_pair(each), _pair(each), each["description"], Decimal(each["amount"]))
            for each in held["phases"]
        ]
        # By number, for the log has no order of its own.
        for change in sorted(held["change_orders"], key=lambda each: str(each["number"])):
            words = {"E": "executed", "P": "proposed", "R": "rejected"}[change["status"]]
            text = f"{change['number']} {change['description']} ({words})"
            for place, each in enumerate(change["lines"]):
                own = f"{change['number']} {place}"
                lines.append(OrderLine(own, _pair(each), text, Decimal(each["amount"])))
        vendor = f"{held['vendor']}/{number}"
        return Order(vendor, number, held["vendor"], Decimal(held["total"]), tuple(lines))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Only calls from now on are told."""
        self._news()
        yield

    def collect(self, is_over: Callable[[], bool]) -> Iterator[str]:
        """The workers call; nobody has to do anything."""
        _wait(is_over)
        yield "Spectrum was"
        for call in self._news():
            # An empty call only asks whether we may use the service.
            if call["service"] in _TOLD and not (call["service"] in _WRITES and _is_empty(call)):
                yield f"    called:   {_in_words(call)}"
                yield f"    answered: {_answered(call)}"

    def once_more(self, ask: Callable[[], None]) -> str:
        """Sync now, until the lists were read."""
        self._news()
        ask()
        calls: list[dict[str, Any]] = []

        def has_read() -> bool:
            calls.extend(self._news())
            return any(call["service"] == "GetJob" for call in calls)

        _wait(has_read)
        return f"{calls[0]['service']} and other questions"

    def bring_costs(self, ask: Callable[[], None], is_back: Callable[[], bool]) -> None:
        """The workers read them."""
        ask()
        _wait(is_back)

    def number_in(self, row: dict[str, Any]) -> str:
        """A change order has a number of its own there."""
        return f"as change order {row['erp_number']} of Spectrum"

    def approved(self, frozen: dict[str, Any]) -> list[Change]:
        """Each phase and cost type once."""
        terms = frozen["terms"]
        return summed(
            [
                Change(
                    f"{terms['items'][str(line['cost_code']['id'])]['id']}/"
                    f"{terms['classes'][str(line['category']['id'])]['id']}",
                    Decimal(line["amount"]),
                )
                for line in frozen["copy"]["lines"]
            ]
        )

    def _news(self) -> list[dict[str, Any]]:
        """The calls since the last time."""
        new = [call for call in self.ask("/calls") if call["number"] > self._seen]
        self._seen = max([self._seen, *(call["number"] for call in new)])
        return new


def _wait(is_over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_over() and time.monotonic() < deadline:
        time.sleep(0.2)


def _pair(line: dict[str, Any]) -> str:
    return f"{line['phase']}/{line['cost_type']}"


def _in_words(call: dict[str, Any]) -> str:
    values = {each.tag.rpartition("}")[2]: each.text or "" for each in _request(call)}
    told = [f"{name} {values[name]}" for name in _TOLD[call["service"]] if values.get(name)]
    return f"{call['service']}: {', '.join(told) or 'all'}"


def _is_empty(call: dict[str, Any]) -> bool:
    return not any(each.text for each in _request(call))


def _request(call: dict[str, Any]) -> Element:
    envelope = fromstring(call["asked"])  # noqa: S314 of our own stand-in
    return envelope[-1][0]


def _answered(call: dict[str, Any]) -> str:
    if not call["status"]:
        return "nothing"
    if call["status"] != 200:
        return f"status {call['status']}"
    # Only its beginning is kept, so it is no document any more.
    said = [unescape(each) for each in re.findall("<desc>([^<]+)", call["answered"])]
    return "; ".join(said) or "status 200, without a complaint"
