"""The stage's company moves to Spectrum: the stand-in, over real HTTP, called by workers."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event, Thread
from typing import Any

from django.conf import settings as django_settings
from django.db import connections
from django.test import override_settings

from approvals.models import Exportable
from connectors import engine
from connectors.calling import serve
from connectors.models import Connection, Message
from connectors.secrets import set_secrets
from connectors.spectrum.statements import STATEMENTS
from directory.models import Category, Company, CostCode, Job, Vendor
from sandbox.spectrum import SpectrumCompany, server, tds
from sandbox.spectrum.books import COST_LINE, SUBCONTRACT
from tests.stage import Stage

AUTHORIZATION = "AUTH-0123456789"
PHASES = {"03-300": "03300", "05-120": "05120", "09-290": "09290"}
SETTINGS = {
    "company_code": "ABC",
    "gl_account": "5000100",
    "sco_status": "E",
    "cr_status": "PE",
    "price_method": "F",
}

INFO_LINK_USER, INFO_LINK_PASSWORD = "link-reader-7", "read-only-0815"
INFO_LINK_SECRETS = {"infolink_user": INFO_LINK_USER, "infolink_password": INFO_LINK_PASSWORD}
INFO_LINK = {
    "infolink": "Y",
    "infolink_database": "",
    "infolink_subcontract": STATEMENTS["subcontract"].example,
    "infolink_known_subcontract": "IRON/OLD-1",
    "infolink_change_request": STATEMENTS["change_request"].example,
    "infolink_known_change_request": "26010/OLD-1",
}
OLD_SUBCONTRACT = {
    "Vendor_Code": "IRON",
    "Subcontract_Number": "OLD-1",
    "Job_Number": "26010",
    "Status_Code": "A",
    "GL_Account": "5000100",
    "Date_Issued": "01/05/2024",
}
OLD_LINE = {"CR_Phase_Code": "03300", "CR_Cost_Type": "S", "Change_Request_Amount": "99.50"}


@dataclass
class OnSpectrum:
    """The stage, the company's Spectrum, and its address."""

    stage: Stage
    company: SpectrumCompany
    address: str

    @property
    def connection(self) -> Connection:
        return Connection.objects.get(pk=self.stage.connection.pk)

    def accepted(self, document: Exportable) -> None:
        self.stage.send(document)
        self.stage.accept(document)

    def synced(self, document: Exportable) -> None:
        self.accepted(document)
        self.serve()
        export = self.stage.export(document)
        assert export.status == "synced", (export.status, export.message)

    def serve(self) -> bool:
        """A worker's turn."""
        return serve(self.stage.connection.pk)

    def quiet(self) -> None:
        """Workers' turns until nothing is left that could be done without a person."""
        for _ in range(12):
            if not engine.due().filter(connection=self.stage.connection).exists():
                return
            self.serve()
        raise AssertionError("It never comes to rest.")

    def by_token(self, seconds: int | None = 3600) -> None:
        """From now on it asks for a token, which is said to be good for so many seconds."""
        self.company.switch_on_oauth("meridian", "s3cr3t-of-meridian", seconds)
        connection = self.connection
        connection.settings |= {"oauth": "Y"}
        connection.save()
        secrets = {"client_id": "meridian", "client_secret": "s3cr3t-of-meridian"}
        set_secrets(connection, {"authorization_id": AUTHORIZATION, **secrets})

    def slow(self, wait: Callable[[float], object]) -> None:
        """From now on it calls `wait` before each answer."""
        self.company.wait, self.company.faults.delay = wait, 1.0

    def effects(self) -> list[tuple[str, ...]]:
        """What was done to the books, call by call: service, the end of the record's key, what."""
        return [(one.service, one.key[-1], one.what) for one in self.company.effects()]

    def total(self, number: str = "SC-001") -> Decimal:
        return self.company.subcontract(number).total

    def sent(self) -> list[str]:
        """The first line of everything that went out, oldest first."""
        bodies = Message.objects.order_by("id").values_list("body", flat=True)
        return [body.partition("\n")[0] for body in bodies]


@contextmanager
def listening(company: Any) -> Iterator[str]:
    """What has an `answer` like `SpectrumCompany`, on a port of this machine; its address."""
    services = server.serve(company, 0)
    thread = Thread(target=services.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://{server.ADDRESS}:{services.server_port}"
    allowed = [*django_settings.ALLOWED_ERP_ORIGINS, address]
    try:
        with override_settings(ALLOWED_ERP_ORIGINS=allowed):
            yield address
    finally:
        services.shutdown()
        services.server_close()
        thread.join()


@contextmanager
def asking_info_link(spectrum: OnSpectrum) -> Iterator[str]:
    """Info-Link over TCP, set up with the connection; its address. What is known to be there is a
    subcontract and a change request of old."""
    company = spectrum.company
    company.open_info_link(INFO_LINK_USER, INFO_LINK_PASSWORD)
    company.books.put(SUBCONTRACT, ("IRON", "OLD-1"), OLD_SUBCONTRACT)
    company.books.put(COST_LINE, ("26010", "ALDER", "OLD-1", "0000"), OLD_LINE)
    with listening_in_sql(company) as address:
        connection = spectrum.connection
        connection.settings |= INFO_LINK | {"infolink_address": address}
        connection.save()
        set_secrets(connection, {"authorization_id": AUTHORIZATION} | INFO_LINK_SECRETS)
        yield address


@contextmanager
def listening_in_sql(company: SpectrumCompany, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The stand-in's Info-Link on an allowed port of this machine; its address."""
    services = tds.serve(company, 0, tls)
    thread = Thread(target=services.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scheme = "sql" if tls else "sql+plain"
    address = f"{scheme}://{server.ADDRESS}:{services.server_address[1]}"
    allowed = [*django_settings.ALLOWED_ERP_ORIGINS, address]
    try:
        with override_settings(ALLOWED_ERP_ORIGINS=allowed):
            yield address
    finally:
        services.shutdown()
        services.server_close()
        thread.join()


@contextmanager
def waiting_worker(spectrum: OnSpectrum) -> Iterator[None]:
    """A worker has called Spectrum, and waits for the answer until this ends; then it goes on."""
    is_called, go_on = Event(), Event()

    def wait(_seconds: float) -> None:
        is_called.set()
        assert go_on.wait(30)

    def work() -> None:
        try:
            spectrum.serve()
        finally:
            connections.close_all()

    spectrum.slow(wait)
    worker = Thread(target=work)
    worker.start()
    try:
        assert is_called.wait(30)
        yield
    finally:
        go_on.set()
        worker.join(30)


def spectrum_books() -> SpectrumCompany:
    """Meridian Builders on Spectrum, with the vendor, job and phases of the stage."""
    company = SpectrumCompany(clock=lambda: datetime.now(UTC), wait=lambda _seconds: None)
    company.authorize(AUTHORIZATION)
    company.add_vendor("IRON", "Ironwood Concrete")
    company.add_job("26010", "Riverside Library", customer="ALDER")
    for phase in PHASES.values():
        company.add_phase("26010", phase, "S", f"Phase {phase}")
    return company


def move(stage: Stage, address: str) -> None:
    """Tie the stage's lists to the Spectrum at `address`, and its connection, too."""
    Vendor.objects.filter(pk=stage.vendor.pk).update(erp_id="IRON", erp_name="Ironwood Concrete")
    Job.objects.filter(project=stage.project).update(erp_id="26010", erp_name="26010")
    for code, phase in PHASES.items():
        CostCode.objects.filter(pk=stage.codes[code].pk).update(erp_id=phase, erp_name=phase)
    Category.objects.filter(pk=stage.category.pk).update(erp_id="S", erp_name="S Subcontract")
    stage.connection.delete()
    stage.connection = connect(stage.company, address)


def connect(company: Company, address: str) -> Connection:
    """The connection of a company to the Spectrum at `address`."""
    connection = Connection.objects.create(
        company=company,
        erp="spectrum",
        address=address,
        company_file=f"{address.partition('//')[2]}/ABC",
        settings=dict(SETTINGS),
    )
    set_secrets(connection, {"authorization_id": AUTHORIZATION})
    return connection
