"""The company that every seed begins with, and the world of one seed around it.

Commitment SC-1 waits for the approvers' decision; its change order is approved. SC-2 is in
QuickBooks; two of its change orders wait for a decision, and one is approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, Protocol

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import Http404

from approvals.errors import StepError
from commitments import workflow as documents
from connectors.models import Connection
from connectors.quickbooks import OWNER_ID
from directory.entered import Invalid
from directory.models import Membership, ToolLevel
from directory.perms import Level
from tests.simulation.books import WatchedBooks
from tests.simulation.database import Cut, Database, Killed
from tests.simulation.plan import CUT, KILLED, NOTHING, Move, Profile
from tests.stage import FILE_ID, Stage, set_stage

REFUSED = (Invalid, StepError, PermissionDenied, ValidationError, Http404)


class Broken(Exception):
    """A rule does not hold. The message says which, and how it was seen."""


class Actor(Protocol):
    """Whoever takes turns."""

    def move(self) -> None: ...


class Side(Protocol):
    """One ERP in the simulation: its books, who acts there, and what must be so there."""

    def begin(self, world: World) -> None:
        """The books as they are before the first move."""

    def rules(self, world: World) -> Any:
        """What watches the seed."""

    def cast(self, world: World, rules: Any) -> dict[str, Actor]:
        """Everybody who may have a turn."""

    def inject(self, world: World, patch: pytest.MonkeyPatch) -> None:
        """What the product takes from outside, beside what it always does."""

    def time_passed(self, world: World) -> None:
        """The ERP does what it was going to do by now."""

    def tidy_up(self, world: World) -> None:
        """Nothing in the ERP stands in the way any more."""

    def start_anew(self, cast: dict[str, Actor]) -> None:
        """Whoever speaks to the ERP has forgotten everything."""

    def visit(self, cast: dict[str, Actor]) -> None:
        """Whoever speaks to the ERP does so until nothing is left."""


class Row(NamedTuple):
    """An export as a page shows it."""

    pk: int
    name: str
    kind: str
    parent: int | None
    document: int
    status: str
    version: int
    copy_digest: str
    message: str

    @property
    def is_approved(self) -> bool:
        """Whether its document, which is no budget, is approved now."""
        with connection.cursor() as cursor:
            cursor.execute(_STATUS[self.kind], [self.document])
            [(status,)] = cursor.fetchall()
        return bool(status == "approved")

    def load(self) -> Any:
        """Its document as it is now."""
        if self.kind == "commitment":
            return documents.load_commitment(self.document)
        return documents.load_change_order(self.document)


@dataclass
class Site:
    """What is there before the first move of every seed."""

    database: Database
    stage: Stage
    image: bytes  # of QuickBooks' books
    other_vendor: tuple[str, str]  # ListID and name
    memberships: dict[int, Membership]
    erp: Any = None  # another ERP than QuickBooks, in memory

    @classmethod
    @contextmanager
    def taken_over(
        cls, database: Database, build: Callable[[Database], Site] | None = None
    ) -> Iterator[Site]:
        """The site in the database that this process is connected to, for as long as it lasts."""
        made: list[Site] = []
        with database.taken_over(lambda: made.append((build or cls.build)(database))):
            yield made[0]

    @classmethod
    def build(
        cls,
        database: Database,
        *,
        move: Callable[[Stage], object] = lambda _stage: None,
        carry: Callable[[Stage], object] = Stage.visit,
        begin: Callable[[Stage, Callable[[Stage], object]], None] | None = None,
    ) -> Site:
        """`move` ties the stage to another ERP; `carry` brings there what was accepted; `begin`
        makes what is under way, if it is not commitments."""
        books = WatchedBooks.create(
            company_name="Meridian Builders, Inc.", clock=lambda: database.now
        )
        stage = set_stage(books)
        books.set_private_data(OWNER_ID, "FileID", FILE_ID)
        ToolLevel.objects.filter(membership__user__in=[stage.ann, stage.bea]).update(
            level=Level.ADMIN
        )
        move(stage)
        Connection.objects.update(sync_minutes=0)
        (begin or _commitments)(stage, carry)
        other = (books.add_vendor("Alder Steel"), "Alder Steel")
        memberships = {one.user_id: one for one in Membership.objects.select_related("user")}
        return cls(database, stage, books.image(), other, memberships)


def _commitments(stage: Stage, carry: Callable[[Stage], object]) -> None:
    first = stage.commitment(number="SC-1")
    stage.change_order(first, number="001")
    stage.send(first)
    second = stage.commitment(number="SC-2")
    stage.send(second)
    stage.accept(second)
    carry(stage)
    made = [stage.change_order(second, number=number) for number in ("001", "002", "003")]
    for change_order in made[:2]:
        stage.send(change_order)


_STATUS = {
    "commitment": "SELECT status FROM commitments_commitment WHERE id = %s",
    "change_order": "SELECT status FROM commitments_changeorder WHERE id = %s",
}
_ROWS = """
    SELECT one.id, CASE WHEN one.kind = 'budget' THEN 'round ' || one.number
           WHEN one.parent_id IS NULL THEN one.number
           ELSE 'CCO ' || one.number || ' of ' || above.number END,
           one.kind, one.parent_id, one.document_id, one.status, one.version, one.copy_digest,
           one.message
    FROM approvals_export AS one LEFT JOIN approvals_export AS above ON above.id = one.parent_id
    WHERE one.company_id = %s ORDER BY one.id
"""


@dataclass
class World:
    """One seed being played: what happened so far, and what is under way outside the database."""

    site: Site
    profile: Profile
    story: list[str] = field(default_factory=list)
    move: Move = NOTHING
    dice: Random = field(default_factory=Random)
    code: str = "v1"  # the connector's code that is deployed
    keys: int = 0
    rings: int = 0
    _rows: tuple[int, dict[int, Row]] = (-1, {})  # after how many commits they were read
    restored: bool = False  # QuickBooks went back to a backup
    misled: set[int] = field(default_factory=set)  # exports that somebody said are not there
    removed: set[str] = field(default_factory=set)  # numbers that a bookkeeper deleted in Spectrum

    @property
    def stage(self) -> Stage:
        return self.site.stage

    @property
    def books(self) -> WatchedBooks:
        books: Any = self.site.stage.books
        return books

    @property
    def database(self) -> Database:
        return self.site.database

    def tell(self, text: str) -> None:
        clock = self.database.now.strftime("%d %H:%M:%S")
        self.story.append(f"{clock}  {text}")

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def in_quickbooks(self, row: Row) -> bool:
        """What somebody sees who opens QuickBooks and looks for the document."""
        if row.kind == "budget":
            mark = f"Budget change {row.name.removeprefix('round ')}:" if row.parent else ""
            estimates = self.books.orders().values()
            return any(line.desc.startswith(mark) for one in estimates for line in one.lines)
        number, _, parent = row.name.removeprefix("CCO ").partition(" of ")
        orders = [
            one for one in self.books.purchase_orders() if one.ref_number == (parent or number)
        ]
        mark = f"CCO {number}:" if parent else ""
        return any(line.desc.startswith(mark) for order in orders for line in order.lines)

    def rows(self) -> dict[int, Row]:
        """All exports as a page shows them now. Only a commit can have changed them."""
        commits, rows = self._rows
        if commits != self.database.commits:
            with connection.cursor() as cursor:
                cursor.execute(_ROWS, [self.stage.company.pk])
                rows = {row[0]: Row(*row) for row in cursor.fetchall()}
            self._rows = self.database.commits, rows
        return rows

    def is_strike(self, error: BaseException) -> bool:
        """Whether an error is the mishap of this move, or follows from it."""
        causes: set[int] = set()
        one: BaseException | None = error
        while one is not None and id(one) not in causes:
            if isinstance(one, Cut | Killed):
                return True
            causes.add(id(one))
            one = one.__cause__ or one.__context__
        return False

    # --- one move of the server ------------------------------------------------------------------

    @contextmanager
    def struck(self) -> Iterator[None]:
        """Within it the move's mishap strikes the server, if it is one that does."""
        strike = {KILLED: Killed, CUT: Cut}.get(self.move.mishap)
        moments = self.database.moments
        if strike is None:
            yield
            return
        moments.arm(self.move.at, strike)
        try:
            yield
        finally:
            moments.disarm()

    def attempt(self, what: str, verb: Callable[[], object]) -> bool:
        """A person or worker asks the server for something; whether they were told that it was
        done. What goes wrong is told, and is nobody's fault."""
        try:
            with self.struck():
                verb()
        except Killed:
            self.tell(f"{what}: the server's process is killed over it")
        except Cut:
            self.tell(f"{what}: the database's connection breaks over it")
        except REFUSED as refused:
            self.tell(f"{what}: refused ({_short(refused)})")
        except Broken:
            raise
        except Exception as error:
            self.tell(what)
            raise Broken(f"The program met an error of its own: {error!r}") from error
        else:
            self.tell(what)
            return True
        return False


def _short(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) < 90 else text[:87] + "…"
