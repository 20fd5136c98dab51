"""`manage.py story` against a real server and the stand-in's own page; and that it can fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from erpbridge.demo import loading
from erpbridge.story.books import Order, OrderLine
from erpbridge.story.main_job import Change, judge
from sandbox.quickbooks import CompanyFile, WebConnector
from sandbox.quickbooks.__main__ import Config
from sandbox.quickbooks.control import serve
from sandbox.quickbooks.polling import Poller

BEFORE = Order(
    "1", "SC-1", "Ironwood", Decimal("300.00"), (OrderLine("a", "03-300", "x", Decimal("300.00")),)
)
APPROVED = [Change("03-300", Decimal("20.00")), Change("05-120", Decimal("-5.50"))]


def _after(*new: tuple[str, str], total: str = "314.50") -> Order:
    lines = [
        OrderLine(f"n{place}", item, "CCO", Decimal(amount))
        for place, (item, amount) in enumerate(new)
    ]
    return replace(BEFORE, lines=(*BEFORE.lines, *lines), total=Decimal(total))


def test_exactly_what_was_approved_passes() -> None:
    assert judge(BEFORE, _after(("05-120", "-5.50"), ("03-300", "20.00")), APPROVED) == []


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        _after(("03-300", "20.00")),
        _after(("03-300", "20.00"), ("05-120", "-5.50"), ("03-300", "20.00"), total="334.50"),
        _after(("05-120", "20.00"), ("03-300", "-5.50")),
        _after(("03-300", "20.01"), ("05-120", "-5.51")),
        _after(("03-300", "20.00"), ("05-120", "-5.50"), total="314.51"),
        replace(_after(("03-300", "20.00"), ("05-120", "-5.50")), lines=()),
    ],
    ids=["nothing", "half", "twice", "other items", "a cent", "another total", "lines gone"],
)
def test_anything_else_does_not(after: Order) -> None:
    assert judge(BEFORE, after, APPROVED)


@pytest.fixture
def stand_in(transactional_db, live_server, settings, tmp_path: Path) -> Iterator[WebConnector]:
    """The demo company and its stand-in for QuickBooks, each with its real door open."""
    settings.STATE_DIR, settings.BASE_URL = tmp_path, live_server.url
    loading.load()
    config = Config.read(tmp_path / "sandbox" / "sandbox.json")
    web_connector = WebConnector(config.qwc, config.password, CompanyFile(config.company_file))
    poller = Poller(web_connector, every=0.2)
    server = serve(poller, 0)
    page = f"http://127.0.0.1:{server.server_port}/"
    (tmp_path / "sandbox" / "control.url").write_text(page)
    threads = [
        threading.Thread(target=run, daemon=True) for run in (poller.run, server.serve_forever)
    ]
    for thread in threads:
        thread.start()
    yield web_connector
    poller.stop()
    server.shutdown()
    for thread in threads:
        thread.join(30)
    server.server_close()


def test_the_story_is_told_twice_and_breaks_off_when_an_answer_is_lost(
    stand_in: WebConnector, capsys
) -> None:
    for number in ("004", "005"):
        call_command("story")
        told = capsys.readouterr().out
        assert f"change order {number}" in told
        assert "holds exactly what was approved" in told
        assert "Pam tries to accept it herself, and is refused" in told
        assert "PurchaseOrderMod: keep the" in told
    order = stand_in.company_file.purchase_order("SC-24017-03")
    assert order.total == Decimal("476850.00") + 2 * Decimal("5970.15")
    stand_in.faults.lose_answer = 1
    with pytest.raises(CommandError, match="It is exporting and not synced"):
        call_command("story")


def test_without_a_demo_there_is_no_story(db, settings, tmp_path: Path) -> None:
    settings.STATE_DIR = tmp_path
    with pytest.raises(CommandError, match="not loaded"):
        call_command("story")
