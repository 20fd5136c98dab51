"""Pam enters, edits and closes change events; who may, what is refused, what the history tells."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from approvals.errors import Stale
from approvals.history_texts import history_of
from change_events.models import ChangeEvent, ChangeEventLine
from change_events.workflow import (
    create_change_orders,
    delete_event,
    load_event,
    set_event_status,
    update_event,
)
from directory.access import set_level
from directory.entered import Invalid
from directory.history import faults
from directory.models import Membership, Project
from directory.perms import Level, Tool
from tests import factories
from tests.change_events.conftest import event, ids, line
from tests.change_events.entering import event_entry
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def give(stage: Stage, name: str, tool: Tool, level: Level) -> None:
    membership = Membership.objects.get(user=stage.people[name], company=stage.company)
    set_level(membership, tool, level, by=stage.dora, project=stage.project)


def found(refused: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, int | None]]:
    return {(fault.field, fault.line) for fault in refused.value.faults}


def test_pam_enters_lines_for_a_commitment_for_a_company_and_for_nobody(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    made = event(
        stage,
        line("1500", commitment=commitment.pk),
        line(None, quantity="3", unit_cost="0.335", vendor=stage.vendor.pk),
        line("-250.50"),
    )
    assert (made.number, made.status, made.version) == ("001", "open", 0)
    assert [(one.for_whom, one.amount) for one in made.lines.all()] == [
        ("SC-001 · Ironwood Concrete", Decimal("1500.00")),
        ("Ironwood Concrete", Decimal("1.01")),
        ("", Decimal("-250.50")),
    ]
    assert (made.total, made.carried) == (Decimal("1250.51"), Decimal("0.00"))
    assert event(stage).number == "002"


def test_everything_wrong_is_told_at_once(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stranger = factories.VendorFactory.create(company=stage.company)
    theirs = factories.VendorFactory.create(company=stage.other)
    elsewhere = factories.ProjectFactory.create(company=stage.company)
    other = factories.CommitmentFactory.create(project=elsewhere, vendor=None, created_by=stage.pam)
    event(stage)
    with pytest.raises(Invalid) as refused:
        event(
            stage,
            line("1.005"),
            line(commitment=other.pk),
            line(vendor=theirs.pk),
            line(commitment=commitment.pk, vendor=stranger.pk),
            replace(line(), category=None),
            title=" ",
            number="001",
            reason="weather",
        )
    assert found(refused) == {
        ("title", None),
        ("number", None),
        ("reason", None),
        ("amount", 1),
        ("commitment", 2),
        ("vendor", 3),
        ("vendor", 4),
        ("category", 5),
    }
    assert ChangeEvent.objects.count() == 1


def test_what_is_saved_is_told_from_what_to_what(stage: Stage, pam) -> None:
    made = event(stage, line("1500", description="Stair"), line("20"))
    entry = event_entry(made)
    first = replace(entry.lines[0], amount="1600")
    saved = update_event(
        made, by=pam, version=0, data=replace(entry, title="The stair", lines=[first])
    )
    assert (saved.version, saved.total) == (1, Decimal("1600.00"))
    newest = history_of(saved)[0]
    assert (newest.what, newest.who) == ("Edited", "Pam")
    assert list(newest.changes) == [
        "Title: Owner moves the stair → The stair",
        "Line 1: 03-300 Subcontract Stair 1,500.00 → 03-300 Subcontract Stair 1,600.00",
        "Line 2: 03-300 Subcontract 20.00 → (empty)",
    ]
    # Saving it as it is tells nothing.
    assert update_event(saved, by=pam, version=1, data=event_entry(saved)).version == 1
    assert list(faults(stage.company.pk)) == []


def test_two_people_edit_one_and_the_second_is_told_what_the_first_did(stage: Stage, pam) -> None:
    made = event(stage, line())
    entry = event_entry(made)
    update_event(made, by=pam, version=0, data=replace(entry, title="First"))
    with pytest.raises(Stale) as refused:
        update_event(made, by=pam, version=0, data=replace(entry, title="Second"))
    assert "Title: Owner moves the stair → First" in refused.value.changes
    assert load_event(made.pk).title == "First"


def test_standard_enters_and_edits_their_own_admin_everybodys(stage: Stage, pam) -> None:
    give(stage, "Vic", Tool.CHANGE_EVENTS, Level.STANDARD)
    vic = stage.access(stage.vic)
    hers, his = event(stage, line()), event(stage, line(), by=vic)
    assert update_event(his, by=vic, version=0, data=replace(event_entry(his), title="X")).version
    for verb in (
        lambda: update_event(hers, by=vic, version=0, data=event_entry(hers)),
        lambda: set_event_status(hers, by=vic, version=0, status="closed"),
        lambda: delete_event(hers, by=vic, version=0),
    ):
        with pytest.raises(PermissionDenied, match="Pam made it"):
            verb()
    assert set_event_status(his, by=pam, version=1, status="closed").status == "closed"
    give(stage, "Vic", Tool.CHANGE_EVENTS, Level.READ)
    with pytest.raises(PermissionDenied, match="Standard on Change Events"):
        event(stage, by=stage.access(stage.vic))


def test_a_closed_one_stays_as_it_is_until_it_is_opened_again(stage: Stage, pam) -> None:
    made = event(stage, line(commitment=stage.commitment().pk))
    closed = set_event_status(made, by=pam, version=0, status="closed")
    with pytest.raises(Invalid, match="Open it again"):
        update_event(closed, by=pam, version=1, data=replace(event_entry(closed), title="X"))
    with pytest.raises(Invalid, match="Open it again"):
        create_change_orders(closed, by=pam, version=1, lines=ids(closed))
    again = set_event_status(closed, by=pam, version=1, status="open")
    assert update_event(again, by=pam, version=2, data=replace(event_entry(again), title="X"))


def test_one_with_a_line_in_a_change_order_is_neither_void_nor_deleted(stage: Stage, pam) -> None:
    made = event(stage, line(commitment=stage.commitment().pk), line())
    create_change_orders(made, by=pam, version=0, lines=ids(made, 1))
    with pytest.raises(Invalid, match="Line 1 of it is in a change order"):
        set_event_status(made, by=pam, version=1, status="void")
    with pytest.raises(Invalid, match="Take them out first"):
        delete_event(made, by=pam, version=1)
    free = event(stage, line())
    assert set_event_status(free, by=pam, version=0, status="void").status == "void"
    delete_event(free, by=pam, version=1)
    assert not ChangeEvent.objects.filter(pk=free.pk).exists()
    assert [one.what for one in history_of(free)] == ["Deleted", "Status changed", "Created"]


def test_where_the_tool_is_off_nothing_is_entered(stage: Stage, pam) -> None:
    made = event(stage, line(commitment=stage.commitment().pk))
    Project.objects.filter(pk=stage.project.pk).update(change_events=False)
    stage.project.refresh_from_db()
    with pytest.raises(Invalid, match="switched off"):
        event(stage)
    with pytest.raises(Invalid, match="switched off"):
        update_event(made, by=pam, version=0, data=event_entry(made))
    with pytest.raises(Invalid, match="switched off"):
        create_change_orders(made, by=pam, version=0, lines=ids(made))


@pytest.mark.parametrize("column", ["vendor_id", "cost_code_id", "event_id"])
def test_a_line_cannot_name_another_companys_rows(stage: Stage, pam, column: str) -> None:
    [mine] = ids(event(stage, line()))
    project = stage.other.projects.get()
    theirs = {
        "vendor_id": factories.VendorFactory.create(company=stage.other).pk,
        "cost_code_id": factories.CostCodeFactory.create(company=stage.other).pk,
        "event_id": factories.ChangeEventFactory.create(project=project, created_by=stage.olga).pk,
    }
    ChangeEventLine.objects.filter(pk=mine).update(**{column: theirs[column]})
    with pytest.raises(Exception, match="same_company"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
