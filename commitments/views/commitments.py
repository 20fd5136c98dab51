"""The pages of a project's commitments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods

from approvals.models import Kinds
from commitments import forms, listing, logs, workflow
from commitments.entries import commitment_entry
from commitments.forms import Field, Typed
from commitments.models import Commitment, CommitmentLine
from commitments.states import DECIDED, ChangeOrderStatus, CommitmentStatus, Type
from commitments.views.documents import Pages, open_document, open_tool, page, shown
from commitments.views.entering import enter
from commitments.views.showing import Action, approved_changes, vendors_of, with_quantities
from commitments.workflow.verbs import COMMITMENT
from directory.access import Access
from directory.addresses import address
from directory.formats import money
from directory.http import number_of
from directory.models import Project, Vendor
from directory.paging import escaped, rows_html
from directory.perms import Level, Tool

ZERO = Decimal("0.00")
NOT_PENDING = DECIDED | {ChangeOrderStatus.VOID}


@login_required
@require_GET
def commitment(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """One commitment: its way to the ERP, its facts, schedule of values and change orders."""
    access, now = open_document(request, project_id, pk, PAGES)
    changes = listing.change_orders_of(now)
    original = now.total
    changed = _sum(one for one in changes if one["status"] == ChangeOrderStatus.APPROVED)
    lack = access.lacks(Tool.COMMITMENTS, Level.ADMIN)
    why_no_change = lack or workflow.why_no_change_order(now)
    copy_url = f"{address('commitment_new', project_id)}?copy={pk}"
    copy = Action("Copy", copy_url, [lack] if lack else [])
    new_change_order = Action(
        "New change order",
        address("change_order_new", project_id, pk),
        [why_no_change] if why_no_change else [],
    )
    context = shown(PAGES, now, access)
    context |= {
        "actions": [context["edit"], copy, new_change_order],
        "schedule": _schedule(now, changes, original + changed),
        "original": original,
        "changed": changed,
        "revised": original + changed,
        "waiting": _sum(one for one in changes if one["status"] not in NOT_PENDING),
        "change_orders": changes,
        "change_order_rows": listing.change_order_rows(changes, project_id, with_commitment=False),
        "new_change_order": new_change_order,
    }
    heading = f"{now.get_type_display()} {now.number}: {now.title}"
    return page(request, "commitments/commitment.jinja", heading, context)


@login_required
@require_http_methods(["GET", "POST"])
def commitment_new(request: HttpRequest, project_id: int) -> HttpResponse:
    """Enter a commitment: an empty one, or at first a copy of another one of the project."""
    access, project = open_tool(request, project_id, PAGES)
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    new = Commitment(company=access.company, project=project)
    kind, other = request.GET.get("type", ""), request.GET.get("copy", "")
    if request.method == "GET" and other:
        _, copied = open_document(request, project_id, number_of(other) or 0, PAGES)
        first = forms.typed_copy(copied, number=workflow.next_commitment_number(copied))
    else:
        first = Typed(
            dict.fromkeys(forms.COMMITMENT, "")
            | {"type": kind if kind in Type.values else Type.SUBCONTRACT.value, "retainage": "0"}
        )
    first.header["date_created"] = timezone.localdate().isoformat()
    return enter(request, access, new, first, PAGES)


# --- What the pages show -----------------------------------------------------------------------


def _list_context(access: Access, project: Project) -> dict[str, Any]:
    return {
        "types": Type.choices,
        "statuses": CommitmentStatus.choices,
        "vendors": vendors_of(project),
        "lacking": access.lacks(Tool.COMMITMENTS, Level.ADMIN),
    }


def _sum(changes: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((one["export__amount"] for one in changes), ZERO)


NOTHING = money(ZERO)


def _schedule(now: Commitment, changes: Sequence[Mapping[str, Any]], total: Decimal) -> SafeString:
    """The schedule of values as table rows: original, approved changes, revised, its share."""
    numbers = {one["id"]: one["number"] for one in changes}
    sums, share = approved_changes(now), 100 / total if total else ZERO
    shown = [_line(line, sums.get(line.pk, ZERO), share, numbers) for line in now.lines.all()]
    return rows_html("schedule.jinja", rows=escaped(shown), with_quantities=with_quantities(now))


def _line(
    line: CommitmentLine, changed: Decimal, share: Decimal, numbers: Mapping[int, str]
) -> Sequence[str]:
    """The cells of a line, in the order of the template, which takes them apart: faster than
    looking up names. `share`: of 1.00 in the total, in percent."""
    code, original = line.cost_code, money(line.amount)
    revised = line.amount + changed
    return (
        str(line.number),
        code.code,
        code.name,
        line.category.name,
        line.description,
        line.erp_description,
        numbers.get(line.introduced_by_id or 0, ""),
        forms.quantity(line),
        original,
        money(changed) if changed else NOTHING,
        " deduct" if changed < 0 else "",
        money(revised) if changed else original,
        f"{revised * share:z.1f} %" if share else "",
    )


def _fields(now: Commitment) -> list[Field]:
    vendors = Vendor.objects.filter(company=now.company_id)
    return [
        Field("type", "Type", "select", options=Type.choices, required=True),
        Field("number", "Number", required=True),
        Field("title", "Title", required=True),
        Field(
            "vendor",
            "Contract company",
            "select",
            options=[
                ("", "Choose a company"),
                *(
                    (str(one.pk), one.name if one.is_linked else f"{one.name} (not in the ERP)")
                    for one in vendors
                ),
            ],
        ),
        Field("date_created", "Date", "date", required=True),
        Field("retainage", "Default retainage, %", "number"),
        Field("description", "Description", "textarea"),
        Field("vendor_message", "Message to the vendor", "textarea"),
    ]


PAGES = Pages[Commitment](
    kind=Kinds.COMMITMENT,
    word="Commitment",
    verbs=COMMITMENT,
    list_template="commitments/commitments.html",
    listed=listing.commitments,
    list_context=_list_context,
    log_headings=logs.COMMITMENTS,
    log=logs.commitments,
    target="",
    heading=lambda now: f"Edit commitment {now.number}" if now.pk else "New commitment",
    parent=lambda now: ("Commitments", address("commitments", now.project_id)),
    fields=_fields,
    form_context=lambda now: {},
    typed=forms.typed_commitment,
    entry=lambda typed, now: forms.commitment_entry(typed),
    entry_now=commitment_entry,
)
