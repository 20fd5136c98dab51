"""Commitments by API. The same verbs and rules as the pages."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.models import Export, Kinds
from commitments import workflow
from commitments.api import documents
from commitments.api.access import open_commitment, open_tool
from commitments.api.answers import (
    COMMITMENT_COLUMNS,
    CommitmentDetail,
    CommitmentPage,
    CommitmentRow,
    commitment_detail,
    page,
)
from commitments.api.requests import (
    CommitmentQuery,
    CommitmentStatusBody,
    DeleteQuery,
    NewCommitment,
    WholeCommitment,
)
from commitments.workflow.verbs import COMMITMENT
from directory.api_requests import body, described, parameters
from directory.idempotency import KEY, idempotent
from directory.tables import TableBody, TableRead


@extend_schema(
    methods=["GET"],
    operation_id="commitments",
    summary="The commitments of a project",
    parameters=described(CommitmentQuery),
    responses=CommitmentPage,
)
@extend_schema(
    methods=["POST"],
    operation_id="commitment_create",
    summary="A new commitment",
    parameters=[KEY],
    request=NewCommitment,
    responses={201: CommitmentDetail},
)
@api_view(["GET", "POST"])
@idempotent
def commitments(request: Request) -> Response:
    """The commitments of a project (Read Only on Commitments), or a new one (Admin)."""
    if request.method == "POST":
        new = body(request, NewCommitment)
        access, project = open_tool(request, new.project, Kinds.COMMITMENT)
        made = workflow.create_commitment(project=project, by=access, data=new.entry())
        return Response(commitment_detail(made), 201)
    asked = parameters(request, CommitmentQuery)
    open_tool(request, asked.project, Kinds.COMMITMENT)
    found = Export.objects.filter(project=asked.project, kind=Kinds.COMMITMENT)
    rows, after = page(found.filter(commitment__isnull=False), asked, COMMITMENT_COLUMNS)
    return Response(CommitmentPage([CommitmentRow(*row) for row in rows], after))


@extend_schema(
    methods=["GET"],
    operation_id="commitment",
    summary="One commitment with its schedule of values",
    responses=CommitmentDetail,
)
@extend_schema(
    methods=["PUT"],
    operation_id="commitment_save",
    summary="Save a commitment whole",
    request=WholeCommitment,
    responses=CommitmentDetail,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="commitment_delete",
    summary="Delete a Draft of a commitment",
    parameters=described(DeleteQuery),
    responses={204: None},
)
@api_view(["GET", "PUT", "DELETE"])
def commitment(request: Request, pk: int) -> Response:
    """One commitment with its schedule of values; saving it whole; deleting a Draft."""
    opened = open_commitment(request, pk)
    return documents.one(request, opened, COMMITMENT, WholeCommitment, commitment_detail)


@extend_schema(
    operation_id="commitment_status", request=CommitmentStatusBody, responses=CommitmentDetail
)
@api_view(["POST"])
def commitment_status(request: Request, pk: int) -> Response:
    """Give a commitment another business status: approve it, complete it, make it void."""
    opened = open_commitment(request, pk)
    return documents.status(request, opened, COMMITMENT, CommitmentStatusBody, commitment_detail)


@extend_schema(
    operation_id="commitment_lines_import", parameters=[KEY], request=TableBody, responses=TableRead
)
@api_view(["POST"])
@idempotent
def commitment_import(request: Request, pk: int) -> Response:
    """Lines from a table, behind those that are there: all or none. Needs Admin on Commitments."""
    return documents.import_lines(request, open_commitment(request, pk), documents.COMMITMENT_TABLE)
