"""Importing the lines of a budget: a file or pasted text, a preview, then all of it or nothing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from approvals.errors import Stale
from budgets import importing, rounds, workflow
from budgets.models import Budget
from budgets.views.access import open_budget, refused
from directory.access import Access
from directory.entered import Invalid
from directory.http import posted_version
from directory.paging import rows_html
from directory.sheets import Unreadable

# Rows that the preview shows; those with faults are all listed above it.
MOST_SHOWN = 500


@login_required
@require_http_methods(["GET", "POST"])
def import_lines(request: HttpRequest, project_id: int) -> HttpResponse:
    """Read a table and show what it would do; with `save` do it."""
    access, now = open_budget(request, project_id)
    if why := rounds.why_not_edit(now, now.awaited()):
        messages.error(request, why)
        return redirect("budget", project_id)
    if request.method == "GET":
        return _page(request, access, now)
    file = request.FILES.get("file")
    content: bytes | str = file.read() if file else request.POST.get("table", "")
    try:
        reading = importing.read(content, now)
    except Unreadable as error:
        return _page(request, access, now, error=str(error))
    if "save" not in request.POST or reading.faults:
        return _page(request, access, now, reading)
    try:
        workflow.save_lines(
            now, by=access, version=posted_version(request), entries=reading.entries
        )
    except (Stale, Invalid) as error:
        return refused(request, project_id, error)
    new, changed, same = map(reading.count, ("new", "changed", "same"))
    messages.success(request, f"Imported: {new} new, {changed} changed, {same} the same.")
    return redirect("budget", project_id)


def _page(
    request: HttpRequest,
    access: Access,
    now: Budget,
    reading: importing.Reading | None = None,
    *,
    error: str = "",
) -> HttpResponse:
    context = {
        "access": access,
        "project": now.project,
        "budget": now,
        "columns": importing.COLUMNS,
        "error": error,
        "reading": reading,
        "table": request.POST.get("table", "") if error else _table(reading),
        "most": MOST_SHOWN,
    }
    if reading:
        context |= {
            "rows": _rows(reading),
            "faults": [
                (reading.rows[fault.line - 1].number if fault.line else "", fault.message)
                for fault in reading.faults
            ],
            "new": reading.count("new"),
            "changed": reading.count("changed"),
            "same": reading.count("same"),
        }
    status = 422 if error or (reading and reading.faults) else 200
    return render(request, "budgets/import.html", context, status=status)


def _table(reading: importing.Reading | None) -> str:
    """What was read, as text that the next request brings again: tabs between the cells."""
    if reading is None:
        return ""
    names = [column.name for column in importing.COLUMNS if column.name in reading.rows[0].cells]
    headings = [column.heading for column in importing.COLUMNS if column.name in names]
    lines = [headings, *([_cell(row.cells[name]) for name in names] for row in reading.rows)]
    return "\n".join("\t".join(cells) for cells in lines)


def _cell(text: str) -> str:
    """As a spreadsheet writes it: in quotation marks where it holds one, a tab or a line break."""
    if any(mark in text for mark in '"\t\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _rows(reading: importing.Reading) -> SafeString:
    faults: dict[int, list[str]] = {}
    for fault in reading.faults:
        faults.setdefault(fault.line or 0, []).append(fault.message)
    shown = zip(reading.rows, reading.entries, reading.changes, strict=True)
    return rows_html(
        "budget_import.jinja",
        rows=[
            {
                "number": row.number,
                "code": entry.cost_code,
                "category": entry.category,
                "sub_job": entry.sub_job,
                "description": entry.description,
                "amount": entry.amount,
                "change": change,
                "faults": faults.get(place, ()),
            }
            for place, (row, entry, change) in enumerate(shown, 1)
        ][:MOST_SHOWN],
    )
