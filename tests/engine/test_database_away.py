"""A worker whose database goes away, at whatever moment: no answer is lost, and what was never made
is in no doubt.

The ERP is the stand-in for Spectrum, over real HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import psycopg2
import pytest
from django.db import OperationalError, connections
from django.db import connection as database
from django.db.models import F

from connectors import calling
from connectors.calling import serve
from connectors.models import Conversation, Message, Session
from connectors.pulse import LEASE
from tests.engine.test_calling import COMMITMENT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cut(monkeypatch) -> Iterator[Callable[[], None]]:
    """Cuts the worker's connection to the database."""
    monkeypatch.setattr(calling, "DATABASE_AWAY", (0,))
    own = psycopg2.connect(**{**database.get_connection_params(), "cursor_factory": None})
    own.autocommit = True

    def cut() -> None:
        with own.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                "pg_backend_pid() AND datname = current_database() AND state = 'idle'"
            )

    yield cut
    own.close()


@pytest.mark.parametrize("call", [1, 2, 3])
def test_an_answer_in_hand_survives_a_database_that_goes_away(
    spectrum, stage, settings, cut, call: int
) -> None:
    """Its connection is cut while Spectrum works: the answer cannot be had again."""
    settings.ERP_QUARANTINE_SECONDS = 600
    calls = count(1)
    spectrum.slow(lambda _seconds: cut() if next(calls) == call else None)
    spectrum.synced(stage.commitment())
    assert spectrum.sent() == COMMITMENT
    assert {what for _, _, what in spectrum.effects()} == {"made"}


def test_a_call_that_was_not_made_as_the_database_went_away_is_in_no_doubt(
    spectrum, stage, monkeypatch, cut
) -> None:
    """Its connection is cut as the second call is to go out."""
    monkeypatch.setattr(calling, "KNOWN_FOR", 0.0)
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    asked = count(1)

    def stopping() -> bool:
        if next(asked) == 4:
            cut()
        return False

    assert serve(spectrum.connection.pk, stopping=stopping) is False
    assert len(spectrum.effects()) == 1
    assert (stage.status(commitment), tries()) == ("accepted", [0])
    assert spectrum.connection.last_result == calling.WITHOUT_DATABASE
    spectrum.serve()
    assert stage.status(commitment) == "synced"
    assert [what for _, _, what in spectrum.effects()] == ["made"] * len(COMMITMENT)


def test_nor_is_one_for_which_a_token_was_just_fetched(spectrum, stage, cut) -> None:
    spectrum.by_token()
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.slow(lambda _seconds: cut())
    assert spectrum.serve() is False
    assert (stage.status(commitment), tries()) == ("accepted", [0])
    assert spectrum.connection.last_result == calling.WITHOUT_DATABASE


@pytest.mark.parametrize("until", [lambda: False, lambda: True], ids=["goes on", "turn is over"])
@pytest.mark.parametrize("commit", range(1, 6))
def test_a_commit_of_which_nobody_hears_leaves_nothing_in_doubt(
    spectrum, stage, monkeypatch, commit: int, until: Callable[[], bool]
) -> None:
    """It is carried out, but the connection breaks before the worker is told."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    spectrum.synced(stage.change_order(commitment))
    change_order = stage.change_order(commitment, number="002")
    spectrum.accepted(change_order)
    ours: Any = connections["default"]
    carry_out, commits = ours._commit, count(1)

    def unheard() -> None:
        carry_out()
        if next(commits) == commit:
            raise OperationalError("The connection broke.")

    monkeypatch.setattr(calling, "DATABASE_AWAY", (0,))
    monkeypatch.setattr(ours, "_commit", unheard)
    with suppress(OperationalError):
        serve(spectrum.connection.pk, until=until)
    monkeypatch.undo()
    assert next(commits) > commit, "there are that many"
    Session.objects.update(last_seen_at=F("last_seen_at") - LEASE)
    spectrum.quiet()
    assert stage.status(change_order) == "synced"
    assert [what for _, _, what in spectrum.effects()][-2:] == ["made", "made"]
    assert unanswered() == []


def unanswered() -> list[str]:
    return list(Message.objects.filter(fault__gt="").values_list("fault", flat=True))


def tries() -> list[int]:
    """How often what is to be done was tried in vain."""
    return list(Conversation.objects.exclude(state="closed").values_list("tries", flat=True))
