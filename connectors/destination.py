"""Where documents go: every link resolved to the ERP's ids, for one document or five hundred."""

from collections.abc import Mapping, Sequence

import msgspec

from connectors.contract import Document, Line, Receipt, Ref, Terms, pair
from connectors.models import Connection, Known
from connectors.registry import connector_for
from directory.models import Category, CostCode, Job, Vendor


class Destinations:
    """Resolves documents of one company; a query per list, however many documents there are.

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
        self._parts = self._items_of_categories(documents)
        self._classes: dict[int, Category] = {}
        if "classes" in self._connector.lists(connection.settings):
            categories = {line.category.id for document in documents for line in document.lines}
            self._classes = Category.objects.filter(company_id=company).in_bulk(categories)

    def _items_of_categories(self, documents: Sequence[Document]) -> dict[str, CostCode]:
        """`contract.pair` of a line -> its item, where each category has one of its own."""
        names = {
            pair(line): name
            for document in documents
            for line in document.lines
            if (code := self._items.get(line.cost_code.id))
            and code.is_linked
            and (name := self._item_name(code, line)) != code.erp_name
        }
        if not names:
            return {}
        found = CostCode.objects.filter(
            company_id=self._connection.company_id, erp_name__in=set(names.values())
        )
        by_name = {item.erp_name: item for item in found if item.is_linked}
        return {key: by_name[name] for key, name in names.items() if name in by_name}

    def _item_name(self, code: CostCode, line: Line) -> str:
        return self._connector.item_name(
            code.erp_name, line.category.name, self._connection.settings
        )

    def terms(self, document: Document) -> Terms:
        """Where this document would go now. What is not linked is left out: see `problems`."""
        vendor = self._vendors.get(document.vendor.id) if document.vendor else None
        items = {
            str(code): Ref(id=item.erp_id, name=item.erp_name)
            for code in sorted({line.cost_code.id for line in document.lines})
            if (item := self._items.get(code)) and item.is_linked
        }
        for key in sorted({pair(line) for line in document.lines} & self._parts.keys()):
            items[key] = Ref(id=self._parts[key].erp_id, name=self._parts[key].erp_name)
        classes = {
            str(category): Ref(id=row.erp_id, name=row.erp_name)
            for category in sorted({line.category.id for line in document.lines})
            if (row := self._classes.get(category)) and row.is_linked
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
            classes=classes,
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
