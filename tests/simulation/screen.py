"""Spectrum as an accountant has it on the screen: what stands there of an export, and what a person
does about it past every program."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from msgspec.structs import replace

from approvals.models import Export
from connectors.contract import Document, Terms
from connectors.spectrum import change_orders, commitments, envelope
from connectors.spectrum.groups import grouped
from sandbox.spectrum.books import COST_LINE, SUBCONTRACT, SUBCONTRACT_PHASE
from sandbox.spectrum.writing import WRITES
from tests.simulation.site import World
from tests.simulation.spectrum import WatchedSpectrum

CUSTOMER = "ALDER"


@dataclass
class Screen:
    """Spectrum as the accountant has it on the screen, for one export."""

    erp: WatchedSpectrum
    document: Document
    terms: Terms

    @property
    def lines(self) -> list[tuple[tuple[str, str], Decimal]]:
        """Phase and cost type with their amounts; twice where something stands there twice."""
        books = self.erp.books.storage
        if self.terms.parent is None:
            rows = books.all(SUBCONTRACT_PHASE, self._vendor, self.terms.number)
            return [
                ((row["Phase_Code"], row["Cost_Type"]), Decimal(row["Original_Contract_Amount"]))
                for row in rows
            ]
        rows = books.all(COST_LINE, self._job, CUSTOMER, self.terms.number)
        return [
            ((row["CR_Phase_Code"], row["CR_Cost_Type"]), Decimal(row["Sub_Amount"]))
            for row in rows
        ]

    @property
    def is_there(self) -> bool:
        """Whether there is anything at all."""
        if self.terms.parent is not None:
            return bool(self.lines)
        key = self._vendor, self.terms.number
        return self.erp.books.storage.get(SUBCONTRACT, *key) is not None

    @property
    def is_whole(self) -> bool:
        """Whether there is just what was approved."""
        groups = grouped(self.document, self.terms)
        wanted = [((one.phase.id, one.cost_type.id), one.amount) for one in groups]
        return self.is_there and sorted(self.lines) == sorted(wanted)

    @property
    def fits(self) -> bool:
        """Whether what is there is a part of what was approved, or all of it."""
        groups = grouped(self.document, self.terms)
        wanted = {(one.phase.id, one.cost_type.id): one.amount for one in groups}
        found = self.lines
        return len(dict(found)) == len(found) and dict(found).items() <= wanted.items()

    def remove(self) -> bool:
        """Take away what is there; False where it has change orders that stand in the way."""
        if not self.is_there:
            return True
        try:
            if self.terms.parent is None:
                self.erp.by_hand.delete_subcontract(self._vendor, self.terms.number)
            else:
                self.erp.by_hand.delete_change_request(self._job, CUSTOMER, self.terms.number)
        except ValueError:
            return False
        return True

    def enter_the_rest(self) -> bool:
        """Enter by hand what is missing; False where Spectrum would not have it."""
        held = dict(self.lines)
        if self.terms.parent is None:
            writes = commitments.writes(self.document, self.terms)
        else:
            writes = change_orders.writes(self.document, self.terms, CUSTOMER)
            groups = grouped(self.document, self.terms)
            writes = [
                write
                for write, one in zip(writes, groups, strict=True)
                if (one.phase.id, one.cost_type.id) not in held
            ]
        try:
            with self.erp.books.storage.atomic():
                for write in writes:
                    service = WRITES[envelope.service_of(write.body)]
                    service(self.erp.books, envelope.written(write.body))
        except Exception:
            return False
        return True

    @property
    def _vendor(self) -> str:
        return self.terms.vendor.id if self.terms.vendor else ""

    @property
    def _job(self) -> str:
        return self.terms.job.id if self.terms.job else ""


def screen_of(world: World, export: Export, number: str = "") -> Screen | None:
    """Spectrum at the place where an export was to go; None of one that was never accepted."""
    terms = export.frozen_terms
    if terms is None:
        return None
    terms = replace(terms, number=number) if number else terms
    return Screen(world.site.erp, export.document, terms)
