"""The queue by API."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from approvals import listing
from approvals.api.rows import ExportRow, KindName
from approvals.filters import Filters, Order
from approvals.listing import VIEWS, Place
from approvals.states import View
from directory.access import open_company
from directory.api_requests import PAGE, Fault, Id, Size, Unreadable, described, one_of, parameters
from directory.http import person
from directory.perms import Tool

# What was never sent stands in no queue.
ViewName = Annotated[str, one_of(VIEWS)]


class ExportQuery(msgspec.Struct):
    """One view of one company's queue. `cursor` is what the page before named as `next`.

    `vendor` is looked for in the contract company's name; `sender` is who sent it; `least` and
    `most` bound the amount; `days`: it has stood in the view for so many at least.
    """

    company: Id
    kind: KindName
    view: ViewName = View.READY.value
    q: str = ""
    project: Id | None = None
    vendor: str = ""
    sender: Id | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    days: Annotated[int, msgspec.Meta(ge=0, le=9999)] | None = None
    order: Annotated[str, one_of(Order)] = Order.NEWEST.value
    cursor: str = ""
    size: Size = PAGE


class ExportPage(msgspec.Struct):
    """In the order asked for. `counts`: kind → view → how many there are in the company."""

    results: list[ExportRow]
    next: str | None
    counts: dict[str, dict[str, int]]


@extend_schema(operation_id="exports", parameters=described(ExportQuery), responses=ExportPage)
@api_view(["GET"])
def exports(request: Request) -> Response:
    """One page of one view of a company's queue. Needs Read Only on ERP Integrations."""
    asked = parameters(request, ExportQuery)
    filters = Filters(
        search=asked.q.strip(),
        project=asked.project,
        vendor=asked.vendor.strip(),
        sender=asked.sender,
        least=asked.least,
        most=asked.most,
        days=asked.days,
        order=Order(asked.order),
    )
    company = open_company(person(request), asked.company, Tool.ERP).company.pk
    page = listing.page(
        company,
        asked.kind,
        asked.view,
        after=_place(asked.cursor, filters.order),
        filters=filters,
        size=asked.size,
    )
    counts: dict[str, dict[str, int]] = {}
    for (kind, view), n in listing.counts(company)[company].by_view.items():
        if view in VIEWS:
            counts.setdefault(kind, {})[view] = n
    rows = [ExportRow(**row) for row in page.rows]
    return Response(ExportPage(rows, str(page.next) if page.next else None, counts))


def _place(cursor: str, order: Order) -> Place | None:
    place = Place.read(cursor, order) if cursor else None
    if cursor and place is None:
        raise Unreadable([Fault("cursor", "This is no cursor that a page named as next.")])
    return place
