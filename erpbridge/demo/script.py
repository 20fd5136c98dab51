"""`meridian.toml` and `harbor.toml` in types. Money is `Decimal`, in the one currency."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

Way = Literal[
    "", "sent", "retrieved", "rejected", "synced", "failed", "attention", "lost", "accepted"
]


C = TypeVar("C", bound="Contractor")


class Person(msgspec.Struct, frozen=True):
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


class Spectrum(msgspec.Struct):
    """What the Spectrum company holds beyond the lists. Every job has every cost code as a phase,
    with every cost type; codes are written without dashes there."""

    company_code: str
    company_name: str
    cost_types: dict[str, str]
    vendors: list[tuple[str, str]]
    jobs: list[tuple[str, str, str]]
    costs: list[tuple[str, str, str, Decimal]]


class Contractor(msgspec.Struct, kw_only=True):
    """One company: a whole file."""

    name: str
    one_person_does_both: bool = False
    people: list[Person]
    lists: Lists
    in_the_meantime: list[dict[str, Any]]
    projects: list[Project]

    @property
    def administrator(self) -> Person:
        """Who invites the others."""
        return next(each for each in self.people if each.company.get("directory") == "Admin")

    @property
    def manager(self) -> Person:
        """Who writes and sends everything."""
        return next(
            each
            for each in self.people
            if each.projects.get("change_orders") == "Admin" and not each.push
        )

    @property
    def approvers(self) -> list[Person]:
        """Who decides."""
        return [each for each in self.people if each.push]


class OnQuickBooks(Contractor, kw_only=True):
    quickbooks: QuickBooks


class OnSpectrum(Contractor, kw_only=True):
    spectrum: Spectrum


class Script(msgspec.Struct):
    """Both companies, and who operates their installation."""

    meridian: OnQuickBooks
    harbor: OnSpectrum
    operator: Person = Person(
        name="Otto Brandt", email="otto@demo.example", role="operator of this installation"
    )

    def everybody(self) -> list[Person]:
        """All who can sign in."""
        return [*self.meridian.people, self.operator, *self.harbor.people]


def read() -> Script:
    """The demo as it is written down."""
    return Script(_read("meridian.toml", OnQuickBooks), _read("harbor.toml", OnSpectrum))


def _read(name: str, kind: type[C]) -> C:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text, parse_float=Decimal), kind)
