"""What people do about Spectrum beside deciding: they look there, remove what is there, enter the
rest by hand, unlink, and change how it is connected; and in the end each item has a way on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec
import pytest

from approvals import workflow
from approvals.linking import workflow as linking
from approvals.models import Export
from approvals.states import MOVING, Status
from approvals.workflow.deciding import accept
from approvals.workflow.items import Item, Result
from connectors import calling
from connectors.contract import Query
from connectors.engine import is_unsettled
from connectors.models import Connection
from connectors.secrets import secrets_of
from connectors.setup import change_connection
from connectors.spectrum.groups import grouped
from directory.access import holds_push
from directory.models import Job, Project
from sandbox.spectrum.books import (
    CHANGE_REQUEST_STATUS,
    COST_LINE,
    SUBCONTRACT,
    SUBCONTRACT_PHASE,
)
from sandbox.spectrum.entrance import AUTHORIZATION as AUTHORIZED
from sandbox.spectrum.info_link import SqlError
from sandbox.spectrum.layouts import COST_LINE as TOLD_APART
from tests.engine.on_spectrum import (
    INFO_LINK,
    INFO_LINK_PASSWORD,
    INFO_LINK_USER,
    OLD_LINE,
    OLD_SUBCONTRACT,
    PHASES,
)
from tests.simulation import spectrum
from tests.simulation.database import Database
from tests.simulation.people import NOTE, Administrator
from tests.simulation.plan import LINK_AWAY
from tests.simulation.rules import WRITING, Rules
from tests.simulation.screen import CUSTOMER, Screen, screen_of
from tests.simulation.site import Actor, Broken, Row, Site, World
from tests.simulation.spectrum import JOB, SpectrumRules, SpectrumSide, WatchedSpectrum, Worker
from tests.stage import Stage

OTHER_JOB = "26011"
INFO_LINK_ADDRESS = "sql://data.test.example:1433"
ENDED = (Status.SYNCED, Status.REJECTED, Status.DRAFT, Status.RETRIEVED, Status.SENT)


# --- Who decides ---------------------------------------------------------------------------------


class Accountant(spectrum.Accountant):
    """An approver who also removes, enters by hand, unlinks and chooses numbers; and never says
    what is not so."""

    rules: SettlingRules

    def verb_for(self, row: Row) -> Callable[[Row], object] | None:
        if row.status == "synced":
            return self.unlink if self.world.chance(0.07) else None
        if row.status == "failed" and self.world.chance(0.3):
            return self.reject
        return super(spectrum.Accountant, self).verb_for(row)

    def accept(self, row: Row) -> None:
        if row.kind != "change_order" or self.world.chance(0.8):
            super().accept(row)
            return
        number = f"N-{self.world.dice.randint(1, 4)}"
        results: list[Result] = []
        self.does(
            f"accepts {row.name} as {number}",
            lambda: results.extend(accept([Item(row.pk, row.version, number=number)], by=self.by)),
        )

    def look_into(self, row: Row) -> None:
        export = Export.objects.get(pk=row.pk)
        screen = screen_of(self.world, export)
        if screen is None or export.version != row.version:
            return  # nobody changes Spectrum by an old page
        dice = self.world.dice
        if dice.random() < 0.35:
            self.takes("retry", row)
        elif screen.is_whole:
            self.attest(row, screen.terms.number)
        elif not screen.is_there:
            self.takes("record-absent", row, note="Not among the subcontracts.")
        elif screen.fits and dice.random() < 0.4:
            self.world.tell(f"{self.who.name} enters the rest of {row.name} by hand")
            if screen.enter_the_rest():
                self.attest(row, screen.terms.number)
        elif self.remove(row, screen):
            if dice.random() < 0.3:
                self.enter_elsewhere(row, export)
            else:
                self.takes("record-absent", row, note="Removed what was there of it.")

    def remove(self, row: Row, screen: Screen) -> bool:
        """Remove it in Spectrum; False where that cannot be."""
        self.world.tell(f"{self.who.name} removes {row.name} in Spectrum")
        gone = screen.remove()
        if gone:
            self.rules.effects.pop(row.pk, None)
        return gone

    def enter_elsewhere(self, row: Row, export: Export) -> None:
        """Enter it by hand under another number, and say so."""
        number = f"H-{row.pk}"
        screen = screen_of(self.world, export, number)
        assert screen is not None
        self.world.tell(f"{self.who.name} enters {row.name} by hand as {number}")
        if screen.enter_the_rest():
            self.attest(row, number)

    def attest(self, row: Row, number: str) -> None:
        def verb() -> None:
            linking.attest(
                row.pk,
                by=self.by,
                version=row.version,
                number=number,
                note=NOTE,
                attested=True,
                completed=True,
            )

        self.does(f"records that {row.name} is in Spectrum as {number}", verb)

    def unlink(self, row: Row) -> None:
        """Removes it first; where Info-Link is asked, perhaps not."""
        if not holds_push(self.who, self.world.stage.company):
            return
        export = Export.objects.get(pk=row.pk)
        screen = screen_of(self.world, export)
        if screen is None or export.version != row.version:
            return
        free = {"draft", "retrieved", "rejected"}
        if any(one.status not in free for one in export.children.all()):
            return
        asks = Connection.objects.get().settings.get("infolink") == "Y"
        if not asks or self.world.chance(0.7):
            if not self.remove(row, screen):
                return
            self.rules.removed.add(row.pk)

        def verb() -> None:
            [result] = workflow.take_all(
                "unlink", [Item(row.pk, row.version, attested=True)], by=self.by, note=NOTE
            )
            if result.error:
                raise result.error

        self.does(f"unlinks {row.name}", verb)


class Dora:
    """Changes how Spectrum is connected, and what is linked to what."""

    def __init__(self, world: World) -> None:
        self.world = world

    def move(self) -> None:
        dice = self.world.dice
        verbs = [self.another_job, self.new_authorization, self.type_it, self.type_it]
        verbs += [Administrator(self.world).move, *[self.another_setting] * 5]
        dice.choice(verbs)()

    def another_setting(self) -> None:
        name = self.world.dice.choice(tuple(SETTINGS))
        self.changes({name: self.world.dice.choice(SETTINGS[name])})

    def changes(self, entered: Mapping[str, str]) -> bool:
        stage = self.world.stage
        connection = Connection.objects.get()
        return self.world.attempt(
            f"Dora enters {entered}",
            lambda: change_connection(connection, stage.access(stage.dora), entered),
        )

    def another_job(self) -> None:
        project = Project.objects.get(pk=self.world.stage.project.pk)
        jobs = Job.objects.filter(erp_id__in=(JOB, OTHER_JOB)).exclude(pk=project.job_id or 0)
        job = jobs.get()
        self.world.attempt(
            f"Dora links the project to job {job.erp_id}",
            lambda: Project.objects.filter(pk=project.pk).update(job=job),
        )

    def new_authorization(self) -> None:
        """In Spectrum somebody replaces the Authorization ID."""
        self.world.tell("the Authorization ID is replaced in Spectrum")
        erp: WatchedSpectrum = self.world.site.erp
        for old in erp.authorization_ids:
            erp.books.storage.delete(AUTHORIZED, old)
        erp.authorize(f"AUTH-{self.world.dice.randint(1000, 9999)}")

    def type_it(self) -> None:
        [now] = self.world.site.erp.authorization_ids
        if secrets_of(self.world.stage.connection)["authorization_id"] != now:
            self.changes({"authorization_id": now})


SETTINGS = {
    "infolink": ("Y", "Y", "N"),
    "cr_status": ("PE", "OP"),
    "sco_status": ("E", "P"),
    "gl_account": ("5000100", "5000200"),
}


# --- What must be so -----------------------------------------------------------------------------


class SettlingRules(SpectrumRules):
    """Every call writes what was approved; and whoever looks finds a way on for each item."""

    def watch(self) -> None:
        super().watch()
        self.removed: set[int] = set()  # what was synced, and is to be unlinked

    def forgiven(self, pk: int) -> bool:
        return super().forgiven(pk) or pk in self.removed

    def effect(self, service: str, key: tuple[str, ...], what: str) -> None:
        if what != "nothing":
            self._as_approved_there(service, key)
            self.removed.discard(self._named(service, key).pk)
        super().effect(service, key, what)

    def _as_approved_there(self, service: str, key: tuple[str, ...]) -> None:
        books = self.world.site.erp.books.storage
        export = self._named(service, key)
        name, terms = self.known[export.pk].name, export.frozen_terms
        if terms is None or terms.job is None or export.status not in WRITING:
            raise Broken(f"{name} was written to Spectrum while it was {export.status}")
        if service == "UpdateSubcontract":
            header = books.get(SUBCONTRACT, *key) or {}
            if header["Job_Number"] != terms.job.id:
                raise Broken(f"{name} went to job {header['Job_Number']}, not {terms.job.id}")
            return
        wanted = {
            (one.phase.id, one.cost_type.id): one.amount for one in grouped(export.document, terms)
        }
        if service == "UpdateSubcontractPhases":
            pair = key[2:4]
            row = books.get(SUBCONTRACT_PHASE, *key) or {}
            amount = row["Original_Contract_Amount"]
        else:
            pair = key[3:5]
            rows = books.all(COST_LINE, *key[:3])
            told = tuple(key[3:7])
            amount = [
                row["Sub_Amount"]
                for row in rows
                if tuple(row.get(name, "") for name in TOLD_APART[:4]) == told
            ][-1]
        if wanted.get((pair[0], pair[1])) != Decimal(amount):
            raise Broken(f"{name}: {amount} was written to {pair}, which nobody approved")

    def _named(self, service: str, key: tuple[str, ...]) -> Export:
        if service == "ARChangeRequest":
            wanted = ("change_order", key[0], key[2])
        else:
            wanted = ("commitment", key[0], key[1])
        for export in Export.objects.exclude(terms="").filter(kind=wanted[0]):
            terms = export.frozen_terms
            if terms is None or terms.vendor is None or terms.job is None:
                continue
            holder = terms.vendor.id if export.parent_id is None else terms.job.id
            if (export.kind, holder, terms.number) == wanted:
                return export
        raise Broken(f"Nobody accepted what was written to Spectrum: {' '.join(key)}")

    def _stands(self, pk: int, before: int | None = None, since: int = 0) -> bool:
        export = Export.objects.get(pk=pk)
        screen = screen_of(self.world, export)
        there = screen is not None and screen.is_there
        return there and super()._stands(pk, before, since)

    def quiet(self) -> None:
        """What is synced is there, just as approved; then whoever looks settles the rest."""
        self._as_synced()
        for export in Export.objects.order_by("pk"):
            self._settle(export.pk)
        self._as_synced()
        if is_unsettled(self.world.stage.connection):
            raise Broken("All is settled, and the program takes something for open")

    def _as_synced(self) -> None:
        self.world.site.erp.catch_up(at_once=True)
        for export in Export.objects.filter(status=Status.SYNCED).order_by("pk"):
            screen = screen_of(self.world, export)
            assert screen is not None
            if not self.forgiven(export.pk) and not screen.is_whole:
                name = self.known[export.pk].name
                raise Broken(f"{name} is synced, and Spectrum holds {screen.lines}")

    def _settle(self, pk: int) -> None:
        """By what a person finds in Spectrum, and what the pages offer."""
        ann = Accountant(self.world, self.world.stage.ann)
        ann.rules = self
        for tried in range(6):
            self.world.site.erp.catch_up(at_once=True)
            row = self.world.rows()[pk]
            ann.page, ann.access = self.world.rows(), self.world.stage.access(ann.who)
            if row.status in ENDED:
                return
            if row.status == "needs_attention" and tried:
                screen = screen_of(self.world, Export.objects.get(pk=pk))
                assert screen is not None
                if screen.is_whole:
                    ann.attest(row, screen.terms.number)
                elif ann.remove(row, screen):
                    ann.takes("record-absent", row, note=NOTE)
                continue
            if tried > 2 or not ann.takes("retry", row):
                ann.takes("reject", row, note=NOTE)
                continue
            worker = Worker(self.world)
            for _ in range(8):
                worker.calls(120)
                if self.world.rows()[pk].status not in MOVING:
                    break
                self.world.database.wait(700)
        row = self.world.rows()[pk]
        if row.status not in ENDED:
            raise Broken(f"{row.name} is {row.status}, and nobody finds a way on: {row.message}")


class SettlingSide(SpectrumSide):
    """See `tests.simulation.site.Side`."""

    def rules(self, world: World) -> Rules:
        return SettlingRules(world)

    def cast(self, world: World, rules: Rules) -> dict[str, Actor]:
        assert isinstance(rules, SettlingRules)
        cast = super().cast(world, rules)
        for name, who in (("Ann", world.stage.ann), ("Bea", world.stage.bea)):
            cast[name] = accountant = Accountant(world, who)
            accountant.rules = rules
        cast["Dora"] = Dora(world)
        return cast

    def inject(self, world: World, patch: pytest.MonkeyPatch) -> None:
        super().inject(world, patch)
        patch.setattr(calling, "ask", lambda query, _company: asked(world, query))

    def tidy_up(self, world: World) -> None:
        super().tidy_up(world)
        Project.objects.filter(pk=world.stage.project.pk).update(job=world.stage.project.job)
        Dora(world).type_it()


def asked(world: World, query: Query) -> str:
    """What Info-Link answers."""
    erp: WatchedSpectrum = world.site.erp
    if world.move.mishap == LINK_AWAY:
        return "SQL away\n\nIt does not answer."
    with world.database.moments.spared():
        try:
            erp.sign_in_to_info_link(query.user, query.password)
            found = erp.ask_info_link(query.statement, dict(query.parameters))
        except SqlError as error:
            return f"SQL refused {error.number}\n\n{error}"
    rows = [[None if cell is None else str(cell) for cell in row] for row in found.rows]
    told = {"columns": found.columns, "rows": rows, "whole": True}
    return f"SQL rows\n\n{msgspec.json.encode(told).decode()}"


def build(database: Database) -> Site:
    """The same as on Spectrum, with a second job, and an Info-Link that may be switched on."""

    def more(erp: WatchedSpectrum) -> None:
        erp.add_account("5000200", "Direct job costs of others")
        erp.books.put(CHANGE_REQUEST_STATUS, ("OP",), {"CR_Status": "OP", "Action": "open"})
        erp.add_job(OTHER_JOB, "Library annex", customer=CUSTOMER)
        for phase in PHASES.values():
            erp.add_phase(OTHER_JOB, phase, "S", f"Phase {phase}")
        erp.open_info_link(INFO_LINK_USER, INFO_LINK_PASSWORD)
        erp.books.put(SUBCONTRACT, ("IRON", "OLD-1"), OLD_SUBCONTRACT)
        erp.books.put(COST_LINE, (JOB, CUSTOMER, "OLD-1", "0000"), OLD_LINE)

    def settle(stage: Stage) -> None:
        Job.objects.create(company=stage.company, name=OTHER_JOB, erp_id=OTHER_JOB)
        off = INFO_LINK | {"infolink": "N", "infolink_address": INFO_LINK_ADDRESS}
        user, password = INFO_LINK_USER, INFO_LINK_PASSWORD
        secrets = {"infolink_user": user, "infolink_password": password}
        change_connection(stage.connection, stage.access(stage.dora), {**off, **secrets})

    return spectrum.build(database, more=more, settle=settle)
