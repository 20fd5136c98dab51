"""People at their pages: they see what is there, and press some moves later."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from approvals import workflow
from approvals.linking import workflow as linking
from approvals.linking.look_ups import candidates_of
from approvals.models import Export, LookUp
from approvals.revoking import revoke
from approvals.states import EDITABLE
from approvals.workflow import Item
from commitments import workflow as documents
from commitments.entries import (
    ChangeEntry,
    ChangeOrderEntry,
    CommitmentEntry,
    LineEntry,
    change_order_entry,
    commitment_entry,
)
from directory.access import Access, holds_push
from directory.compiled import CompiledQuery
from directory.models import User, Vendor
from directory.privilege import grant_push
from tests.simulation.site import Broken, Row, World

# The third commitment's change orders would have the numbers of the first one's in Spectrum, which
# are made of the ends of both numbers.
MOST_COMMITMENTS, MOST_DOCUMENTS = 3, 9
NOTE = "See the quote of 2 March."
_EXPORT = CompiledQuery(
    lambda pk: Export.objects.select_related("company", "project").filter(pk=pk), int
)


@dataclass
class Person:
    """Somebody at a page that they loaded some moves ago."""

    world: World
    who: User
    page: dict[int, Row] = field(default_factory=dict)
    access: Access | None = None  # their rights when the page was loaded

    def move(self) -> None:
        if not self.page or self.world.chance(self.world.profile.reloads):
            self.page = self.world.rows()
            self.access = self.world.stage.access(self.who)
        self.press()

    def press(self) -> None:
        raise NotImplementedError

    @property
    def by(self) -> Access:
        assert self.access is not None
        return self.access

    def pick(self, statuses: Collection[str]) -> Row | None:
        rows = [row for row in self.page.values() if row.status in statuses]
        return self.world.dice.choice(rows) if rows else None

    def does(self, what: str, verb: Callable[[], object]) -> bool:
        return self.world.attempt(f"{self.who.name} {what}", verb)

    def takes(self, step: str, row: Row, *, note: str = "") -> bool:
        def verb() -> None:
            now = _EXPORT.first(row.pk)
            assert now is not None
            workflow.take(step, now, by=self.by, version=row.version, note=note)

        return self.does(f"presses {step} for {row.name} ({row.status})", verb)


class Manager(Person):
    """Pam: makes documents, changes them, sends them, takes them back."""

    def press(self) -> None:
        verbs = [self.forward] * 6 + [self.retrieve, self.edit_lines, self.edit_text, self.make]
        self.world.dice.choice(verbs)()

    def forward(self) -> None:
        """Brings on a document that can go on."""
        synced = {row.pk for row in self.page.values() if row.status == "synced"}
        ready = [
            row
            for row in self.page.values()
            if row.status in EDITABLE and (row.parent is None or row.parent in synced)
        ]
        if not ready:
            return
        row = self.world.dice.choice(ready)
        if row.is_approved:
            self.takes("send", row)
        else:
            self.does(f"approves {row.name}", lambda: self._approve(row))

    def _approve(self, row: Row) -> None:
        verb: Callable[..., Any] = documents.set_change_order_status
        if row.kind == "commitment":
            verb = documents.set_commitment_status
        verb(row.load(), by=self.by, version=row.version, status="approved")

    def retrieve(self) -> None:
        if row := self.pick({"sent"}):
            self.takes("retrieve", row)

    def edit_lines(self) -> None:
        row = self.pick({*EDITABLE, "sent", "accepted"})
        if row is None:
            return
        amount = f"{self.world.dice.randint(1, 90000)}.{self.world.dice.randint(0, 99):02}"
        what = f"changes the first line of {row.name} to {amount}"
        self.does(what, lambda: self._edit(row, amount=amount))

    def edit_text(self) -> None:
        row = self.world.dice.choice(list(self.page.values()))
        text = f"Text {self.world.dice.randint(100, 999)}"
        self.does(f"describes {row.name} as {text}", lambda: self._edit(row, text=text))

    def _edit(self, row: Row, *, amount: str = "", text: str = "") -> None:
        now = row.load()
        save: Callable[..., Any] = documents.update_change_order
        made: Callable[..., Any] = change_order_entry
        if row.kind == "commitment":
            save, made = documents.update_commitment, commitment_entry
        entry = made(now)
        if amount:
            first, *rest = entry.lines
            first = replace(first, amount=amount, quantity=None, unit_cost=None)
            entry = replace(entry, lines=[first, *rest])
        if text:
            entry = replace(entry, description=text)
        save(now, by=self.by, version=row.version, data=entry)

    def make(self) -> None:
        commitments = [row for row in self.page.values() if row.parent is None]
        if len(self.page) >= MOST_DOCUMENTS:
            return
        if self.world.chance(0.3) and len(commitments) < MOST_COMMITMENTS:
            self._make_commitment("B-SC-1")
        else:
            self._make_change_order(self.world.dice.choice(commitments))

    def _make_commitment(self, number: str) -> None:
        stage = self.world.stage
        line = LineEntry(
            cost_code="03-300", category="Subcontract", amount="1200.50", description="Slab"
        )
        entry = CommitmentEntry(
            type="subcontract",
            number=number,
            title="Slabs",
            vendor=stage.vendor.pk,
            date_created="2026-03-02",
            lines=[line],
        )
        self.does(
            f"makes commitment {number}",
            lambda: documents.create_commitment(project=stage.project, by=self.by, data=entry),
        )

    def _make_change_order(self, parent: Row) -> None:
        dice = self.world.dice
        amount = f"{dice.randint(-400, 9000)}.{dice.randint(0, 99):02}"
        commitment = parent.load()
        changes = [
            ChangeEntry(
                cost_code=target.cost_code_id,
                category=target.category_id,
                commitment_line=target.pk,
                amount=amount,
                description=f"Change {dice.randint(10, 99)}",
            )
            for target in commitment.lines.order_by("number")[: dice.choice((1, 1, 2))]
        ]
        entry = ChangeOrderEntry(title="Wetter soil", lines=changes)
        self.does(
            f"makes a change order of {amount} for {parent.name}",
            lambda: documents.create_change_order(commitment=commitment, by=self.by, data=entry),
        )


class Approver(Person):
    """Ann or Bea: decides on what was sent, and on what became of it."""

    def press(self) -> None:
        rows = [row for row in self.page.values() if row.kind in self.world.profile.kinds]
        self.world.dice.shuffle(rows)
        for row in rows:
            verb = self.verb_for(row)
            if verb is not None:
                verb(row)
                return

    def verb_for(self, row: Row) -> Callable[[Row], object] | None:
        chance = self.world.chance
        match row.status:
            case "sent":
                return self.reject if chance(0.12) else self.accept
            case "accepted" if chance(0.15):
                return lambda one: self.takes("undo-acceptance", one)
            case "unknown" if chance(0.5):
                return lambda one: self.takes("stop-waiting", one)
            case "failed":
                return self.reject if chance(0.2) else lambda one: self.takes("retry", one)
            case "needs_attention":
                return self.look_into
            case "synced" if chance(0.1):
                return lambda one: self.takes("unlink", one)
            case "unlinking" if chance(0.2):
                return lambda one: self.takes("stop-checking", one)
        return None

    def accept(self, row: Row) -> None:
        if self.world.chance(0.3):
            self.accept_all()
        elif self.takes("accept", row):
            self.saw(row)

    def accept_all(self) -> None:
        kinds = self.world.profile.kinds
        rows = [row for row in self.page.values() if row.status == "sent" and row.kind in kinds]
        items = [Item(row.pk, row.version) for row in rows]
        results: list[workflow.Result] = []
        names = ", ".join(row.name for row in rows)
        done = self.does(
            f"accepts all that the page shows: {names}",
            lambda: results.extend(workflow.take_all("accept", items, by=self.by)),
        )
        for row, result in zip(rows, results, strict=False):
            if done and result.error is None:
                self.saw(row)

    def saw(self, row: Row) -> None:
        """What was accepted is what stood on the page."""
        if self.world.rows()[row.pk].copy_digest != row.copy_digest:
            raise Broken(f"{self.who.name} accepted {row.name} as they never saw it")

    def reject(self, row: Row) -> None:
        self.takes("reject", row, note=NOTE)

    def look_into(self, row: Row) -> None:
        """Nobody knows what became of it: what QuickBooks holds decides."""
        look_up = LookUp.objects.filter(export=row.pk, version=row.version).first()
        if look_up is None and self.world.chance(0.3):
            self.takes("retry", row)  # without looking: the program has to
            return
        if look_up is not None and look_up.answered_at is None:
            return
        fitting = [one for one in candidates_of(look_up) if not one.problem]
        if look_up is None:
            self.does(
                f"has QuickBooks looked through for {row.name}",
                lambda: linking.ask(row.pk, by=self.by, version=row.version, number=""),
            )
        elif fitting:
            record = self.world.dice.choice(fitting).receipt.id
            self.does(
                f"records that {row.name} is in QuickBooks",
                lambda: linking.link(
                    row.pk, by=self.by, version=row.version, record=record, note=NOTE
                ),
            )
        elif self.world.chance(0.5):
            self.takes("retry", row)
        elif not self.world.in_quickbooks(row):
            self.takes("record-absent", row, note="Not among the purchase orders.")
        elif self.world.chance(0.1):
            # Somebody does not look properly. That must do no harm.
            self.world.misled.add(row.pk)
            self.takes("record-absent", row, note="I do not see it.")


@dataclass
class Operator:
    """Otto: takes the accounting privilege away, and gives it back."""

    world: World

    def move(self) -> None:
        stage = self.world.stage
        who = self.world.dice.choice([stage.ann, stage.bea])
        membership = self.world.site.memberships[who.pk]
        if holds_push(who, stage.company):
            put_back = self.world.chance(0.6)
            self.world.attempt(
                f"Otto takes the privilege from {who.name}"
                + (", and what they accepted goes back" if put_back else ""),
                lambda: revoke(membership, by=stage.otto, put_back=put_back),
            )
        else:
            self.world.attempt(
                f"Otto gives {who.name} the privilege",
                lambda: grant_push(membership, by=stage.otto),
            )


@dataclass
class Administrator:
    """Dora: links our vendor to another one of QuickBooks, and back."""

    world: World

    def move(self) -> None:
        ours, other = self.world.stage.vendor, self.world.site.other_vendor
        now = Vendor.objects.get(pk=ours.pk)
        erp_id, name = other if now.erp_id == ours.erp_id else (ours.erp_id, ours.erp_name)

        def link() -> None:
            Vendor.objects.filter(pk=ours.pk).update(erp_id=erp_id, erp_name=name)

        self.world.attempt(f"Dora links the vendor to {name}", link)
