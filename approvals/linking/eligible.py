"""Which items may be tied to a record that the ERP has already, and what they are compared as."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from approvals.errors import NotReady, Stale, StepError, WrongState
from approvals.models import Export, live
from approvals.moves import lock_exports
from approvals.readiness import told_once
from approvals.rights import why_not
from approvals.states import EDITABLE, STEPS, Status, Step
from approvals.workflow import Item
from approvals.workflow.items import ids
from connectors.contract import Document, Receipt, Terms
from connectors.destination import Destinations, facts_for
from connectors.models import Connection
from connectors.registry import connector_for
from directory.access import Access

MOST_LOOKED_UP = 200  # at once
NO_SUCH = "There is no such item."


def step_of(export: Export) -> Step | None:
    """The step that linking would be from here; None where nothing can be linked."""
    if export.status == Status.NEEDS_ATTENTION:
        return STEPS["record-found"]
    return STEPS["adopt"] if export.status in EDITABLE else None


def as_linked(document: Document, terms: Terms, receipt: Receipt, by: Access) -> dict[str, object]:
    """The columns of an export that stands in the ERP as `receipt` from now on."""
    return {
        "number": document.number,
        "title": document.title,
        "amount": document.amount,
        "vendor_name": document.vendor.name if document.vendor else "",
        "copy": document.canonical(),
        "copy_digest": document.digest(),
        "terms": terms.canonical(),
        "terms_digest": terms.digest(),
        "receipt": receipt.canonical(),
        "erp_id": receipt.id,
        "erp_number": receipt.number,
        "message": "",
        "decided_by_id": by.user.pk,
    }


def opened(items: Sequence[Item], by: Access) -> tuple[dict[int, Export], dict[int, StepError]]:
    """The exports, locked with their commitments, and which of them this person cannot link.

    Of another project than that of `by` there is none.
    """
    wanted = ids(items)
    if len(wanted) > MOST_LOOKED_UP:
        raise StepError(f"At most {MOST_LOOKED_UP} items at once.")
    exports = lock_exports(wanted, company=by.company.pk, parents=True)
    if by.project is not None:
        strange = [pk for pk in wanted if pk in exports and exports[pk].project_id != by.project.pk]
        for pk in strange:
            del exports[pk]
    found = {item.id: _objection(exports.get(item.id), item.version, by) for item in items}
    return exports, {pk: error for pk, error in found.items() if error}


def _objection(export: Export | None, version: int, by: Access) -> StepError | None:
    if export is None:
        return StepError(NO_SUCH)
    if export.version != version:
        return Stale(export)
    step = step_of(export)
    if step is None:
        return WrongState(export, STEPS["adopt"])
    why = why_not(step, by, export.sent_by_id, export.kind)
    return StepError(f"{export}: {why}") if why else None


def what_of(
    exports: Collection[Export], known: Mapping[int, Export], connection: Connection
) -> dict[int, tuple[Document, Terms] | StepError]:
    """What is compared with the ERP's records: what was sent, or the document as it is now; else
    why it is not in order. `known` holds their commitments, too."""
    found: dict[int, tuple[Document, Terms] | StepError] = {}
    unsent = []
    for export in exports:
        if export.status != Status.NEEDS_ATTENTION:
            unsent.append(export)
        elif terms := export.frozen_terms:
            found[export.pk] = (export.document, terms)
        else:
            found[export.pk] = StepError(f"{export} was never accepted.")
    documents = live(unsent)
    copies = {pk: document.to_document() for pk, document in documents.items()}
    parents = {
        export.parent_id: known[export.parent_id].erp_receipt
        for export in unsent
        if export.parent_id is not None
    }
    to = Destinations(connection, list(copies.values()), parents)
    going = {pk: (copy, to.terms(copy)) for pk, copy in copies.items()}
    facts = facts_for(connection, going.values())
    connector = connector_for(connection.erp)
    for export in unsent:
        if export.pk not in going:
            found[export.pk] = StepError(f"{export} no longer has a document.")
            continue
        failing = told_once(
            documents[export.pk].problems(), connector.problems(*going[export.pk], facts)
        )
        found[export.pk] = NotReady(export, failing) if failing else going[export.pk]
    return found


def connection_for(by: Access) -> Connection:
    """The company's. Raises StepError without one."""
    connection = Connection.of(by.company.pk)
    if connection is None:
        raise StepError("There is no connection to an accounting system yet.")
    return connection
