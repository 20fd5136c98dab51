"""The pages of a project's commitments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.attaching import files_of
from approvals.errors import Stale
from approvals.panel import panel_for
from approvals.states import Status
from commitments import forms, listing, workflow
from commitments.entries import commitment_entry
from commitments.forms import Field, Form, Typed
from commitments.models import ChangeOrder, Commitment
from commitments.states import DECIDED, STATUSES_OF, ChangeOrderStatus, CommitmentStatus, Type
from commitments.views.showing import (
    Action,
    Choice,
    Statuses,
    approved_changes,
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
from directory.access import Access, lacking, open_project
from directory.entered import Fault, Invalid
from directory.formats import money
from directory.http import person
from directory.models import Project, Vendor
from directory.perms import Level, Tool

ZERO = Decimal("0.00")


@login_required
@require_GET
def commitment_list(request: HttpRequest, project_id: int) -> HttpResponse:
    """A project's commitments: search, filters, totals of what matches."""
    access, project = _open_project(request, project_id)
    wanted = listing.Wanted.read(request.GET)
    context = {
        "access": access,
        "project": project,
        "current": "commitments",
        "wanted": wanted,
        "list": listing.commitments(project, wanted),
        "types": Type.choices,
        "statuses": CommitmentStatus.choices,
        "erp_statuses": Status.choices,
        "lacking": _lacking(access),
    }
    return render(request, "commitments/list.html", context)


@login_required
@require_GET
def commitment(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """One commitment: its way to the ERP, its facts, schedule of values and change orders."""
    access, now = _open(request, project_id, pk)
    edit_url = reverse("commitment_edit", args=[project_id, pk])
    lacks = _lacking(access)
    changes = list(now.change_orders.select_related("export", "commitment__vendor").order_by("id"))
    approved = [one for one in changes if one.status == ChangeOrderStatus.APPROVED]
    original = now.total
    changed = sum((one.export.amount for one in approved), ZERO)
    locked = workflow.why_locked(now.export)
    why_no_change = lacks or workflow.why_no_change_order(now)
    why_no_delete = lacks or workflow.why_not_delete_commitment(now)
    heading, differs = since(now)
    context = {
        "access": access,
        "project": now.project,
        "current": "commitments",
        "commitment": now,
        "document": now,
        "panel": panel_for(now, access, links=links(now, access, edit_url)),
        "sees_erp": access.has(Tool.ERP, Level.READ),
        "locked": locked,
        "schedule": _schedule(now, changes),
        "lines": len(now.lines.all()),
        "with_quantities": with_quantities(now),
        "original": original,
        "changed": changed,
        "revised": original + changed,
        "waiting": sum(
            (
                one.export.amount
                for one in changes
                if one.status not in DECIDED and one.status != ChangeOrderStatus.VOID
            ),
            ZERO,
        ),
        "change_orders": changes,
        "change_order_rows": listing.change_order_rows(changes, with_commitment=False),
        "edit": Action("Edit texts" if locked else "Edit", edit_url, [lacks] if lacks else []),
        "new_change_order": Action(
            "New change order",
            reverse("change_order_new", args=[project_id, pk]),
            [why_no_change] if why_no_change else [],
        ),
        "statuses": _statuses(now, lacks),
        "status_url": reverse("commitment_status", args=[project_id, pk]),
        "delete_url": reverse("commitment_delete", args=[project_id, pk]),
        "why_no_delete": [why_no_delete] if why_no_delete else [],
        "made_by": now.export.created_by,
        "files": files_of(now.export, access),
        "since_heading": heading,
        "since": differs,
    }
    return render(request, "commitments/commitment.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def commitment_new(request: HttpRequest, project_id: int) -> HttpResponse:
    """Enter a commitment."""
    access, project = _open_project(request, project_id)
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    if request.method == "GET":
        kind = request.GET.get("type", "")
        header = dict.fromkeys(forms.COMMITMENT, "") | {
            "type": kind if kind in Type.values else Type.SUBCONTRACT.value,
            "date_created": timezone.localdate().isoformat(),
            "retainage": "0",
        }
        return _form(request, access, project, None, Typed(header))
    typed = forms.read(request.POST, forms.COMMITMENT)
    try:
        made = workflow.create_commitment(
            project=project, by=access, data=forms.commitment_entry(typed)
        )
    except Invalid as error:
        return _form(request, access, project, None, typed, error.faults)
    messages.success(request, f"Commitment {made.number} is saved, as a Draft.")
    return redirect(made.get_absolute_url())


@login_required
@require_http_methods(["GET", "POST"])
def commitment_edit(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Edit a commitment; once it is on its way only its texts."""
    access, now = _open(request, project_id, pk)
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    if request.method == "GET":
        return _form(request, access, now.project, now, forms.typed_commitment(now))
    if forms.TEXTS_ONLY not in request.POST:
        typed = forms.read(request.POST, forms.COMMITMENT)
        entry = forms.commitment_entry(typed)
    else:  # the form of a locked one holds its texts alone
        typed = forms.typed_commitment(now)
        entry = commitment_entry(now)
        for name in forms.TEXTS:
            typed.header[name] = request.POST.get(name, "")
            setattr(entry, name, typed.header[name])
    version = posted_version(request)
    try:
        saved = workflow.update_commitment(now, by=access, version=version, data=entry)
    except Invalid as error:
        return _form(request, access, now.project, now, typed, error.faults)
    except Stale as error:
        return _form(request, access, now.project, now, typed, stale=error)
    messages.success(request, _saved(now, saved))
    return redirect(saved.get_absolute_url())


@login_required
@require_POST
def commitment_status(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Give a commitment another business status."""
    access, now = _open(request, project_id, pk)
    status = request.POST.get("status", "")
    try:
        after = workflow.set_commitment_status(
            now, by=access, version=posted_version(request), status=status
        )
    except (Stale, Invalid) as error:
        return refused(request, now, error)
    messages.success(request, f"Commitment {after.number} is {after.get_status_display()}.")
    return redirect(after.get_absolute_url())


@login_required
@require_POST
def commitment_delete(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Delete a Draft."""
    access, now = _open(request, project_id, pk)
    try:
        workflow.delete_commitment(now, by=access, version=posted_version(request))
    except (Stale, Invalid) as error:
        return refused(request, now, error)
    messages.success(request, f"Commitment {now.number} is deleted.")
    return redirect("commitments", project_id)


# --- Doors -------------------------------------------------------------------------------------


def _open_project(request: HttpRequest, project_id: int) -> tuple[Access, Project]:
    access = open_project(person(request), project_id, Tool.COMMITMENTS)
    if access.project is None:
        raise Http404
    return access, access.project


def _open(request: HttpRequest, project_id: int, pk: int) -> tuple[Access, Commitment]:
    access, project = _open_project(request, project_id)
    now = workflow.load_commitment(pk)
    if now.project_id != project.pk:
        raise Http404
    return access, now


def _lacking(access: Access) -> str:
    may = access.has(Tool.COMMITMENTS, Level.ADMIN)
    return "" if may else lacking(Tool.COMMITMENTS, Level.ADMIN)


# --- What the pages show -----------------------------------------------------------------------


def _statuses(now: Commitment, lacks: str) -> Statuses:
    return Statuses(
        [
            Choice(
                status.value,
                status.label,
                lacks or workflow.why_not_commitment_status(now, status.value),
                status == now.status,
            )
            for status in STATUSES_OF[now.type]
        ]
    )


def _schedule(now: Commitment, changes: list[ChangeOrder]) -> Any:
    """The schedule of values as table rows: original, approved changes, revised."""
    numbers = {one.pk: one.number for one in changes}
    sums = approved_changes(now)
    return rows(
        "schedule.jinja",
        [
            {
                "number": line.number,
                "code": line.cost_code.code,
                "code_name": line.cost_code.name,
                "category": line.category.name,
                "description": line.description,
                "added_by": numbers.get(line.introduced_by_id or 0, ""),
                "quantity": forms.quantity(line),
                "original": money(line.amount),
                "changed": money(sums.get(line.pk, ZERO)),
                "deduct": sums.get(line.pk, ZERO) < 0,
                "revised": money(line.amount + sums.get(line.pk, ZERO)),
            }
            for line in now.lines.all()
        ],
        with_quantities=with_quantities(now),
    )


def _saved(before: Commitment, after: Commitment) -> str:
    told = f"Commitment {after.number} is saved."
    if after.status != before.status:
        told += f" Its money changed, so it is {after.get_status_display()} until it is approved."
    return told


def _form(
    request: HttpRequest,
    access: Access,
    project: Project,
    now: Commitment | None,
    typed: Typed,
    faults: list[Fault] | None = None,
    *,
    stale: Stale | None = None,
) -> HttpResponse:
    """The form, with what was typed and every fault; 422 with faults, 409 if it was stale."""
    erp = erp_of(project.company)
    locked = workflow.why_locked(now.export) if now else ""
    # What somebody typed into the whole form is kept, even where it is locked by now.
    texts_only = bool(locked) and (request.method == "GET" or forms.TEXTS_ONLY in request.POST)
    shown: Form = forms.form(
        typed,
        with_limits(_fields(project, typed, texts_only=texts_only), "commitment", erp),
        faults or [],
    )
    context = {
        "access": access,
        "project": project,
        "current": "commitments",
        "commitment": now,
        "form": shown,
        "erp": erp.short if erp else "the ERP",
        "locked": locked,
        "texts_only": texts_only,
        "version": (stale.item.version if stale else now.export.version) if now else 0,
        "stale": stale,
        "cancel_url": now.get_absolute_url() if now else reverse("commitments", args=[project.pk]),
        **lists(project.company),
    }
    status = 409 if stale else 422 if faults else 200
    return render(request, "commitments/form.html", context, status=status)


def _fields(project: Project, typed: Typed, *, texts_only: bool) -> list[Field]:
    vendors = Vendor.objects.filter(company=project.company)
    fields = [
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
    return [one for one in fields if one.name in forms.TEXTS] if texts_only else fields
