"""P6: how many exports a second the engine carries to an ERP that answers at once.

An export takes one exchange: it is begun, its message is stored, the answer and what follows from
it are stored; all that is done by a worker that makes one call after the other. The other side is
two bare commits for each item, as the plainest queue in PostgreSQL would take it out and tick it
off; on the disk of this machine, and on slower ones: one on which a thousand items a second are
taken out and ticked off, as where the goal was set, and one across a network. And the engine with
a million exports behind the next one against the engine with ten thousand. What it costs to call a
slow ERP is in `p06_calls`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator

import psycopg2
from django.db.models.functions import Now

from approvals import workflow
from approvals.models import Export
from approvals.workflow import MOST_AT_ONCE, Item
from bench import exports, instant, p06_calls
from bench.data import copy, run, settle, unhindered
from bench.database import database
from bench.disk import slow_disk
from bench.exports import BIG
from bench.measuring import Goal, Result, alternate
from connectors import engine
from connectors.models import Connection, Conversation, Exchange, Message, Session
from directory.access import access_to
from directory.models import Company, Membership, ToolLevel, User
from directory.perms import Level, Tool
from directory.privilege import grant_push

SIZE = 30_000
SMALL = 10_000
EARLIER = 2_000  # exports of each company
OTHER = BIG + 1  # the company with few exports behind
ITEMS = 50  # in a round
ROUNDS = 7
LONGEST = 5.0  # seconds of a round; it ends early then
DISKS = 150, 1_000  # microseconds that a commit waits longer there


def measure(wanted: Collection[str], large: int) -> Iterator[Result]:
    yield from p06_calls.measure(wanted, large)
    instant.register()
    with database("p06") as url:
        people = exports.build(SIZE, waiting=True)
        Connection.objects.update(erp=instant.NAME)
        _let_decide(people.ann, OTHER)
        for company in (BIG, OTHER):
            _accept(company, people.ann, 2 * (ROUNDS + 1) * ITEMS)
        _before((BIG, OTHER))
        _behind({BIG: large, OTHER: SMALL})
        few, many = (Lane(company) for company in (OTHER, BIG))
        yield _rates(few, url, "")
        backlog = alternate(many.seconds, few.seconds, rounds=ROUNDS - 1)
    yield Result(
        name="P6",
        what=f"an export with {large:,} behind it against one with {SMALL:,}",
        size=large,
        ours=backlog.ours * 1000,
        against=backlog.against * 1000,
        unit="ms",
        ratio=backlog.ratio,
        goal=Goal(1.1),
        spread=backlog.spread,
    )

    for longer in DISKS:
        with slow_disk(longer), database("p06_disk") as url:
            people = exports.build(SMALL, waiting=True)
            Connection.objects.update(erp=instant.NAME)
            _accept(BIG, people.ann, (ROUNDS + 1) * ITEMS)
            _before([BIG])
            settle()
            yield _rates(
                Lane(BIG), url, f", on a disk that takes {longer / 1000:g} ms more for each"
            )


def _rates(lane: Lane, url: str, where: str) -> Result:
    times = alternate(lane.seconds, bare_commits(url), rounds=ROUNDS)
    return Result(
        name="P6",
        what=f"exports of one exchange against two bare commits{where}",
        size=SMALL,
        ours=1 / times.ours,
        against=1 / times.against,
        unit="items/s",
        ratio=1 / times.ratio,
        goal=Goal(0.33, at_least=True),
        spread=times.spread,
    )


class Lane:
    """The engine at work for one company, in one session."""

    def __init__(self, company: int) -> None:
        session = engine.open_session(Connection.objects.get(company=company).pk)
        if isinstance(session, engine.Silence):
            raise AssertionError("Somebody else holds the lane.")
        session.scripts = {}
        self.session = session
        self.message = engine.next_message(session)

    def seconds(self) -> float:
        """Seconds for one export; ends early where it takes for ever."""
        began, done = time.perf_counter(), 0
        while done < ITEMS and time.perf_counter() - began < LONGEST:
            message = self.message
            if message is None or not message.writes:
                raise AssertionError("There is nothing to export.")
            following = engine.exchange(self.session, message, str(message.pk))
            self.message = following or engine.next_message(self.session)
            done += 1
        return (time.perf_counter() - began) / done


def bare_commits(url: str) -> Callable[[], float]:
    """Seconds for one item that is taken out and ticked off, each with a commit."""
    items = 2 * (ROUNDS + 1) * ITEMS
    run("CREATE TABLE bench_item (id bigint PRIMARY KEY, state smallint NOT NULL)")
    run("INSERT INTO bench_item SELECT n, 0 FROM generate_series(1, %s) AS n", [items])
    run("CREATE INDEX bench_item_waiting ON bench_item (id) WHERE state = 0")
    settle()
    plain = psycopg2.connect(url)
    cursor = plain.cursor()

    def one() -> None:
        cursor.execute(
            """
            UPDATE bench_item SET state = 1 WHERE id = (
                SELECT id FROM bench_item WHERE state = 0 ORDER BY id LIMIT 1
                FOR UPDATE SKIP LOCKED
            ) RETURNING id
            """
        )
        [item] = cursor.fetchone() or [None]
        plain.commit()
        cursor.execute("UPDATE bench_item SET state = 2 WHERE id = %s AND state = 1", [item])
        plain.commit()

    def seconds() -> float:
        began = time.perf_counter()
        for _ in range(ITEMS):
            one()
        return (time.perf_counter() - began) / ITEMS

    return seconds


def _let_decide(person: User, company: int) -> None:
    member = Membership.objects.create(user=person, company_id=company)
    ToolLevel.objects.create(
        membership=member, company_id=company, tool=Tool.ERP, level=Level.STANDARD
    )
    grant_push(member, by=User.objects.get(is_operator=True))


def _accept(company: int, person: User, number: int) -> None:
    """The first so many change orders are accepted, as people do it."""
    access = access_to(person, Company.objects.get(pk=company))
    waiting = Export.objects.filter(company=company, status="sent").order_by("id")[:number]
    items = [Item(pk, version) for pk, version in waiting.values_list("pk", "version")]
    if len(items) < number:
        raise AssertionError(f"Only {len(items)} of {number} change orders wait.")
    for first in range(0, number, MOST_AT_ONCE):
        results = workflow.take_all("accept", items[first : first + MOST_AT_ONCE], by=access)
        if refused := [result.error for result in results if result.error]:
            raise AssertionError(refused[:3])


def _before(companies: Collection[int]) -> None:
    """What was exported earlier: each in a session, with one message."""
    for company in companies:
        session = Session.objects.create(connection_id=company, fence=0, ended_at=Now())
        first = 100_000_000 + company * EARLIER
        ids = range(first, first + EARLIER)
        copy(
            Conversation,
            ("id", "connection_id", "purpose", "subject", "record", "state", "outcome"),
            ([n, company, "export", n, f"order:{n}", "closed", "done"] for n in ids),
        )
        copy(
            Message,
            ("id", "session_id", "number", "key", "writes", "body", "reply", "replied_at"),
            ([n, session.pk, n, f"EB{n:018}", True, "an order", "done", "2026-01-05"] for n in ids),
        )
        copy(
            Exchange,
            ("conversation_id", "position", "message_id", "request_id", "request", "writes"),
            ([n, 0, n, f"EB{n:018}", "an order", True] for n in ids),
        )


def _behind(companies: dict[int, int]) -> None:
    """Work behind what was accepted, so many conversations for each company. Nothing of it is
    begun, so there is nothing else to it."""
    columns = ("connection_id", "purpose", "subject", "record", "key")
    first = 10_000_000
    with unhindered("connectors_conversation"):
        for company, number in companies.items():
            ids = range(first, first + number)
            copy(
                Conversation,
                columns,
                ([company, "export", n, f"order:{n}", f"EB{n:018}"] for n in ids),
            )
    settle()
