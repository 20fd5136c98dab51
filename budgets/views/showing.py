"""The page of a budget: its figures, what can be done with it, its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from approvals.errors import Stale
from approvals.models import Export, Kinds
from approvals.panel import Panel, panel_for
from approvals.states import EDITABLE
from budgets import rounds, workflow
from budgets.chart import chart
from budgets.costs import Awaited
from budgets.grid import Figures, Grid, Part, every_code, grid
from budgets.models import Budget, Modification
from budgets.views.access import open_budget, refused
from budgets.views.costs import costs_note
from directory.access import Access, open_project
from directory.addresses import address
from directory.compiled import CompiledQuery
from directory.downloads import csv_download
from directory.entered import Invalid
from directory.formats import money
from directory.http import person, posted_version
from directory.paging import escaped, rows_html
from directory.perms import Level, Tool

MOST_MODIFICATIONS = 50
MOST_AWAITED = 50
MANY = 300  # lines: as many as are checked in no time
_ROUNDS = CompiledQuery(
    lambda budget: (
        Export.objects.filter(kind=Kinds.BUDGET, document_id=budget)
        .defer(*workflow.LONG)
        .order_by("-id")
    ),
    int,
)
_MODIFICATIONS = CompiledQuery(
    lambda budget: (
        Modification.objects.filter(budget=budget)
        .order_by("-number")
        .select_related("created_by")
        .prefetch_related("lines__line__cost_code", "lines__line__category")[:MOST_MODIFICATIONS]
    ),
    int,
)
# What a button of the page does: the verb, and what is told when it is done.
STEPS = {
    "lock": (workflow.lock_budget, "The budget is locked."),
    "unlock": (workflow.unlock_budget, "The budget is unlocked."),
    "next-round": (workflow.next_round, "The next round is ready to be sent."),
}


@dataclass(frozen=True, slots=True)
class Action:
    """A button; with reasons it cannot be pressed. A step is posted, the others lead somewhere."""

    label: str
    url: str
    reasons: Sequence[str] = ()
    is_step: bool = False


@login_required
@require_GET
def budget(request: HttpRequest, project_id: int) -> HttpResponse:
    """The budget with its figures; or, where there is none, how to begin."""
    access, project = open_project(person(request), project_id, Tool.BUDGET)
    try:
        now = workflow.load_budget(project_id)
    except Http404:
        lacks = access.lacks(Tool.BUDGET, Level.ADMIN)
        context = {"access": access, "project": project, "lacks": [lacks]}
        return render(request, "budgets/none.html", context)
    search, after = (request.GET.get(name, "")[:96].strip("\0") for name in ("q", "after"))
    figures = grid(now, after=after, search=search)
    waiting, lacking = now.awaited(), access.lacks(Tool.BUDGET, Level.ADMIN)
    modifications = _MODIFICATIONS.all(now.pk)
    # The newest one goes with the latest round.
    more = bool(modifications) and modifications[0].round > now.round
    context = {
        "access": access,
        "project": project,
        "budget": now,
        "panel": _panel(now, access, whole="checked" in request.GET),
        "actions": _actions(now, waiting, lacking, more=more),
        "waiting": waiting,
        "waiting_codes": waiting.codes[:MOST_AWAITED],
        "sees_erp": access.has(Tool.ERP, Level.READ),
        "grid": figures,
        "projected": abs(figures.total.over_under),  # the label says which way
        "rows": _rows(figures),
        "chart": None if after or search else chart(figures),
        "search": search,
        "next": urlencode({"q": search, "after": figures.after}) if figures.after else "",
        "is_first": not after,
        "rounds": _rounds(now),
        "costs_note": costs_note(access.company),
        "can_delete": not (lacking or workflow.why_not_delete(now)),
        **_modifications(now, modifications, lacking),
    }
    return render(request, "budgets/budget.html", context)


@login_required
@require_POST
def new(request: HttpRequest, project_id: int) -> HttpResponse:
    """Begin a budget, and lead to its lines."""
    access, project = open_project(person(request), project_id, Tool.BUDGET)
    try:
        workflow.create_budget(project=project, by=access)
    except Invalid as error:
        return refused(request, project_id, error)
    return redirect("budget_edit", project_id)


@login_required
@require_POST
def step(request: HttpRequest, project_id: int, step: str) -> HttpResponse:
    """Lock, unlock, or begin the next round."""
    if step not in STEPS:
        raise Http404
    access, now = open_budget(request, project_id)
    verb, told = STEPS[step]
    try:
        verb(now, by=access, version=posted_version(request))
    except (Stale, Invalid) as error:
        return refused(request, project_id, error)
    messages.success(request, told)
    return redirect("budget", project_id)


@login_required
@require_POST
def delete(request: HttpRequest, project_id: int) -> HttpResponse:
    """Delete a budget of which nothing is in the ERP."""
    access, now = open_budget(request, project_id)
    try:
        workflow.delete_budget(now, by=access, version=posted_version(request))
    except (Stale, Invalid) as error:
        return refused(request, project_id, error)
    messages.success(request, "The budget is deleted.")
    return redirect("budget", project_id)


@login_required
@require_GET
def csv(request: HttpRequest, project_id: int) -> StreamingHttpResponse:
    """The figures as a file for a spreadsheet: one row per cost code and category."""
    _, project = open_project(person(request), project_id, Tool.BUDGET)
    now = workflow.load_budget(project_id)
    headings = (
        "Cost code",
        "Name",
        "Category",
        "Description",
        "Original",
        "Modifications",
        "Revised",
        "Committed",
        "Cost to date",
        "Projected over/under",
    )
    return csv_download(f"budget-{project.pk}.csv", headings, _csv_rows(now))


# --- What the page shows -----------------------------------------------------------------------


def _panel(now: Budget, access: Access, *, whole: bool) -> Panel:
    """With many lines the page does not wait until all of them were checked, unless `whole`."""
    many = now.export.status in EDITABLE and now.how_many_lines() > MANY
    known = now.problems_but_lines() if many and not whole else None
    return panel_for(now, access, known=known, many_lines=many)


def _actions(now: Budget, waiting: Awaited, lacking: str, *, more: bool) -> list[Action]:
    """`more`: modifications wait for the next round."""
    project = now.project_id

    def action(label: str, name: str, why: str, *, step: str = "") -> Action:
        reasons = [reason for reason in (lacking or why,) if reason]
        url = address(name, project, *([step] if step else []))
        return Action(label, url, reasons, bool(step))

    made = [
        action("Unlock Budget", "budget_step", rounds.why_not_unlock(now, waiting), step="unlock")
        if now.locked
        else action("Lock Budget", "budget_step", rounds.why_not_lock(now, waiting), step="lock"),
        action("Edit lines", "budget_edit", rounds.why_not_edit(now, waiting)),
        action("Import lines", "budget_import", rounds.why_not_edit(now, waiting)),
        action("New modification", "modification_new", rounds.why_not_modify(now, waiting)),
    ]
    if more:
        why = rounds.why_no_next_round(now, waiting)
        label = f"Prepare round {now.round + 1}"
        made.append(action(label, "budget_step", why, step="next-round"))
    return made


def _rows(figures: Grid) -> SafeString:
    """Cost codes, each followed by its categories where it has several."""
    rows: list[Sequence[str]] = []
    for row in figures.rows:
        known = (*_money(row.figures), *_amount(row.figures.cost), *_amount(row.figures.over_under))
        code = (row.code or "–", row.name if row.code else "Costs under no cost code here")
        if len(row.parts) > 1:
            rows.append(("code", *code, f"{len(row.parts)} categories", "", "", *known))
            rows += [
                ("part", "", "", *_category(part), *_money(part.figures), "", "", "", "")
                for part in row.parts
            ]
        else:
            rows.append(("", *code, *(_category(row.parts[0]) if row.parts else NONE), *known))
    return rows_html("budget.jinja", rows=escaped(rows))


# The cells of a row, in the order of its template, which takes them apart.
NONE = ("", "", "")


def _category(part: Part) -> tuple[str, str, str]:
    return part.category, "" if part.in_budget else "not in the budget", part.description


def _money(figures: Figures) -> Sequence[str]:
    return (
        *_amount(figures.original),
        *_amount(figures.modified),
        *_amount(figures.revised),
        *_amount(figures.committed),
    )


def _amount(value: Decimal) -> tuple[str, str]:
    """What a cell shows, and what it is."""
    return money(value), " deduct" if value < 0 else ""


def _rounds(now: Budget) -> Sequence[Export]:
    """The rounds that there are, the newest first; not those that were unlinked."""
    return [one for one in _ROUNDS.all(now.pk) if int(one.number) <= now.round]


def _modifications(now: Budget, rows: Sequence[Modification], lacking: str) -> dict[str, Any]:
    full = len(rows) == MOST_MODIFICATIONS
    return {
        "modifications": [
            {
                "modification": one,
                "parts": list(one.lines.all()),
                "amount": sum(part.amount for part in one.lines.all()),
                "why_not": lacking or workflow.why_not_delete_modification(now, one),
                "state": _state(now, one),
            }
            for one in rows
        ],
        "more_modifications": now.modifications.count() - len(rows) if full else 0,
    }


def _state(now: Budget, one: Modification) -> str:
    if one.round > now.round:
        return f"waits for round {one.round}"
    return f"round {one.round}"


def _csv_rows(now: Budget) -> Any:
    for row in every_code(now):
        parts = row.parts if len(row.parts) == 1 else ()
        for part in row.parts:
            figures = row.figures if parts else part.figures
            known = (figures.cost, figures.over_under) if parts else (None, None)
            yield (
                row.code,
                row.name,
                part.category,
                part.description,
                figures.original,
                figures.modified,
                figures.revised,
                figures.committed,
                *known,
            )
        if not parts:
            figures = row.figures
            yield (
                row.code,
                row.name,
                "All categories" if row.parts else "",
                "",
                figures.original,
                figures.modified,
                figures.revised,
                figures.committed,
                figures.cost,
                figures.over_under,
            )
