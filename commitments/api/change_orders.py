"""Commitment change orders by API. The same verbs and rules as the pages."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.models import Export, Kinds
from commitments import workflow
from commitments.api import documents
from commitments.api.access import open_change_order, open_commitment, open_tool, open_tool_of
from commitments.api.answers import (
    CHANGE_ORDER_COLUMNS,
    ChangeOrderDetail,
    ChangeOrderPage,
    ChangeOrderRow,
    change_order_detail,
    page,
)
from commitments.api.requests import (
    ChangeOrderQuery,
    ChangeOrderStatusBody,
    DeleteQuery,
    NewChangeOrder,
    WholeChangeOrder,
)
from commitments.workflow.verbs import CHANGE_ORDER
from directory.api_requests import Fault, Unreadable, body, described, parameters
from directory.idempotency import KEY, idempotent
from directory.tables import TableBody, TableRead


@extend_schema(
    methods=["GET"],
    operation_id="change_orders",
    summary="The change orders of a project or commitment",
    parameters=described(ChangeOrderQuery),
    responses=ChangeOrderPage,
)
@extend_schema(
    methods=["POST"],
    operation_id="change_order_create",
    summary="A new change order",
    parameters=[KEY],
    request=NewChangeOrder,
    responses={201: ChangeOrderDetail},
)
@api_view(["GET", "POST"])
@idempotent
def change_orders(request: Request) -> Response:
    """The change orders of a project or commitment, or a new one (Admin on Commitments)."""
    if request.method == "POST":
        new = body(request, NewChangeOrder)
        parent, access = open_commitment(request, new.commitment, Kinds.CHANGE_ORDER)
        made = workflow.create_change_order(commitment=parent, by=access, data=new.entry())
        return Response(change_order_detail(made), 201)
    asked = parameters(request, ChangeOrderQuery)
    found = Export.objects.filter(kind=Kinds.CHANGE_ORDER, changeorder__isnull=False)
    if asked.project is not None and asked.commitment is None:
        open_tool(request, asked.project, Kinds.CHANGE_ORDER)
        found = found.filter(project=asked.project)
    elif asked.commitment is not None and asked.project is None:
        open_tool_of(request, asked.commitment, Kinds.CHANGE_ORDER)
        found = found.filter(parent__commitment=asked.commitment)
    else:
        raise Unreadable([Fault("project", "Name a project or a commitment, one of the two.")])
    rows, after = page(found, asked, CHANGE_ORDER_COLUMNS)
    return Response(ChangeOrderPage([ChangeOrderRow(*row) for row in rows], after))


@extend_schema(
    methods=["GET"],
    operation_id="change_order",
    summary="One change order with its lines",
    responses=ChangeOrderDetail,
)
@extend_schema(
    methods=["PUT"],
    operation_id="change_order_save",
    summary="Save a change order whole",
    request=WholeChangeOrder,
    responses=ChangeOrderDetail,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="change_order_delete",
    summary="Delete a Draft of a change order",
    parameters=described(DeleteQuery),
    responses={204: None},
)
@api_view(["GET", "PUT", "DELETE"])
def change_order(request: Request, pk: int) -> Response:
    """One change order with its lines; saving it whole; deleting a Draft."""
    opened = open_change_order(request, pk)
    return documents.one(request, opened, CHANGE_ORDER, WholeChangeOrder, change_order_detail)


@extend_schema(
    operation_id="change_order_status", request=ChangeOrderStatusBody, responses=ChangeOrderDetail
)
@api_view(["POST"])
def change_order_status(request: Request, pk: int) -> Response:
    """Give a change order another business status: approve it, reject it, make it void."""
    opened = open_change_order(request, pk)
    return documents.status(
        request, opened, CHANGE_ORDER, ChangeOrderStatusBody, change_order_detail
    )


@extend_schema(
    operation_id="change_order_lines_import",
    parameters=[KEY],
    request=TableBody,
    responses=TableRead,
)
@api_view(["POST"])
@idempotent
def change_order_import(request: Request, pk: int) -> Response:
    """Lines from a table, behind those that are there: all or none. Needs Admin on Commitments."""
    return documents.import_lines(
        request, open_change_order(request, pk), documents.CHANGE_ORDER_TABLE
    )
