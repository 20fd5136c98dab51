"""Where documents go: every link resolved to the ERP's ids, for one document or five hundred."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection as database

from connectors.contract import Document, Line, Receipt, Ref, Terms, pair
from connectors.models import Connection, Known
from connectors.numbers import Numbers
from connectors.registry import connector_for
from directory.compiled import CompiledQuery
from directory.models import CostCode, Unlinked

# What is linked to a record of the ERP that is in use there (`directory.models.Listed.is_linked`).
_LINKED = """
    SELECT 'vendor', id, erp_id, erp_name FROM directory_vendor
    WHERE company_id = %(company)s AND id = ANY(%(vendors)s::bigint[])
      AND erp_id <> '' AND erp_active
    UNION ALL
    SELECT 'job', project.id, job.erp_id, job.name FROM directory_job AS job
    JOIN directory_project AS project ON project.job_id = job.id
    WHERE job.company_id = %(company)s AND project.id = ANY(%(projects)s::bigint[])
      AND job.erp_id <> '' AND job.erp_active
    UNION ALL
    SELECT 'item', id, erp_id, erp_name FROM directory_costcode
    WHERE company_id = %(company)s AND id = ANY(%(codes)s::bigint[]) AND erp_id <> '' AND erp_active
    UNION ALL
    SELECT 'class', id, erp_id, erp_name FROM directory_category
    WHERE company_id = %(company)s AND id = ANY(%(classes)s::bigint[])
      AND erp_id <> '' AND erp_active
"""


class Destinations:
    """Resolves documents of one company; one query, however many documents there are, another where
    each category has an item of its own, and another where the ERP's numbers may be chosen.

    `parents`: receipts of the commitments, by the id of their Export.
    """

    def __init__(
        self,
        connection: Connection,
        documents: Sequence[Document],
        parents: Mapping[int, Receipt | None],
    ) -> None:
        self._connection = connection
        self._connector = connector_for(connection.erp)
        self._parents = parents
        lines = [line for document in documents for line in document.lines]
        has_classes = "classes" in self._connector.lists(connection.settings)
        wanted: dict[str, Any] = {
            "company": connection.company_id,
            "vendors": [document.vendor.id for document in documents if document.vendor],
            "projects": [document.project.id for document in documents],
            "codes": [line.cost_code.id for line in lines],
            "classes": [line.category.id for line in lines if has_classes],
        }
        with database.cursor() as cursor:
            cursor.execute(_LINKED, wanted)
            self._linked = {
                (what, ours): Ref(id=erp_id, name=name)
                for what, ours, erp_id, name in cursor.fetchall()
            }
        self._parts = self._items_of_categories(lines)
        chosen = self._connector.capabilities.chosen_numbers
        jobs = [self._job(document) for document in documents if document.kind in chosen]
        self._numbers = Numbers(connection, [job.id for job in jobs if job]) if jobs else None

    def _items_of_categories(self, lines: Sequence[Line]) -> dict[str, Ref]:
        """`contract.pair` of a line -> its item, where each category has one of its own."""
        names = {
            pair(line): name
            for line in lines
            if (code := self._linked.get(("item", line.cost_code.id)))
            and (name := self._item_name(code, line)) != code.name
        }
        if not names:
            return {}
        company, wanted = self._connection.company_id, set(names.values())
        # Such an item need not be a cost code of its own here, nor is it one as a rule.
        usable = [
            *CostCode.objects.filter(company=company, erp_active=True, erp_name__in=wanted)
            .exclude(erp_id="")
            .values_list("erp_name", "erp_id"),
            *Unlinked.objects.filter(
                company=company, what="cost_codes", erp_active=True, name__in=wanted
            ).values_list("name", "erp_id"),
        ]
        by_name = {name: Ref(id=erp_id, name=name) for name, erp_id in usable}
        return {key: by_name[name] for key, name in names.items() if name in by_name}

    def _item_name(self, code: Ref, line: Line) -> str:
        return self._connector.item_name(code.name, line.category.name, self._connection.settings)

    def terms(self, document: Document) -> Terms:
        """Where this document would go now. What is not linked is left out: see `problems`."""
        items = self._those_of("item", {line.cost_code.id for line in document.lines})
        for key in sorted({pair(line) for line in document.lines} & self._parts.keys()):
            items[key] = self._parts[key]
        parent = self._parents.get(document.parent.id) if document.parent else None
        return Terms(
            erp=self._connection.erp,
            company_file=self._connection.company_file,
            number=self._number(document, parent),
            vendor=self._linked.get(("vendor", document.vendor.id)) if document.vendor else None,
            job=self._job(document),
            items=items,
            classes=self._those_of("class", {line.category.id for line in document.lines}),
            parent=parent,
            settings=self._connection.settings_of_documents,
        )

    def _job(self, document: Document) -> Ref | None:
        return self._linked.get(("job", document.project.id))

    def _number(self, document: Document, parent: Receipt | None) -> str:
        """The document's number in the ERP: what it had there before, else one that is free."""
        job = self._job(document)
        chosen = self._connector.capabilities.chosen_numbers
        if self._numbers is None or job is None or document.kind not in chosen:
            return self._connector.number(document, parent)
        if own := self._numbers.own(job.id, document):
            return own
        taken = self._numbers.taken(job.id, document)
        number = self._connector.number(document, parent, taken)
        self._numbers.give(job.id, document, number)
        return number

    def _those_of(self, what: str, ids: set[int]) -> dict[str, Ref]:
        """Our id as text -> the ERP's record, of those that are linked."""
        return {
            str(ours): self._linked[what, ours]
            for ours in sorted(ids)
            if (what, ours) in self._linked
        }


def facts_for(connection: Connection, going: Iterable[tuple[Document, Terms]]) -> Mapping[str, Any]:
    """What `problems` and `preview` may look at: what the ERP last said of itself, and what is
    known of the records that they want. One query, and none where none is wanted."""
    connector = connector_for(connection.erp)
    wanted = {name for document, terms in going for name in connector.wants(document, terms)}
    facts: dict[str, Any] = connection.facts
    if not wanted:
        return facts
    known = _KNOWN.rows(connection.pk, list(wanted))
    return facts | {row["record"]: row["value"] for row in known}


_KNOWN = CompiledQuery(
    lambda connection, wanted: Known.objects.filter(
        connection=connection, record__in=wanted
    ).values("record", "value"),
    int,
    list[str],
)


def with_confirmed(connection: Connection, document: Document, terms: Terms) -> Terms:
    """`terms` with the ids of the records that an approver of it must agree to, as last seen.

    They are part of its digest: who accepts a digest has agreed to exactly those records.
    """
    connector = connector_for(connection.erp)
    if document.kind not in connector.capabilities.confirms:
        return terms
    last_seen = Known.objects.filter(
        connection=connection, record=connector.record(document, terms)
    ).first()
    known = last_seen.value if last_seen else None
    beside = connector.preview(document, terms, known, connection.facts).confirm
    return msgspec.structs.replace(terms, confirmed=tuple(sorted(ref.id for ref in beside)))
