"""The same promises over real HTTP: every ERP that we call, served by a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors import engine
from connectors.calling import serve
from connectors.models import Connection, Conversation, Message
from connectors.secrets import set_secrets
from connectors.syncing import request_sync
from tests.connectors.contract.ledgerline_books import KEY, Books
from tests.engine.on_spectrum import AUTHORIZATION, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Called:
    """A company on an ERP that we call."""

    stage: Stage
    secret: str
    lose_an_answer: Callable[[], object]
    effects: Callable[[], Counter[str]]

    def quiet(self) -> None:
        """Workers' turns until nothing is left to do."""
        for _ in range(8):
            if not engine.due().exists():
                return
            serve(self.stage.connection.pk)
        connection = Connection.objects.get(pk=self.stage.connection.pk)
        raise AssertionError(f"It never comes to rest: {connection.last_result}")

    def carry(self, document: Any) -> str:
        """Send, accept, and let the workers do what they can; the status then."""
        self.stage.send(document)
        self.stage.accept(document)
        self.quiet()
        return self.stage.status(document)


@pytest.fixture(params=["ledgerline", "spectrum"])
def called(request: pytest.FixtureRequest, stage: Stage, settings) -> Iterator[Called]:
    settings.ERP_QUARANTINE_SECONDS = 0
    on = _on_spectrum if request.param == "spectrum" else _on_ledgerline
    yield from on(stage)


def _on_spectrum(stage: Stage) -> Iterator[Called]:
    company = spectrum_books()
    company.set(repeats_double=True)

    def effects() -> Counter[str]:
        told = [one for one in company.effects() if one.what != "nothing"]
        return Counter(f"{one.service} {one.key}" for one in told)

    with listening(company) as address:
        move(stage, address)
        yield Called(stage, AUTHORIZATION, lambda: company.faults.add("answer_lost"), effects)
    company.close()


def _on_ledgerline(stage: Stage) -> Iterator[Called]:
    books = Books()
    books.lists = {name: [{"id": "1", "name": "One"}] for name in ("vendors", "jobs", "cost_codes")}

    def lose() -> None:
        books.lost += 1

    with listening(books) as address:
        move(stage, address)
        Connection.objects.update(erp="ledgerline", settings={})
        set_secrets(stage.connection, {"api_key": KEY})
        stage.connection.refresh_from_db()
        yield Called(stage, KEY, lose, lambda: Counter(books.made))


def test_a_commitment_and_its_change_order_are_there_once(called: Called) -> None:
    commitment = called.stage.commitment()
    assert called.carry(commitment) == "synced"
    change_order = called.stage.change_order(commitment)
    assert called.carry(change_order) == "synced"
    assert set(called.effects().values()) == {1}


def test_an_answer_that_is_lost_leaves_one_effect(called: Called) -> None:
    called.lose_an_answer()
    commitment = called.stage.commitment()
    assert called.carry(commitment) == "synced"
    assert set(called.effects().values()) == {1}


def test_an_answer_to_a_change_order_that_is_lost_leaves_one_effect(called: Called) -> None:
    commitment = called.stage.commitment()
    called.carry(commitment)
    called.lose_an_answer()
    status = called.carry(called.stage.change_order(commitment))
    can_find = called.secret == KEY
    assert status == ("synced" if can_find else "needs_attention")
    assert set(called.effects().values()) == {1}


def test_the_lists_are_read(called: Called) -> None:
    request_sync(called.stage.connection, called.stage.access(called.stage.dora))
    called.quiet()
    pulls = Conversation.objects.filter(purpose="pull")
    assert pulls.count() >= 3
    assert set(pulls.values_list("outcome", flat=True)) == {"done"}


def test_no_credential_is_kept(called: Called) -> None:
    called.carry(called.stage.commitment())
    for message in Message.objects.all():
        assert called.secret not in f"{message.body}{message.reply}"
