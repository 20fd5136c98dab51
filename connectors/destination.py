"""Where documents go: every link resolved to the ERP's ids, for one document or five hundred."""

from collections.abc import Mapping, Sequence

import msgspec

from connectors.contract import Document, Receipt, Ref, Terms
from connectors.models import Connection, Known
from connectors.registry import connector_for
from directory.models import CostCode, Job, Vendor


class Destinations:
    """Resolves documents of one company; three queries, however many documents there are.

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
        company = connection.company_id
        self._vendors = Vendor.objects.filter(company_id=company).in_bulk(
            {document.vendor.id for document in documents if document.vendor}
        )
        self._jobs = {
            project: Ref(id=erp_id, name=name)
            for project, erp_id, name in Job.objects.filter(
                company_id=company,
                erp_active=True,
                project__in={document.project.id for document in documents},
            ).values_list("project", "erp_id", "name")
        }
        codes = {line.cost_code.id for document in documents for line in document.lines}
        self._items = CostCode.objects.filter(company_id=company).in_bulk(codes)

    def terms(self, document: Document) -> Terms:
        """Where this document would go now. What is not linked is left out: see `problems`."""
        vendor = self._vendors.get(document.vendor.id) if document.vendor else None
        items = {
            str(code): Ref(id=item.erp_id, name=item.erp_name)
            for code in sorted({line.cost_code.id for line in document.lines})
            if (item := self._items.get(code)) and item.is_linked
        }
        parent = self._parents.get(document.parent.id) if document.parent else None
        return Terms(
            erp=self._connection.erp,
            company_file=self._connection.company_file,
            number=self._connector.number(document, parent),
            vendor=Ref(id=vendor.erp_id, name=vendor.erp_name)
            if vendor and vendor.is_linked
            else None,
            job=self._jobs.get(document.project.id),
            items=items,
            parent=parent,
            settings=dict(self._connection.settings),
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
