"""The side of the office: Web Connectors, a line that loses and delays, QuickBooks' bookkeeper; and
the workers that clean up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest

from approvals.unlinking import give_up_waiting
from connectors.quickbooks import OWNER_ID
from connectors.tasks import sweep
from connectors.webconnector import endpoint
from directory.models import Vendor
from sandbox.quickbooks import Qwc, Step, WebConnector
from sandbox.quickbooks.soap import SoapClient, SoapFailed, envelope, read_answer
from sandbox.quickbooks.web_connector import QUICKBOOKS, is_write
from tests.simulation import people
from tests.simulation.books import key_of
from tests.simulation.database import Killed
from tests.simulation.plan import CALL_LOST, DOUBLED, FROZEN, LATE, OFF, OFFICES, REPLY_LOST
from tests.simulation.rules import Rules
from tests.simulation.site import Actor, World
from tests.stage import FILE_ID, PASSWORD


@dataclass
class Mail:
    """Calls that left an office and have not arrived yet."""

    world: World
    under_way: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def move(self) -> None:
        """One of them arrives; nobody waits for its reply."""
        if self.under_way:
            which = self.world.dice.randrange(len(self.under_way))
            operation, values = self.under_way.pop(which)
            self.world.tell(f"a late {operation} arrives")
            post(self.world, operation, values)


def post(world: World, operation: str, values: Mapping[str, str]) -> tuple[int, str, bytes] | None:
    """One call at the server's door: status, content type and body; None if it died over it."""
    call = envelope(operation, values)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(call)),
            "wsgi.input": BytesIO(call),
        }
    )
    try:
        with world.struck():
            response = endpoint(request, world.stage.connection.pk)
    except Killed:
        return None
    return response.status_code, response.headers["Content-Type"], response.content


class Wire(SoapClient):
    """The line between an office and the server, and what happens on it in this move."""

    def __init__(self, world: World, mail: Mail) -> None:
        self.world = world
        self.mail = mail

    def close(self) -> None:
        """Nothing is kept open."""

    def call(self, operation: str, values: Mapping[str, str]) -> Element | None:
        mishap = self.world.move.mishap
        if mishap == CALL_LOST:
            raise SoapFailed("the call never arrived", reached=False)
        if mishap == LATE:
            self.mail.under_way.append((operation, dict(values)))
            raise SoapFailed("the call takes very long")
        reply = post(self.world, operation, values)
        if mishap == DOUBLED:
            self.world.tell(f"{operation} arrives a second time")
            reply = post(self.world, operation, values)
        if reply is None:
            raise SoapFailed("the server's process was killed over it")
        if mishap == REPLY_LOST:
            raise SoapFailed("the reply was lost")
        return read_answer(operation, *reply)


class _Connector(WebConnector):
    """The sandbox's Web Connector on our wire."""

    wire: Wire

    def connect(self) -> SoapClient:
        return self.wire


class Office:
    """A machine with a Web Connector. Each move is one call, or one request to QuickBooks."""

    def __init__(self, world: World, name: str, mail: Mail) -> None:
        self.world = world
        self.name = name
        qwc = Qwc(
            app_name="ERP Bridge",
            url="http://localhost/",
            user=world.stage.connection.user_name or "",
            owner_id=OWNER_ID,
            file_id=FILE_ID,
        )
        self.connector = _Connector(
            qwc, PASSWORD, world.books, wait=lambda _seconds: None, machine=name
        )
        self.connector.wire = Wire(world, mail)
        self.session: Any = None
        # The key of a write that QuickBooks is to be given, and since when.
        self.holds: tuple[str, datetime] | None = None
        self.asleep = 0  # for so many of its moves
        self.handed: Callable[[str, Sequence[str]], None] = lambda key, held: None
        self.others: Sequence[Office] = ()

    def move(self) -> None:
        if self.world.move.mishap == OFF:
            self.switch_off("is switched off")
            return
        if self.world.move.mishap == FROZEN and self.holds and not self.asleep:
            self.asleep = self.world.move.at
            self.world.tell(f"{self.name} freezes")
        if self.asleep:
            self.asleep -= 1
            return
        for _ in range(self.world.dice.choice(self.world.profile.calls)):
            if not self.step():
                break

    def step(self) -> bool:
        """One call or one request, which takes a second; False when the session is over."""
        self.world.database.wait(1)
        if self.session is None:
            self.session = self.connector.steps()
        if self.holds and self._too_late(self.holds[1]):
            # QuickBooks answers within the quarantine or never: see docs/reliability.md.
            self.switch_off("waited too long for QuickBooks and gives up")
            return False
        try:
            step: Step = next(self.session)
        except StopIteration as end:
            self.session, self.holds = None, None
            result = end.value
            if result.outcome not in ("nothing to do", "done"):
                self.world.tell(
                    f"{self.name}: the session ends: {result.outcome} {result.message}"[:150]
                )
            return False
        self._told(step)
        return True

    def _too_late(self, since: datetime) -> bool:
        if self.world.profile.too_late:
            return False
        waited = (self.world.database.now - since).total_seconds()
        return waited > settings.ERP_QUARANTINE_SECONDS

    def _told(self, step: Step) -> None:
        self.holds = None
        if step.name == "sendRequestXML" and is_write(str(step.got)):
            key = key_of(str(step.got))
            others = [
                one.holds[0]
                for one in self.others
                if one is not self and one.holds and not one._too_late(one.holds[1])
            ]
            self.holds = (key, self.world.database.now)
            self.world.tell(f"{self.name} is given a write")
            self.handed(key, others)
        elif step.name == "receiveResponseXML":
            self.world.tell(f"{self.name} brings an answer ({step.got}%)")
        elif step.name == "authenticate" and isinstance(step.got, tuple) and step.got[0]:
            self.world.tell(f"{self.name} begins a session")
        elif step.name == QUICKBOOKS and is_write(step.sent["qbxml"]):
            self.world.tell(f"{self.name}: QuickBooks has carried it out")

    def switch_off(self, how: str) -> None:
        if self.session is not None:
            self.session.close()
            self.world.tell(f"{self.name} {how}")
        self.session, self.holds, self.asleep = None, None, 0

    def visit(self) -> None:
        """A whole session."""
        while self.step():
            pass


@dataclass
class Sweeper:
    """The worker that ends what fell silent."""

    world: World

    def move(self) -> None:
        self.world.attempt("the sweeper passes", lambda: (sweep(), give_up_waiting()))


@dataclass
class Deployment:
    """Another version of the connector's code is deployed."""

    world: World

    def move(self) -> None:
        self.world.code = f"v{self.world.dice.randint(2, 9999)}"
        self.world.tell("another version of the connector is deployed")


class Bookkeeper:
    """Works in QuickBooks past us."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.backups: list[bytes] = []

    def move(self) -> None:
        deed = self.world.dice.choice(self.world.profile.deeds or tuple(DEEDS))
        orders = list(self.world.books.orders())
        order = self.world.dice.choice(orders) if orders else ""
        if order or deed in ("back up", "restore", "close the period"):
            DEEDS[deed](self, order)

    def _tell(self, text: str, order: str = "") -> None:
        number = self.world.books.orders()[order].ref_number if order else ""
        self.world.tell(f"the bookkeeper {text}{' ' + number if number else ''}")

    def edit(self, order: str) -> None:
        self._tell("edits a field of", order)
        self.world.books.by_hand.edit_order(order, FOB=f"n{self.world.dice.randint(1, 99)}")

    def add_line(self, order: str) -> None:
        self._tell("adds a line to", order)
        self.world.books.by_hand.add_line(order, "03-300", "By hand", Decimal("12.34"))

    def delete_order(self, order: str) -> None:
        self._tell("deletes", order)
        self.world.books.by_hand.delete_order(order)

    def delete_line(self, order: str) -> None:
        self._tell("deletes the last line of", order)
        lines = self.world.books.orders()[order].lines
        if len(lines) > 2:
            self.world.books.by_hand.delete_line(order, lines[-1].txn_line_id)

    def open_on_screen(self, order: str) -> None:
        self._tell("opens on the screen", order)
        self.world.books.by_hand.open_on_screen(order)

    def leave_screen(self, order: str) -> None:
        self._tell("leaves", order)
        self.world.books.by_hand.leave_screen(order)

    def close_period(self, _order: str = "") -> None:
        until = self.world.dice.choice(["2026-12-31", None])
        self._tell(f"closes the period until {until}" if until else "opens the period again")
        self.world.books.by_hand.close_period(until)

    def vendor_inactive(self, _order: str) -> None:
        active = self.world.chance(0.5)
        self._tell("makes the vendor active" if active else "makes the vendor inactive")
        self.world.books.by_hand.set_active(self.world.stage.vendor.erp_id, active)

    def forget(self, _order: str) -> None:
        self._tell("moves the company file: QuickBooks forgets its message sets")
        self.world.books.by_hand.forget_message_sets()

    def back_up(self, _order: str) -> None:
        self._tell("makes a backup")
        self.backups.append(self.world.books.image())

    def restore(self, _order: str) -> None:
        if self.backups:
            self._tell("goes back to the last backup")
            self.world.books.become(self.backups[-1])
            self.world.restored = True


DEEDS: dict[str, Callable[[Bookkeeper, str], None]] = {
    "edit": Bookkeeper.edit,
    "add a line": Bookkeeper.add_line,
    "delete an order": Bookkeeper.delete_order,
    "delete a line": Bookkeeper.delete_line,
    "open on the screen": Bookkeeper.open_on_screen,
    "leave the screen": Bookkeeper.leave_screen,
    "close the period": Bookkeeper.close_period,
    "make the vendor inactive": Bookkeeper.vendor_inactive,
    "forget message sets": Bookkeeper.forget,
    "back up": Bookkeeper.back_up,
    "restore": Bookkeeper.restore,
}


class QuickBooksSide:
    """QuickBooks and its two offices; see `tests.simulation.site.Side`."""

    def begin(self, world: World) -> None:
        world.books.become(world.site.image)

    def rules(self, world: World) -> Rules:
        return Rules(world)

    def cast(self, world: World, rules: Rules) -> dict[str, Actor]:
        stage, mail = world.stage, Mail(world)
        offices = [Office(world, name, mail) for name in OFFICES]
        for one in offices:
            one.handed, one.others = rules.handed, offices
        return {
            "Pam": people.Manager(world, stage.pam),
            "Ann": people.Approver(world, stage.ann),
            "Bea": people.Approver(world, stage.bea),
            "Otto": people.Operator(world),
            "Dora": people.Administrator(world),
            **dict(zip(OFFICES, offices, strict=True)),
            "the late mail": mail,
            "the sweeper": Sweeper(world),
            "the bookkeeper": Bookkeeper(world),
            "a deployment": Deployment(world),
        }

    def inject(self, world: World, patch: pytest.MonkeyPatch) -> None:
        """Nothing more."""

    def time_passed(self, world: World) -> None:
        """QuickBooks does nothing by itself."""

    def tidy_up(self, world: World) -> None:
        vendor, hand = world.stage.vendor, world.books.by_hand
        Vendor.objects.filter(pk=vendor.pk).update(erp_id=vendor.erp_id, erp_name=vendor.erp_name)
        hand.close_period(None)
        hand.set_active(vendor.erp_id, True)
        for order in world.books.orders():
            hand.leave_screen(order)

    def start_anew(self, cast: dict[str, Actor]) -> None:
        for office in _offices(cast):
            office.switch_off("is started anew")

    def visit(self, cast: dict[str, Actor]) -> None:
        offices = _offices(cast)
        offices[0].world.dice.choice(offices).visit()


def _offices(cast: dict[str, Actor]) -> list[Office]:
    return [one for one in cast.values() if isinstance(one, Office)]
