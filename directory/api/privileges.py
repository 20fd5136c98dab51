"""Requests for the accounting privilege by API.

Only asking and reading: what an operator answers needs their password again, on the page.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from directory.access import open_company
from directory.api_requests import PAGE, Id, Moment, Size, body, described, one_of, parameters
from directory.http import person
from directory.idempotency import KEY, idempotent
from directory.models import Membership, PrivilegeRequest
from directory.perms import Level, Tool
from directory.privilege import LONGEST, State, ask_push, withdraw_request

StateName = Annotated[str, one_of(State.values)]


class RequestQuery(msgspec.Struct, kw_only=True):
    """`company` may be left away by an operator, who then gets those of all companies."""

    company: Id | None = None
    state: StateName | None = None
    cursor: Id | None = None
    size: Size = PAGE


class NewRequest(msgspec.Struct):
    """`person` is the id that people have in `people`; `reason` is for the operator."""

    company: Id
    person: Id
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]


class RequestRow(msgspec.Struct):
    """`answer` is what the operator said to a refusal."""

    id: int
    company: int
    person: int
    person_name: str
    reason: str
    asked_by: int
    asked_at: Moment
    state: StateName
    answered_by: int | None
    answered_at: Moment | None
    answer: str


class RequestPage(msgspec.Struct):
    results: list[RequestRow]
    next: str | None


COLUMNS = (
    "id",
    "company_id",
    "membership__user_id",
    "membership__user__name",
    "reason",
    "asked_by_id",
    "asked_at",
    "state",
    "answered_by_id",
    "answered_at",
    "answer",
)


@extend_schema(
    methods=["GET"],
    operation_id="privilege_requests",
    summary="Requests for 'Can Push to Accounting'",
    parameters=described(RequestQuery),
    responses=RequestPage,
)
@extend_schema(
    methods=["POST"],
    operation_id="privilege_request_create",
    summary="Request 'Can Push to Accounting'",
    parameters=[KEY],
    request=NewRequest,
    responses={201: RequestRow},
)
@api_view(["GET", "POST"])
@idempotent
def privilege_requests(request: Request) -> Response:
    """Requests for 'Can Push to Accounting', newest first (Read Only on Directory; an operator sees
    every company's), or a new one (Admin on Directory)."""
    if request.method == "POST":
        return _ask(request)
    asked = parameters(request, RequestQuery)
    rows = PrivilegeRequest.objects.all()
    if not person(request).is_operator:
        if asked.company is None:
            raise Http404
        open_company(person(request), asked.company, Tool.DIRECTORY)
    if asked.company is not None:
        rows = rows.filter(company=asked.company)
    if asked.state is not None:
        rows = rows.filter(state=asked.state)
    if asked.cursor is not None:
        rows = rows.filter(pk__lt=asked.cursor)
    found = list(rows.order_by("-id").values_list(*COLUMNS)[: asked.size + 1])
    more = len(found) > asked.size
    found = found[: asked.size]
    after = str(found[-1][0]) if more else None
    return Response(RequestPage([RequestRow(*row) for row in found], after))


def _ask(request: Request) -> Response:
    asked = body(request, NewRequest)
    access = open_company(person(request), asked.company, Tool.DIRECTORY)
    access.need(Tool.DIRECTORY, Level.ADMIN)
    rows = Membership.objects.select_related("user")
    membership = get_object_or_404(rows, company=access.company, user=asked.person)
    made = ask_push(membership, asked.reason, by=access)
    return Response(_row(made.pk), 201)


@extend_schema(operation_id="privilege_request_withdraw", request=None, responses=RequestRow)
@api_view(["POST"])
def withdraw(request: Request, pk: int) -> Response:
    """Take an open request back. Needs Admin on Directory."""
    asked = get_object_or_404(PrivilegeRequest.objects.select_related("membership__user"), pk=pk)
    access = open_company(person(request), asked.company_id, Tool.DIRECTORY)
    withdraw_request(asked, by=access)
    return Response(_row(pk))


def _row(pk: int) -> RequestRow:
    return RequestRow(*PrivilegeRequest.objects.values_list(*COLUMNS).get(pk=pk))
