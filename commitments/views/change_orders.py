"""The pages of a project's commitment change orders."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from approvals.models import Kinds
from commitments import forms, listing, logs, origins, workflow
from commitments.entries import change_order_entry
from commitments.forms import Field, Typed
from commitments.models import ChangeOrder
from commitments.states import ChangeOrderStatus, Type
from commitments.views.commitments import PAGES as COMMITMENTS
from commitments.views.documents import Pages, open_document, open_tool, page, shown
from commitments.views.entering import enter
from commitments.views.showing import vendors_of, with_quantities
from commitments.workflow.verbs import CHANGE_ORDER
from connectors.contract import aggregate
from directory.access import Access
from directory.formats import money
from directory.models import Project
from directory.paging import rows_html
from directory.perms import Level, Tool


@login_required
@require_GET
def change_order(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """One change order: its way to the ERP, its facts, lines and what they come to."""
    access, now = open_document(request, project_id, pk, PAGES)
    context = {
        **shown(PAGES, now, access),
        "commitment": now.commitment,
        "lines": _lines(now, access),
        "total": now.total,
        "sums": _sums(now),
    }
    heading = f"Change order {now.commitment.number} / {now.number}: {now.title}"
    return page(request, "commitments/change_order.jinja", heading, context)


@login_required
@require_http_methods(["GET", "POST"])
def change_order_new(request: HttpRequest, project_id: int, commitment_id: int) -> HttpResponse:
    """Enter a change order of a commitment."""
    access, project = open_tool(request, project_id, COMMITMENTS)
    commitment = workflow.load_commitment(commitment_id)
    if commitment.project_id != project.pk:
        raise Http404
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    if why := workflow.why_no_change_order(commitment):
        messages.error(request, why)
        return redirect(commitment.get_absolute_url())
    new = ChangeOrder(company=access.company, commitment=commitment)
    number = workflow.next_number(commitment)
    first = Typed(dict.fromkeys(forms.CHANGE_ORDER, "") | {"number": number})
    return enter(request, access, new, first, PAGES)


# --- What the pages show -----------------------------------------------------------------------


def _list_context(access: Access, project: Project) -> dict[str, Any]:
    return {
        "types": Type.choices,
        "statuses": ChangeOrderStatus.choices,
        "vendors": vendors_of(project),
        "sees_commitments": access.has(Tool.COMMITMENTS, Level.READ),
    }


def _lines(now: ChangeOrder, access: Access) -> Any:
    made_from = origins.of(now, access)
    return rows_html(
        "changes.jinja",
        rows=[
            {
                "number": line.number,
                "target": line.commitment_line.number,
                "target_words": line.commitment_line.description,
                "new_scope": line.commitment_line.introduced_by_id == now.pk,
                "code": line.cost_code.code,
                "code_name": line.cost_code.name,
                "category": line.category.name,
                "description": line.description,
                "origin": made_from.get(line.pk),
                "quantity": forms.quantity(line),
                "amount": money(line.amount),
                "deduct": line.amount < 0,
            }
            for line in now.lines.all()
        ],
        with_quantities=with_quantities(now),
    )


def _sums(now: ChangeOrder) -> list[dict[str, Any]]:
    """What each commitment line changes by; empty unless several lines change the same one."""
    groups = aggregate(now.to_document().lines)
    if all(len(parts) == 1 for _, parts, _ in groups):
        return []
    return [
        {
            "target": target.code,
            "words": target.name or parts[0].cost_code.name,
            "parts": [(part.number, part.amount) for part in parts],
            "sum": total,
        }
        for target, parts, total in groups
    ]


def _heading(now: ChangeOrder) -> str:
    if now.pk:
        return f"Edit change order {now.commitment.number} / {now.number}"
    return f"New change order of {now.commitment}"


def _fields(now: ChangeOrder) -> list[Field]:
    return [
        Field(
            "number",
            "Number",
            help="" if now.pk else "Empty: the next number of this commitment.",
        ),
        Field("title", "Title", required=True),
        Field("description", "Description", "textarea"),
    ]


def _form_context(now: ChangeOrder) -> dict[str, Any]:
    lines = now.commitment.lines.select_related("cost_code", "category")
    return {
        "targets": [(forms.target_label(line), line) for line in lines],
        "new_scope": forms.NEW_SCOPE,
    }


PAGES = Pages[ChangeOrder](
    kind=Kinds.CHANGE_ORDER,
    word="Change order",
    verbs=CHANGE_ORDER,
    list_template="commitments/change_orders.html",
    listed=listing.change_orders,
    list_context=_list_context,
    log_headings=logs.CHANGE_ORDERS,
    log=logs.change_orders,
    target=forms.CHANGES_LINE,
    heading=_heading,
    parent=lambda now: (now.commitment.number, now.commitment.get_absolute_url()),
    fields=_fields,
    form_context=_form_context,
    typed=forms.typed_change_order,
    entry=lambda typed, now: forms.change_order_entry(
        typed, now.commitment.lines.select_related("cost_code")
    ),
    entry_now=change_order_entry,
)
