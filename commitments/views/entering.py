"""The form of a commitment or change order: typed, filled from a table, saved.

A document that is being entered for the first time is one without a primary key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from approvals.errors import Stale
from commitments import forms, workflow
from commitments.checking import MOST_LINES, erp_of
from commitments.forms import Typed
from commitments.models import ChangeOrder, Commitment
from commitments.views.documents import Pages, open_document
from commitments.views.showing import lists, with_limits
from directory.access import Access
from directory.entered import Fault, Invalid
from directory.formats import counted
from directory.http import posted_version
from directory.perms import Level, Tool
from directory.sheets import Column, Sheet, Unreadable, read_sheet, refuse_size

D = TypeVar("D", bound=Commitment | ChangeOrder)


@login_required
@require_http_methods(["GET", "POST"])
def document_edit(
    request: HttpRequest, project_id: int, pk: int, pages: Pages[Any]
) -> HttpResponse:
    """Edit a document; once it is on its way only its texts."""
    access, now = open_document(request, project_id, pk, pages)
    return enter(request, access, now, pages.typed(now), pages)


def enter(
    request: HttpRequest, access: Access, now: D, first: Typed, pages: Pages[D]
) -> HttpResponse:
    """Show the form of `now`, at first with `first` in it, or save what was typed into it."""
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    if request.method == "GET":
        return _form(request, access, now, first, pages)
    if forms.TEXTS_ONLY in request.POST:  # the form of a locked one holds its texts alone
        typed, entry = first, pages.entry_now(now)
        for name in set(forms.TEXTS) & set(typed.header):
            typed.header[name] = request.POST.get(name, "")
            setattr(entry, name, typed.header[name])
    else:
        typed = forms.read(request.POST, list(first.header))
        if "import" in request.POST:
            return _import(request, access, now, typed, pages)
        entry = pages.entry(typed, now)
    try:
        if not now.pk:
            saved = pages.verbs.create(now, by=access, data=entry)
        else:
            version = posted_version(request)
            saved = pages.verbs.update(now, by=access, version=version, data=entry)
    except Invalid as error:
        return _form(request, access, now, typed, pages, faults=error.faults)
    except Stale as error:
        return _form(request, access, now, typed, pages, stale=error)
    told = f"{pages.word} {saved.number} is saved{', as a Draft' if not now.pk else ''}."
    if now.pk and saved.status != now.status:
        told += f" Its money changed, so it is {saved.get_status_display()} until it is approved."
    messages.success(request, told)
    return redirect(saved.get_absolute_url())


def _import(
    request: HttpRequest, access: Access, now: D, typed: Typed, pages: Pages[D]
) -> HttpResponse:
    """The form with the lines of a table in it and every fault beside them; nothing is saved."""
    try:
        columns = forms.columns(pages.target, now.kind, erp_of(now.company))
        sheet = _table(request, columns)
    except Unreadable as error:
        faults = [Fault("table", str(error))]
        return _form(request, access, now, typed, pages, faults=faults)
    filled, wrong = forms.with_table(
        typed,
        sheet,
        lambda filled: pages.verbs.faults(now, pages.entry(filled, now)),
        instead="instead" in request.POST,
    )
    before = len(filled.lines) - len(sheet.rows)
    told = f"{counted(len(sheet.rows), 'line was', 'lines were')} read; nothing is saved yet."
    if sheet.ignored:
        told += f" Not taken over: {', '.join(sheet.ignored)}."
    faults = [_with_row(one, sheet, before) for one in wrong]
    return _form(request, access, now, filled, pages, faults=faults, told=told)


def _table(request: HttpRequest, columns: Sequence[Column]) -> Sheet:
    """The table that was uploaded or pasted. Raises Unreadable."""
    upload = request.FILES.get("table")
    if upload is None:
        return read_sheet(request.POST.get("table-text", ""), columns, MOST_LINES)
    refuse_size(upload.size or 0)
    return read_sheet(upload.read(), columns, MOST_LINES)


def _with_row(fault: Fault, sheet: Sheet, before: int) -> Fault:
    """A fault of a line, with the row that it has in the table; `before` lines stand above."""
    place = (fault.line or 0) - before
    if place < 1:
        return fault
    number = sheet.rows[place - 1].number
    return replace(fault, message=f"{fault.message} (Row {number} of the table.)")


def _form(
    request: HttpRequest,
    access: Access,
    now: D,
    typed: Typed,
    pages: Pages[D],
    *,
    faults: Sequence[Fault] = (),
    stale: Stale | None = None,
    told: str = "",
) -> HttpResponse:
    """The form, with what was typed and every fault; 422 with faults, 409 if it was stale."""
    company = now.project.company
    erp = erp_of(company)
    is_new = not now.pk
    locked = "" if is_new else workflow.why_locked(now.export)
    # What somebody typed into the whole form is kept, even where it is locked by now.
    texts_only = bool(locked) and (request.method == "GET" or forms.TEXTS_ONLY in request.POST)
    own = erp.own_lengths(pages.kind.value) if erp and not texts_only else {}
    fields = [one for one in pages.fields(now) if not texts_only or one.name in forms.TEXTS]
    fields = with_limits(fields, pages.kind.value, erp)
    name = erp.short if erp else "the ERP"
    parent_label, parent_url = pages.parent(now)
    context = {
        "access": access,
        "project": now.project,
        "heading": pages.heading(now),
        "parent_label": parent_label,
        "parent_url": parent_url,
        "form": forms.form(
            typed,
            forms.with_own_texts(fields, own, name),
            faults,
            target=pages.target,
            erp=name,
            own=own.get("line", 0),
        ),
        "with_import": True,
        "erp": name,
        "locked": locked,
        "texts_only": texts_only,
        "export": None if is_new else now.export,
        "version": stale.item.version if stale else 0 if is_new else now.export.version,
        "stale": stale,
        "told": told,
        "cancel_url": parent_url if is_new else now.get_absolute_url(),
        **lists(company),
        **pages.form_context(now),
    }
    status = 409 if stale else 422 if faults else 200
    return render(request, "commitments/form.html", context, status=status)
