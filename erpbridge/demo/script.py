"""`company.toml`, read into types. Money is `Decimal`, in the company's one currency."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

Way = Literal[
    "", "sent", "retrieved", "rejected", "synced", "failed", "attention", "lost", "accepted"
]


class Person(msgspec.Struct):
    """Somebody who signs in; levels by their words."""

    name: str
    email: str
    role: str
    push: bool = False
    company: dict[str, str] = {}
    projects: dict[str, str] = {}


class ChangeOrder(msgspec.Struct):
    """A change order; lines are [line of the commitment, description, amount]."""

    number: str
    title: str
    date: date
    status: str
    lines: list[tuple[int, str, Decimal]]
    description: str = ""
    way: Way = ""
    comment: str = ""


class Commitment(msgspec.Struct):
    """A commitment; see the head of the file for its lines."""

    type: str
    number: str
    title: str
    vendor: str
    date: date
    status: str
    lines: list[list[Any]]
    retainage: Decimal = Decimal(0)
    description: str = ""
    vendor_message: str = ""
    way: Way = ""
    comment: str = ""
    change_orders: list[ChangeOrder] = []


class ChangeEvent(msgspec.Struct):
    """A change event; lines are [cost code, category, description, for whom, amount], `carried`
    those that were put into change orders, by their numbers from 1."""

    title: str
    reason: str
    date: date
    status: str
    description: str
    lines: list[tuple[str, str, str, str, Decimal]]
    carried: list[int] = []


class Modification(msgspec.Struct):
    """A modification of a budget; parts are [cost code, category, change]."""

    type: str
    date: date
    reason: str
    parts: list[tuple[str, str, Decimal]]


class Budget(msgspec.Struct):
    """A budget; see the head of the file for its lines and modifications."""

    lines: list[tuple[str, str, str, Decimal]]
    modifications: list[Modification] = []
    way: Way = ""


class Project(msgspec.Struct):
    number: str
    name: str
    job: str
    commitments: list[Commitment]
    budget: Budget | None = None
    change_events: list[ChangeEvent] = []


class Lists(msgspec.Struct):
    categories: list[str]
    vendors: list[str]
    cost_codes: dict[str, str]


class QuickBooks(msgspec.Struct):
    """What the company file holds beyond the lists."""

    company_name: str
    jobs: list[tuple[str, str]]
    only_there: list[str]
    not_there: list[str]


class Other(msgspec.Struct):
    """The second company."""

    name: str
    one_person_does_both: bool
    project: tuple[str, str]
    vendors: list[str]
    cost_codes: dict[str, str]
    person: Person


class Script(msgspec.Struct):
    """The whole file."""

    name: str
    operator: Person
    people: list[Person]
    other: Other
    quickbooks: QuickBooks
    in_the_meantime: list[dict[str, Any]]
    lists: Lists
    projects: list[Project]

    def everybody(self) -> list[Person]:
        """All who can sign in."""
        return [*self.people, self.operator, self.other.person]


def read() -> Script:
    """The demo company as it is written down."""
    text = (Path(__file__).parent / "company.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text, parse_float=Decimal), Script)
