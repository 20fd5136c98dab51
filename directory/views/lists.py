"""The lists of a company: projects, vendors, cost codes, categories. One page and form for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from directory import workflow
from directory.access import open_company
from directory.forms import FORMS
from directory.history_texts import history
from directory.http import person
from directory.models import Category, Company, CostCode, Job, Project, Vendor
from directory.paging import page, rows_html
from directory.perms import Level, Tool
from directory.workflow import Listed


class Cell(NamedTuple):
    """One cell of a row: a text, marked by a colour or as a moment (ISO 8601)."""

    text: str
    mark: str = ""
    at: str = ""


NOT_LINKED = Cell("not linked", "retrieved")


@dataclass(frozen=True, slots=True)
class List:
    """One of the lists: how it is called, ordered, searched and shown."""

    model: type[Listed]
    title: str
    one: str
    key: str
    searched: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Callable[[Any], list[Cell]]
    empty: str

    def found(self, company: Company) -> Any:
        """The rows of `company`, with what the columns need."""
        rows: Any = self.model._default_manager.filter(company=company)
        return rows.select_related("job") if self.model is Project else rows


def _erp(row: Vendor | CostCode | Job) -> Cell:
    """How a row stands with the ERP."""
    if not row.erp_id:
        return NOT_LINKED
    name = row.erp_name or row.name
    if not row.erp_active:
        return Cell(f"{name}: inactive there", "rejected")
    return Cell(f"{name}: cannot be used", "rejected") if row.erp_problem else Cell(name)


def _project(row: Project) -> list[Cell]:
    at = row.erp_synced_at
    synced = Cell(f"{at:%Y-%m-%d %H:%M} UTC", at=at.isoformat()) if at else Cell("never")
    job = _erp(row.job) if row.job else NOT_LINKED
    return [Cell(row.number), Cell(row.name), job, synced]


LISTS = {
    "projects": List(
        Project,
        "Projects",
        "project",
        "number",
        ("number", "name"),
        ("Number", "Name", "Job in the ERP", "ERP data synced at"),
        _project,
        "No project yet. Make the first one, then link it to its job of the ERP.",
    ),
    "vendors": List(
        Vendor,
        "Vendors",
        "vendor",
        "name",
        ("name", "erp_name"),
        ("Name", "Vendor in the ERP"),
        lambda row: [Cell(row.name), _erp(row)],
        "No vendor yet. They come from the ERP with the first sync; you can also make one here.",
    ),
    "cost-codes": List(
        CostCode,
        "Cost codes",
        "cost code",
        "code",
        ("code", "name"),
        ("Code", "Name", "Item in the ERP"),
        lambda row: [Cell(row.code), Cell(row.name), _erp(row)],
        "No cost code yet. They come from the ERP with the first sync; you can also make one here.",
    ),
    "categories": List(
        Category,
        "Categories",
        "category",
        "name",
        ("name",),
        ("Name",),
        lambda row: [Cell(row.name)],
        "No category yet. Every line of a commitment needs one: Labor, Material, Subcontract …",
    ),
}


def _list(kind: str) -> List:
    if kind not in LISTS:
        raise Http404
    return LISTS[kind]


@login_required
@require_GET
def rows(request: HttpRequest, company_id: int, kind: str) -> HttpResponse:
    """A list, a page at a time, with a search."""
    access = open_company(person(request), company_id, Tool.DIRECTORY)
    each = _list(kind)
    wanted = request.GET.get("q", "").strip()
    found = each.found(access.company)
    for word in wanted.split():
        matches = Q()
        for field in each.searched:
            matches |= Q(**{f"{field}__icontains": word})
        found = found.filter(matches)
    shown, after = page(found, each.key, request.GET.get("after", ""))
    cells = [
        {
            "url": reverse("directory_entry", args=[access.company.pk, kind, row.pk]),
            "cells": each.cells(row),
        }
        for row in shown
    ]
    return render(
        request,
        "directory/list.html",
        {
            "access": access,
            "company": access.company,
            "current": kind,
            "list": each,
            "q": wanted,
            "may_edit": access.has(Tool.DIRECTORY, Level.ADMIN),
            "rows": rows_html("listed.jinja", rows=cells),
            "any": bool(shown),
            "after": after,
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def entry(request: HttpRequest, company_id: int, kind: str, pk: int | None = None) -> HttpResponse:
    """One row of a list, or a new one."""
    access = open_company(person(request), company_id, Tool.DIRECTORY)
    each = _list(kind)
    may_edit = access.has(Tool.DIRECTORY, Level.ADMIN)
    if pk is None:
        access.need(Tool.DIRECTORY, Level.ADMIN)
        row: Listed = each.model(company=access.company)
    else:
        row = get_object_or_404(each.found(access.company), pk=pk)
    now = workflow.seen_of(row)  # before the form writes into it
    seen = request.POST.get("seen", now)
    form = FORMS[each.model](request.POST or None, instance=row)
    if request.method == "POST":
        access.need(Tool.DIRECTORY, Level.ADMIN)
        if form.is_valid():
            try:
                workflow.save(row, by=access, seen=seen)
            except ValidationError as refused:
                form.add_error(None, refused)
                seen = now
            else:
                messages.success(request, f"{each.one.capitalize()} {row} is saved.")
                return redirect("directory_list", company_id=access.company.pk, kind=kind)
    if not may_edit:
        for field in form.fields.values():
            field.disabled = True
    return render(
        request,
        "directory/entry.html",
        {
            "access": access,
            "company": access.company,
            "current": kind,
            "kind": kind,
            "list": each,
            "row": row,
            "erp": _erp(row) if isinstance(row, Vendor | CostCode) else None,
            "may_edit": may_edit,
            "form": form,
            "seen": seen,
            "history": history(access.company, [f"{row._meta.model_name}:{pk}"]) if pk else [],
        },
        status=422 if form.errors else 200,
    )
