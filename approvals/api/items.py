"""One export by API: its frozen halves, what it will do to the ERP, what was exchanged."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.access import open_export
from approvals.api.rows import ExportRow, Happening, happenings, row_of
from approvals.buttons import buttons
from approvals.call_progress import Call, progress_of
from approvals.exchanges import Talk, talks
from approvals.models import Export, Exportable
from approvals.review import review
from approvals.seconding import second_for
from connectors.contract import Document, Preview, Problem, Receipt, Terms
from connectors.models import Connection
from directory.api_requests import PAGE, Moment, one_of
from directory.http import person
from directory.models import Event
from directory.perms import Level, Tool

CallState = Annotated[str, one_of([state.value for state in Call])]


class Offer(msgspec.Struct):
    """A step that the item can take now; with `reasons` not by this person, or not yet."""

    step: str
    label: str
    reasons: list[str]
    needs_note: bool


class Second(msgspec.Struct):
    """Two approvers have to say the same of the item, from `limit` on. `first_by` has: `step`, in
    `words`; each is null while nobody has."""

    limit: Decimal
    step: str | None
    first_by: str | None
    first_at: Moment | None
    words: str | None


class CallTold(msgspec.Struct):
    """One call of a document to the ERP, and what is known of it."""

    what: str
    state: CallState


class ExportDetail(msgspec.Struct):
    """An export with its frozen halves. `document_id` is null once the document was deleted.

    `copy` is what was sent, `terms` where it was accepted to go, `receipt` what the ERP confirmed;
    each is null until then. `second`: who has and who is missing where two approvers decide.
    `calls`: each call that it takes, while some of them may be in an ERP that cannot be asked. The
    history holds the newest events, newest first.
    """

    export: ExportRow
    document_id: int | None
    created_by: str
    decided_at: Moment | None
    copy: Document | None
    copy_digest: str
    terms: Terms | None
    terms_digest: str
    receipt: Receipt | None
    steps: list[Offer]
    second: Second | None
    calls: list[CallTold]
    history: list[Happening]


@extend_schema(operation_id="export", responses=ExportDetail)
@api_view(["GET"])
def export(request: Request, pk: int) -> Response:
    """One export. Needs Read Only on ERP Integrations, or on the tool of its document."""
    found, access = open_export(person(request), pk)
    document = found.live()
    events = Event.objects.filter(chain__company=found.company_id, subject=found.subject)
    return Response(
        ExportDetail(
            export=row_of(pk),
            document_id=document.pk if document else None,
            created_by=found.created_by.name,
            decided_at=found.decided_at,
            copy=found.document if found.copy else None,
            copy_digest=found.copy_digest,
            terms=found.frozen_terms,
            terms_digest=found.terms_digest,
            receipt=found.erp_receipt,
            steps=[
                Offer(button.step, button.label, list(button.reasons), button.needs_note)
                for button in buttons(found, document, access)
            ],
            second=_second(found, document),
            calls=_calls(found),
            history=happenings(events.order_by("-seq")[:PAGE]),
        )
    )


def _calls(export: Export) -> list[CallTold]:
    progress = progress_of(export, Connection.of(export.company_id))
    return [CallTold(what, state.value) for what, state in progress.calls] if progress else []


def _second(export: Export, document: Exportable | None) -> Second | None:
    if export.company.second_approver_from is None:
        return None
    found = second_for(export, document.to_document() if document else None)
    if found is None:
        return None
    first = found.first
    return Second(
        limit=found.limit,
        step=first.step if first else None,
        first_by=first.by.name if first else None,
        first_at=first.at if first else None,
        words=first.words if first else None,
    )


class PreviewAnswer(msgspec.Struct):
    """What accepting will do to the ERP, worked out without asking it.

    `terms_digest` names the destination; give it back with *accept*. It also says that you know of
    what stands beside it (`preview.confirm`): that is not accepted without. `problems`: why it
    cannot go. `number_most`: *accept* may choose another number than that of `terms`, with at most
    so many characters; null where it may not.
    `known_at`: when the ERP's record was last read; null if never.
    """

    version: int
    preview: Preview | None
    terms: Terms | None
    terms_digest: str
    number_most: int | None
    known_at: Moment | None
    problems: list[Problem]
    changed_since_rejection: list[str]


@extend_schema(operation_id="export_preview", responses=PreviewAnswer)
@api_view(["GET"])
def preview(request: Request, pk: int) -> Response:
    """What is approved. Needs Read Only on ERP Integrations."""
    found, access = open_export(person(request), pk)
    access.need(Tool.ERP, Level.READ)
    seen = review(found)
    return Response(
        PreviewAnswer(
            version=found.version,
            preview=seen.preview,
            terms=seen.terms,
            terms_digest=seen.terms.digest() if seen.terms else "",
            number_most=seen.number_most,
            known_at=seen.known_at,
            problems=list(seen.problems),
            changed_since_rejection=list(seen.since_rejection),
        )
    )


class Exchanges(msgspec.Struct):
    """The newest conversations with the ERP about one export, newest first."""

    results: list[Talk]


@extend_schema(operation_id="export_exchanges", responses=Exchanges)
@api_view(["GET"])
def exchanges(request: Request, pk: int) -> Response:
    """What was asked of the ERP and what it answered. Needs Standard on ERP Integrations."""
    found, access = open_export(person(request), pk)
    access.need(Tool.ERP, Level.STANDARD)
    return Response(Exchanges(talks(found)))
