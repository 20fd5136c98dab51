"""The number that a document gets in the ERP, where an approver may choose it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from approvals.errors import StepError
from approvals.models import Export, Kinds
from approvals.states import EDITABLE
from connectors import engine, numbers
from connectors.contract import Capabilities, Document, Terms
from connectors.models import Connection
from connectors.registry import connector_for

LONGEST = 40  # characters that we keep of a number


def chosen(connection: Connection, export: Export, terms: Terms, number: str) -> Terms:
    """`terms` with the number that the approver chose instead of theirs; '' leaves it.

    Raises StepError where none can be chosen, or where it would part what is in the ERP already.
    """
    number = number.strip()
    if number in ("", terms.number):
        return terms
    erp = connection.capabilities
    if export.kind not in erp.chosen_numbers:
        raise StepError(f"The number that {export} has in {erp.short} cannot be chosen.", "number")
    tried = engine.attempts_of(connection, [str(export.pk)])[str(export.pk)]
    if engine.may_be_there(tried, erp):
        raise StepError(
            f"Something of {export} may be in {erp.short} as {terms.number} already, so it goes on "
            "under that number. If nothing of it is there, record that first.",
            "number",
        )
    return _numbered(connection, export, terms, number)


def seen_as(connection: Connection, export: Export, terms: Terms, number: str) -> Terms:
    """`terms` with the number under which a person saw the record in the ERP; a budget has none.

    Raises StepError for no number, and for one that no record there can have.
    """
    if export.kind == Kinds.BUDGET:
        return terms
    number = number.strip()
    if not number:
        erp = connection.capabilities
        raise StepError(f"Say the number that it has in {erp.short}.", "number")
    return _numbered(connection, export, terms, number)


def _numbered(connection: Connection, export: Export, terms: Terms, number: str) -> Terms:
    erp = connection.capabilities
    most = longest(erp, export.kind)
    if len(number) > most:
        text = f"The number “{number}” has {len(number)} characters; {erp.short} takes {most}."
        raise StepError(text, "number")
    return replace(terms, number=number)


def longest(erp: Capabilities, kind: str) -> int:
    """How many characters a record's number may have there."""
    return erp.chosen_numbers.get(kind) or erp.number_length.get(kind) or LONGEST


def take(
    connection: Connection,
    going: Sequence[tuple[Export, Document, Terms]],
    *,
    seen: bool = False,
) -> dict[int, StepError]:
    """Make the numbers of `going` theirs; by the export's id, why one cannot be.

    A number that is chosen is its document's for ever, unless a person has `seen` another one's
    record there that has it now. Where the ERP cannot be asked, a commitment's record is its own,
    too, for as long as it stands there or is on its way: the next one would write over it. Nothing
    is asked for other kinds.
    """
    wanted = [
        (place, export, document)
        for export, document, terms in going
        if (place := _place(connection, export, document, terms)) is not None
    ]
    refused = numbers.use(connection, [(*place, document) for place, _, document in wanted])
    faults: dict[int, StepError] = {}
    for (job, number), export, document in wanted:
        holder = refused.get(numbers.subject_of(document))
        if holder is None:
            continue
        found = _export_of(export.company_id, *holder)
        if (job == RECORDS or seen) and not _is_held(connection, job, number, found):
            numbers.hand_over(connection, job, number, document)
        else:
            why = _why(connection, export, job, number, found)
            faults[export.pk] = StepError(why, "number")
    return faults


RECORDS = ""  # where `UsedNumber` holds records of the ERP, and no numbers within a job


def _is_held(connection: Connection, job: str, number: str, holder: Export | None) -> bool:
    """Whether the document that had a number may stand in the ERP under it, or get there."""
    if holder is None or holder.status in EDITABLE:
        return False
    terms = holder.frozen_terms
    place = _place(connection, holder, holder.document, terms) if terms else None
    return place is not None and (place[0], place[1].upper()) == (job, number.upper())


def _place(
    connection: Connection, export: Export, document: Document, terms: Terms
) -> tuple[str, str] | None:
    """The job and the number that are its own, if there are such."""
    connector = connector_for(connection.erp)
    erp = connector.capabilities
    if export.kind in erp.chosen_numbers and terms.job is not None:
        return terms.job.id, terms.number
    if export.kind == Kinds.COMMITMENT and not erp.can_find:
        return RECORDS, connector.record(document, terms)
    return None


def _export_of(company: int, kind: str, document_id: int) -> Export | None:
    rows = Export.objects.filter(company=company, kind=kind, document_id=document_id)
    return rows.select_related("parent").first()


def _why(
    connection: Connection, export: Export, job: str, number: str, holder: Export | None
) -> str:
    whose = f"{holder}{holder.of}" if holder else "another document"
    if job == RECORDS:
        erp = connection.capabilities
        return (
            f"{export} would write over the {erp.order_word} of {whose}: in {erp.short} both have "
            "the same vendor and number (large and small letters are taken for the same). It needs "
            "another number."
        )
    return (
        f"{export} cannot have the number {number}: in this job it is that of {whose}, or was. "
        "Choose another one."
    )
