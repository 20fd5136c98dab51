"""What must hold before a document goes to the ERP, and where it goes there.

The same functions answer to the page, at *send*, at *accept* and as the export begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from approvals.models import Export, Exportable, Kinds
from approvals.states import Status
from connectors.contract import Document, Problem, Receipt, Terms
from connectors.destination import Destinations, facts_for, with_confirmed
from connectors.models import Connection
from connectors.registry import connector_for

# What the ERP's rules call otherwise than a document's own: a cost code that is linked to nothing.
_SAME = {"item": "cost_code"}


def send_problems(
    document: Exportable, copy: Document, connection: Connection | None
) -> list[Problem]:
    """Every rule that fails before *Send to ERP*: the document's own, and its ERP's for `copy`."""
    return send_problems_of([(document, copy)], connection, {})[0]


def send_problems_of(
    documents: Sequence[tuple[Exportable, Document]],
    connection: Connection | None,
    known: Mapping[int, Export],
) -> list[list[Problem]]:
    """The same of many documents of one company, in their order; `known` may hold their parents.

    Where they would go is resolved only for an ERP that judges it this early.
    """
    found = [document.problems() for document, _ in documents]
    if connection is None:
        return found
    connector = connector_for(connection.erp)
    if not connector.capabilities.judges_terms_at_send:
        return [
            told_once(problems, connector.problems(copy, None, connection.facts))
            for problems, (_, copy) in zip(found, documents, strict=True)
        ]
    parents: dict[int, Receipt | None] = {}
    for document, _ in documents:
        if parent := known.get(document.export.parent_id or 0) or document.export.parent:
            parents[parent.pk] = parent.erp_receipt
    to = Destinations(connection, [copy for _, copy in documents], parents)
    going = [(copy, to.terms(copy)) for _, copy in documents]
    facts = facts_for(connection, going)
    return [
        told_once(problems, connector.problems(copy, terms, facts))
        for problems, (copy, terms) in zip(found, going, strict=True)
    ]


def told_once(own: Sequence[Problem], of_erp: Iterable[Problem]) -> list[Problem]:
    """A document's own problems, and of its ERP's those that are not said among them already."""
    said = {_fault(problem) for problem in own}
    return [*own, *(problem for problem in of_erp if _fault(problem) not in said)]


def _fault(problem: Problem) -> tuple[str, str]:
    """What is wrong, and where."""
    return _SAME.get(problem.code, problem.code), problem.where


def frozen_problems(
    connection: Connection,
    export: Export,
    terms: Terms,
    known: Mapping[int, Export],
    facts: Mapping[str, Any],
) -> list[Problem]:
    """Every rule that fails for what is frozen: its commitment's, and its ERP's.

    `facts`: what `facts_for` gave.
    """
    return [
        *parent_problems(export, known),
        *connector_for(connection.erp).problems(export.document, terms, facts),
    ]


def destinations(
    connection: Connection, exports: Sequence[Export], known: Mapping[int, Export]
) -> Destinations:
    """Where these exports would go now; `known` holds their commitments, too."""
    parents: dict[int, Receipt | None] = {
        export.parent_id: known[export.parent_id].erp_receipt
        for export in exports
        if export.parent_id is not None
    }
    return Destinations(connection, [export.document for export in exports], parents)


_PARENT_WORDS = {
    Kinds.CHANGE_ORDER: "Its commitment",
    Kinds.BUDGET: "The budget's round",
}


def parent_problems(export: Export, known: Mapping[int, Export]) -> list[Problem]:
    """A change order goes nowhere while its commitment is not in the ERP, and a later round of a
    budget not while the round before is not."""
    if export.parent_id is None:
        return []
    parent = known[export.parent_id]
    if parent.status == Status.SYNCED:
        return []
    return [
        Problem(
            code="parent",
            where="parent",
            text=f"{_PARENT_WORDS[Kinds(export.kind)]} {parent.number} is not in the ERP "
            f"({parent.get_status_display()}).",
        )
    ]


def terms_now(export: Export) -> Terms | None:
    """Where a sent export would go if it were accepted now; None without a connection.

    Its digest is what *accept* takes; `confirmed` are the records that it would agree to.
    """
    connection = Connection.of(export.company_id)
    if connection is None:
        return None
    document = export.document
    return with_confirmed(connection, document, terms_of(connection, export, document))


def terms_of(connection: Connection, export: Export, document: Document) -> Terms:
    """Where `document`, of `export`, would go now."""
    parents = {export.parent.pk: export.parent.erp_receipt} if export.parent is not None else {}
    return Destinations(connection, [document], parents).terms(document)
