"""Every registered connector, one of them in a package of its own that is found by entry point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import registry
from connectors.contract import Kind, Receipt
from tests.connectors.contract.documents import document
from tests.connectors.contract.houses import HOUSES, CalledHouse, House
from tests.connectors.contract.playing import Play, Way

SITE = Path(__file__).parent / "site"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package is there, as if it had been installed."""
    monkeypatch.syspath_prepend(str(SITE))
    _look_again()
    yield
    _look_again()


def _look_again() -> None:
    for kept in (registry.names, registry.called, registry.connector_for, registry.fingerprint):
        kept.cache_clear()


@pytest.fixture(params=sorted(HOUSES))
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    made = HOUSES[request.param]()
    yield made
    made.close()


@pytest.fixture(params=sorted(name for name in HOUSES if issubclass(HOUSES[name], CalledHouse)))
def called(request: pytest.FixtureRequest) -> Iterator[CalledHouse]:
    """One of those that we call."""
    made = HOUSES[request.param]()
    assert isinstance(made, CalledHouse)
    yield made
    made.close()


@pytest.fixture(params=["commitment", "change_order", "budget"])
def way(request: pytest.FixtureRequest, house: House) -> Way:
    """A document that is accepted, and whose commitment is in the ERP."""
    kind: Kind = request.param
    return Way(Play(house), document(kind), parent_of(house, kind))


def parent_of(house: House, kind: Kind) -> Receipt | None:
    if kind != "change_order":
        return None
    commitment = Way(Play(house), document("commitment"))
    assert commitment.settle() == "synced", commitment.error
    return commitment.receipt
