"""P5: accepting one change order, and five hundred at once, over HTTP.

The other side is one SQL statement behind the same login that moves the rows, queues the work,
writes the history and keeps the counters, and looks at nobody's rights and at no rule.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import islice

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import Export
from approvals.workflow import MOST_AT_ONCE
from bench import exports
from bench.client import Connection, request, signed_in
from bench.database import database
from bench.exports import BIG
from bench.measuring import Goal, Result, Times, alternate, timed
from bench.serving import WebServer, serving
from directory.models import User
from tests.stage import sign_in

SIZE = 30_000
SINGLES = 25  # in a round


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p05") as url:
        people = exports.build(SIZE, waiting=True)
        waiting = iter(
            Export.objects.filter(company=BIG, status="sent")
            .order_by("id")
            .values_list("pk", "version")
        )
        headers = signed_in(people.ann)
        with serving(url) as server:
            accepting = Accepting(waiting, server, headers)
            one = accepting.one_by_one()
            yield _result(one, "accept one", 1, Goal(0.35, at_least=True))
            many = accepting.in_bulk()
            yield _result(many, f"accept {MOST_AT_ONCE}", MOST_AT_ONCE, Goal(0.40, at_least=True))
        few, all_at_once = (_queries(islice(waiting, n), people.ann) for n in (1, MOST_AT_ONCE))
    yield Result(
        name="P5",
        what=f"queries of accepting {MOST_AT_ONCE} against those of one",
        size=MOST_AT_ONCE,
        ours=all_at_once,
        against=few,
        unit="queries",
        ratio=all_at_once / few,
        goal=Goal(1),
    )


def _result(times: Times, what: str, size: int, goal: Goal) -> Result:
    return Result(
        name="P5",
        what=what,
        size=size,
        ours=1 / times.ours,
        against=1 / times.against,
        unit="items/s",
        ratio=1 / times.ratio,
        goal=goal,
        spread=times.spread,
    )


class Accepting:
    """One approver who accepts what waits, each item once."""

    def __init__(
        self, waiting: Iterator[tuple[int, int]], server: WebServer, headers: dict[str, str]
    ) -> None:
        self.waiting = waiting
        self.headers = {**headers, "Content-Type": "application/json"}
        self.line = Connection(server)

    def one_by_one(self) -> Times:
        """Seconds per item."""

        def ours() -> float:
            return self._seconds(
                self._post(f"/api/v1/exports/{item}/accept/", {"version": version})
                for item, version in islice(self.waiting, SINGLES)
            )

        def against() -> float:
            return self._seconds(self._floor([one]) for one in islice(self.waiting, SINGLES))

        return alternate(ours, against, rounds=9)

    def in_bulk(self) -> Times:
        """Seconds per item, of as many as one request may name."""

        def ours() -> float:
            items = [
                {"id": item, "version": version}
                for item, version in islice(self.waiting, MOST_AT_ONCE)
            ]
            asked = self._post("/api/v1/exports/bulk/accept/", {"items": items})
            took = timed(lambda: self._done(asked))
            return took / len(items)

        def against() -> float:
            asked = self._floor(list(islice(self.waiting, MOST_AT_ONCE)))
            return timed(lambda: self.line.ask(asked)) / MOST_AT_ONCE

        return alternate(ours, against, rounds=5)

    def _done(self, asked: bytes) -> None:
        results = json.loads(self.line.ask(asked))["results"]
        if refused := [one for one in results if not one["done"]]:
            raise AssertionError(refused[:3])

    def _seconds(self, requests: Iterator[bytes]) -> float:
        asked = list(requests)
        return timed(lambda: [self.line.ask(one) for one in asked]) / len(asked)

    def _floor(self, items: list[tuple[int, int]]) -> bytes:
        ids, versions = zip(*items, strict=True)
        return self._post("/bench/accept/", {"company": BIG, "ids": ids, "versions": versions})

    def _post(self, path: str, body: dict[str, object]) -> bytes:
        return request("POST", path, self.headers, json.dumps(body).encode())


def _queries(items: Iterator[tuple[int, int]], person: User) -> int:
    """How many statements one bulk step with these items takes."""
    browser = Client(headers={"Host": "localhost"})
    sign_in(browser, person)
    body = {"items": [{"id": item, "version": version} for item, version in items]}
    with CaptureQueriesContext(connection) as asked:
        answer = browser.post("/api/v1/exports/bulk/accept/", body, "application/json")
    if answer.status_code != 200 or not all(one["done"] for one in answer.json()["results"]):
        raise AssertionError(answer.content[:1000])
    return len(asked)
