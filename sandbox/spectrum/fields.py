"""What a field of a service takes, and what a service is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Need = Literal["", "always", "new"]


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a request. `digits` are the places before and behind the point."""

    name: str
    longest: int
    kind: Literal["text", "number", "date"] = "text"
    need: Need = ""
    choices: str = ""
    digits: tuple[int, int] | None = None
    negative: bool = False

    def complaint(self, value: str) -> str:
        """What is wrong with a value that is not blank, '' if nothing is."""
        if len(value) > self.longest:
            return f"{self.name} is longer than {self.longest} characters"
        if self.choices and value not in self.choices.split("|"):
            return f"{self.name} is invalid, value must be one of {self.choices}"
        if self.kind == "date" and not is_date(value):
            return f"{self.name} is invalid, a date is written MM/DD/CCYY"
        if self.kind == "number":
            return self._number_complaint(value)
        return ""

    def _number_complaint(self, value: str) -> str:
        found = re.fullmatch(r"(-?)(\d*)(?:\.(\d+))?", value)
        if found is None or not (found[2] or found[3]):
            return f"{self.name} is invalid, value is not a number"
        if found[1] and self.digits and not self.negative:
            return f"{self.name} is invalid, value may not be negative"
        whole, places = found[2].lstrip("0"), found[3] or ""
        if self.digits and (len(whole) > self.digits[0] or len(places) > self.digits[1]):
            mask = f"{'-' if self.negative else ''}{self.digits[0]}.{self.digits[1]}"
            return f"{self.name} is invalid, value does not match the mask {mask}"
        return ""

    def kept(self, value: str) -> str:
        """The value as it is kept: one way of writing for each number."""
        if self.kind != "number" or not value:
            return value
        places = self.digits[1] if self.digits else max(2, -_exponent(value))
        return format(Decimal(value).quantize(Decimal(1).scaleb(-places)), "f")


@dataclass(frozen=True, slots=True)
class Service:
    """A SOAP service: one operation, its request's elements in order.

    `key` is the natural key: what is sent again under it changes what is there.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it changes what the company holds."""
        return not self.returns


def is_date(value: str) -> bool:
    """Whether a text is a date as Spectrum writes it, MM/DD/CCYY."""
    if not re.fullmatch(r"\d\d/\d\d/\d{4}", value):
        return False
    try:
        datetime.strptime(value, "%m/%d/%Y")  # noqa: DTZ007 only a day
    except ValueError:
        return False
    return True


def _exponent(value: str) -> int:
    exponent = Decimal(value).as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def text_field(name: str, longest: int, need: Need = "", choices: str = "") -> Field:
    """A text; `choices` are parted by bars."""
    return Field(name, longest, need=need, choices=choices)


def number_field(name: str, longest: int, mask: str = "", need: Need = "") -> Field:
    """A number, with a mask like -8.2: places before and behind the point, and whether it may be
    negative."""
    whole, _, places = mask.removeprefix("-").partition(".")
    digits = (int(whole), int(places or 0)) if whole else None
    return Field(name, longest, "number", need, digits=digits, negative=mask.startswith("-"))


def date_field(name: str) -> Field:
    """A day, MM/DD/CCYY."""
    return Field(name, 10, "date")
