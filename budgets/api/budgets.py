"""Budgets by API. The same verbs and rules as the pages.

A round is sent, retrieved and decided upon through its export (`export_id`).
"""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from budgets import workflow
from budgets.api import answers
from budgets.api.access import open_budget
from budgets.api.answers import BudgetDetail, BudgetFigurePage, BudgetPage
from budgets.api.requests import BudgetFigureQuery, BudgetQuery, BudgetVersion, NewBudget
from budgets.grid import grid
from budgets.models import Budget
from directory.access import open_project
from directory.api_requests import body, described, parameters
from directory.http import person
from directory.idempotency import KEY, idempotent
from directory.perms import Tool


@extend_schema(
    methods=["GET"],
    operation_id="budgets",
    summary="The budget of a project",
    parameters=described(BudgetQuery),
    responses=BudgetPage,
)
@extend_schema(
    methods=["POST"],
    operation_id="budget_create",
    summary="A new budget",
    parameters=[KEY],
    request=NewBudget,
    responses={201: BudgetDetail},
)
@api_view(["GET", "POST"])
@idempotent
def budgets(request: Request) -> Response:
    """The budget of a project (Read Only on Budget), or a new one (Admin)."""
    if request.method == "POST":
        new = body(request, NewBudget)
        access, project = open_project(person(request), new.project, Tool.BUDGET)
        made = workflow.create_budget(project=project, by=access)
        return Response(answers.detail(made), 201)
    asked = parameters(request, BudgetQuery)
    open_project(person(request), asked.project, Tool.BUDGET)
    found = Budget.objects.filter(project=asked.project).select_related("export")
    if asked.cursor is not None:
        found = found.filter(pk__lt=asked.cursor)
    return Response(BudgetPage([answers.row(one) for one in found], None))


@extend_schema(methods=["GET"], operation_id="budget", summary="One budget", responses=BudgetDetail)
@extend_schema(
    methods=["DELETE"],
    operation_id="budget_delete",
    summary="Delete a budget that was never sent",
    parameters=described(BudgetVersion),
    responses={204: None},
)
@api_view(["GET", "DELETE"])
def budget(request: Request, pk: int) -> Response:
    """One budget: its rounds, what is awaited, what fails; deleting one that was never sent."""
    found, access = open_budget(request, pk)
    if request.method == "DELETE":
        version = parameters(request, BudgetVersion).version
        workflow.delete_budget(found, by=access, version=version)
        return Response(status=204)
    return Response(answers.detail(found))


@extend_schema(operation_id="budget_lock", request=BudgetVersion, responses=BudgetDetail)
@api_view(["POST"])
def lock(request: Request, pk: int) -> Response:
    """Lock the budget, so that it can be sent."""
    found, access = open_budget(request, pk)
    version = body(request, BudgetVersion).version
    return Response(answers.detail(workflow.lock_budget(found, by=access, version=version)))


@extend_schema(operation_id="budget_unlock", request=BudgetVersion, responses=BudgetDetail)
@api_view(["POST"])
def unlock(request: Request, pk: int) -> Response:
    """Unlock the budget; its modifications stay. After an export this begins the next round."""
    found, access = open_budget(request, pk)
    version = body(request, BudgetVersion).version
    return Response(answers.detail(workflow.unlock_budget(found, by=access, version=version)))


@extend_schema(operation_id="budget_next_round", request=BudgetVersion, responses=BudgetDetail)
@api_view(["POST"])
def next_round(request: Request, pk: int) -> Response:
    """Begin the round of the modifications that wait for it."""
    found, access = open_budget(request, pk)
    version = body(request, BudgetVersion).version
    return Response(answers.detail(workflow.next_round(found, by=access, version=version)))


@extend_schema(
    operation_id="budget_figures",
    parameters=described(BudgetFigureQuery),
    responses=BudgetFigurePage,
)
@api_view(["GET"])
def figures(request: Request, pk: int) -> Response:
    """Budget, committed and cost per cost code, with the categories of each."""
    found, _ = open_budget(request, pk)
    asked = parameters(request, BudgetFigureQuery)
    page = grid(found, after=asked.cursor, search=asked.q, most=asked.size)
    return Response(
        BudgetFigurePage([answers.code_figures(one) for one in page.rows], page.after or None)
    )
