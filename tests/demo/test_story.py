"""`manage.py story` against a real server and the stand-ins' own pages; and that it can fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from connectors import calling
from connectors.models import Connection
from erpbridge.demo import loading
from erpbridge.story.books import Change, Order, OrderLine
from erpbridge.story.main_job import judge
from erpbridge.supervisor.stack import free_port
from sandbox.quickbooks import CompanyFile, WebConnector
from sandbox.quickbooks.__main__ import Config
from sandbox.quickbooks.control import serve
from sandbox.quickbooks.polling import Poller
from sandbox.spectrum import SpectrumCompany, control, server
from sandbox.spectrum.__main__ import COMPANY_NAME

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
    settings.ALLOWED_ERP_ORIGINS = [loading.SPECTRUM]
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
        assert "Pam tries to accept it, and is refused" in told
        assert "PurchaseOrderMod: keep the" in told
        assert "are not back in the ERP's job costs yet" in told
        assert "the budget can be changed again" in told
    order = stand_in.company_file.purchase_order("SC-24017-03")
    assert order.total == Decimal("476850.00") + 2 * Decimal("5970.15")
    stand_in.faults.lose_answer = 1
    with pytest.raises(CommandError, match="It is exporting and not synced"):
        call_command("story")


@pytest.fixture
def spectrum(transactional_db, live_server, settings, tmp_path: Path) -> Iterator[SpectrumCompany]:
    """The demo company on Spectrum: its stand-in behind its real doors, and one worker."""
    settings.STATE_DIR, settings.BASE_URL = tmp_path, live_server.url
    port = free_port(18482)
    address = f"http://{server.ADDRESS}:{port}"
    settings.ALLOWED_ERP_ORIGINS = [address]
    loading.load(address)
    company = SpectrumCompany(tmp_path / "spectrum" / COMPANY_NAME)
    services = server.serve(company, port)
    page = control.serve(company, address, 0)
    url = f"http://127.0.0.1:{page.server_port}/"
    (tmp_path / "spectrum" / "control.url").write_text(url)
    stop = threading.Event()
    connection = Connection.objects.get(erp="spectrum").pk

    def work() -> None:
        while not stop.wait(0.1):
            calling.serve(connection)
        connections.close_all()

    runs = [work, services.serve_forever, page.serve_forever]
    threads = [threading.Thread(target=run, daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    yield company
    stop.set()
    for each in (services, page):
        each.shutdown()
        each.server_close()
    for thread in threads:
        thread.join(30)
    company.close()


def test_the_story_on_spectrum_is_told_twice_and_breaks_off_when_an_answer_is_lost(
    spectrum: SpectrumCompany, capsys
) -> None:
    for number in ("004", "005"):
        call_command("story", "--erp", "spectrum")
        told = capsys.readouterr().out
        assert f"In Spectrum it is to be S101-{number}" in told
        assert "holds exactly what was approved" in told
        assert "Marco tries to accept it, and is refused" in told
        assert "AddPhase: Phase_Code 26510, Cost_Type M" in told
        assert "the budget can be changed again" in told
        assert "CR_Phase_Code 26050, CR_Cost_Type L, Sub_Amount 2825.40" in told
        assert len(spectrum.writes("ARChangeRequest", "H101", "PORTAUTH", f"S101-{number}")) == 3
    subcontract = spectrum.subcontract("SC-101")
    assert subcontract.total == Decimal("152330.00") + 2 * Decimal("3189.15")
    spectrum.faults.add("answer_lost", "ARChangeRequest", call=2)
    with pytest.raises(CommandError, match="It is unknown and not synced"):
        call_command("story", "--erp", "spectrum")


def test_without_a_demo_there_is_no_story(db, settings, tmp_path: Path) -> None:
    settings.STATE_DIR = tmp_path
    with pytest.raises(CommandError, match="not loaded"):
        call_command("story")
