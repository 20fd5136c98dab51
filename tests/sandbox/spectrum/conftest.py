"""A company as a small contractor keeps it in Spectrum, and an application that asks it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.spectrum import SpectrumCompany
from tests.sandbox.spectrum.asking import AUTHORIZATION, Application


@dataclass
class Clock:
    """Stands until it is moved."""

    now: datetime = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def company(clock) -> SpectrumCompany:
    made = SpectrumCompany(code="HBR", name="Harbor", clock=clock, wait=lambda _seconds: None)
    made.load(
        {
            "authorizations": [AUTHORIZATION],
            "vendors": [["MOOR", "Mooring Electric"], ["SALT", "Saltbox Carpentry"]],
            "jobs": [
                ["H101", "Pier 4 Office Refit", "PORT"],
                ["H102", "Shed, own account"],
                ["H090", "Pier 3, done", "PORT", "C"],
            ],
            "phases": [
                ["H101", "26050", "L", "Basic electrical work"],
                ["H101", "26050", "M", "Basic electrical work"],
                ["H101", "06100", "S", "Rough carpentry"],
                ["H101", "06200", "S", "Finish carpentry", "C"],
                ["H102", "06100", "S", "Rough carpentry"],
            ],
        }
    )
    return made


@pytest.fixture
def application(company) -> Application:
    return Application(company)
