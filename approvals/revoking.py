"""Taking the accounting privilege away, and what that person accepted back into the queue.

The operator decides whether items that were accepted and have not begun wait for somebody else's
decision again. They see how many there are, not which: they may see no company's documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from approvals.errors import StepError
from approvals.models import Export
from approvals.moves import Move, lock_exports, make
from approvals.states import STEPS, Status
from approvals.workflow import take_out_of_lane
from directory.http import fresh, person
from directory.models import Membership, User
from directory.perms import PUSH_WORDS
from directory.privilege import lock_privilege, revoke_push
from directory.views.operator import operators_only


@dataclass(frozen=True, slots=True)
class Taken:
    """How many items went back to the queue, and how many could not: theirs has begun, or an
    earlier try was never answered."""

    back: int
    going: int


def accepted_by(membership: Membership) -> QuerySet[Export]:
    """What this person accepted at this company and has not begun."""
    return Export.objects.filter(
        company=membership.company_id, status=Status.ACCEPTED, decided_by=membership.user_id
    )


@transaction.atomic
def revoke(membership: Membership, *, by: User, put_back: bool) -> Taken:
    """Take 'Can Push to Accounting' away; with `put_back` also undo what was accepted with it.

    One transaction: nobody sees one without the other. Raises PermissionDenied.
    """
    lock_privilege(membership, by=by)
    taken = _put_back(membership, by) if put_back else Taken(0, 0)
    revoke_push(membership, by=by)
    return taken


def _put_back(membership: Membership, by: User) -> Taken:
    ids = list(accepted_by(membership).values_list("pk", flat=True))
    moves = []
    for export in lock_exports(ids).values():
        if export.status == Status.ACCEPTED and export.decided_by_id == membership.user_id:
            try:
                moves.append(Move(export, take_out_of_lane(export)))
            except StepError:
                continue
    note = f"{membership.user} can no longer push to accounting ('{PUSH_WORDS}' was taken away)."
    back = make(STEPS["undo-acceptance"], moves, by=by.pk, note=note)
    return Taken(len(back), len(ids) - len(back))


# --- The page ------------------------------------------------------------------------------------


@operators_only
@fresh
@require_http_methods(["GET", "POST"])
def revoke_privilege(request: HttpRequest, company_id: int, membership_id: int) -> HttpResponse:
    """Take 'Can Push to Accounting' away, and choose what becomes of what was accepted with it."""
    rows = Membership.objects.select_related("user", "company").filter(company_id=company_id)
    membership = get_object_or_404(rows, pk=membership_id)
    if request.method == "POST":
        try:
            taken = revoke(membership, by=person(request), put_back="put_back" in request.POST)
        except PermissionDenied as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _revoked(membership, taken))
        return redirect("operator_privileges")
    context = {
        "membership": membership,
        "company": membership.company,
        "waiting": accepted_by(membership).count(),
        "self": membership.user_id == person(request).pk,
    }
    return render(request, "approvals/revoke.html", context)


def _revoked(membership: Membership, taken: Taken) -> str:
    told = [f"{membership.user} can no longer push to accounting for {membership.company}."]
    if taken.back:
        told.append(f"Back in the queue: {taken.back} that they had accepted.")
    if taken.going:
        told.append(f"Already on their way to the ERP: {taken.going}.")
    return " ".join(told)
