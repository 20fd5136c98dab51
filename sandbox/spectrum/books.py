"""What the services work on: the records, how this site is set up, and what each call did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from sandbox.spectrum.storage import Storage, Values

Clock = Callable[[], datetime]

# The kinds of records; the key of each is the natural key of what Spectrum keeps.
VENDOR = "vendor"  # Vendor_Code
JOB = "job"  # Job_Number
PHASE = "phase"  # Job_Number, Phase_Code, Cost_Type
COST_TYPE = "cost type"  # Cost_Type
ACCOUNT = "account"  # GL_Account
CHANGE_REQUEST_STATUS = "change request status"  # CR_Status
SUBCONTRACT = "subcontract"  # Vendor_Code, Subcontract_Number
SUBCONTRACT_PHASE = "subcontract phase"  # the same, Phase_Code, Cost_Type, Bid_Item_Number
CHANGE_REQUEST = "change request"  # Job_Number, Customer_Code, Change_Request_Number
COST_LINE = "cost line"  # the same, and its place


@dataclass(frozen=True, slots=True)
class Settings:
    """How a site is set up, and how the open questions about Spectrum are answered here.

    `success`: an accepted write answers with nothing, or with a G row. `repeats_double`: a repeated
    change request adds its line once more instead of changing it. `numbers_must_exist`: an executed
    change order needs a number that the job's log holds already. `estimates_shown_only`: current
    estimates are not written. `estimates_copied`: original estimates become the current ones when
    those are blank. `oauth`: enhanced authentication. `basic_for_soap`: SOAP wants HTTP Basic too.
    `fiscal_years`: the first and last year of the fiscal calendar.
    """

    success: Literal["nothing", "G"] = "nothing"
    repeats_double: bool = False
    numbers_must_exist: bool = False
    estimates_shown_only: bool = False
    estimates_copied: bool = True
    oauth: bool = False
    basic_for_soap: bool = False
    row_cap: int = 500
    fiscal_years: tuple[int, int] = (2015, 2040)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one call did to one record. `what`: made, changed, added again (a repeat that doubled),
    nothing (all was so already), deleted by hand. `call` is the call's number, 0 by hand."""

    call: int
    service: str
    key: tuple[str, ...]
    what: str


class Books:
    """The records of one company, in one file or in memory."""

    def __init__(self, path: str | Path, clock: Clock) -> None:
        self.storage = Storage(path)
        self.clock = clock
        self.call = 0  # the number of the call that is being answered

    @property
    def code(self) -> str:
        """The company code, 3 characters."""
        return str(self.storage.fact("company code"))

    @property
    def settings(self) -> Settings:
        """How this site is set up."""
        kept = self.storage.fact("settings") or {}
        years = kept.get("fiscal_years", Settings().fiscal_years)
        return Settings(**{**kept, "fiscal_years": (years[0], years[1])})

    def set(self, **changes: object) -> None:
        """Change settings by name; TypeError if there is none of that name."""
        self.storage.set_fact("settings", asdict(replace(self.settings, **changes)))  # type: ignore[arg-type]

    def today(self) -> str:
        """Today, as Spectrum writes it."""
        return self.clock().strftime("%m/%d/%Y")

    def put(self, kind: str, key: tuple[str, ...], values: Values) -> str:
        """Make the record under a key, or change what the values say of it; what is not said stays.
        Answers what was done, in the words of `Effect`."""
        before = self.storage.get(kind, *key)
        after = {**(before or {}), **values}
        if after == before:
            return "nothing"
        self.storage.save(kind, key, after)
        return "made" if before is None else "changed"

    def note(self, service: str, key: tuple[str, ...], what: str) -> None:
        """Write down what the call at hand did."""
        body = {"call": self.call, "service": service, "key": key, "what": what}
        self.storage.note("effect", (), body)

    def effects(self, service: str, *beginning: str) -> list[Effect]:
        """What a service ('' for any) did to the records whose keys begin like this, in order."""
        return [
            Effect(each["call"], each["service"], tuple(each["key"]), each["what"])
            for each in self.storage.notes("effect")
            if service in ("", each["service"])
            and tuple(each["key"][: len(beginning)]) == beginning
        ]


def amount(values: Values, name: str) -> Decimal:
    """A number of a record, 0 where it is blank."""
    return Decimal(values.get(name) or "0")


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)
