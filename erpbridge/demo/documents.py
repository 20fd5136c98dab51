"""The demo's commitments and change orders, entered by the project manager as on the pages."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.models import Export, Exportable
from commitments import workflow
from commitments.entries import ChangeEntry, ChangeOrderEntry, CommitmentEntry, LineEntry
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus, CommitmentStatus, Type
from directory.access import Access
from directory.models import Company, Project, Vendor
from erpbridge.demo import script
from erpbridge.demo.people import access_of

TYPES = {choice.label: choice.value for choice in Type}
COMMITMENT_STATUSES = {choice.label: choice.value for choice in CommitmentStatus}
CHANGE_ORDER_STATUSES = {choice.label: choice.value for choice in ChangeOrderStatus}


@dataclass(frozen=True, slots=True)
class Entered:
    """A document that is there, and how far it shall come."""

    document: Exportable
    way: script.Way
    comment: str


def enter(demo: script.Script, company: Company, manager: str) -> list[Entered]:
    """Everything, in the order of the file: each commitment before its change orders."""
    vendors = dict(Vendor.objects.filter(company=company).values_list("name", "pk"))
    entered = []
    for each in demo.projects:
        project = Project.objects.select_related("company").get(company=company, number=each.number)
        by = access_of(manager, company, project)
        for written in each.commitments:
            commitment = _commitment(written, project, vendors[written.vendor], by)
            entered.append(Entered(commitment, written.way, written.comment))
            for change in written.change_orders:
                made = _change_order(change, commitment, by)
                entered.append(Entered(made, change.way, change.comment))
    return entered


def _commitment(
    written: script.Commitment, project: Project, vendor: int, by: Access
) -> Commitment:
    entry = CommitmentEntry(
        type=TYPES[written.type],
        number=written.number,
        title=written.title,
        vendor=vendor,
        retainage=written.retainage,
        description=written.description,
        vendor_message=written.vendor_message,
        date_created=written.date,
        lines=[_line(*line) for line in written.lines],
    )
    made = workflow.create_commitment(project=project, by=by, data=entry)
    status = COMMITMENT_STATUSES[written.status]
    return workflow.set_commitment_status(made, by=by, version=made.export.version, status=status)


def _line(code: str, category: str, description: str, *money: object) -> LineEntry:
    line = LineEntry(cost_code=code, category=category, description=description)
    if len(money) == 1:
        line.amount = str(money[0])
    else:
        quantity, unit, cost = money
        line.quantity, line.unit, line.unit_cost = str(quantity), str(unit), str(cost)
    return line


def _change_order(written: script.ChangeOrder, commitment: Commitment, by: Access) -> ChangeOrder:
    targets = {line.number: line for line in commitment.lines.all()}
    entry = ChangeOrderEntry(
        number=written.number,
        title=written.title,
        description=written.description,
        lines=[
            ChangeEntry(
                commitment_line=targets[number].pk,
                category=targets[number].category_id,
                description=description,
                amount=amount,
            )
            for number, description, amount in written.lines
        ],
    )
    made = workflow.create_change_order(commitment=commitment, by=by, data=entry)
    # Its date is the day on which it is made; the demo's were made in spring.
    ChangeOrder.objects.filter(pk=made.pk).update(date_created=written.date)
    return workflow.set_change_order_status(
        made,
        by=by,
        version=Export.objects.get(pk=made.export_id).version,
        status=CHANGE_ORDER_STATUSES[written.status],
    )
