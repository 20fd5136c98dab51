"""The demo's commitments, change orders and change events, entered as on the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from approvals.models import Export, Exportable
from budgets import workflow as budgets
from budgets.entries import LineEntry as BudgetLine
from budgets.entries import ModificationEntry
from budgets.models import Budget, Modification
from change_events import forms as event_forms
from change_events import workflow as events
from change_events.models import ChangeEvent, EventStatus, Reason
from commitments import workflow
from commitments.entries import ChangeEntry, ChangeOrderEntry, CommitmentEntry, LineEntry
from commitments.forms import CELLS, Typed
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus, CommitmentStatus, Type
from directory.access import Access
from directory.models import Company, Project, Vendor
from erpbridge.demo import script
from erpbridge.demo.people import access_of

MODIFICATIONS = {choice.label: choice.value for choice in Modification.Type}
TYPES = {choice.label: choice.value for choice in Type}
COMMITMENT_STATUSES = {choice.label: choice.value for choice in CommitmentStatus}
REASONS = {choice.label: choice.value for choice in Reason}
EVENT_STATUSES = {choice.label: choice.value for choice in EventStatus}
CHANGE_ORDER_STATUSES = {choice.label: choice.value for choice in ChangeOrderStatus}


@dataclass(frozen=True, slots=True)
class Entered:
    """A document that is there, and how far it shall come."""

    document: Exportable
    way: script.Way
    comment: str


def enter(contractor: script.Contractor, company: Company) -> list[Entered]:
    """Everything, in the order of the file: each commitment before its change orders."""
    vendors = dict(Vendor.objects.filter(company=company).values_list("name", "pk"))
    entered = []
    for each in contractor.projects:
        project = Project.objects.select_related("company").get(company=company, number=each.number)
        by = access_of(contractor.manager.email, company, project)
        for written in each.commitments:
            commitment = _commitment(written, project, vendors[written.vendor], by)
            entered.append(Entered(commitment, written.way, written.comment))
            for change in written.change_orders:
                made = _change_order(change, commitment, by)
                entered.append(Entered(made, change.way, change.comment))
        if each.budget is not None:
            entered.append(Entered(_budget(each.budget, project, by), each.budget.way, ""))
    return entered


def _budget(written: script.Budget, project: Project, by: Access) -> Budget:
    """A budget with its lines; locked if it goes to the ERP."""
    made = budgets.create_budget(project=project, by=by)
    entries = [
        BudgetLine(cost_code=code, category=category, description=description, amount=amount)
        for code, category, description, amount in written.lines
    ]
    made = budgets.save_lines(made, by=by, version=made.export.version, entries=entries)
    if written.way:
        made = budgets.lock_budget(made, by=by, version=made.export.version)
    return made


def modify_budget(written: script.Budget, project: Project, manager: str) -> None:
    """What changed since the budget came back from the ERP."""
    by = access_of(manager, project.company, project)
    for each in written.modifications:
        now = budgets.load_budget(project.pk)
        entry = ModificationEntry(
            type=MODIFICATIONS[each.type],
            date=each.date,
            reason=each.reason,
            parts=[
                BudgetLine(cost_code=code, category=category, amount=amount)
                for code, category, amount in each.parts
            ],
        )
        budgets.add_modification(now, by=by, version=now.export.version, data=entry)


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


def enter_events(written: Sequence[script.ChangeEvent], project: Project, manager: str) -> None:
    """A project's change events, in the order of the file, and the change orders made of them."""
    by = access_of(manager, project.company, project)
    offered = event_forms.choices(project)
    for each in written:
        header = {
            "number": "",
            "title": each.title,
            "reason": REASONS[each.reason],
            "description": each.description,
        }
        rows = [
            {
                **dict.fromkeys(CELLS, ""),
                "cost_code": code,
                "category": category,
                "description": description,
                "target": for_whom,
                "amount": str(amount),
            }
            for code, category, description, for_whom, amount in each.lines
        ]
        entry = event_forms.entry(Typed(header, rows), offered)
        made = events.create_event(project=project, by=by, data=entry)
        # Its date is the day on which it is made; the demo's were made in spring.
        ChangeEvent.objects.filter(pk=made.pk).update(
            created_at=datetime.combine(each.date, time(9), UTC)
        )
        if each.carried:
            lines = [line.pk for line in made.lines.all() if line.number in each.carried]
            events.create_change_orders(made, by=by, version=made.version, lines=lines)
        made = events.load_event(made.pk)
        status = EVENT_STATUSES[each.status]
        events.set_event_status(made, by=by, version=made.version, status=status)
