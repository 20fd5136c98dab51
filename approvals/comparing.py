"""Comparing: is what was exported still in the ERP, unchanged? Nightly, and on demand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from approvals.models import Comparison, Export
from approvals.readiness import destinations
from approvals.states import Status
from connectors import engine
from connectors.contract import Compared, Difference
from connectors.destination import Destinations
from connectors.engine.scripts import Check, encode
from connectors.models import Connection, Conversation
from connectors.registry import connector_for
from directory.access import Access
from directory.history import Happened, append
from directory.perms import Level, Tool

# One round compares the newest; older ones follow in later rounds, least recently compared first.
MOST_AT_ONCE = 1000


def request_comparison(connection: Connection, by: Access) -> int:
    """Queue a comparison of what is synced; returns of how many. Needs Standard on the tool."""
    by.need(Tool.ERP, Level.STANDARD)
    with transaction.atomic():
        queued = queue_comparisons(connection)
        if queued:
            told = Happened("compare", f"connection:{connection.pk}", by.user.pk, {"of": queued})
            append(connection.company_id, [told])
    return queued


def queue_comparisons(connection: Connection) -> int:
    """Queue a comparison of every synced export, unless one waits already; returns how many.

    Of none where the ERP cannot be asked what it holds. Must run in a transaction: the connection's
    row keeps two from queueing the same.
    """
    connector = connector_for(connection.erp)
    if not connector.capabilities.can_find:
        return 0
    Connection.objects.select_for_update(no_key=True, of=("self",)).get(pk=connection.pk)
    waiting = Conversation.objects.filter(connection=connection, purpose="compare").exclude(
        state=Conversation.State.CLOSED
    )
    if waiting.exists():
        return 0
    synced = Export.objects.filter(company=connection.company_id, status=Status.SYNCED)
    due = synced.order_by("comparison__compared_at", "-id").exclude(terms="")[:MOST_AT_ONCE]
    work = []
    for export in due:
        terms = export.frozen_terms
        if terms is not None:
            work.append((f"compare {export.pk}", connector.record(export.document, terms)))
    engine.queue_all(connection.pk, "compare", work)
    return len(work)


class Comparisons:
    """The purpose of the conversations that compare. Nothing hangs on them but their page."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        """Nothing: an export is only read, and what is found is written by itself."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        held = Export.objects.filter(status=Status.SYNCED).exclude(terms="")
        exports = held.select_related("parent").in_bulk([_export_of(c) for c in conversations])
        parents = {export.parent.pk: export.parent for export in exports.values() if export.parent}
        now = destinations(conversations[0].connection, [*exports.values()], parents)
        return {c.subject: _check(exports.get(_export_of(c)), now) for c in conversations}

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It is compared at the next visit."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: comparing writes nothing."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Keep what was found, in place of what was found before."""
        found = [o for o in outcomes if isinstance(o.value, Compared)]
        Comparison.objects.bulk_create(
            [_found(outcome) for outcome in found],
            update_conflicts=True,
            unique_fields=["export"],
            update_fields=["compared_at", "gone", "differences", "differs"],
        )


def _export_of(conversation: Conversation) -> int:
    return int(conversation.subject.split(" ")[1])


def _check(export: Export | None, now: Destinations) -> str | None:
    if export is None:
        return None
    terms, receipt, document = export.frozen_terms, export.erp_receipt, export.document
    if terms is None or receipt is None:
        return None
    linked = now.terms(document)
    anew = msgspec.structs.replace(
        terms, vendor=linked.vendor, job=linked.job, items=linked.items, classes=linked.classes
    )
    return encode(Check(document, terms, receipt, now=anew if anew != terms else None))


def _found(outcome: engine.Outcome) -> Comparison:
    value: Compared = outcome.value
    return Comparison(
        export_id=_export_of(outcome.conversation),
        company_id=Connection.objects.values_list("company_id", flat=True).get(
            pk=outcome.conversation.connection_id
        ),
        compared_at=Now(),
        gone=value.receipt is None,
        differs=value.receipt is None or bool(value.differences),
        differences=json.loads(msgspec.json.encode(value.differences)),
    )


def differences_of(comparison: Comparison) -> list[Difference]:
    """What a comparison found, for its page."""
    rows: list[dict[str, Any]] = comparison.differences
    return [msgspec.convert(row, Difference) for row in rows]
