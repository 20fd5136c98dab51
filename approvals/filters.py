"""What narrows and orders a view of the queue. Everything that is asked stands in the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from approvals.models import Export


class Order(StrEnum):
    """In which order a view is read."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def column(self) -> str:
        """What rows are ordered by, before their id."""
        return "amount" if self is Order.LARGEST else "status_at"

    @property
    def rises(self) -> bool:
        return self is Order.OLDEST


_LABELS = {
    Order.NEWEST: "Newest first",
    Order.OLDEST: "Oldest first",
    Order.LARGEST: "Largest amount first",
}
# The words for what could not be read, by the name in the address.
_FAULTS = {
    "project": "That is no project of this list.",
    "sender": "That is no person of this list.",
    "least": "“{}” is no amount. Write it like 1,250.00.",
    "most": "“{}” is no amount. Write it like 1,250.00.",
    "days": "“{}” is no number of days, like 14.",
    "order": "There is no such order.",
}
_ID = re.compile(r"[0-9]{1,18}")
_AMOUNT = re.compile(r"-?([0-9]{1,13}|[0-9]{1,3}(,[0-9]{3}){1,4})(\.[0-9]{1,2})?")
_DAYS = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which exports of a view are looked for, and in which order they come."""

    search: str = ""  # in number, title, contract company's name and commitment's number
    project: int | None = None
    vendor: str = ""  # in the contract company's name
    sender: int | None = None
    least: Decimal | None = None  # of the amount, in the company's currency
    most: Decimal | None = None
    days: int | None = None  # for how many days at least it has stood in the view
    order: Order = Order.NEWEST

    @classmethod
    def read(cls, query: Mapping[str, str]) -> tuple[Filters, dict[str, str]]:
        """What an address asks for, and the faults of what cannot be read, by name."""
        said = {name: (query.get(name) or "").replace("\0", "").strip()[:80] for name in _NAMES}
        shapes = {"project": _ID, "sender": _ID, "least": _AMOUNT, "most": _AMOUNT, "days": _DAYS}
        faults = {
            name: _FAULTS[name].format(said[name])
            for name, shape in shapes.items()
            if said[name] and not shape.fullmatch(said[name])
        }
        if said["order"] and said["order"] not in list(Order):
            faults["order"] = _FAULTS["order"]
        read = {name: text for name, text in said.items() if text and name not in faults}
        numbers = {n: int(read[n]) for n in ("project", "sender", "days") if n in read}
        amounts = {n: Decimal(read[n].replace(",", "")) for n in ("least", "most") if n in read}
        filters = cls(
            search=read.get("q", ""),
            project=numbers.get("project"),
            vendor=read.get("vendor", ""),
            sender=numbers.get("sender"),
            least=amounts.get("least"),
            most=amounts.get("most"),
            days=numbers.get("days"),
            order=Order(read.get("order", Order.NEWEST)),
        )
        return filters, faults

    @property
    def query(self) -> dict[str, str]:
        """What `read` reads, without what is asked for by every address anyway."""
        said = {
            "q": self.search,
            "project": self.project,
            "vendor": self.vendor,
            "sender": self.sender,
            "least": self.least,
            "most": self.most,
            "days": self.days,
            "order": "" if self.order is Order.NEWEST else self.order.value,
        }
        return {name: str(value) for name, value in said.items() if value not in (None, "")}

    def without(self, name: str) -> Filters:
        """The same, but for what `name` asks for in an address."""
        filters, _ = Filters.read({key: said for key, said in self.query.items() if key != name})
        return filters

    @property
    def narrows(self) -> bool:
        """Whether some of the view is left out."""
        return bool(self.query.keys() - {"order"})

    def among(self, exports: QuerySet[Export]) -> QuerySet[Export]:
        """Those of `exports` that are looked for, in order."""
        if self.search:
            exports = exports.filter(
                Q(number__icontains=self.search)
                | Q(title__icontains=self.search)
                | Q(vendor_name__icontains=self.search)
                | Q(parent__number__icontains=self.search)
            )
        if self.project is not None:
            exports = exports.filter(project_id=self.project)
        if self.vendor:
            exports = exports.filter(vendor_name__icontains=self.vendor)
        if self.sender is not None:
            exports = exports.filter(sent_by_id=self.sender)
        if self.least is not None:
            exports = exports.filter(amount__gte=self.least)
        if self.most is not None:
            exports = exports.filter(amount__lte=self.most)
        if self.days is not None:
            exports = exports.filter(status_at__lte=Now() - timedelta(days=self.days))
        down = "" if self.order.rises else "-"
        return exports.order_by(f"{down}{self.order.column}", f"{down}id")


_NAMES = ("q", "project", "vendor", "sender", "least", "most", "days", "order")
EVERYTHING = Filters()
