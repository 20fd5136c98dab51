"""The pages of a project's commitment change orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.attaching import files_of
from approvals.errors import Stale
from approvals.panel import panel_for
from approvals.states import Status
from commitments import forms, listing, origins, workflow
from commitments.entries import change_order_entry
from commitments.forms import Field, Typed
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus
from commitments.views.showing import (
    Action,
    Choice,
    Statuses,
    erp_of,
    links,
    lists,
    posted_version,
    refused,
    rows,
    since,
    with_limits,
    with_quantities,
)
from connectors.contract import aggregate
from directory.access import Access, lacking, open_project
from directory.entered import Fault, Invalid
from directory.formats import money
from directory.http import person
from directory.models import Project
from directory.perms import Level, Tool

ZERO = Decimal("0.00")
TOOLS = (Tool.COMMITMENTS, Tool.CHANGE_ORDERS)


@login_required
@require_GET
def change_order_list(request: HttpRequest, project_id: int) -> HttpResponse:
    """A project's change orders, newest first: search, filters, totals of what matches."""
    access, project = _open_project(request, project_id)
    wanted = listing.Wanted.read(request.GET)
    context = {
        "access": access,
        "project": project,
        "current": "change_orders",
        "wanted": wanted,
        "list": listing.change_orders(project, wanted),
        "statuses": ChangeOrderStatus.choices,
        "erp_statuses": Status.choices,
        "sees_commitments": access.has(Tool.COMMITMENTS, Level.READ),
    }
    return render(request, "commitments/change_orders.html", context)


@login_required
@require_GET
def change_order(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """One change order: its way to the ERP, its facts, lines and what they come to."""
    access, now = _open(request, project_id, pk)
    edit_url = reverse("change_order_edit", args=[project_id, pk])
    lacks = _lacking(access, Tool.COMMITMENTS)
    locked = workflow.why_locked(now.export)
    why_no_delete = lacks or workflow.why_not_delete_change_order(now)
    heading, differs = since(now)
    context = {
        "access": access,
        "project": now.commitment.project,
        "current": "change_orders",
        "change_order": now,
        "commitment": now.commitment,
        "document": now,
        "panel": panel_for(now, access, links=links(now, access, edit_url)),
        "sees_commitments": access.has(Tool.COMMITMENTS, Level.READ),
        "sees_erp": access.has(Tool.ERP, Level.READ),
        "locked": locked,
        "lines": _lines(now, access),
        "count": len(now.lines.all()),
        "with_quantities": with_quantities(now),
        "total": now.total,
        "sums": _sums(now),
        "edit": Action("Edit texts" if locked else "Edit", edit_url, [lacks] if lacks else []),
        "statuses": _statuses(now, access),
        "status_url": reverse("change_order_status", args=[project_id, pk]),
        "delete_url": reverse("change_order_delete", args=[project_id, pk]),
        "why_no_delete": [why_no_delete] if why_no_delete else [],
        "made_by": now.export.created_by,
        "files": files_of(now.export, access),
        "since_heading": heading,
        "since": differs,
    }
    return render(request, "commitments/change_order.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_order_new(request: HttpRequest, project_id: int, commitment_id: int) -> HttpResponse:
    """Enter a change order of a commitment."""
    access = open_project(person(request), project_id, Tool.COMMITMENTS)
    commitment = workflow.load_commitment(commitment_id)
    if commitment.project_id != project_id:
        raise Http404
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    if why := workflow.why_no_change_order(commitment):
        messages.error(request, why)
        return redirect(commitment.get_absolute_url())
    if request.method == "GET":
        header = {"number": workflow.next_number(commitment), "title": "", "description": ""}
        return _form(request, access, commitment, None, Typed(header))
    typed = forms.read(request.POST, forms.CHANGE_ORDER)
    try:
        made = workflow.create_change_order(
            commitment=commitment,
            by=access,
            data=forms.change_order_entry(typed, commitment.lines.all()),
        )
    except Invalid as error:
        return _form(request, access, commitment, None, typed, error.faults)
    messages.success(request, f"Change order {made.number} is saved, as a Draft.")
    return redirect(made.get_absolute_url())


@login_required
@require_http_methods(["GET", "POST"])
def change_order_edit(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Edit a change order; once it is on its way only its description."""
    access, now = _open(request, project_id, pk)
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    commitment = workflow.load_commitment(now.commitment_id)
    if request.method == "GET":
        return _form(request, access, commitment, now, forms.typed_change_order(now))
    if forms.TEXTS_ONLY not in request.POST:
        typed = forms.read(request.POST, forms.CHANGE_ORDER)
        entry = forms.change_order_entry(typed, commitment.lines.all())
    else:  # the form of a locked one holds its description alone
        typed = forms.typed_change_order(now)
        entry = change_order_entry(now)
        typed.header["description"] = entry.description = request.POST.get("description", "")
    try:
        saved = workflow.update_change_order(
            now, by=access, version=posted_version(request), data=entry
        )
    except Invalid as error:
        return _form(request, access, commitment, now, typed, error.faults)
    except Stale as error:
        return _form(request, access, commitment, now, typed, stale=error)
    told = f"Change order {saved.number} is saved."
    if saved.status != now.status:
        told += f" Its money changed, so it is {saved.get_status_display()} until it is approved."
    messages.success(request, told)
    return redirect(saved.get_absolute_url())


@login_required
@require_POST
def change_order_status(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Give a change order another business status."""
    access, now = _open(request, project_id, pk)
    status = request.POST.get("status", "")
    try:
        after = workflow.set_change_order_status(
            now, by=access, version=posted_version(request), status=status
        )
    except (Stale, Invalid) as error:
        return refused(request, now, error)
    messages.success(request, f"Change order {after.number} is {after.get_status_display()}.")
    return redirect(after.get_absolute_url())


@login_required
@require_POST
def change_order_delete(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Delete a Draft."""
    access, now = _open(request, project_id, pk)
    try:
        workflow.delete_change_order(now, by=access, version=posted_version(request))
    except (Stale, Invalid) as error:
        return refused(request, now, error)
    messages.success(request, f"Change order {now.number} is deleted.")
    return redirect(now.commitment.get_absolute_url())


# --- Doors -------------------------------------------------------------------------------------


def _open_project(request: HttpRequest, project_id: int) -> tuple[Access, Project]:
    access = open_project(person(request), project_id, *TOOLS)
    if access.project is None:
        raise Http404
    return access, access.project


def _open(request: HttpRequest, project_id: int, pk: int) -> tuple[Access, ChangeOrder]:
    access, project = _open_project(request, project_id)
    now = workflow.load_change_order(pk)
    if now.commitment.project_id != project.pk:
        raise Http404
    return access, now


def _lacking(access: Access, tool: Tool) -> str:
    return "" if access.has(tool, Level.ADMIN) else lacking(tool, Level.ADMIN)


# --- What the pages show -----------------------------------------------------------------------


def _statuses(now: ChangeOrder, access: Access) -> Statuses:
    return Statuses(
        [
            Choice(
                status.value,
                status.label,
                _lacking(access, workflow.status_tool(now, status.value))
                or workflow.why_not_change_order_status(now, status.value),
                status == now.status,
            )
            for status in ChangeOrderStatus
        ]
    )


def _lines(now: ChangeOrder, access: Access) -> Any:
    made_from = origins.of(now, access)
    return rows(
        "changes.jinja",
        [
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


def _form(
    request: HttpRequest,
    access: Access,
    commitment: Commitment,
    now: ChangeOrder | None,
    typed: Typed,
    faults: list[Fault] | None = None,
    *,
    stale: Stale | None = None,
) -> HttpResponse:
    """The form, with what was typed and every fault; 422 with faults, 409 if it was stale."""
    project = commitment.project
    erp = erp_of(project.company)
    locked = workflow.why_locked(now.export) if now else ""
    texts_only = bool(locked) and (request.method == "GET" or forms.TEXTS_ONLY in request.POST)
    fields = [
        Field(
            "number",
            "Number",
            help="Empty: the next number of this commitment." if now is None else "",
        ),
        Field("title", "Title", required=True),
        Field("description", "Description", "textarea"),
    ]
    if texts_only:
        fields = fields[2:]
    context = {
        "access": access,
        "project": project,
        "current": "change_orders",
        "commitment": commitment,
        "change_order": now,
        "form": forms.form(
            typed,
            with_limits(fields, "change_order", erp),
            faults or [],
            target=forms.CHANGES_LINE,
        ),
        "targets": [(forms.target_label(line), line) for line in commitment.lines.all()],
        "new_scope": forms.NEW_SCOPE,
        "erp": erp.short if erp else "the ERP",
        "locked": locked,
        "texts_only": texts_only,
        "version": (stale.item.version if stale else now.export.version) if now else 0,
        "stale": stale,
        "cancel_url": (now or commitment).get_absolute_url(),
        **lists(project.company),
    }
    status = 409 if stale else 422 if faults else 200
    return render(request, "commitments/form.html", context, status=status)
