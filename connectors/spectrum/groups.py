"""The lines of a document as Spectrum takes them: one for each phase and cost type, summed.

Evidence: a subcontract holds a phase and cost type once (Trimble's help, unless billing items tell
them apart), a change request as well, and a repeated one is taken for the same line.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from connectors.contract import Document, Line, Named, Ref, Terms
from connectors.spectrum.services import fit

BILL_DESCRIPTION = 25
_ZERO = Decimal("0.00")


class Group(NamedTuple):
    """The lines of one phase and cost type, and their sum. `phase` and `cost_type` are the ERP's;
    their ids are '' where nothing is linked yet."""

    phase: Ref
    cost_type: Ref
    cost_code: Named
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self.lines), _ZERO)

    @property
    def pair(self) -> str:
        """How the pair is written: 03300/M."""
        return f"{self.phase.id or self.phase.name}/{self.cost_type.id or self.cost_type.name}"

    @property
    def numbers(self) -> str:
        """Its line numbers: 1, 3, 4."""
        return ", ".join(str(line.number) for line in self.lines)

    @property
    def texts(self) -> tuple[str, ...]:
        """What its lines say, once each."""
        said = (fit(line.description_for_erp) for line in self.lines)
        return tuple(dict.fromkeys(text for text in said if text))

    @property
    def description(self) -> str:
        """The one description of the line in Spectrum.

        What its only text says; several together where they fit, else the name of the cost code.
        Where that does not fit either, none is sent.
        """
        if len(self.texts) == 1:
            return self.texts[0]
        for text in ("; ".join(self.texts), fit(self.cost_code.name)):
            if text and len(text) <= BILL_DESCRIPTION:
                return text
        return ""

    @property
    def told(self) -> str:
        """The line for people: 03300/M 1,200.00."""
        return f"{self.pair} {self.amount:,.2f}"


def grouped(document: Document, terms: Terms) -> list[Group]:
    """The lines of a document by phase and cost type, in the order of their first lines."""
    found: dict[tuple[str, str], list[Line]] = {}
    refs: dict[tuple[str, str], tuple[Ref, Ref]] = {}
    for line in document.lines:
        phase, cost_type = _phase(terms, line), _cost_type(terms, line)
        key = (phase.id or f"?{line.cost_code.id}", cost_type.id or f"?{line.category.id}")
        found.setdefault(key, []).append(line)
        refs.setdefault(key, (phase, cost_type))
    return [
        Group(*refs[key], cost_code=lines[0].cost_code, lines=tuple(lines))
        for key, lines in found.items()
    ]


def _phase(terms: Terms, line: Line) -> Ref:
    unlinked = Ref(id="", name=f"{line.cost_code.code or line.cost_code.name} (not linked)")
    return terms.item_of(line) or unlinked


def _cost_type(terms: Terms, line: Line) -> Ref:
    unlinked = Ref(id="", name=f"{line.category.name} (not linked)")
    return terms.classes.get(str(line.category.id)) or unlinked


def held_in(groups: Iterable[Group]) -> dict[str, str]:
    """Our line id -> the pair that holds it, for a receipt."""
    return {str(line.id): group.pair for group in groups for line in group.lines}
