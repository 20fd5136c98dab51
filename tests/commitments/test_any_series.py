"""Whatever people do to a commitment and its change orders, in whatever order.

What is locked stays, sums agree, numbers follow one another, the history knows every step, and what
is refused changes nothing. A thousand series with ERPBRIDGE_FULL set, a few without.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from approvals.errors import StepError
from approvals.models import Export, TabCount
from approvals.states import EDITABLE
from approvals.workflow import Item, send_all
from commitments import workflow
from commitments.entries import (
    ChangeEntry,
    ChangeOrderEntry,
    LineEntry,
    change_order_entry,
    commitment_entry,
)
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from commitments.states import SETTLED, ChangeOrderStatus, CommitmentStatus
from directory.access import Access
from directory.entered import Invalid
from directory.history import faults
from directory.models import Committed, Event, Vendor
from tests.commitments.entering import line, subcontract
from tests.factories import VendorFactory
from tests.stage import Stage

EXAMPLES = 1_000 if os.environ.get("ERPBRIDGE_FULL") else 10
CODES = ("03-300", "05-120", "09-290")
NUMBERS = count(1)
# What may differ of a document that is on its way: nothing of this.
FREE = ("description", "vendor_message")

amounts = st.integers(-500_00, 9_000_00).map(lambda cents: Decimal(cents).scaleb(-2))
place = st.integers(0, 5)
parts = st.lists(st.tuples(place, amounts), max_size=3)
steps = st.one_of(
    st.tuples(st.just("edit lines"), place, parts),
    st.tuples(st.just("edit texts"), place, st.none()),
    st.tuples(st.just("other company"), place, st.none()),
    st.tuples(st.just("status"), place, st.sampled_from(CommitmentStatus.values)),
    st.tuples(st.just("approve"), place, st.none()),
    st.tuples(st.just("new change"), place, parts),
    st.tuples(st.just("edit change"), place, parts),
    st.tuples(st.just("add lines"), place, parts),
    st.tuples(st.just("status of change"), place, st.sampled_from(ChangeOrderStatus.values)),
    st.tuples(st.just("approve change"), place, st.none()),
    st.tuples(st.just("delete change"), place, st.none()),
    *(
        st.tuples(st.just(step), place, st.none())
        for step in ("send", "send", "retrieve", "reject", "sync", "sync", "send all")
    ),
)


@dataclass
class Site:
    """A commitment that Pam works on; the other hand is Ann's."""

    stage: Stage
    pam: Access
    other_vendor: Vendor
    commitment: Commitment
    done: Counter[str] = field(default_factory=Counter)

    def now(self) -> Commitment:
        return workflow.load_commitment(self.commitment.pk)

    def changes(self) -> list[ChangeOrder]:
        ids = self.commitment.change_orders.order_by("id").values_list("pk", flat=True)
        return [workflow.load_change_order(pk) for pk in ids]

    def documents(self) -> list[Commitment | ChangeOrder]:
        return [self.now(), *self.changes()]

    def change(self, place: int) -> ChangeOrder:
        changes = self.changes()
        if not changes:
            raise StepError("There is none.")
        return changes[place % len(changes)]

    # --- what people do ---

    def take(self, step: str, place: int, more: Any) -> None:
        verbs: dict[str, Callable[[int, Any], object]] = {
            "edit lines": self.edit_lines,
            "edit texts": lambda place, _: self.edit(title=f"Title {place}", description="Other"),
            "other company": lambda place, _: self.edit(
                vendor=[self.stage.vendor.pk, self.other_vendor.pk][place % 2]
            ),
            "status": lambda _, status: self.set_status(status),
            "approve": lambda _, __: self.set_status("approved"),
            "new change": self.new_change,
            "edit change": self.edit_change,
            "add lines": self.add_lines,
            "status of change": self.set_status_of_change,
            "approve change": lambda place, _: self.set_status_of_change(place, "approved"),
            "delete change": lambda place, _: workflow.delete_change_order(
                one := self.change(place), by=self.pam, version=one.export.version
            ),
            "send all": lambda _, __: self.send_all(),
        }
        verb = verbs.get(step)
        if verb is not None:
            verb(place, more)
        else:
            documents = self.documents()
            self.on_the_way(step, documents[place % len(documents)])

    def edit(self, **fields: Any) -> None:
        now = self.now()
        entry = replace(commitment_entry(now), **fields)
        workflow.update_commitment(now, by=self.pam, version=now.export.version, data=entry)

    def edit_lines(self, place: int, parts: list[tuple[int, Decimal]]) -> None:
        lines: list[LineEntry] = list(commitment_entry(self.now()).lines)
        kept = lines[place % (len(lines) + 1) :]
        self.edit(lines=[*kept, *(line(CODES[one % 3], str(amount)) for one, amount in parts)])

    def set_status(self, status: str) -> None:
        now = self.now()
        workflow.set_commitment_status(now, by=self.pam, version=now.export.version, status=status)

    def entries(self, parts: list[tuple[int, Decimal]]) -> list[ChangeEntry]:
        targets = [one.pk for one in self.now().lines.all()]
        return [
            ChangeEntry(
                commitment_line=targets[at] if at < len(targets) else None,
                new_scope=at >= len(targets),
                cost_code=CODES[at % 3],
                category="Subcontract",
                amount=amount,
            )
            for at, amount in parts
        ]

    def new_change(self, _: int, parts: list[tuple[int, Decimal]]) -> None:
        numbers = set(self.commitment.change_orders.values_list("number", flat=True))
        made = workflow.create_change_order(
            commitment=self.commitment,
            by=self.pam,
            data=ChangeOrderEntry(title="Change", lines=self.entries(parts)),
        )
        assert made.number not in numbers

    def edit_change(self, place: int, parts: list[tuple[int, Decimal]]) -> None:
        now = self.change(place)
        entry = change_order_entry(now)
        entry.lines = [*entry.lines[place % 2 :], *self.entries(parts)]
        saved = workflow.update_change_order(
            now, by=self.pam, version=now.export.version, data=entry
        )
        money = [(one.commitment_line_id, one.amount) for one in now.lines.all()]
        if money != [(one.commitment_line_id, one.amount) for one in saved.lines.all()]:
            assert saved.status != "approved"

    def add_lines(self, place: int, parts: list[tuple[int, Decimal]]) -> None:
        now = self.change(place)
        workflow.add_lines(now, by=self.pam, version=now.export.version, lines=self.entries(parts))

    def set_status_of_change(self, place: int, status: str) -> None:
        now = self.change(place)
        after = workflow.set_change_order_status(
            now, by=self.pam, version=now.export.version, status=status
        )
        reopened = now.status == "approved" != after.status
        assert after.revision == now.revision + reopened

    def on_the_way(self, step: str, document: Commitment | ChangeOrder) -> None:
        if step == "sync":
            self.stage.send(document)
            self.stage.accept(document)
            self.stage.visit()
            assert self.stage.status(document) == "synced", self.stage.export(document).message
        elif step == "reject":
            self.stage.step("reject", document, self.stage.ann, note="Not like this.")
        else:
            self.stage.step(step, document, self.stage.pam)

    def send_all(self) -> None:
        items = [Item(one.export_id, one.export.version) for one in self.documents()]
        results = send_all(items, by=self.pam)
        assert [result.id for result in results] == [item.id for item in items]
        if all(result.error for result in results):
            raise StepError("None was sent.")

    # --- what must hold ---

    def seen(self) -> list[tuple[str, str, int]]:
        return [
            (one.to_document().canonical(), one.status, one.export.version)
            for one in self.documents()
        ]

    def check(self) -> None:
        commitment, *changes = documents = self.documents()
        assert isinstance(commitment, Commitment)
        for document in documents:
            self._check_export(document)
        own = [one.number for one in commitment.own_lines()]
        every = [one.number for one in commitment.lines.all()]
        assert own == list(range(1, len(own) + 1))
        assert len(set(every)) == len(every)
        assert all(number > len(own) for number in set(every) - set(own))
        numbers = [one.number for one in changes]
        assert len(set(numbers)) == len(numbers)
        added = CommitmentLine.objects.filter(commitment=commitment, introduced_by__isnull=False)
        for one in added:
            assert one.amount == 0
            assert ChangeOrderLine.objects.filter(
                commitment_line=one, change_order=one.introduced_by
            ).exists()
        if commitment.status == CommitmentStatus.VOID:
            assert all(one.status in SETTLED for one in changes)
        if commitment.status == CommitmentStatus.COMPLETE:
            assert commitment.export.status == "synced"
        self._check_ledger(commitment, changes)
        self._check_counters()

    def _check_export(self, document: Commitment | ChangeOrder) -> None:
        export = document.export
        stored = document.lines.aggregate(sum=Sum("amount"))["sum"] or 0
        assert document.total == stored
        if export.status in EDITABLE:
            assert (export.number, export.title) == (document.number, document.title)
            assert export.vendor_name == (document.vendor.name if document.vendor else "")
        else:
            now, sent = json.loads(document.to_document().canonical()), json.loads(export.copy)
            for name in FREE:
                now.pop(name), sent.pop(name)
            assert now == sent
            assert document.status in ("approved", "complete")
        assert export.amount == stored
        versions = [
            json.loads(body)["data"].get("version", 0)
            for body in Event.objects.filter(subject=export.subject)
            .order_by("id")
            .values_list("body", flat=True)
        ]
        assert versions == list(range(export.version + 1))

    def _check_ledger(self, commitment: Commitment, changes: list[Any]) -> None:
        committed: defaultdict[tuple[int, int], Decimal] = defaultdict(Decimal)
        if commitment.status in ("approved", "complete"):
            for one in commitment.own_lines():
                committed[one.cost_code_id, one.category_id] += one.amount
        for change in changes:
            for one in change.lines.all() if change.status == "approved" else ():
                committed[one.cost_code_id, one.category_id] += one.amount
        sums = Committed.objects.filter(project=commitment.project_id).values_list(
            "cost_code", "category"
        )
        kept = {(code, category): total for code, category, total in sums.annotate(Sum("amount"))}
        assert kept == dict(committed)

    def _check_counters(self) -> None:
        exports = Export.objects.filter(company=self.stage.company)
        real = Counter(exports.values_list("kind", "status"))
        rows = TabCount.objects.filter(company=self.stage.company, n__gt=0)
        assert {(one.kind, one.status): one.n for one in rows} == real


def _another_vendor(stage: Stage) -> Vendor:
    name = f"Stone & Sons {next(NUMBERS)}"
    erp_id = stage.books.add_vendor(name)
    made: Vendor = VendorFactory.create(
        company=stage.company, name=name, erp_id=erp_id, erp_name=name
    )
    return made


@pytest.mark.django_db
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(series=st.lists(steps, min_size=6, max_size=16))
def test_any_series_of_steps(stage: Stage, series: list[tuple[str, int, Any]]) -> None:
    with transaction.atomic():
        pam = stage.access(stage.pam)
        site = Site(
            stage,
            pam,
            _another_vendor(stage),
            workflow.create_commitment(
                project=stage.project,
                by=pam,
                data=subcontract(stage, line(amount="1000.00"), number=f"S-{next(NUMBERS)}"),
            ),
        )
        site.set_status("approved")
        site.new_change(0, [(0, Decimal("250.00"))])
        site.set_status_of_change(0, "approved")
        for step, place, more in series:
            before, events = site.seen(), Event.objects.count()
            try:
                with transaction.atomic():
                    site.take(step, place, more)
            except (Invalid, StepError):
                event(f"{step}: refused")
                assert site.seen() == before
                assert Event.objects.count() == events
            else:
                event(f"{step}: done")
            site.check()
        assert list(faults(stage.company.pk)) == []
        transaction.set_rollback(True)
