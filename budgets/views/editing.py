"""The forms of a budget: its lines, a page of them at a time, and its modifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from approvals.errors import Stale
from budgets import forms, rounds, workflow
from budgets.entries import ModificationEntry
from budgets.models import Budget, Modification
from budgets.views.access import open_budget, refused
from directory.access import Access
from directory.entered import Fault, Invalid, id_of, posted_rows
from directory.http import number_of, posted_version
from directory.models import Category, CostCode

# Lines on one page of the form; the script adds new ones to them.
PAGE = 250


@login_required
@require_http_methods(["GET", "POST"])
def lines(request: HttpRequest, project_id: int) -> HttpResponse:
    """Edit the lines, as many as fit on a page; `after` is the number of the line before it."""
    access, now = open_budget(request, project_id)
    if request.method == "GET":
        why = rounds.why_not_edit(now, now.awaited())
        if why:
            messages.error(request, why)
            return redirect("budget", project_id)
        after = number_of(request.GET.get("after", "")) or 0
        found = now.lines.filter(number__gt=after).select_related("cost_code", "category")
        stored = list(found.order_by("number")[:PAGE])
        more = stored[-1].number if len(stored) == PAGE else 0
        typed = [forms.cells(line) for line in stored]
        was = " ".join(str(line.pk) for line in stored)
        return _lines(request, access, now, typed, was, after=after, more=more)
    typed = posted_rows(request.POST, forms.CELLS)
    if now.round > 1:
        typed = forms.beginning_at_nothing(typed)
    was = request.POST.get("was", "")[:10_000]
    kept = {row["id"] for row in typed}
    gone = set(filter(None, map(number_of, set(was.split()) - kept)))
    try:
        workflow.save_lines(
            now,
            by=access,
            version=posted_version(request),
            entries=forms.entries(typed),
            gone=gone,
        )
    except Invalid as error:
        return _lines(request, access, now, typed, was, faults=error.faults)
    except Stale as error:
        return _lines(request, access, now, typed, was, stale=error)
    messages.success(request, "The lines are saved.")
    behind = number_of(request.POST.get("more", ""))
    if "next" in request.POST and behind is not None:
        return redirect(f"{reverse('budget_edit', args=[project_id])}?after={behind}")
    return redirect("budget", project_id)


@login_required
@require_http_methods(["GET", "POST"])
def modification(request: HttpRequest, project_id: int) -> HttpResponse:
    """Enter a modification: a transfer between lines, or more or less money."""
    access, now = open_budget(request, project_id)
    if request.method == "GET":
        why = rounds.why_not_modify(now, now.awaited())
        if why:
            messages.error(request, why)
            return redirect("budget", project_id)
        header = {"type": "transfer", "date": timezone.localdate().isoformat(), "reason": ""}
        return _modification(request, access, now, header, [])
    header = {name: request.POST.get(name, "") for name in ("type", "date", "reason")}
    typed = posted_rows(request.POST, forms.CELLS)
    entry = ModificationEntry(**header, parts=forms.entries(typed))
    try:
        made = workflow.add_modification(
            now, by=access, version=posted_version(request), data=entry
        )
    except Invalid as error:
        return _modification(request, access, now, header, typed, faults=error.faults)
    except Stale as error:
        return _modification(request, access, now, header, typed, stale=error)
    messages.success(request, f"{made} is saved. It goes to the ERP with round {made.round}.")
    return redirect("budget", project_id)


@login_required
@require_POST
def modification_delete(request: HttpRequest, project_id: int, pk: int) -> HttpResponse:
    """Take back a modification that is not on its way."""
    access, now = open_budget(request, project_id)
    found = get_object_or_404(Modification, pk=pk, budget=now)
    try:
        workflow.delete_modification(found, by=access, version=posted_version(request))
    except (Stale, Invalid) as error:
        return refused(request, project_id, error)
    messages.success(request, f"{found} is removed.")
    return redirect("budget", project_id)


def _lines(
    request: HttpRequest,
    access: Access,
    now: Budget,
    typed: Sequence[forms.Cells],
    was: str,
    *,
    after: int = 0,
    more: int = 0,
    faults: Sequence[Fault] = (),
    stale: Stale | None = None,
) -> HttpResponse:
    ids = [id_of(row["id"]) or 0 for row in typed]
    staying = now.staying().filter(pk__in=ids).values_list("pk", flat=True)
    sheet = forms.sheet(typed, faults, staying=set(staying), amounts_stay=now.round > 1)
    context = {
        "was": was,
        "more": more or request.POST.get("more", ""),
        "after": after,
        "count": now.lines.count(),
    }
    return _form(request, access, now, "budgets/lines.html", context, sheet, stale)


def _modification(
    request: HttpRequest,
    access: Access,
    now: Budget,
    header: dict[str, str],
    typed: Sequence[forms.Cells],
    *,
    faults: Sequence[Fault] = (),
    stale: Stale | None = None,
) -> HttpResponse:
    context = {
        "header": header,
        "types": Modification.Type.choices,
        "wrong": {
            name: [fault.message for fault in faults if fault.field == name and not fault.line]
            for name in header
        },
    }
    sheet = forms.sheet(typed, faults)
    return _form(request, access, now, "budgets/modification.html", context, sheet, stale)


def _form(
    request: HttpRequest,
    access: Access,
    now: Budget,
    template: str,
    context: dict[str, Any],
    sheet: forms.Sheet,
    stale: Stale | None,
) -> HttpResponse:
    """The form, with what was typed and every fault; 422 with faults, 409 if it was stale."""
    codes = CostCode.objects.filter(company=now.company)
    context |= {
        "access": access,
        "project": now.project,
        "budget": now,
        "sheet": sheet,
        "version": stale.item.version if stale else now.export.version,
        "stale": stale,
        "cost_codes": codes.values_list("code", "name"),
        "categories": Category.objects.filter(company=now.company).values_list("name", flat=True),
    }
    return render(request, template, context, status=409 if stale else 422 if sheet.listed else 200)
