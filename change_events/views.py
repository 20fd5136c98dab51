"""The pages of a project's change events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.errors import Stale
from approvals.history_texts import history_of
from attachments.serving import served
from attachments.showing import attach_chosen, remove_chosen
from change_events import attaching, forms, listing, workflow
from change_events.models import ChangeEvent, ChangeEventLine, EventStatus, Reason, label_of
from commitments import forms as sheets
from commitments.forms import Field, Typed
from commitments.models import ChangeOrder
from commitments.views.showing import Action, Choice, Statuses, lists
from directory.access import Access, open_project
from directory.entered import Fault, Invalid
from directory.formats import counted, money
from directory.http import number_of, person, posted_version
from directory.models import Project
from directory.paging import rows_html
from directory.perms import Level, Tool


@login_required
@require_GET
def change_event_list(request: HttpRequest, project_id: int) -> HttpResponse:
    """A project's change events, newest first: search, filters, totals of what matches."""
    access, project = open_project(person(request), project_id, Tool.CHANGE_EVENTS)
    filters = listing.Filters.read(request.GET)
    context = {
        "access": access,
        "project": project,
        "current": "change_events",
        "filters": filters,
        "list": listing.change_events(project, filters),
        "statuses": EventStatus.choices,
        "reasons": Reason.choices,
        "off": workflow.why_off(project),
        "new": Action(
            "New change event",
            reverse("change_event_new", args=[project_id]),
            _reasons(workflow.why_off(project), workflow.why_no_event(access)),
        ),
    }
    return render(request, "change_events/list.html", context)


@login_required
@require_GET
def change_event(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """One change event: its facts, its lines, and what carries them."""
    access, now = _open(request, project_id, pk)
    return _page(request, access, now)


@login_required
@require_http_methods(["GET", "POST"])
def change_event_new(request: HttpRequest, project_id: int) -> HttpResponse:
    """Enter a change event."""
    access, project = open_project(person(request), project_id, Tool.CHANGE_EVENTS)
    access.need(Tool.CHANGE_EVENTS, Level.STANDARD)
    if why := workflow.why_off(project):
        messages.error(request, why)
        return redirect("change_events", project_id)
    if request.method == "GET":
        header = dict.fromkeys(forms.HEADER, "")
        header |= {"number": workflow.next_number(project), "reason": Reason.OWNER.value}
        return _form(request, access, None, Typed(header))
    typed = sheets.read(request.POST, forms.HEADER)
    try:
        entry = forms.entry(typed, forms.choices(project))
        made = workflow.create_event(project=project, by=access, data=entry)
    except Invalid as error:
        return _form(request, access, None, typed, error.faults)
    messages.success(request, f"{made} is saved.")
    return redirect(made.get_absolute_url())


@login_required
@require_http_methods(["GET", "POST"])
def change_event_edit(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Edit a change event and its lines."""
    access, now = _open(request, project_id, pk)
    workflow.permit(now, access)
    if why := workflow.why_off(now.project) or workflow.why_not_edit(now):
        messages.error(request, why)
        return redirect(now.get_absolute_url())
    if request.method == "GET":
        return _form(request, access, now, forms.typed_event(now))
    typed = sheets.read(request.POST, forms.HEADER)
    try:
        entry = forms.entry(typed, forms.choices(now.project))
        saved = workflow.update_event(now, by=access, version=posted_version(request), data=entry)
    except Invalid as error:
        return _form(request, access, now, typed, error.faults)
    except Stale as error:
        return _form(request, access, now, typed, stale=error)
    messages.success(request, f"{saved} is saved.")
    return redirect(saved.get_absolute_url())


@login_required
@require_POST
def change_event_status(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Close a change event, make it void, or open it again."""
    access, now = _open(request, project_id, pk)
    try:
        after = workflow.set_event_status(
            now,
            by=access,
            version=posted_version(request),
            status=request.POST.get("status", ""),
        )
    except (Stale, Invalid) as error:
        return _page(request, access, now, error=error)
    messages.success(request, f"{after} is {after.get_status_display()}.")
    return redirect(after.get_absolute_url())


@login_required
@require_POST
def change_event_delete(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Delete a change event of which no change order carries anything."""
    access, now = _open(request, project_id, pk)
    try:
        workflow.delete_event(now, by=access, version=posted_version(request))
    except (Stale, Invalid) as error:
        return _page(request, access, now, error=error)
    messages.success(request, f"{now} is deleted.")
    return redirect("change_events", project_id)


@login_required
@require_POST
def change_event_carry(request: HttpRequest, project_id: int, pk: int, way: str) -> HttpResponse:
    """Put the ticked lines into new change orders, into an undecided one, or take them out."""
    access, now = _open(request, project_id, pk)
    if way not in ("create", "add", "detach"):
        raise Http404
    lines = set(filter(None, map(number_of, request.POST.getlist("line"))))
    chosen: dict[str, Any] = {"by": access, "version": posted_version(request), "lines": lines}
    try:
        if way == "create":
            made = workflow.create_change_orders(
                now,
                commitment=number_of(request.POST.get("commitment", "")),
                title=request.POST.get("title", ""),
                **chosen,
            )
            text = f"Made, as {'Drafts' if len(made) > 1 else 'a Draft'}: {_named(made)}."
        elif way == "add":
            order = number_of(request.POST.get("change_order", "")) or 0
            into = workflow.add_to_change_order(now, change_order=order, **chosen)
            text = f"{_count(lines)} added to {_named([into])}."
        else:
            workflow.detach(now, **chosen)
            text = f"{_count(lines)} taken out; free to go elsewhere."
    except (Stale, Invalid) as error:
        return _page(request, access, now, ticked=lines, error=error)
    messages.success(request, text)
    return redirect(now.get_absolute_url())


@login_required
@require_POST
def change_event_attach(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Attach the files that were chosen."""
    access, now = _open(request, project_id, pk)
    attach_chosen(request, lambda files: attaching.attach(now, files, by=access))
    return redirect(f"{now.get_absolute_url()}#attachments")


@login_required
@require_POST
def change_event_attachment_remove(
    request: HttpRequest, project_id: int, pk: int, attachment_id: int
) -> HttpResponse:
    """Take a file off a change event."""
    access, now = _open(request, project_id, pk)
    remove_chosen(request, lambda: attaching.remove(now, attachment_id, by=access))
    return redirect(f"{now.get_absolute_url()}#attachments")


@login_required
@require_GET
def change_event_attachment(
    request: HttpRequest, project_id: int, pk: int, attachment_id: int
) -> HttpResponseBase:
    """A file as a download; with `?view` a picture in the browser."""
    _, now = _open(request, project_id, pk)
    return served(attaching.find(now, attachment_id), shown="view" in request.GET)


# --- Access ------------------------------------------------------------------------------------


def _open(request: HttpRequest, project_id: int, pk: int) -> tuple[Access, ChangeEvent]:
    access, project = open_project(person(request), project_id, Tool.CHANGE_EVENTS)
    now = workflow.load_event(pk)
    if now.project_id != project.pk:
        raise Http404
    return access, now


def _reasons(*reasons: str) -> list[str]:
    return [one for one in reasons if one]


def _named(orders: Sequence[ChangeOrder]) -> str:
    return ", ".join(f"{one.commitment.number} / {one.number}" for one in orders)


def _count(lines: Collection[int]) -> str:
    return counted(len(lines), "line")


# --- What the pages show -----------------------------------------------------------------------


def _page(
    request: HttpRequest,
    access: Access,
    now: ChangeEvent,
    *,
    ticked: Collection[int] = (),
    error: Stale | Invalid | None = None,
) -> HttpResponse:
    """The page; after an error with all that is wrong, and with what was ticked: 409 or 422."""
    lacks = workflow.why_not_change(now, access)
    off = workflow.why_off(now.project)
    why_not_carry = _reasons(off, workflow.why_not_carry(access))
    if now.status != EventStatus.OPEN:
        why_not_carry.append(workflow.why_not_edit(now))
    may_carry = not why_not_carry
    lines = list(now.lines.all())
    context = {
        "access": access,
        "project": now.project,
        "current": "change_events",
        "event": now,
        "off": off,
        "lines": rows_html(
            "change_event_lines.jinja",
            rows=[_line(line, now.project, access, line.pk in ticked) for line in lines],
            tickable=may_carry,
        ),
        "count": len(lines),
        "any_free": any(line.change_order_line_id is None for line in lines),
        "any_carried": any(line.change_order_line_id for line in lines),
        "total": now.total,
        "carried": now.carried,
        "rest": now.total - now.carried,
        "why_not_carry": why_not_carry,
        "commitments": _commitments(now) if may_carry else [],
        "open_orders": list(workflow.open_change_orders(now.project)[:200]) if may_carry else [],
        "asked": request.POST,
        "edit": Action(
            "Edit",
            reverse("change_event_edit", args=[now.project_id, now.pk]),
            _reasons(off, lacks or workflow.why_not_edit(now)),
        ),
        "statuses": Statuses(
            [
                Choice(
                    status.value,
                    status.label,
                    lacks or workflow.why_not_status(now, status.value),
                    status == now.status,
                )
                for status in EventStatus
            ]
        ),
        "files": attaching.files_of(now, access),
        "why_no_delete": _reasons(lacks or workflow.why_not_delete(now)),
        "history": history_of(now),
        "error": error,
    }
    status = 409 if isinstance(error, Stale) else 422 if error else 200
    return render(request, "change_events/change_event.html", context, status=status)


def _commitments(now: ChangeEvent) -> list[tuple[int, str]]:
    """What the lines that name no commitment may be given to; nothing where all name one."""
    if all(line.commitment_id for line in now.lines.all()):
        return []
    offered = forms.choices(now.project).commitments
    return [(one.pk, f"{label_of(one)} · {one.title}") for one in offered]


def _line(line: ChangeEventLine, project: Project, access: Access, ticked: bool) -> dict[str, Any]:
    carrier = line.change_order_line
    order = carrier.change_order if carrier else None
    sees_orders = access.has(Tool.COMMITMENTS, Level.READ) or access.has(
        Tool.CHANGE_ORDERS, Level.READ
    )
    url = reverse("change_order", args=[project.pk, order.pk]) if order and sees_orders else ""
    return {
        "id": line.pk,
        "ticked": ticked,
        "number": line.number,
        "code": line.cost_code.code,
        "code_name": line.cost_code.name,
        "category": line.category.name,
        "description": line.description,
        "quantity": sheets.quantity(line),
        "for_whom": line.for_whom,
        "amount": money(line.amount),
        "deduct": line.amount < 0,
        "order": f"{line.commitment.number} / {order.number}" if order and line.commitment else "",
        "order_url": url,
        "order_status": order.get_status_display() if order else "",
        "erp": order.export.status if order else "",
        "erp_label": order.export.get_status_display() if order else "",
        # What the change order's line says where it was edited there.
        "carried": money(carrier.amount) if carrier and carrier.amount != line.amount else "",
    }


def _form(
    request: HttpRequest,
    access: Access,
    now: ChangeEvent | None,
    typed: Typed,
    faults: list[Fault] | None = None,
    *,
    stale: Stale | None = None,
) -> HttpResponse:
    """The form, with what was typed and every fault; 422 with faults, 409 if it was stale."""
    project = access.project
    if project is None:
        raise Http404
    fields = [
        Field("number", "Number", help="Empty: the next number." if now is None else ""),
        Field("title", "Title", required=True),
        Field("reason", "Reason", "select", options=Reason.choices),
        Field("description", "Description", "textarea"),
    ]
    list_url = reverse("change_events", args=[project.pk])
    context = {
        "access": access,
        "project": project,
        "current": "change_events",
        "event": now,
        "list_url": list_url,
        "form": sheets.form(typed, fields, faults or [], target=forms.FOR_WHOM),
        "options": forms.choices(project).options,
        "version": (stale.item.version if stale else now.version) if now else 0,
        "stale": stale,
        "cancel_url": now.get_absolute_url() if now else list_url,
        **lists(project.company),
    }
    status = 409 if stale else 422 if faults else 200
    return render(request, "change_events/form.html", context, status=status)
