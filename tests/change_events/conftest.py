"""Pam's project works with change events."""

from __future__ import annotations

import pytest

from change_events.entries import EventEntry, EventLine
from change_events.models import ChangeEvent
from change_events.workflow import create_event
from directory.access import Access
from tests.stage import Stage


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.project.change_events = True
    stage.project.save()
    return stage


@pytest.fixture
def pam(stage: Stage) -> Access:
    return stage.access(stage.pam)


def line(amount: str | None = "500.00", code: str = "03-300", **fields) -> EventLine:
    return EventLine(cost_code=code, category="Subcontract", amount=amount, **fields)


def event(stage: Stage, *lines: EventLine, by: Access | None = None, **fields) -> ChangeEvent:
    """A change event as somebody, else Pam, enters it."""
    entry = EventEntry(**{"title": "Owner moves the stair", "lines": lines, **fields})
    return create_event(project=stage.project, by=by or stage.access(stage.pam), data=entry)


def ids(event: ChangeEvent, *numbers: int) -> list[int]:
    """The ids of its lines, of all or of those with these numbers."""
    rows = event.lines.all()
    return [one.pk for one in rows if not numbers or one.number in numbers]
