"""What programs do with one document, of either kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from approvals.saving import why_locked
from commitments import forms
from commitments.api.requests import (
    ChangeOrderStatusBody,
    CommitmentStatusBody,
    DeleteQuery,
    WholeChangeOrder,
    WholeCommitment,
)
from commitments.checking import MOST_LINES, erp_of
from commitments.forms import Typed
from commitments.models import ChangeOrder, Commitment
from commitments.workflow.verbs import CHANGE_ORDER, COMMITMENT, Verbs
from directory.access import Access
from directory.api_requests import body, parameters
from directory.entered import Fault, Invalid
from directory.perms import Level, Tool
from directory.sheets import read_sheet
from directory.tables import TableBody, refuse_with, table_read

D = TypeVar("D", bound=Commitment | ChangeOrder)


def one(
    request: Request,
    opened: tuple[D, Access],
    verbs: Verbs[D],
    whole: type[WholeCommitment] | type[WholeChangeOrder],
    answer: Callable[[D], Any],
) -> Response:
    """Read it; save it as a `whole`; delete a Draft."""
    found, access = opened
    if request.method == "DELETE":
        version = parameters(request, DeleteQuery).version
        verbs.delete(found, by=access, version=version)
        return Response(status=204)
    if request.method == "PUT":
        asked = body(request, whole)
        found = verbs.update(found, by=access, version=asked.version, data=asked.entry())
    return Response(answer(found))


def status(
    request: Request,
    opened: tuple[D, Access],
    verbs: Verbs[D],
    wanted: type[CommitmentStatusBody] | type[ChangeOrderStatusBody],
    answer: Callable[[D], Any],
) -> Response:
    """Give it another business status."""
    found, access = opened
    asked = body(request, wanted)
    after = verbs.set_status(found, by=access, version=asked.version, status=asked.status)
    return Response(answer(after))


@dataclass(frozen=True)
class Table(Generic[D]):
    """How a table of one kind of document is read: as its form reads it."""

    verbs: Verbs[D]
    target: str  # what a line is for, where the first column says that
    typed: Callable[[D], Typed]
    entry: Callable[[Typed, D], Any]


COMMITMENT_TABLE = Table(
    COMMITMENT, "", forms.typed_commitment, lambda typed, _now: forms.commitment_entry(typed)
)
CHANGE_ORDER_TABLE = Table(
    CHANGE_ORDER,
    forms.CHANGES_LINE,
    forms.typed_change_order,
    lambda typed, now: forms.change_order_entry(
        typed, now.commitment.lines.select_related("cost_code")
    ),
)


def import_lines(request: Request, opened: tuple[D, Access], table: Table[D]) -> Response:
    """Read a table, and with `save` put its rows behind the lines that are there: all or none."""
    found, access = opened
    access.need(Tool.COMMITMENTS, Level.ADMIN)
    asked = body(request, TableBody)
    now = found
    if why := why_locked(now.export):
        raise Invalid([Fault("", why)])
    columns = forms.columns(table.target, now.kind, erp_of(now.company))
    sheet = read_sheet(asked.table, columns, MOST_LINES)
    filled, wrong = forms.with_table(
        table.typed(now), sheet, lambda filled: table.verbs.faults(now, table.entry(filled, now))
    )
    before = len(filled.lines) - len(sheet.rows)
    faults = [
        replace(one, line=one.line - before) if one.line else one
        for one in wrong
        if not one.line or one.line > before
    ]
    if asked.save:
        refuse_with(faults, sheet.rows)
        data = table.entry(filled, now)
        found = table.verbs.update(now, by=access, version=asked.version, data=data)
    version, changes = found.export.version, ["new"] * len(sheet.rows)
    return Response(table_read(sheet, changes, faults, saved=asked.save, version=version))
