"""The lines of a budget and its modifications by API."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from msgspec.structs import asdict
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from budgets import importing, rounds, workflow
from budgets.api import answers
from budgets.api.access import open_budget
from budgets.api.answers import (
    BudgetDetail,
    BudgetLinePage,
    BudgetModification,
    BudgetModificationPage,
)
from budgets.api.requests import BudgetLineQuery, BudgetVersion, NewModification, SaveBudgetLines
from budgets.entries import LineEntry
from directory.api_requests import body, described, parameters
from directory.entered import Fault, Invalid
from directory.idempotency import KEY, idempotent
from directory.perms import Level, Tool
from directory.sheets import Sheet
from directory.tables import TableBody, TableRead, refuse_with, table_read


@extend_schema(
    methods=["GET"],
    operation_id="budget_lines",
    summary="The lines of a budget",
    parameters=described(BudgetLineQuery),
    responses=BudgetLinePage,
)
@extend_schema(
    methods=["PUT"],
    operation_id="budget_lines_save",
    summary="Change, add and remove lines of an unlocked budget",
    request=SaveBudgetLines,
    responses=BudgetDetail,
)
@api_view(["GET", "PUT"])
def lines(request: Request, pk: int) -> Response:
    """The lines of an unlocked budget: change, add and remove some. Any budget's can be read."""
    found, access = open_budget(request, pk)
    if request.method == "PUT":
        asked = body(request, SaveBudgetLines)
        saved = workflow.save_lines(
            found,
            by=access,
            version=asked.version,
            entries=[LineEntry(**asdict(one)) for one in asked.lines],
            gone=asked.remove,
        )
        return Response(answers.detail(saved))
    wanted = parameters(request, BudgetLineQuery)
    rows = found.lines.select_related("cost_code", "category").order_by("number")
    page = list(rows.filter(number__gt=wanted.cursor or 0)[: wanted.size + 1])
    more = len(page) > wanted.size
    page = page[: wanted.size]
    after = str(page[-1].number) if more else None
    return Response(BudgetLinePage([answers.line(one) for one in page], after))


@extend_schema(
    operation_id="budget_lines_import", parameters=[KEY], request=TableBody, responses=TableRead
)
@api_view(["POST"])
@idempotent
def import_lines(request: Request, pk: int) -> Response:
    """Lines from a table, all or none. A row of a cost code, category and sub job that the budget
    has changes that line, others are new lines. Needs Admin on Budget."""
    found, access = open_budget(request, pk)
    access.need(Tool.BUDGET, Level.ADMIN)
    asked = body(request, TableBody)
    if why := rounds.why_not_edit(found, found.awaited()):
        raise Invalid([Fault("", why)])
    reading = importing.read(asked.table, found)
    if asked.save:
        refuse_with(reading.faults, reading.rows)
        entries, version = reading.entries, asked.version
        found = workflow.save_lines(found, by=access, version=version, entries=entries)
    sheet = Sheet(reading.rows, ignored=reading.ignored)
    version = found.export.version
    told = table_read(sheet, reading.changes, reading.faults, saved=asked.save, version=version)
    return Response(told)


@extend_schema(
    methods=["GET"],
    operation_id="budget_modifications",
    summary="The modifications of a budget",
    parameters=described(BudgetLineQuery),
    responses=BudgetModificationPage,
)
@extend_schema(
    methods=["POST"],
    operation_id="budget_modification_create",
    summary="A new modification of a locked budget",
    parameters=[KEY],
    request=NewModification,
    responses={201: BudgetModification},
)
@api_view(["GET", "POST"])
@idempotent
def modifications(request: Request, pk: int) -> Response:
    """Transfers and other changes of a locked budget, or a new one (Admin on Budget)."""
    found, access = open_budget(request, pk)
    if request.method == "POST":
        new = body(request, NewModification)
        made = workflow.add_modification(found, by=access, version=new.version, data=new.entry())
        return Response(answers.modification(made), 201)
    wanted = parameters(request, BudgetLineQuery)
    rows = found.modifications.select_related("created_by").order_by("-number")
    rows = rows.prefetch_related("lines__line__cost_code", "lines__line__category")
    if wanted.cursor is not None:
        rows = rows.filter(number__lt=wanted.cursor)
    page = list(rows[: wanted.size + 1])
    more = len(page) > wanted.size
    page = page[: wanted.size]
    after = str(page[-1].number) if more else None
    return Response(BudgetModificationPage([answers.modification(one) for one in page], after))


@extend_schema(
    operation_id="budget_modification_delete",
    parameters=described(BudgetVersion),
    responses={204: None},
)
@api_view(["DELETE"])
def modification(request: Request, pk: int, modification_id: int) -> Response:
    """Take back a modification that was not sent, or came back."""
    found, access = open_budget(request, pk)
    stored = get_object_or_404(found.modifications, pk=modification_id)
    version = parameters(request, BudgetVersion).version
    workflow.delete_modification(stored, by=access, version=version)
    return Response(status=204)
