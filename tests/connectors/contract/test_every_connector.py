"""What the house relies on, of every connector there is. In memory.

A new connector is added to `houses`; then all of this is asked of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.metadata import entry_points
from typing import Any, cast

import pytest
from msgspec.structs import replace

from connectors import registry
from connectors.contract import (
    Busy,
    Call,
    ErpError,
    Pushed,
    Receipt,
    Refused,
    Request,
    Script,
    Site,
    Unasked,
    digest_of,
)
from tests.connectors.contract.documents import document
from tests.connectors.contract.houses import HOUSES, CalledHouse, House, SpectrumHouse
from tests.connectors.contract.playing import Fate, Lost, Play, Way, fits_keys


def test_every_registered_connector_is_here() -> None:
    assert set(registry.names()) == {name.partition(" ")[0] for name in HOUSES}


def test_a_connector_of_another_package_is_found_by_its_entry_point() -> None:
    assert "ledgerline" not in registry.OURS
    [point] = entry_points(group="erpbridge.connectors", name="ledgerline")
    assert point.value == "ledgerline:connector"
    assert registry.connector_for("ledgerline").capabilities.name == "Ledgerline"
    assert len(registry.fingerprint("ledgerline")) == 64


def test_what_is_not_registered_is_said() -> None:
    with pytest.raises(LookupError, match="'abacus'"):
        registry.connector_for("abacus")


# --- Pure ----------------------------------------------------------------------------------------


def test_the_same_asked_again_is_answered_the_same(way: Way) -> None:
    connector, terms = way.play.house.connector, way.terms

    def told() -> tuple[object, ...]:
        return (
            connector.number(way.document, way.parent),
            connector.record(way.document, terms),
            connector.wants(way.document, terms),
            connector.problems(way.document, terms),
            connector.preview(way.document, terms, None),
            connector.repeats_safely(way.document),
            connector.lists(terms.settings),
        )

    assert told() == told()
    assert way.play.bodies == [], "nobody was asked"


def test_what_is_in_order_has_no_problems_and_a_preview_that_adds_up(way: Way) -> None:
    connector, terms = way.play.house.connector, way.terms
    assert connector.problems(way.document, None) == []
    assert connector.problems(way.document, terms) == []
    preview = connector.preview(way.document, terms, None)
    assert preview.change == way.document.amount
    assert preview.record
    assert preview.rows


def test_every_problem_is_told_at_once_in_words(way: Way) -> None:
    broken = replace(way.document, title="", number="N" * 60, lines=())
    terms = replace(way.terms, job=None, vendor=None, items={}, classes={})
    found = way.play.house.connector.problems(broken, terms)
    mended = way.play.house.connector.problems(way.document, terms)
    assert len(found) >= 2
    assert {"lines"} & {one.where.partition(":")[0] for one in found}
    assert "job" in {one.where for one in mended}
    for one in (*found, *mended):
        assert one.code
        assert one.text[0].isupper()
        assert one.text.rstrip().endswith((".", "?")), one.text


def test_a_number_that_is_too_long_is_told_where_it_is_typed(house: House) -> None:
    for kind, longest in house.connector.capabilities.number_length.items():
        fits = document(kind, number="9" * longest)  # type: ignore[arg-type]
        over = document(kind, number="9" * (longest + 1))  # type: ignore[arg-type]
        assert "number" not in {one.where for one in house.connector.problems(fits, None)}
        assert "number" in {one.where for one in house.connector.problems(over, None)}


def test_a_number_that_is_made_up_is_a_new_one(house: House) -> None:
    for kind, longest in house.connector.capabilities.chosen_numbers.items():
        parent = Receipt(id="IRON/SC-001", number="SC-001")
        taken: set[str] = set()
        for _ in range(40):
            number = house.connector.number(document(kind), parent, frozenset(taken))  # type: ignore[arg-type]
            assert number not in taken
            assert 0 < len(number) <= longest
            taken.add(number)


# --- Writing -------------------------------------------------------------------------------------


def test_what_is_exported_is_there_once_and_has_a_receipt(way: Way) -> None:
    before = way.play.house.effects()
    assert way.settle() == "synced"
    assert way.receipt is not None
    assert way.receipt.id
    added = way.play.house.effects() - before
    assert added
    assert set(added.values()) == {1}
    assert way.conversations == 1


def test_the_same_export_has_the_same_bytes(way: Way) -> None:
    """In another process, too: nothing is drawn by lot and no clock is read."""
    connector, terms, key = way.play.house.connector, way.terms, way.key()
    first, second = Play(way.play.house), Play(way.play.house)
    for play in (first, second):
        play.fate = lambda request: "lost before" if request.writes else "answered"
        with pytest.raises(Lost):
            play.run(lambda: connector.export(way.document, terms, key))
    assert first.bodies == second.bodies
    assert first.requests == second.requests


def test_what_cannot_be_asked_tells_every_call_beforehand(way: Way) -> None:
    connector = way.play.house.connector
    if connector.capabilities.can_find:
        assert not hasattr(connector, "calls")
        return
    way.settle()
    facts = way.play.known
    planned = cast(Unasked, connector).calls(way.document, way.terms, facts)
    made = [digest_of(request.body) for request in way.play.writes]
    assert len(made) == len(planned)
    assert all(one in call.digests for one, call in zip(made, planned, strict=True))
    assert all(call.what for call in planned)


def test_writes_travel_alone_under_keys_of_their_own(way: Way) -> None:
    way.settle()
    writes = way.play.writes
    assert writes
    assert all(request.alone and request.record for request in writes)
    assert fits_keys(writes)
    assert all(not request.key for request in way.play.requests if not request.alone)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("how", ["lost before", "lost after"])
def test_an_answer_that_is_lost_at_any_write_leaves_one_effect(
    way: Way, how: Fate, at: int
) -> None:
    before = way.play.house.effects()
    lose_at(way.play, at, how)
    status = way.settle()
    added = way.play.house.effects() - before
    assert set(added.values()) <= {1}, added
    if status == "needs_attention":  # a person looks; until then nothing is written any more
        assert not way.play.house.asked(way.document.kind)
        written = len(way.play.writes)
        way.status = "accepted"
        assert way.settle() == "needs_attention"
        assert len(way.play.writes) == written
    else:
        assert status == "synced"
        assert added == once(way)


def lose_at(play: Play, at: int, how: Fate) -> None:
    """What becomes of the at-th write, once."""
    seen = Counter[str]()

    def fate(request: Request) -> Fate:
        if not request.writes:
            return "answered"
        seen["writes"] += 1
        return how if seen["writes"] == at + 1 else "answered"

    play.fate = fate


def once(way: Way) -> Counter[str]:
    """What the document adds to books of their own, without any fault."""
    other = type(way.play.house)()
    kind = way.document.kind
    parent = None
    if kind == "change_order":
        commitment = Way(Play(other), document("commitment"))
        commitment.settle()
        parent = commitment.receipt
    before = other.effects()
    Way(Play(other), way.document, parent).settle()
    added = other.effects() - before
    other.close()
    return added


def test_a_busy_erp_is_written_nothing_and_asked_again_later(way: Way) -> None:
    before = way.play.house.effects()
    way.play.fate = lambda _request: "busy"
    assert way.export() == "accepted"
    assert isinstance(way.error, Busy)
    assert way.error.message.endswith((".", ")"))
    assert way.play.house.effects() == before
    way.play.fate = lambda _request: "answered"
    assert way.settle() == "synced"
    assert way.play.house.effects() - before == once(way)


def test_an_answer_that_makes_no_sense_is_never_taken_for_a_yes(way: Way) -> None:
    """A proxy answers for the ERP: of a write nobody knows, and nothing is repeated blindly."""
    before = way.play.house.effects()
    lose_at(way.play, 0, "nonsense")
    assert way.export() == "unknown"
    way.settle()
    assert set((way.play.house.effects() - before).values()) <= {1}


# --- Looking -------------------------------------------------------------------------------------


def test_what_only_looks_never_writes(way: Way) -> None:
    way.settle()
    assert way.receipt is not None
    connector, terms = way.play.house.connector, way.terms
    play, books = Play(way.play.house), way.play.house.effects()
    receipt = way.receipt
    job, asked = terms.job, way.play.house.asked(way.document.kind)
    assert job is not None
    scripts: list[Callable[[], Script[Any]]] = [
        lambda: connector.find(way.document, terms, (), asked=asked),
        lambda: connector.still_there(way.document, terms, receipt, asked=asked),
        lambda: connector.compare(way.document, terms, receipt, terms),
        lambda: connector.look_up(way.document, terms, terms.number),
        lambda: connector.job_costs(job, terms.settings),
        lambda: connector.self_test({}, asked=asked),
        *(partial(connector.pull, what, "") for what in connector.lists(terms.settings)),
    ]
    for begin in scripts:
        if connector.capabilities.can_find:
            play.run(begin)
        else:
            with suppress(Refused):
                play.run(begin)
    assert play.writes == []
    assert way.play.house.effects() == books


def test_a_busy_erp_is_not_taken_for_one_where_something_is_gone(way: Way) -> None:
    way.settle()
    connector, terms, receipt = way.play.house.connector, way.terms, way.receipt
    assert receipt is not None
    play = Play(way.play.house, fate=lambda _request: "busy")
    asked = way.play.house.asked(way.document.kind)
    looks: list[tuple[bool, Callable[..., Script[Any]]]] = [
        (asked, partial(connector.still_there, asked=asked)),
        (connector.capabilities.can_find, partial(connector.compare, now=terms)),
    ]
    for answers, look in looks:
        with pytest.raises((Busy, Refused)) as told:
            play.run(partial(look, way.document, terms, receipt))
        assert isinstance(told.value, Busy) or not answers


def test_the_rows_of_a_list_say_all_that_linking_needs(house: House) -> None:
    lists = [what for what in house.connector.lists({}) if what != "deleted"]
    assert {"vendors", "jobs", "cost_codes"} <= set(lists)
    for what in lists:
        rows: list[dict[str, Any]] = []
        cursor, more = "", True
        while more:
            page = Play(house).run(partial(house.connector.pull, what, cursor))
            rows += page.rows
            cursor, more = page.more, bool(page.more)
        assert rows, what
        for row in rows:
            assert {"id", "name", "label", "active", "parent"} <= row.keys()
            assert row["id"]
            assert row["name"]
            assert isinstance(row["active"], bool)


FATES: tuple[Fate, ...] = ("busy", "nonsense")


def always(fate: Fate) -> Callable[[Request], Fate]:
    return lambda _request: fate


def test_a_list_that_cannot_be_read_is_not_an_empty_one(house: House) -> None:
    for what in house.connector.lists({}):
        for fate in FATES:
            play = Play(house, fate=always(fate))
            with pytest.raises((ErpError, ValueError)):
                play.run(partial(house.connector.pull, what, ""))


# --- The wire of an ERP that is called -----------------------------------------------------------


def test_credentials_are_in_the_call_and_nowhere_else(called: CalledHouse) -> None:
    connector, site = cast(Pushed, called.connector), called.site()
    way = Way(Play(called), document("commitment"))
    way.settle()
    assert way.play.bodies
    for body in way.play.bodies:
        call = connector.call(body, site)
        told = call.content.decode() + "".join(value for _, value in call.headers) + call.path
        for secret in called.secrets:
            assert secret not in body
            assert secret in told
            assert secret not in repr(call) + repr(site)
        assert call == connector.call(body, site)
        head = body.partition("\n")[0]
        assert (call.method, call.path) == tuple(head.split(" ")), head


def test_one_message_carries_one_call(called: CalledHouse) -> None:
    connector = called.connector
    assert connector.capabilities.questions_at_once == 1
    two = {name: Request(body="GET /vendors") for name in ("a", "b")}
    with pytest.raises(ValueError, match="one"):
        connector.wrap(two)


def test_a_token_is_asked_for_with_credentials_or_not_at_all(called: CalledHouse) -> None:
    connector, site = cast(Pushed, called.connector), called.site()
    assert connector.token_call(site) is None
    if isinstance(called, SpectrumHouse):
        secrets = {"client_id": "meridian", "client_secret": "not for logs"}
        oauth = Site(address=site.address, settings={"oauth": "Y"}, secrets=secrets)
        call = connector.token_call(oauth)
        assert isinstance(call, Call)
        assert b"not+for+logs" in call.content
        assert "logs" not in repr(call)
    for reply in ("HTTP 200 text/html\n\n<html>", "HTTP 400 application/json\n\n{}"):
        with pytest.raises(Refused):
            connector.token(reply)
