"""A company file as a small general contractor keeps it, and an application that asks it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sandbox.quickbooks import CompanyFile, Qwc, WebConnector
from tests.sandbox.qbxml import Application
from tests.sandbox.server import PASSWORD, USER, Server, start
from tests.sandbox.web_connecting import FILE, OWNER


@dataclass
class Clock:
    """The clock of QuickBooks' machine: it stands until it is moved."""

    now: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=-5)))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)

    @property
    def utc(self) -> datetime:
        return self.now.astimezone(UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def company(clock) -> CompanyFile:
    """Meridian Builders: two vendors, one job, three cost codes."""
    made = CompanyFile.create(company_name="Meridian Builders", clock=clock)
    made.load(
        {
            "vendors": ["Ironwood Concrete", "Halden Steel"],
            "classes": ["Labor"],
            "customers": [{"name": "City of Alder", "jobs": ["Riverside Library"]}],
            "items": [
                {"name": "03-300", "desc": "Cast-in-place concrete"},
                {"name": "05-120", "desc": "Structural steel"},
                {"name": "Labor", "parent": "03-300"},
            ],
        }
    )
    return made


@pytest.fixture
def app(company) -> Application:
    return Application(company)


@pytest.fixture
def server():
    made = Server()
    http = start(made)
    yield made
    http.shutdown()
    http.server_close()


@pytest.fixture
def waits() -> list[float]:
    """How long the connector waited, instead of waiting."""
    return []


@pytest.fixture
def connector(server, company, waits) -> WebConnector:
    qwc = Qwc(server.url, USER, OWNER, FILE, "ERP Bridge")
    return WebConnector(qwc, PASSWORD, company, wait=waits.append)
