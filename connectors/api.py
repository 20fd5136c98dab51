"""The connection of a company to its ERP by API."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from connectors import setup
from connectors.models import Connection
from directory.access import open_company
from directory.asked import Id, Moment, body, described, parameters
from directory.http import person
from directory.perms import Level, Tool

Erp = Annotated[str, msgspec.Meta(max_length=20)]


class ConnectionQuery(msgspec.Struct):
    company: Id


class NewConnection(msgspec.Struct):
    """`erp` names the connector: quickbooks."""

    company: Id
    erp: Erp


class ConnectionRow(msgspec.Struct, kw_only=True):
    """`endpoint` is what the Web Connector calls, `qwc` the file that tells it so."""

    id: int
    company_id: int
    erp: str
    user_name: str
    endpoint: str
    qwc: str
    erp_company: str
    erp_version: str
    first_seen_at: Moment | None
    last_seen_at: Moment | None
    last_result: str


class MadeConnection(ConnectionRow, kw_only=True):
    """`password` is for the Web Connector. It is shown this once and kept nowhere."""

    password: str


class Connections(msgspec.Struct):
    """One at most."""

    results: list[ConnectionRow]


@extend_schema(
    methods=["GET"],
    operation_id="connections",
    parameters=described(ConnectionQuery),
    responses=Connections,
)
@extend_schema(
    methods=["POST"],
    operation_id="connection_create",
    request=NewConnection,
    responses={201: MadeConnection},
)
@api_view(["GET", "POST"])
def connections(request: Request) -> Response:
    """A company's connection, or a new one; both need Admin on ERP Integrations.

    A company has one connection, so a repeated POST makes no second one: it is refused.
    """
    if request.method == "POST":
        new = body(request, NewConnection)
        access = open_company(person(request), new.company, Tool.ERP)
        made, password = setup.create_connection(access.company, new.erp, by=access)
        return Response(MadeConnection(**_row(made), password=password), 201)
    asked = parameters(request, ConnectionQuery)
    access = open_company(person(request), asked.company, Tool.ERP)
    access.need(Tool.ERP, Level.ADMIN)
    found = Connection.objects.filter(company=access.company)
    return Response(Connections([ConnectionRow(**_row(each)) for each in found]))


def _row(found: Connection) -> dict[str, Any]:
    return {
        "id": found.pk,
        "company_id": found.company_id,
        "erp": found.erp,
        "user_name": found.user_name,
        "endpoint": settings.BASE_URL + reverse("qbwc", args=[found.pk]),
        "qwc": settings.BASE_URL + reverse("qwc", args=[found.pk]),
        "erp_company": found.erp_company,
        "erp_version": found.erp_version,
        "first_seen_at": found.first_seen_at,
        "last_seen_at": found.last_seen_at,
        "last_result": found.last_result,
    }
