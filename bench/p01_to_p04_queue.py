"""P1 to P4: one page of the queue, as JSON and as HTML, with ten thousand and a million exports.

P1  the API's page against the same JSON made by one SQL statement, both behind the login
P2  pages with a million exports against the same pages with ten thousand
P3  the API's page in the middle of a long view against a numbered page of REST framework
P4  the page as HTML against the same rows as JSON
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import listing
from approvals.listing import Place
from approvals.models import Kinds
from approvals.states import View
from bench import exports
from bench.client import Connection, request, seconds_each, signed_in
from bench.database import database
from bench.exports import BIG
from bench.measuring import Goal, Result, Times, alternate
from bench.serving import WebServer, serving

SMALL = 10_000
REQUESTS = 60  # in a round
ROUNDS = 11
KIND = Kinds.CHANGE_ORDER
TAB = "change-orders"


@dataclass(frozen=True, slots=True)
class Site:
    """A web server on so many exports, and what a signed-in approver asks it for."""

    size: int
    server: WebServer
    headers: dict[str, str]
    middle: Place  # half way down the view Ready to Export
    synced: int
    half_synced: Place
    rows_touched: int

    def get(self, path: str, **query: object) -> bytes:
        return request("GET", f"{path}?{urlencode(query)}" if query else path, self.headers)

    def api(self, view: View, place: Place | None = None) -> bytes:
        return self.get("/api/v1/exports/", **_query(view, place))

    def floor(self, view: View, place: Place | None = None) -> bytes:
        return self.get("/bench/queue/", **_query(view, place))

    def page(self, view: View, place: Place | None = None) -> bytes:
        query = {"view": view.value, **({"after": place} if place else {})}
        return self.get(f"/companies/{BIG}/erp/{TAB}/", **query)

    def seconds(self, asked: bytes) -> float:
        return seconds_each(self.server, [asked] * REQUESTS)

    def ask(self, asked: bytes) -> bytes:
        line = Connection(self.server)
        answer = line.ask(asked)
        line.close()
        return answer


def measure(wanted: Collection[str], large: int) -> Iterator[Result]:
    with ExitStack() as sites:
        big = sites.enter_context(_site(large))
        if "P1" in wanted:
            yield _against_sql(big)
        if "P2" in wanted:
            small = sites.enter_context(_site(SMALL))
            yield from _flatness(big, small)
        if "P3" in wanted:
            yield _against_numbers(big)
        if "P4" in wanted:
            yield _html(big)


@contextmanager
def _site(size: int) -> Iterator[Site]:
    with database(f"queue_{size}") as url:
        people = exports.build(size)
        ready, synced = _in_view(View.READY), _in_view(View.SYNCED)
        middle, half_synced = _place(View.READY, ready // 2), _place(View.SYNCED, synced // 2)
        touched = max(
            _rows_touched(view, place)
            for view, place in (
                (View.READY, None),
                (View.READY, middle),
                (View.SYNCED, None),
                (View.SYNCED, half_synced),
            )
        )
        headers = signed_in(people.ann)
        with serving(url) as server:
            yield Site(size, server, headers, middle, synced, half_synced, touched)


# --- The four ----------------------------------------------------------------------------------


def _against_sql(site: Site) -> Result:
    ours, floor = site.api(View.READY), site.floor(View.READY)
    _same(json.loads(site.ask(ours)), json.loads(site.ask(floor)))
    times = alternate(lambda: site.seconds(ours), lambda: site.seconds(floor), rounds=ROUNDS)
    return _rates("P1", "the queue's API, first page, against one SQL statement", site, times)


def _flatness(big: Site, small: Site) -> Iterator[Result]:
    for what, one, other in (
        ("API, first page", big.api(View.READY), small.api(View.READY)),
        ("API, half way", big.api(View.READY, big.middle), small.api(View.READY, small.middle)),
        ("API, Synced", big.api(View.SYNCED), small.api(View.SYNCED)),
        ("page, first", big.page(View.READY), small.page(View.READY)),
        ("page, half way", big.page(View.READY, big.middle), small.page(View.READY, small.middle)),
        ("page, Synced", big.page(View.SYNCED), small.page(View.SYNCED)),
    ):
        times = _alternate_sites(big, one, small, other)
        what = f"{what}, {big.size:,} exports against {small.size:,}"
        yield _times("P2", what, big, times, Goal(1.15))
    yield Result(
        name="P2",
        what="rows of one table that the plan of a page touches, at most",
        size=big.size,
        ours=big.rows_touched,
        against=listing.PAGE,
        unit="rows",
        ratio=big.rows_touched,
        goal=Goal(60),
    )


def _alternate_sites(big: Site, one: bytes, small: Site, other: bytes) -> Times:
    return alternate(lambda: big.seconds(one), lambda: small.seconds(other), rounds=ROUNDS)


def _against_numbers(site: Site) -> Result:
    ours = site.api(View.SYNCED, site.half_synced)
    number = site.synced // 2 // listing.PAGE + 1
    query = {"company": BIG, "kind": KIND.value, "view": View.SYNCED.value, "page": number}
    numbered = site.get("/bench/numbered/", **query)
    if len(json.loads(site.ask(numbered))["results"]) != listing.PAGE:
        raise AssertionError("The numbered page is not full.")
    few = [numbered] * 4
    times = alternate(lambda: site.seconds(ours), lambda: seconds_each(site.server, few))
    return Result(
        name="P3",
        what="the queue's API in the middle of Synced against a numbered page with a COUNT",
        size=site.size,
        ours=1 / times.ours,
        against=1 / times.against,
        unit="pages/s",
        ratio=1 / times.ratio,
        goal=Goal(10, at_least=True),
        spread=times.spread,
    )


def _html(site: Site) -> Result:
    html, api = site.page(View.READY), site.api(View.READY)
    if site.ask(html).count(b"<tr") != listing.PAGE + 1:
        raise AssertionError("The page does not show the rows.")
    times = alternate(lambda: site.seconds(html), lambda: site.seconds(api), rounds=ROUNDS)
    return _times("P4", "the queue's page as HTML against its rows as JSON", site, times, Goal(1.5))


def _rates(name: str, what: str, site: Site, times: Times) -> Result:
    return Result(
        name=name,
        what=what,
        size=site.size,
        ours=1 / times.ours,
        against=1 / times.against,
        unit="pages/s",
        ratio=1 / times.ratio,
        goal=Goal(0.6, at_least=True),
        spread=times.spread,
    )


def _times(name: str, what: str, site: Site, times: Times, goal: Goal) -> Result:
    return Result(
        name=name,
        what=what,
        size=site.size,
        ours=times.ours * 1000,
        against=times.against * 1000,
        unit="ms",
        ratio=times.ratio,
        goal=goal,
        spread=times.spread,
    )


# --- What is asked for -------------------------------------------------------------------------


def _query(view: View, place: Place | None) -> dict[str, object]:
    cursor = {"cursor": place} if place else {}
    return {"company": BIG, "kind": KIND.value, "view": view.value, **cursor}


def _in_view(view: View) -> int:
    return listing.counts(BIG)[BIG].of(KIND, view)


def _place(view: View, depth: int) -> Place:
    row = listing.in_view(BIG, KIND, view).values("status_at", "id")[depth]
    return Place.of(row)


def _same(ours: dict[str, Any], floor: dict[str, Any]) -> None:
    """Both sides tell the same; moments are written in two ways."""
    for row in (*ours["results"], *floor["results"]):
        for name in ("status_at", "sent_at", "synced_at"):
            row[name] = row[name] and datetime.fromisoformat(row[name])
    if ours != floor:
        raise AssertionError(f"Not the same:\n{str(ours)[:2000]}\n{str(floor)[:2000]}")


def _rows_touched(view: View, place: Place | None) -> int:
    """The most rows that the plan of one page touches in any table, those thrown away included."""
    with CaptureQueriesContext(connection) as asked:
        listing.page(BIG, KIND, view, after=place)
    statement = asked.captured_queries[-1]["sql"]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        plan = cursor.fetchone()[0][0]["Plan"]
    return max(_touched(plan))


def _touched(node: dict[str, Any]) -> Sequence[int]:
    mine = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    mine = [mine * node["Actual Loops"]] if "Relation Name" in node else []
    return [*mine, *(n for child in node.get("Plans", ()) for n in _touched(child))]
