"""Which commitments and change orders a program may open; everything else answers 404."""

from __future__ import annotations

from django.http import Http404
from rest_framework.request import Request

from approvals.access import TOOLS
from approvals.models import Kinds
from commitments import workflow
from commitments.models import ChangeOrder, Commitment
from directory.access import Access, open_project
from directory.http import person
from directory.models import Project


def open_tool(request: Request, project: int, kind: Kinds) -> tuple[Access, Project]:
    """What the person may do in the project, and it. Raises Http404."""
    return open_project(person(request), project, *TOOLS[kind])


def open_tool_of(request: Request, commitment: int, kind: Kinds) -> Access:
    """The project of a commitment and what the person may do there. Raises Http404."""
    rows = Commitment.objects.filter(pk=commitment)
    project = rows.values_list("project", flat=True).first()
    if project is None:
        raise Http404
    return open_tool(request, project, kind)[0]


def open_commitment(
    request: Request, pk: int, kind: Kinds = Kinds.COMMITMENT
) -> tuple[Commitment, Access]:
    """The commitment and what the person may do in its project. Raises Http404."""
    access = open_tool_of(request, pk, kind)
    return workflow.load_commitment(pk), access


def open_change_order(request: Request, pk: int) -> tuple[ChangeOrder, Access]:
    """The change order and what the person may do in its project. Raises Http404."""
    rows = ChangeOrder.objects.filter(pk=pk).values_list("commitment__project", flat=True)
    project = rows.first()
    if project is None:
        raise Http404
    access, _ = open_tool(request, project, Kinds.CHANGE_ORDER)
    return workflow.load_change_order(pk), access
