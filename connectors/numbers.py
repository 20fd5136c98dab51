"""Numbers that documents have in an ERP where an approver may choose them: each once in a job.

A number that one document had is never another's, also after its record was deleted in the ERP:
payments and papers there may still speak of it. The document itself may have it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection as database

from connectors.contract import Document
from connectors.models import Connection, UsedNumber
from directory.compiled import CompiledQuery


class Numbers:
    """What is taken in some jobs, and by whom; one query."""

    def __init__(self, connection: Connection, jobs: Iterable[str]) -> None:
        self._holders: dict[str, dict[str, str]] = {}
        self._own: dict[tuple[str, str, str], str] = {}
        for row in _USED.all(connection.pk, sorted(set(jobs))):
            self._holders.setdefault(row.job, {})[row.number] = row.subject
            self._own[row.job, row.subject, row.its_number] = row.number

    def own(self, job: str, document: Document) -> str:
        """What the document was last accepted to have there; '' if it never was, or has been
        renumbered here since."""
        return self._own.get((job, subject_of(document), document.number), "")

    def taken(self, job: str, document: Document) -> frozenset[str]:
        """What other documents have or had in the job."""
        holders, subject = self._holders.get(job, {}), subject_of(document)
        return frozenset(number for number, holder in holders.items() if holder != subject)

    def give(self, job: str, document: Document, number: str) -> None:
        """Have the documents that are looked at next leave out this number, too."""
        self._holders.setdefault(job, {}).setdefault(number, subject_of(document))


_USED = CompiledQuery(
    lambda connection, jobs: UsedNumber.objects.filter(
        connection=connection, job__in=jobs
    ).order_by("used_at", "id"),
    int,
    list[str],
)


def subject_of(document: Document) -> str:
    """How `UsedNumber` names a document."""
    return f"{document.kind} {document.id}"


def use(
    connection: Connection, wanted: Sequence[tuple[str, str, Document]]
) -> Mapping[str, tuple[str, int]]:
    """Write down that documents have numbers: (the ERP's id of the job, the number, the document).

    One statement, however many. A number that another document has had is not given: those are
    returned, as subject -> (kind, id) of the document that has it. Must run in a transaction.
    """
    if not wanted:
        return {}
    jobs, numbers, documents = zip(*wanted, strict=True)
    subjects = [subject_of(document) for document in documents]
    with database.cursor() as cursor:
        cursor.execute(
            _USE,
            [
                connection.pk,
                list(jobs),
                list(numbers),
                subjects,
                [document.number for document in documents],
            ],
        )
        given = {row[0] for row in cursor.fetchall()}
    refused = {
        subject: (job, number)
        for job, number, subject in zip(jobs, numbers, subjects, strict=True)
        if subject not in given
    }
    return {subject: _holder(connection, *place) for subject, place in refused.items()}


# In one order, so that two that write the same numbers wait for each other instead of for ever.
_USE = """
    INSERT INTO connectors_usednumber AS used (connection_id, job, number, subject, its_number)
    SELECT %s, job, number, subject, its_number
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
        AS wanted (job, number, subject, its_number)
    ORDER BY job, upper(number)
    ON CONFLICT (connection_id, job, upper(number)) DO UPDATE
    SET number = EXCLUDED.number, its_number = EXCLUDED.its_number, used_at = statement_timestamp()
    WHERE used.subject = EXCLUDED.subject
    RETURNING subject
"""


def hand_over(connection: Connection, job: str, number: str, document: Document) -> None:
    """Make a number the document's that another one has, but does not use any more. The caller has
    just been refused it by `use`, so its row is locked."""
    rows = UsedNumber.objects.filter(connection=connection, job=job, number__iexact=number)
    rows.update(number=number, subject=subject_of(document), its_number=document.number)


def _holder(connection: Connection, job: str, number: str) -> tuple[str, int]:
    row = UsedNumber.objects.get(connection=connection, job=job, number__iexact=number)
    kind, document = row.subject.split(" ")
    return kind, int(document)
