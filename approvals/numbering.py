"""The number that a document gets in the ERP, where an approver may choose it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from approvals.errors import StepError
from approvals.models import Export
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
    erp = connector_for(connection.erp).capabilities
    if export.kind not in erp.chosen_numbers:
        raise StepError(f"The number that {export} has in {erp.short} cannot be chosen.")
    tried = engine.attempts_of(connection.pk, [str(export.pk)])[str(export.pk)]
    if engine.may_be_there(tried, erp):
        raise StepError(
            f"Something of {export} may be in {erp.short} as {terms.number} already, so it goes on "
            "under that number. If nothing of it is there, record that first."
        )
    return _numbered(connection, export, terms, number)


def seen_as(connection: Connection, export: Export, terms: Terms, number: str) -> Terms:
    """`terms` with the number under which a person saw the record in the ERP; '' leaves it.

    Raises StepError for a number that no record there can have.
    """
    number = number.strip()
    return _numbered(connection, export, terms, number) if number else terms


def _numbered(connection: Connection, export: Export, terms: Terms, number: str) -> Terms:
    erp = connector_for(connection.erp).capabilities
    most = longest(erp, export.kind)
    if len(number) > most:
        text = f"The number “{number}” has {len(number)} characters; {erp.short} takes {most}."
        raise StepError(text)
    return replace(terms, number=number)


def longest(erp: Capabilities, kind: str) -> int:
    """How many characters a record's number may have there."""
    return erp.chosen_numbers.get(kind) or erp.number_length.get(kind) or LONGEST


def take(
    connection: Connection, going: Sequence[tuple[Export, Document, Terms]]
) -> dict[int, StepError]:
    """Make the numbers of `going` theirs for ever; by the export's id, why one cannot be.

    Nothing is asked for kinds whose number is not chosen.
    """
    kinds = connector_for(connection.erp).capabilities.chosen_numbers
    wanted = [
        (terms.job.id, terms.number, document)
        for export, document, terms in going
        if terms.job is not None and export.kind in kinds
    ]
    refused = numbers.use(connection, wanted)
    return {
        export.pk: StepError(_why(export, terms.number, *refused[subject]))
        for export, document, terms in going
        if (subject := numbers.subject_of(document)) in refused
    }


def _why(export: Export, number: str, kind: str, document_id: int) -> str:
    holders = Export.objects.filter(company=export.company_id, kind=kind, document_id=document_id)
    holder = holders.select_related("parent").first()
    whose = f"{holder}{holder.of}" if holder else "another document"
    return (
        f"{export} cannot have the number {number}: in this job it is that of {whose}, or was. "
        "Choose another one."
    )
