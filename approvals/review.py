"""One item as an approver reviews it: what was sent, and what that will do to the ERP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from approvals import erp_wording
from approvals.call_progress import CallProgress, progress_of, unanswered
from approvals.differences import changed
from approvals.history_texts import unlinked_by_word
from approvals.models import Export
from approvals.panel import connection_of
from approvals.readiness import destinations, frozen_problems, terms_now
from approvals.rules import tool_problems
from approvals.states import EDITABLE, Status
from connectors.contract import Capabilities, Document, Line, Preview, Problem, Receipt, Terms
from connectors.destination import facts_for
from connectors.models import Connection, Known
from connectors.registry import connector_for

# A decision here sends it where it goes now; later it goes where it was accepted to go.
DECIDED_NOW = frozenset({Status.SENT, Status.FAILED, Status.NEEDS_ATTENTION})


@dataclass(frozen=True, slots=True)
class Arrived:
    """One line of ours and the line of the ERP's record that holds it."""

    line: Line
    item: str
    erp_line: str


@dataclass(frozen=True, slots=True)
class Review:
    """What `approvals/export.html` shows beside the panel."""

    document: Document | None  # None: it was never sent
    erp: Capabilities | None
    terms: Terms | None
    decides_now: bool  # it can be accepted, or retried from its beginning
    progress: CallProgress | None  # what of it is in an ERP that cannot be asked
    preview: Preview | None
    known_at: datetime | None  # when the ERP's record was last read
    problems: Sequence[Problem]
    since_rejection: Sequence[str]
    receipt: Receipt | None
    arrived: Sequence[Arrived]

    @property
    def record_word(self) -> str:
        """What the ERP calls the record that this stands in."""
        if self.erp is None or self.document is None:
            return "record"
        return self.erp.record_word(self.document.kind)

    @property
    def number_most(self) -> int | None:
        """How many characters the number may have that is chosen as it is accepted; None where
        there is none to choose, or part of it may be in the ERP under its number already."""
        if self.erp is None or self.document is None or not self.decides_now:
            return None
        return self.erp.chosen_numbers.get(self.document.kind)

    @property
    def to_confirm(self) -> Sequence[str]:
        """What stands beside it in the ERP and is agreed to by who accepts it, in words."""
        return [ref.name for ref in self.preview.confirm] if self.preview else []

    @property
    def agrees(self) -> bool:
        """Whether what will be written comes to what was sent, to the cent."""
        if self.preview is None or self.document is None:
            return False
        written = [row for row in self.preview.rows if row.change != "kept"]
        total = sum(((row.after or 0) - (row.before or 0) for row in written), Decimal(0))
        return total == self.preview.change == self.document.amount


def review(export: Export) -> Review:
    """Everything about one export that was sent; nothing is asked of the ERP for it."""
    connection, erp = connection_of(export)
    document = export.document if export.copy else None
    terms: Terms | None = None
    preview: Preview | None = None
    known: Known | None = None
    problems: list[Problem] = []
    progress = progress_of(export, connection)
    if document is not None and connection is not None and export.status not in EDITABLE:
        now = export.status in DECIDED_NOW
        terms = terms_now(export) if now else export.frozen_terms
    if document is not None and connection is not None and terms is not None:
        connector = connector_for(connection.erp)
        facts = facts_for(connection, [(document, terms)])
        record = connector.record(document, terms)
        known = Known.objects.filter(connection=connection, record=record).first()
        if export.status in DECIDED_NOW:
            parents = {export.parent.pk: export.parent} if export.parent else {}
            going = [(export, document, terms)]
            problems = _problems(connection, going, parents, facts)[export.pk]
        if export.status != Status.SYNCED:
            preview = connector.preview(document, terms, known.value if known else None, facts)
            there = progress.before_a_retry if progress else preview.unasked
            warnings = (*_on_whose_word(export, erp), *filter(None, [there]), *preview.warnings)
            preview = replace(preview, warnings=warnings)
    receipt = export.erp_receipt
    return Review(
        document=document,
        erp=erp,
        terms=terms,
        decides_now=export.status in (Status.SENT, Status.FAILED),
        progress=progress,
        preview=preview,
        known_at=known.seen_at if known else None,
        problems=problems,
        since_rejection=changed(export.rejected_copy, export.copy),
        receipt=receipt,
        arrived=_arrived(document, terms, receipt),
    )


def why_not_again(connection: Connection, exports: Sequence[Export]) -> dict[int, str]:
    """Why a retry of these, of one company and with their parents, would go nowhere, by their ids;
    what the page of each says, too. The same number of queries for however many."""
    parents = {one.parent.pk: one.parent for one in exports if one.parent is not None}
    to = destinations(connection, exports, parents)
    going = [(export, export.document, to.terms(export.document)) for export in exports]
    facts = facts_for(connection, [(document, terms) for _, document, terms in going])
    found = _problems(connection, going, parents, facts)
    return {pk: " ".join(one.text for one in problems) for pk, problems in found.items()}


def _problems(
    connection: Connection,
    going: Sequence[tuple[Export, Document, Terms]],
    known: Mapping[int, Export],
    facts: Mapping[str, Any],
) -> dict[int, list[Problem]]:
    """All that keeps each of these, of one company, from going where it would go now."""
    stuck = unanswered(connection, going)
    return {
        export.pk: [
            *tool_problems(export.company, connection),
            *frozen_problems(connection, export, terms, known, facts),
            *([stuck[export.pk]] if export.pk in stuck else []),
        ]
        for export, _, terms in going
    }


def _on_whose_word(export: Export, erp: Capabilities | None) -> Iterator[str]:
    """Who says that nothing of it is in the ERP any more; nothing where the ERP said so."""
    if erp_wording.asks(erp) or (word := unlinked_by_word(export)) is None:
        return
    yield (
        f"It was in {erp_wording.short(erp)} before. That it was deleted there is "
        f"{word.who}’s word, "
        f"given on {word.at:%Y-%m-%d} at {word.at:%H:%M} UTC and checked by nobody: “{word.note}”"
    )


def _arrived(
    document: Document | None, terms: Terms | None, receipt: Receipt | None
) -> list[Arrived]:
    if document is None or receipt is None:
        return []
    return [
        Arrived(
            line=line,
            item=item.name if terms and (item := terms.item_of(line)) else "",
            erp_line=receipt.lines.get(str(line.id), ""),
        )
        for line in document.lines
    ]
