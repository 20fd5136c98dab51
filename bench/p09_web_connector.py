"""P9: the Web Connector's door against a view on the same server that reads XML and says OK.

A full cycle is one session that carries one change order into QuickBooks: serverVersion,
clientVersion, authenticate, a question and a write with their answers, closeConnection. An idle
poll is what 10,000 companies do every minute while there is nothing to do: serverVersion,
clientVersion, authenticate, closeConnection. The other side is asked as often, in the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from itertools import cycle, islice

from django.db import transaction

from bench.client import Connection, seconds_each
from bench.data import settle
from bench.database import database
from bench.measuring import ROUNDS, Goal, Result, Times, alternate
from bench.processor import seconds_of_database, seconds_used
from bench.serving import WebServer, serving
from bench.visits import Visit, message
from connectors.models import Connection as QuickBooks
from connectors.passwords import password_digest
from directory.models import Company
from tests.stage import PASSWORD, Stage, set_stage

CYCLES = 12  # in a round
POLLS = 150
COMPANIES = 10_000


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p09") as url, serving(url) as server:
        stage = set_stage()
        idle = _idle_companies()
        cycles = full_cycles(stage, server)
        yield Result(
            name="P9",
            what="full cycle of the Web Connector, calls",
            size=1,
            ours=1 / cycles.ours,
            against=1 / cycles.against,
            unit="calls/s",
            ratio=1 / cycles.ratio,
            goal=Goal(0.15, at_least=True),
            spread=cycles.spread,
        )
        polls = idle_polls(idle, server)
        yield Result(
            name="P9",
            what="idle poll of the Web Connector, calls",
            size=COMPANIES,
            ours=1 / polls.ours,
            against=1 / polls.against,
            unit="calls/s",
            ratio=1 / polls.ratio,
            goal=Goal(0.30, at_least=True),
            spread=polls.spread,
        )
        used = processor_of_idle_companies(idle, server)
        yield Result(
            name="P9",
            what=f"{COMPANIES:,} idle companies that poll every minute, web and database",
            size=COMPANIES,
            ours=used,
            against=1.0,
            unit="cores",
            ratio=used,
            goal=Goal(0.5),
        )


# --- A full cycle ------------------------------------------------------------------------------


def full_cycles(stage: Stage, server: WebServer) -> Times:
    """Seconds per call of a cycle; what the stand-in for QuickBooks takes is not counted."""
    with transaction.atomic():
        commitments = [stage.commitment(number=f"SC-{n:03}") for n in range((ROUNDS + 1) * CYCLES)]
        for commitment in commitments:
            stage.send(commitment)
            stage.accept(commitment)
    stage.visit()
    left = iter(commitments)
    asked: list[bytes] = []
    path = f"/qbwc/{stage.connection.pk}/".encode()

    def ours() -> float:
        asked.clear()
        spent = 0.0
        for commitment in islice(left, CYCLES):
            change = stage.change_order(commitment)
            stage.send(change)
            stage.accept(change)
            session = Visit(stage, server)
            session.run()
            asked.extend(session.asked)
            spent += session.seconds
            if stage.status(change) != "synced":
                raise AssertionError(stage.export(change).message)
        return spent / len(asked)

    def against() -> float:
        line = Connection(server)
        echoed = [one.replace(path, b"/bench/soap/", 1) for one in asked]
        began = time.perf_counter()
        for one in echoed:
            line.ask(one)
        took = time.perf_counter() - began
        line.close()
        return took / len(echoed)

    return alternate(ours, against)


# --- Idle polls --------------------------------------------------------------------------------


def _idle_companies() -> list[int]:
    """Companies with a connection and nothing to do; the ids of their connections."""
    first = 1_000_000
    ids = list(range(first, first + COMPANIES))
    Company.objects.bulk_create(Company(pk=n, name=f"Company {n}", erp_enabled=True) for n in ids)
    digest = password_digest(PASSWORD)
    QuickBooks.objects.bulk_create(
        QuickBooks(
            pk=n,
            company_id=n,
            erp="quickbooks",
            company_file=f"{{{n}}}",
            user_name=f"user-{n}",
            password_digest=digest,
        )
        for n in ids
    )
    settle()
    return ids


def _poll(connection: int, path: str = "") -> list[bytes]:
    path = path or f"/qbwc/{connection}/"
    return [
        message(path, "serverVersion"),
        message(path, "clientVersion", strVersion="2.3.0.215"),
        message(path, "authenticate", strUserName=f"user-{connection}", strPassword=PASSWORD),
        message(path, "closeConnection", ticket=""),
    ]


def idle_polls(connections: list[int], server: WebServer) -> Times:
    """Seconds per call while four companies poll at a time."""
    following = cycle(connections)

    def ours() -> float:
        polls = [one for n in islice(following, POLLS) for one in _poll(n)]
        return seconds_each(server, polls)

    def against() -> float:
        polls = [message for n in islice(following, POLLS) for message in _poll(n, "/bench/soap/")]
        return seconds_each(server, polls)

    return alternate(ours, against)


def processor_of_idle_companies(connections: list[int], server: WebServer) -> float:
    """Cores that the web server and PostgreSQL need for every company's poll each minute.

    Each poll comes over a connection of its own, as it does from 10,000 offices.
    """
    sample = connections[:: COMPANIES // 2_000]
    for connection in sample[:20]:
        _poll_alone(connection, server)
    before = seconds_used(server.process) + seconds_of_database()
    for connection in sample[20:]:
        _poll_alone(connection, server)
    used = seconds_used(server.process) + seconds_of_database() - before
    return used / (len(sample) - 20) * len(connections) / 60


def _poll_alone(connection: int, server: WebServer) -> None:
    line = Connection(server)
    for one in _poll(connection):
        line.ask(one)
    line.close()
