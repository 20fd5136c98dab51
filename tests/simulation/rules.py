"""What must be so: after every move, at every write to QuickBooks, and when all is quiet again."""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection

from approvals.models import Export
from approvals.states import MOVING, STEPS, Status
from connectors.contract import Document, Terms, aggregate
from connectors.models import Conversation
from directory.compiled import CompiledQuery
from erpbridge import verifying
from erpbridge.verifying import Rule
from tests.simulation.books import Written
from tests.simulation.site import Broken, World

# While an export stands at one of these its write may be carried out.
WRITING = {Status.EXPORTING, Status.UNKNOWN}
# After so many moves that wrote something, the cheap rules of `manage.py verify` are asked, too.
CHEAP_EVERY = 4
_NEWEST_IS_OF_ANOTHER = """
    SELECT coalesce((SELECT session_id FROM connectors_message ORDER BY id DESC LIMIT 1), 0)
        IS DISTINCT FROM (SELECT session_id FROM connectors_lane)
"""
_WRITTEN_FOR = """
    SELECT DISTINCT one.subject::bigint FROM connectors_message AS message
    JOIN connectors_exchange AS asked ON asked.message_id = message.id
    JOIN connectors_conversation AS one ON one.id = asked.conversation_id
    WHERE message.key = %s
"""
TWICE = "twice"  # the one rule that holds whatever QuickBooks does
EXPORT = CompiledQuery(lambda pk: Export.objects.filter(pk=pk), int)
_SYNCED = CompiledQuery(lambda: Export.objects.filter(status=Status.SYNCED))
_UNDER_WAY = "SELECT EXISTS (SELECT FROM connectors_conversation WHERE state <> 'closed')"


class Rules(logging.Handler):
    """Watches one seed. It knows QuickBooks; for Spectrum see `tests.simulation.spectrum`."""

    # Steps that say that nothing of it is in the ERP; `put-back`, that this try wrote nothing.
    nothing_there = frozenset({"put-back", "fail", "found-not-there", "gone"})

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self.world = world
        self.bodies: dict[str, str] = {}  # key -> the bytes that went out under it
        self.written: dict[int, list[Written]] = defaultdict(list)  # by export
        self.known = world.rows()
        self.seen = self._last_event()
        self.without: set[int] = set()  # who has lost the accounting privilege
        self.begun: dict[int, int] = {}  # export -> the event with which its last try began
        self.complaint = ""
        self.commits = world.database.commits
        self.changed = 0  # moves that wrote something
        self.steps: Counter[str] = Counter()  # how often each step was taken
        self.watch()

    def watch(self) -> None:
        """See every write to the ERP, and remember what stands there already."""
        self.world.books.seen = self.write
        orders = self.world.books.orders()
        for export in _SYNCED.all():
            order = orders[export.erp_id]
            lines = frozenset(line.txn_line_id for line in order.lines)
            first = Written("", order, lines, True, frozenset(), frozenset())
            self.written[export.pk].append(first)

    # --- what the program itself complains of ----------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        """An error that the product logs, but for the database's, is one of its own."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not self.world.is_strike(error):
            self.complaint = self.complaint or f"{record.getMessage()}: {error!r}"

    # --- after every move ------------------------------------------------------------------------

    def after_move(self) -> None:
        """Cheap, and nothing where nothing was written."""
        if self.complaint:
            raise Broken(f"The program met an error of its own. {self.complaint}")
        if wrong := self.world.database.locks.wrong:
            raise Broken(f"Locks were taken in another order: {wrong}")
        if self.commits == self.world.database.commits:
            return
        self.commits = self.world.database.commits
        self.changed += 1
        if self.changed % CHEAP_EVERY == 0:
            self._verify(verifying.CHEAP)
        self._follow_events()
        self.known = self.world.rows()
        for pk, row in self.known.items():
            status, version = self.told.get(pk, ("nothing", 0))
            if status != row.status or (version != row.version and row.kind != "budget"):
                raise Broken(
                    f"{row.name} is {row.status} at version {row.version}; "
                    f"its history says {status} at {version}"
                )

    def _verify(self, rules: tuple[Rule, ...]) -> None:
        """The same rules as `manage.py verify` asks."""
        if rows := self.world.database.rows(_asking(rules)):
            place, _, export, what = rows[0]
            name = self.known[export].name if export in self.known else "the company"
            raise Broken(f"{name}: {what}. {rules[place].words}")

    def _follow_events(self) -> None:
        """Replay what was written down since: only steps of the table, each told once."""
        self.told = {pk: (one.status, one.version) for pk, one in self.known.items()}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT seq, actor_id, verb, subject, body FROM directory_event"
                " WHERE chain_id = (SELECT id FROM directory_chain WHERE company_id = %s)"
                " AND seq > %s ORDER BY seq",
                [self.world.stage.company.pk, self.seen],
            )
            rows = cursor.fetchall()
        for seq, actor, verb, subject, body in rows:
            self.seen = seq
            what, _, number = subject.partition(":")
            if what == "user" and verb in ("revoke_push", "grant_push"):
                (self.without.add if verb == "revoke_push" else self.without.discard)(int(number))
            elif what == "export":
                self._follow(int(number), verb, actor, json.loads(body)["data"])

    def _follow(self, pk: int, verb: str, actor: int | None, data: dict[str, Any]) -> None:
        if verb == "create":
            self.told[pk] = (Status.DRAFT, 0)
            self._made(pk)
            return
        if "version" not in data:
            return
        status, version = self.told[pk]
        if not self._follows(data["version"], version):
            raise Broken(f"The history skips from version {version} to {data['version']}: {verb}")
        if "from" in data:
            step = STEPS[verb]
            if data["from"] != status or status not in step.sources or data["to"] != step.target:
                raise Broken(f"{verb} from {status} (told: {data['from']}) to {data['to']}")
            if actor in self.without:
                raise Broken(f"{verb} by somebody who no longer had the accounting privilege")
            if verb == "begin":
                self.begun[pk] = self.seen
            since = self.begun[pk] if verb == "put-back" else 0
            there = verb in self.nothing_there and self._stands(pk, self.seen, since)
            if there and not self.forgiven(pk):
                raise Broken(f"{verb} of {self.known[pk].name}, which stands in the ERP")
            status = step.target
            self.steps[verb] += 1
        self.told[pk] = (status, data["version"])

    def _follows(self, version: int, last: int) -> bool:
        """Whether a document's next version may be this one."""
        return version == last + 1

    def _made(self, pk: int) -> None:
        """An export was made."""

    def _last_event(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT length FROM directory_chain WHERE company_id = %s",
                [self.world.stage.company.pk],
            )
            [(length,)] = cursor.fetchall()
        return int(length)

    def forgiven(self, pk: int) -> bool:
        """Whether people made it impossible to know: they went back to a backup, or said that it
        is not there without looking."""
        return self.world.restored or pk in self.world.misled

    def _stands(self, pk: int, before: int | None = None, since: int = 0) -> bool:
        """Whether something of it is in QuickBooks, written between the events of these numbers."""
        written = [
            one
            for one in self.written[pk]
            if since <= one.after and (before is None or one.after < before)
        ]
        if not written:
            return False
        orders = self.world.books.orders()
        return any(one.stands_in(orders) for one in written)

    # --- at every write to QuickBooks ------------------------------------------------------------

    def handed(self, key: str, held: Sequence[str]) -> None:
        """A write left the server for one office; under the keys `held` the other ones have writes
        in their hands that QuickBooks may still be given."""
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST_IS_OF_ANOTHER)
            [(another,)] = cursor.fetchall()
        if another:
            raise Broken("A write was handed out to a session that does not hold the lane")
        if self.world.profile.too_late:
            return
        mine = set(self._written_for(key))
        theirs = {pk for other in held for pk in self._written_for(other)}
        if both := mine & theirs:
            names = ", ".join(self.known[pk].name for pk in both)
            raise Broken(f"{names} was handed out while another write of it is still on its way")

    def write(self, key: str, body: str, done: list[Written]) -> None:
        """A write was given to QuickBooks, and did this there."""
        if self.bodies.setdefault(key, body) != body:
            raise Broken(f"Other bytes went out under the key {key} than before")
        if not done:
            return
        pks = self._written_for(key)
        if len(done) > 1 or len(pks) != 1:
            raise Broken(f"One write changed {len(done)} orders, for {len(pks)} documents")
        [export], [written] = EXPORT.all(*pks), done
        name = self.known[export.pk].name
        if self._stands(export.pk):
            raise Broken(f"{name} was written to QuickBooks {TWICE}")
        if export.status not in WRITING:
            raise Broken(f"{name} was written to QuickBooks while it was {export.status}")
        if written.lost or written.altered:
            raise Broken(f"The write of {name} took away or altered other lines")
        written = replace(written, after=self._last_event())
        self.written[export.pk].append(written)
        self._as_approved(export, written, name)

    def _written_for(self, key: str) -> list[int]:
        """The exports of which a write with this key was handed out."""
        with connection.cursor() as cursor:
            cursor.execute(_WRITTEN_FOR, [key])
            return [pk for (pk,) in cursor.fetchall()]

    def _as_approved(self, export: Export, written: Written, name: str) -> None:
        document, terms = export.document, export.frozen_terms
        if terms is None:
            raise Broken(f"{name} was written without terms")
        if written.amount != document.amount:
            raise Broken(f"{name}: {written.amount} was written, {document.amount} was approved")
        order = written.order
        if terms.vendor is None or order.name_list_id != terms.vendor.id:
            raise Broken(f"{name} went to {order.name}, not where it was approved to go")
        if export.parent_id is None:
            if not written.is_new or order.ref_number != document.number:
                raise Broken(f"{name} became the order {order.ref_number}")
        else:
            [parent] = EXPORT.all(export.parent_id)
            if parent.status != Status.SYNCED or parent.erp_id != order.txn_id:
                raise Broken(f"{name} is in QuickBooks before its commitment ({parent.status})")
        if document.description and document.description not in order.memo:
            raise Broken(f"{name}: the Memo does not say what was approved: {order.memo!r}")
        expected = Counter(_amounts(document, terms))
        held = Counter(
            (line.item_list_id, line.amount)
            for line in order.lines
            if line.txn_line_id in written.lines
        )
        if expected != held:
            raise Broken(f"{name}: other lines were written than were approved")

    # --- when all is quiet -----------------------------------------------------------------------

    def under_way(self) -> bool:
        """Whether anything has not come to its end."""
        with connection.cursor() as cursor:
            cursor.execute(_UNDER_WAY)
            [(found,)] = cursor.fetchall()
        return bool(found)

    def when_quiet(self) -> None:
        """Everything that was accepted has ended, and everything agrees."""
        if self.under_way():
            open_ones = Conversation.objects.exclude(state="closed")
            raise Broken(f"Still under way: {', '.join(str(one) for one in open_ones)}")
        self._verify(verifying.RULES)
        for row in self.known.values():
            if row.status in MOVING:
                raise Broken(f"{row.name} never ended: {row.status}")
        self.quiet()

    def quiet(self) -> None:
        """What stands in the ERP is what is synced."""
        synced = {export.pk: export for export in _SYNCED.all()}
        for pk, row in self.known.items():
            if pk in synced:
                self._confirmed(synced[pk], row.name)
                continue
            forgiven = row.status == Status.NEEDS_ATTENTION or self.forgiven(pk)
            if self._stands(pk) and not forgiven:
                raise Broken(f"{row.name} stands in QuickBooks and is {row.status} here")

    def _confirmed(self, export: Export, name: str) -> None:
        receipt = export.erp_receipt
        if receipt is None or receipt.id != export.erp_id:
            raise Broken(f"{name} is synced without a receipt")
        lines = set(receipt.lines.values())
        if not any(
            one.order.txn_id == receipt.id and lines <= one.lines for one in self.written[export.pk]
        ):
            raise Broken(f"{name} is synced, and QuickBooks never took it")


@cache
def _asking(rules: tuple[Rule, ...]) -> str:
    return " UNION ALL ".join(
        f"SELECT {place}, found.* FROM ({rule.statement()}) AS found"
        for place, rule in enumerate(rules)
    )


def _amounts(document: Document, terms: Terms) -> list[tuple[str, Decimal]]:
    """The lines that QuickBooks should have got: item and amount."""
    if document.kind == "commitment":
        groups = [(line, line.amount) for line in document.lines]
    else:
        groups = [(parts[0], amount) for _, parts, amount in aggregate(document.lines)]
    items = [(terms.item_of(line), amount) for line, amount in groups]
    return [(item.id if item else "", amount) for item, amount in items]
