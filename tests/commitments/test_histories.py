"""Whatever people do with commitments and change orders, in whatever order: what was sent stays
what it was, sums agree everywhere, numbers stay unique, and the history tells all of it.

A history is a series of edits, sends, decisions, files and visits of QuickBooks. Whatever is
refused changes nothing. 500 histories with ERPBRIDGE_FULL set, a few without.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from approvals import attaching
from approvals.errors import StepError
from approvals.models import Export, TabCount
from approvals.states import EDITABLE
from attachments.models import Attachment
from commitments import workflow
from commitments.entries import change_order_entry, commitment_entry
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus, CommitmentStatus
from connectors.contract import Document
from directory.entered import Invalid
from directory.history import faults
from directory.models import Committed, Event
from tests.attachments.files import pdf, upload
from tests.commitments.entering import change, change_order, line, subcontract
from tests.stage import Stage, set_stage

pytestmark = pytest.mark.django_db

EXAMPLES = 500 if os.environ.get("ERPBRIDGE_FULL") else 12
REFUSED = (Invalid, StepError, PermissionDenied, ValidationError, Http404)
# What stays open while a document is on its way.
OPEN = {"description": "", "vendor_message": "", "attachments": ()}
Sums = defaultdict[tuple[int, int], Decimal]  # by cost code and category
CODES = ("03-300", "05-120", "09-290")

amounts = st.integers(-90_000_00, 900_000_00)
verbs = st.sampled_from(
    [
        *["commitment", "change order", "change order", "line", "texts", "order", "status"],
        *["forward"] * 9,
        *["send", "retrieve", "reject", "accept", "undo-acceptance", "visit"],
        *["attach", "attach", "remove file", "delete", "old page"],
    ]
)
histories = st.lists(st.tuples(verbs, st.integers(0, 5), amounts), min_size=4, max_size=24)


class Site:
    """One project and everybody who works on it."""

    def __init__(self) -> None:
        self.stage: Stage = set_stage()
        self.pam = self.stage.access(self.stage.pam)
        made = workflow.create_commitment(
            project=self.stage.project, by=self.pam, data=subcontract(self.stage, number="SC-1")
        )
        self.set_status(made, "approved")

    # --- what people do ---

    def take(self, verb: str, which: int, cents: int) -> None:
        documents: list[Any] = [*Commitment.objects.order_by("id")]
        documents += ChangeOrder.objects.order_by("id")
        amount = str(Decimal(cents).scaleb(-2))
        if verb == "commitment":
            data = subcontract(self.stage, line(amount=amount), number=f"SC-{cents % 7}")
            workflow.create_commitment(project=self.stage.project, by=self.pam, data=data)
        elif verb == "visit":
            self.stage.visit()
        elif documents:
            self.at(verb, documents[which % len(documents)], cents, amount)

    def at(self, verb: str, document: Any, cents: int, amount: str) -> None:
        now = self.load(document)
        version = now.export.version
        match verb:
            case "change order":
                commitment = now if isinstance(now, Commitment) else now.commitment
                targets = [None, *commitment.lines.order_by("number").values_list("pk", flat=True)]
                data = change_order(change(targets[cents % len(targets)], amount))
                workflow.create_change_order(commitment=commitment, by=self.pam, data=data)
            case "line":
                self.save(now, version, lines=self.lines(now, cents, amount))
            case "order":
                self.save(now, version, lines=[*reversed(self.entry(now).lines)])
            case "texts":
                self.save(now, version, description=f"Told {cents}")
            case "old page":
                self.save(now, version - 1, title=f"Old {cents}", description=f"Old {cents}")
            case "status":
                states = CommitmentStatus if isinstance(now, Commitment) else ChangeOrderStatus
                self.set_status(now, states.values[cents % len(states)])
            case "forward":
                self.forward(now)
            case "delete":
                named = "commitment" if isinstance(now, Commitment) else "change_order"
                getattr(workflow, f"delete_{named}")(now, by=self.pam, version=version)
            case "attach":
                files = [upload("paper.pdf", pdf(str(cents)))]
                attaching.attach(now.export, files, by=self.pam)
            case "remove file":
                newest = Attachment.objects.filter(subject=now.export.subject).last()
                attaching.remove(now.export, newest.pk if newest else 0, by=self.pam)
            case "send" | "retrieve":
                self.stage.step(verb, now, self.stage.pam)
            case _:
                self.stage.step(verb, now, self.stage.ann, note="See the quote.")

    def forward(self, now: Any) -> None:
        """The step that comes next, until it is in QuickBooks."""
        if now.export.status not in EDITABLE:
            if now.export.status == "sent":
                self.stage.accept(now)
            else:
                self.stage.visit()
        elif now.status != "approved":
            self.set_status(now, "approved")
        else:
            self.stage.send(now)

    def load(self, document: Any) -> Any:
        if isinstance(document, Commitment):
            return workflow.load_commitment(document.pk)
        return workflow.load_change_order(document.pk)

    def entry(self, now: Any) -> Any:
        made = commitment_entry if isinstance(now, Commitment) else change_order_entry
        return made(now)

    def lines(self, now: Any, cents: int, amount: str) -> list[Any]:
        """Its lines with one changed, one more or one fewer."""
        rows = list(self.entry(now).lines)
        new = (
            line(CODES[cents % 3], amount) if isinstance(now, Commitment) else change(None, amount)
        )
        if cents % 3 == 0 or not rows:
            return [*rows, new]
        if cents % 3 == 1:
            return rows[1:]
        changed = replace(rows[0], amount=amount, quantity=None, unit_cost=None)
        return [changed, *rows[1:]]

    def save(self, now: Any, version: int, **fields: Any) -> None:
        update: Callable[..., Any] = workflow.update_change_order
        if isinstance(now, Commitment):
            update = workflow.update_commitment
        update(now, by=self.pam, version=version, data=replace(self.entry(now), **fields))

    def set_status(self, now: Any, status: str) -> None:
        verb: Callable[..., Any] = workflow.set_change_order_status
        if isinstance(now, Commitment):
            verb = workflow.set_commitment_status
        verb(now, by=self.pam, version=now.export.version, status=status)

    # --- what holds after each of it ---

    def seen(self) -> Any:
        """Everything that a refusal must leave as it was."""
        documents: list[Any] = [*Commitment.objects.order_by("id")]
        documents += ChangeOrder.objects.order_by("id")
        return (
            [(one.pk, one.status, self.load(one).to_document().canonical()) for one in documents],
            list(Export.objects.order_by("id").values_list("id", "version", "status", "copy")),
            Event.objects.count(),
            list(Committed.objects.order_by("source", "cost_code").values_list("amount")),
            list(Attachment.objects.order_by("id").values_list("id", "removed_at")),
        )

    def check(self) -> None:
        committed = Sums(Decimal)
        for document in (*Commitment.objects.all(), *ChangeOrder.objects.all()):
            now = self.load(document)
            self.check_document(now)
            for code, category, amount in now.commits():
                committed[code, category] += amount
        ledger = Sums(Decimal)
        for code, category, amount in Committed.objects.values_list(
            "cost_code", "category", "amount"
        ):
            ledger[code, category] += amount
        assert {place: sum_ for place, sum_ in ledger.items() if sum_} == {
            place: sum_ for place, sum_ in committed.items() if sum_
        }
        counted = Counter(Export.objects.values_list("kind", "status"))
        kept = {(one.kind, one.status): one.n for one in TabCount.objects.exclude(n=0)}
        assert kept == counted
        assert list(faults(self.stage.company.pk)) == []
        for export in Export.objects.all():
            self.check_history(export)

    def check_document(self, now: Any) -> None:
        export, live = now.export, now.to_document()
        assert live.amount == sum((one.amount for one in live.lines), Decimal(0))
        assert export.amount == live.amount
        assert (export.number, export.title) == (live.number, live.title)
        assert [one.number for one in live.lines] == list(range(1, len(live.lines) + 1))
        numbers = [one.number for one in now.lines.all()]  # with those that change orders added
        assert len(set(numbers)) == len(numbers)
        if export.status in EDITABLE:
            return
        frozen: Document = export.document
        assert msgspec.structs.replace(live, **OPEN) == msgspec.structs.replace(frozen, **OPEN)
        sent = {one.id: one.sha256 for one in frozen.attachments}
        kept = Attachment.objects.filter(subject=export.subject, pk__in=sent)
        assert dict(kept.values_list("id", "sha256")) == sent

    def check_history(self, export: Export) -> None:
        """Every version is told of, once and in order; nothing moved it silently."""
        events = Event.objects.filter(subject=export.subject).order_by("id")
        told = [json.loads(one.body)["data"].get("version") for one in events]
        assert [one for one in told if one is not None] == list(range(1, export.version + 1))

    def check_books(self) -> None:
        """QuickBooks holds what is synced here, to the cent, and nothing else."""
        held = {order.ref_number: order.total for order in self.stage.books.purchase_orders()}
        synced = Export.objects.filter(status="synced")
        expected = {
            one.number: one.amount
            + sum((child.amount for child in synced.filter(parent=one)), Decimal(0))
            for one in synced.filter(kind="commitment")
        }
        assert held == expected


@settings(
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(histories)
def test_any_history_keeps_locks_sums_numbers_and_what_is_told(db: None, history: Any) -> None:
    with transaction.atomic():
        site = Site()
        for verb, which, cents in history:
            before = site.seen()
            try:
                with transaction.atomic():
                    site.take(verb, which, cents)
            except REFUSED:
                event(f"{verb}: refused")
                assert site.seen() == before
            else:
                event(f"{verb}: done")
                site.check()
        site.check_books()
        transaction.set_rollback(True)
