"""Spectrum's side: workers call it, one record a call, and nobody can ask it what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.linking import workflow as linking
from approvals.models import Export
from approvals.states import Status
from connectors import calling
from connectors.contract import Call
from connectors.outside import Answer, NoAnswer
from connectors.pulse import Pulse
from connectors.tasks import sweep
from directory.models import Category, CostCode, Job, Vendor
from sandbox.spectrum import SpectrumCompany
from sandbox.spectrum.books import VENDOR
from sandbox.spectrum.company import NoAnswer as Nothing
from sandbox.spectrum.views import SubcontractView
from tests.engine.on_spectrum import AUTHORIZATION, PHASES, connect
from tests.simulation.database import Database, Killed
from tests.simulation.office import Deployment, Sweeper
from tests.simulation.people import NOTE, Administrator, Approver, Manager, Operator
from tests.simulation.plan import AT_SPECTRUM, DIES, STANDS_STILL, Profile
from tests.simulation.rules import EXPORT, WRITING, Rules
from tests.simulation.site import Actor, Broken, Row, Site, World
from tests.stage import Stage

ADDRESS = "https://spectrum.test.example:8482"
JOB = "26010"
OTHER_VENDOR = ("ALDER", "Alder Steel")
LATEST = 500  # seconds after which a late call is carried out: within the quarantine
Seen = Callable[[str, tuple[str, ...], str], None]


class WatchedSpectrum(SpectrumCompany):
    """A company that tells `seen` of everything that a call did to it."""

    seen: Seen = staticmethod(lambda service, key, what: None)

    def _carry_out(self, asked: Any, happens: Any = None) -> Any:
        before = len(self.books.effects(""))
        reply = super()._carry_out(asked, happens)
        for effect in self.books.effects("")[before:]:
            self.seen(effect.service, effect.key, effect.what)
        return reply

    def begin(self, image: bytes) -> None:
        """As it was, and nothing under way."""
        self.books.storage.become(image)
        self.faults.clear()
        self._late = []

    def held(self, export: Export) -> Decimal | None:
        """What stands there of an export: its amount; None for nothing at all."""
        terms = export.frozen_terms
        if terms is None or terms.vendor is None:
            return None
        number = terms.number if terms.parent is None else terms.parent.number
        order = self._order(terms.vendor.id, number)
        if order is None:
            return None
        if terms.parent is None:
            return order.original
        found = [one for one in order.change_orders if one.number == terms.number]
        return sum((one.amount for one in found), Decimal(0)) if found else None

    def _order(self, vendor: str, number: str) -> SubcontractView | None:
        key = vendor, number
        return next((one for one in self.subcontracts() if (one.vendor, one.number) == key), None)


class Still(Pulse):
    """No thread says that the worker lives: calls take no time, and who stands still is silent."""

    def __enter__(self) -> Pulse:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing runs."""


class Wire:
    """The line to Spectrum: what goes wrong on it is the move's mishap."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is kept open."""

    def connect(self) -> None:
        """It is always there. Here a worker may stand still for however long: it looks whether the
        lane is its own only when it is connected."""
        stand_still(self.world, self.world.dice.choice((60, 700, 1500)))

    def call(self, call: Call) -> Answer:
        self.world.database.wait(1)
        company: WatchedSpectrum = self.world.site.erp
        headers: Mapping[str, str] = dict(call.headers)
        try:
            with self.world.database.moments.spared():
                status, told, content = company.answer(
                    call.method, call.path, headers, call.content
                )
        except Nothing as nothing:
            raise NoAnswer(str(nothing)) from None
        if self.world.move.mishap == DIES and self.world.chance(0.4):
            raise Killed("The worker died before it could keep the answer.")
        stand_still(self.world, self.world.dice.choice((60, 700, 1500)))
        small = {name.lower(): value for name, value in told.items()}
        return Answer(status, small.get("content-type", ""), small.get("retry-after", ""), content)


def stand_still(world: World, seconds: float) -> None:
    """If that is the move's mishap, and its moment: the worker does nothing for so long, while
    another one works, to whom something may happen, too."""
    if world.move.mishap != STANDS_STILL or not world.chance(0.25):
        return
    world.move = replace(world.move, mishap="")
    world.tell(f"the worker stands still for {seconds:.0f} seconds, and another one comes")
    for _ in range(2):
        world.database.wait(seconds / 2)
        world.site.erp.catch_up()
        sweep()
        mishap = world.dice.choice(("", *AT_SPECTRUM))
        world.move = replace(world.move, mishap=mishap)
        Worker(world).calls(60)
        world.move = replace(world.move, mishap="")
    world.tell("the worker goes on")


@dataclass
class Worker:
    """A worker's turn at the lane: some calls, or until nothing is left."""

    world: World

    def move(self) -> None:
        self.calls(self.world.dice.choice((2, 3, 4, 5, 6, 60)))

    def calls(self, most: int) -> None:
        """`most`: how often it asks whether it is to end, before each call and after it."""
        mishap, faults = self.world.move.mishap, self.world.site.erp.faults
        if mishap in AT_SPECTRUM:
            at = 1 + self.world.move.at % 3
            late = float(self.world.dice.randint(1, LATEST))
            faults.add(mishap, "writes", call=at, seconds=late if mishap == "applied_late" else 2.0)
        left = [most]

        def stopping() -> bool:
            stand_still(self.world, 60)
            left[0] -= 1
            return left[0] < 0

        what = "a worker calls Spectrum" + (f" ({mishap})" if mishap in AT_SPECTRUM else "")
        pk = self.world.stage.connection.pk
        self.world.attempt(what, lambda: calling.serve(pk, stopping=stopping))
        faults.clear()


class Bookkeeper:
    """Works in Spectrum past us."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.backups: list[bytes] = []

    def move(self) -> None:
        DEEDS[self.world.dice.choice(self.world.profile.deeds or tuple(DEEDS))](self)

    def back_up(self) -> None:
        self.world.tell("the bookkeeper makes a backup of Spectrum")
        self.backups.append(self.world.site.erp.books.storage.image())

    def restore(self) -> None:
        if self.backups:
            self.world.tell("the bookkeeper goes back to the last backup of Spectrum")
            self.world.site.erp.books.storage.become(self.backups[-1])
            self.world.restored = True

    def delete_change_order(self) -> None:
        erp: WatchedSpectrum = self.world.site.erp
        written = [one for order in erp.subcontracts() for one in order.change_orders]
        if written:
            one = self.world.dice.choice(written)
            self.world.tell(f"the bookkeeper deletes {one.number} in Spectrum")
            erp.by_hand.delete_change_request(JOB, one.customer, one.request)
            self.world.removed.add(one.number)

    def vendor_inactive(self) -> None:
        status = self.world.dice.choice("AI")
        self.world.tell(f"the bookkeeper sets the vendor to {status} in Spectrum")
        self.world.site.erp.by_hand.set_status(VENDOR, ("IRON",), status)


DEEDS: dict[str, Callable[[Bookkeeper], None]] = {
    "back up": Bookkeeper.back_up,
    "restore": Bookkeeper.restore,
    "delete a change order": Bookkeeper.delete_change_order,
    "make the vendor inactive": Bookkeeper.vendor_inactive,
}


class Accountant(Approver):
    """An approver who can look into Spectrum, and says what is there."""

    def verb_for(self, row: Row) -> Callable[[Row], object] | None:
        if row.status in ("synced", "unlinking"):
            return None
        return super().verb_for(row)

    def look_into(self, row: Row) -> None:
        export = Export.objects.get(pk=row.pk)
        erp: WatchedSpectrum = self.world.site.erp
        held = erp.held(export)
        # Its vendor was linked elsewhere since: what was written stands under the other one.
        elsewhere = export.number in {one.number for one in erp.subcontracts()}
        if held is None and (export.parent_id or not elsewhere) and self.world.chance(0.7):
            self.takes("record-absent", row, note="Not among the subcontracts.")
        elif held == export.amount and self.world.chance(0.7):
            self.does(
                f"records that {row.name} is in Spectrum",
                lambda: linking.attest(
                    row.pk,
                    by=self.by,
                    version=row.version,
                    number=export.frozen_terms.number if export.frozen_terms else "",
                    note=NOTE,
                    attested=True,
                    completed=True,
                ),
            )
        else:
            self.takes("retry", row)


class SpectrumRules(Rules):
    """What must be so in Spectrum. What was confirmed of a document stays when it is put back:
    the next try goes on from there."""

    nothing_there = frozenset({"fail"})

    def watch(self) -> None:
        self.effects: dict[int, list[int]] = {}  # export -> after which event each was made
        self.world.site.erp.seen = self.effect

    def forgiven(self, pk: int) -> bool:
        """Nor can anybody know what the bookkeeper deleted."""
        if super().forgiven(pk):
            return True
        [export] = EXPORT.all(pk)
        terms = export.frozen_terms
        return terms is not None and terms.number in self.world.removed

    def effect(self, service: str, key: tuple[str, ...], what: str) -> None:
        """A call did something to a record."""
        if what == "nothing" or service not in ("UpdateSubcontract", "ARChangeRequest"):
            return
        export = self._named(service, key)
        name = self.known[export.pk].name
        if what == "added again":
            raise Broken(f"{name} was written to Spectrum twice: {' '.join(key)}")
        if export.status not in WRITING:
            raise Broken(f"{name} was written to Spectrum while it was {export.status}")
        if export.parent_id is not None:
            [parent] = EXPORT.all(export.parent_id)
            if parent.status != Status.SYNCED:
                raise Broken(f"{name} is in Spectrum before its commitment ({parent.status})")
        self.effects.setdefault(export.pk, []).append(self._last_event())

    def _named(self, service: str, key: tuple[str, ...]) -> Export:
        """The document that a record is of."""
        if service == "UpdateSubcontract":
            export = Export.objects.get(kind="commitment", number=key[1])
            terms = export.frozen_terms
            if terms is None or terms.vendor is None or terms.vendor.id != key[0]:
                raise Broken(f"{key[1]} went to {key[0]}, not where it was approved to go")
            return export
        for export in Export.objects.filter(kind="change_order").exclude(terms=""):
            terms = export.frozen_terms
            if terms is not None and terms.number == key[2]:
                return export
        raise Broken(f"Nobody accepted what was written to Spectrum: {' '.join(key)}")

    def _stands(self, pk: int, before: int | None = None, since: int = 0) -> bool:
        return any(
            since <= after and (before is None or after < before)
            for after in self.effects.get(pk, [])
        )

    def quiet(self) -> None:
        erp: WatchedSpectrum = self.world.site.erp
        erp.catch_up(at_once=True)
        for export in Export.objects.order_by("pk"):
            name, held = self.known[export.pk].name, erp.held(export)
            if self.forgiven(export.pk):
                continue
            if export.status == Status.SYNCED and held != export.amount:
                raise Broken(f"{name} is synced with {export.amount}, and Spectrum holds {held}")
            written = self.effects.get(export.pk)
            if export.status in ("sent", "draft", "retrieved") and written and held is not None:
                raise Broken(f"{name} stands in Spectrum with {held} and is {export.status} here")


class SpectrumSide:
    """See `tests.simulation.site.Side`."""

    def begin(self, world: World) -> None:
        world.site.erp.begin(world.site.image)

    def rules(self, world: World) -> Rules:
        return SpectrumRules(world)

    def cast(self, world: World, rules: Rules) -> dict[str, Actor]:
        stage = world.stage
        return {
            "Pam": Manager(world, stage.pam),
            "Ann": Accountant(world, stage.ann),
            "Bea": Accountant(world, stage.bea),
            "Otto": Operator(world),
            "Dora": Administrator(world),
            "a worker": Worker(world),
            "the sweeper": Sweeper(world),
            "the bookkeeper": Bookkeeper(world),
            "a deployment": Deployment(world),
        }

    def inject(self, world: World, patch: pytest.MonkeyPatch) -> None:
        """The line, and a clock for waiting that does not wait."""
        patch.setattr(calling, "Line", lambda *_whose: Wire(world))
        patch.setattr(calling, "Pulse", Still)
        begin = world.database.now

        def monotonic() -> float:
            return (world.database.now - begin).total_seconds()

        patch.setattr(
            calling, "time", SimpleNamespace(monotonic=monotonic, sleep=world.database.wait)
        )

    def time_passed(self, world: World) -> None:
        world.site.erp.catch_up()

    def tidy_up(self, world: World) -> None:
        """What was to come late has come, and nothing stands in the way."""
        world.database.wait(LATEST)
        world.site.erp.catch_up()
        world.site.erp.by_hand.set_status(VENDOR, ("IRON",), "A")
        vendor = world.stage.vendor
        Vendor.objects.filter(pk=vendor.pk).update(erp_id=vendor.erp_id, erp_name=vendor.erp_name)

    def start_anew(self, cast: dict[str, Actor]) -> None:
        """A worker remembers nothing anyway."""

    def visit(self, cast: dict[str, Actor]) -> None:
        worker = cast["a worker"]
        assert isinstance(worker, Worker)
        for _ in range(4):
            worker.calls(120)


def build(
    database: Database,
    *,
    more: Callable[[WatchedSpectrum], object] = lambda _erp: None,
    settle: Callable[[Stage], object] = lambda _stage: None,
) -> Site:
    """The same company and documents, on Spectrum; with `more` in its books, and more of ours to
    `settle`."""
    erp = WatchedSpectrum(clock=lambda: database.now, wait=lambda _seconds: None)
    erp.set(repeats_double=True)  # nobody knows that a site's Spectrum does not
    erp.authorize(AUTHORIZATION)
    erp.add_vendor("IRON", "Ironwood Concrete")
    erp.add_vendor(*OTHER_VENDOR)
    erp.add_job(JOB, "Riverside Library", customer="ALDER")
    for phase in PHASES.values():
        erp.add_phase(JOB, phase, "S", f"Phase {phase}")
    more(erp)

    def move(stage: Stage) -> None:
        Vendor.objects.filter(pk=stage.vendor.pk).update(erp_id="IRON")
        stage.vendor.refresh_from_db()
        Job.objects.filter(project=stage.project).update(erp_id=JOB, erp_name=JOB)
        for code, phase in PHASES.items():
            CostCode.objects.filter(pk=stage.codes[code].pk).update(erp_id=phase, erp_name=phase)
        Category.objects.filter(pk=stage.category.pk).update(erp_id="S", erp_name="S Subcontract")
        stage.connection.delete()
        stage.connection = connect(stage.company, ADDRESS)
        settle(stage)

    def carry(stage: Stage) -> None:
        plain = Site(database, stage, b"", ("", ""), {}, erp)
        with pytest.MonkeyPatch.context() as patch:
            SpectrumSide().inject(World(plain, Profile("nobody")), patch)
            calling.serve(stage.connection.pk)

    site = Site.build(database, move=move, carry=carry)
    return replace(site, image=erp.books.storage.image(), erp=erp, other_vendor=OTHER_VENDOR)
