"""Large amounts are accepted by two approvers, where the company asks for that.

The first acceptance is kept beside the item, which stays in the queue; the second, by somebody else
and of the same version going to the same place, lets it go. What changes in between begins anew,
and the word of a first approver who is none any more does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models.functions import Now

from approvals.errors import AwaitsSecond, StepError
from approvals.models import Export, FirstApproval
from approvals.states import Status, Step
from connectors.contract import Terms
from directory.access import Access
from directory.formats import money
from directory.history import Happened
from directory.privilege import approvers

Going = Sequence[tuple[Export, Terms]]


def hold_for_second(
    step: Step, going: Going, results: dict[int, StepError | None], by: Access
) -> tuple[Going, list[Happened]]:
    """Those of `going` that need nobody else, and what the history is to be told of the others,
    whose first approval is kept and noted in `results`. The exports are locked."""
    limit = by.company.second_approver_from
    if step.name != "accept" or limit is None:
        return going, []
    large = {export.pk for export, _ in going if moved(export) >= limit}
    deciders = approvers(by.company).values("user")
    rows = FirstApproval.objects.filter(export__in=large, by__in=deciders)
    first = {row.export_id: row for row in rows}
    ready, told, kept = [], [], []
    for export, terms in going:
        row = first.get(export.pk)
        same = row is not None and (row.version, row.terms) == (export.version, terms.digest())
        if export.pk not in large or (row is not None and same and row.by_id != by.user.pk):
            ready.append((export, terms))
            continue
        results[export.pk] = AwaitsSecond(export, limit)
        if not same:
            data = {"version": export.version, "terms": terms.digest()}
            kept.append(FirstApproval(export=export, by=by.user, at=Now(), **data))
            told.append(Happened("first-approval", export.subject, by.user.pk, data))
    FirstApproval.objects.bulk_create(
        kept,
        update_conflicts=True,
        unique_fields=["export"],
        update_fields=["version", "terms", "by", "at"],
    )
    return ready, told


def words(export: Export) -> str:
    """What a page says of an item in the queue that two have to accept; '' for any other."""
    if export.status != Status.SENT:
        return ""
    limit = export.company.second_approver_from
    if limit is None or moved(export) < limit:
        return ""
    row = FirstApproval.objects.filter(export=export, version=export.version)
    first = row.select_related("by").first()
    rule = f"From {money(limit)} on two approvers have to accept."
    return f"{rule} {first.by} has; somebody else is missing." if first else rule


def moved(export: Export) -> Decimal:
    """What a sent export adds or what it takes away, whichever is more: a transfer comes to 0.00
    and can still move a large amount from one cost code to another."""
    amounts = [line.amount for line in export.document.lines]
    added = sum((amount for amount in amounts if amount > 0), Decimal("0.00"))
    return max(added, added - sum(amounts))
