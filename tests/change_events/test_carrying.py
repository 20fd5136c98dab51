"""Lines of change events become lines of change orders and come back, none twice, none lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from approvals.history_texts import history_of
from change_events.models import ChangeEventLine
from change_events.workflow import (
    add_to_change_order,
    create_change_orders,
    detach,
    load_event,
    update_event,
)
from commitments.entries import change_order_entry
from commitments.models import ChangeOrder, ChangeOrderLine
from commitments.workflow import (
    create_change_order,
    delete_change_order,
    load_change_order,
    set_change_order_status,
    set_commitment_status,
    update_change_order,
)
from directory.access import set_level
from directory.entered import Invalid
from directory.history import faults
from directory.models import Membership
from directory.perms import Level, Tool
from tests import factories
from tests.change_events.conftest import event, ids, line
from tests.change_events.entering import event_entry
from tests.commitments.entering import change, change_order
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def carriers(made) -> list[str]:
    """What carries each line of a change event: 'SC-001/001', or '' for nothing."""
    return [
        f"{one.commitment.number}/{one.change_order_line.change_order.number}"
        if one.commitment and one.change_order_line
        else ""
        for one in load_event(made.pk).lines.all()
    ]


def version(document) -> int:
    return type(document).objects.get(pk=document.pk).export.version


def test_lines_become_one_change_order_for_each_commitment(stage: Stage, pam) -> None:
    concrete = stage.commitment(number="SC-001")
    steel = stage.commitment(number="SC-002")
    made = event(
        stage,
        line("1500", commitment=concrete.pk, description="Deeper"),
        line("700.50", commitment=steel.pk, code="05-120"),
        line("-250", commitment=concrete.pk, code="05-120", description="Less steel"),
        line("99", commitment=steel.pk),
    )
    first, second = create_change_orders(made, by=pam, version=0, lines=ids(made, 1, 2, 3))
    assert carriers(made) == ["SC-001/001", "SC-002/001", "SC-001/001", ""]
    assert (first.commitment, first.status, first.title) == (concrete, "draft", made.title)
    assert [
        (one.commitment_line.number, one.description, one.amount) for one in first.lines.all()
    ] == [
        (1, "Deeper", Decimal("1500.00")),
        (2, "Less steel", Decimal("-250.00")),
    ]
    assert second.export.amount == Decimal("700.50")
    now = load_event(made.pk)
    assert (now.total, now.carried) == (Decimal("2049.50"), Decimal("1950.50"))
    assert list(history_of(now)[0].changes) == [
        "Lines 1, 3: into SC-001 / 001",
        "Line 2: into SC-002 / 001",
    ]
    with pytest.raises(Invalid, match="Line 1 is in SC-001 / 001 already"):
        create_change_orders(now, by=pam, version=1, lines=ids(made, 1, 4))
    assert carriers(made)[3] == ""


def test_a_cost_code_that_the_commitment_lacks_is_a_new_scope(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    made = event(stage, line("80", code="09-290", description="Patch", commitment=commitment.pk))
    [order] = create_change_orders(made, by=pam, version=0, lines=ids(made))
    added = commitment.lines.get(introduced_by=order)
    assert (added.cost_code.code, added.amount, added.description) == (
        "09-290",
        Decimal("0.00"),
        "Patch",
    )
    # More of the same scope changes that line; another change order adds its own until this one
    # is approved.
    more = event(stage, line("7", code="09-290"), line("8", code="09-290"))
    add_to_change_order(more, by=pam, version=0, lines=ids(more, 1), change_order=order.pk)
    assert set(order.lines.values_list("commitment_line", flat=True)) == {added.pk}
    [other] = create_change_orders(
        load_event(more.pk), by=pam, version=1, lines=ids(more, 2), commitment=commitment.pk
    )
    assert other.lines.get().commitment_line.introduced_by == other


def test_of_lines_with_one_code_that_with_the_same_description_is_changed(stage, pam) -> None:
    commitment = stage.commitment(
        lines=[("03-300", "Footings", "1.00"), ("03-300", "Slab", "2.00")]
    )
    made = event(
        stage,
        line(commitment=commitment.pk, description="slab"),
        line(commitment=commitment.pk, description="Anything"),
    )
    [order] = create_change_orders(made, by=pam, version=0, lines=ids(made))
    assert [one.commitment_line.number for one in order.lines.all()] == [2, 1]


def test_a_line_for_a_company_needs_a_commitment_with_it(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stranger = factories.VendorFactory.create(company=stage.company, name="Alder Paving")
    made = event(stage, line(vendor=stage.vendor.pk), line(vendor=stranger.pk), line())
    with pytest.raises(Invalid) as refused:
        create_change_orders(made, by=pam, version=0, lines=ids(made))
    assert [fault.message for fault in refused.value.faults] == [
        "Choose the commitment for line 1. It names Ironwood Concrete.",
        "Choose the commitment for line 2. It names Alder Paving.",
        "Choose the commitment for line 3.",
    ]
    with pytest.raises(Invalid, match="Line 2 is for Alder Paving, but SC-001 is with Ironwood"):
        create_change_orders(made, by=pam, version=0, lines=ids(made), commitment=commitment.pk)
    create_change_orders(made, by=pam, version=0, lines=ids(made, 1, 3), commitment=commitment.pk)
    assert carriers(made) == ["SC-001/001", "", "SC-001/001"]
    assert load_event(made.pk).lines.all()[0].vendor is None


def test_one_commitment_that_takes_none_keeps_the_others_from_getting_theirs(stage, pam) -> None:
    done, open_one = stage.commitment(number="SC-001"), stage.commitment(number="SC-002")
    stage.synced(done)
    set_commitment_status(done, by=pam, version=version(done), status="complete")
    made = event(stage, line(commitment=done.pk), line(commitment=open_one.pk))
    with pytest.raises(Invalid, match="SC-001: The commitment is Complete"):
        create_change_orders(made, by=pam, version=0, lines=ids(made))
    assert carriers(made) == ["", ""]
    assert not ChangeOrder.objects.exists()


def test_lines_are_added_to_an_undecided_change_order_only(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    order = stage.change_order(commitment, status="in_review")
    elsewhere = stage.commitment(number="SC-002")
    made = event(stage, line("20"), line("30", commitment=elsewhere.pk), line("40"))
    with pytest.raises(Invalid, match="Line 2 is for SC-002"):
        add_to_change_order(made, by=pam, version=0, lines=ids(made), change_order=order.pk)
    saved = add_to_change_order(made, by=pam, version=0, lines=ids(made, 1), change_order=order.pk)
    assert [one.amount for one in saved.lines.all()] == [Decimal("1500.00"), Decimal("20.00")]
    assert saved.export.amount == Decimal("1520.00")
    set_change_order_status(saved, by=pam, version=version(order), status="approved")
    with pytest.raises(Invalid, match="is Approved; it takes no more lines"):
        add_to_change_order(made, by=pam, version=1, lines=ids(made, 3), change_order=order.pk)
    assert carriers(made) == ["SC-001/001", "", ""]


@pytest.mark.parametrize("status", ["sent", "synced"])
def test_on_its_way_a_change_order_gives_and_takes_nothing(stage: Stage, pam, status) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    made = event(stage, line(commitment=commitment.pk), line())
    [order] = create_change_orders(made, by=pam, version=0, lines=ids(made, 1))
    set_change_order_status(order, by=pam, version=0, status="approved")
    stage.send(order) if status == "sent" else stage.synced(order)
    now = load_event(made.pk)
    with pytest.raises(Invalid, match="This is locked"):
        detach(now, by=pam, version=now.version, lines=ids(made, 1))
    with pytest.raises(Invalid, match="takes no more lines"):
        add_to_change_order(
            now, by=pam, version=now.version, lines=ids(made, 2), change_order=order.pk
        )
    assert carriers(made) == ["SC-001/001", ""]


def test_taken_out_a_line_is_free_and_its_line_there_is_gone(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    made = event(
        stage,
        line("20", commitment=commitment.pk),
        line("30", code="09-290", commitment=commitment.pk),
    )
    [order] = create_change_orders(made, by=pam, version=0, lines=ids(made))
    entry = event_entry(load_event(made.pk))
    changed = replace(entry, lines=[replace(entry.lines[0], amount="21"), entry.lines[1]])
    with pytest.raises(Invalid, match="stays as it is"):
        update_event(made, by=pam, version=1, data=changed)
    after = detach(load_event(made.pk), by=pam, version=1, lines=ids(made, 2))
    assert carriers(made) == ["SC-001/001", ""]
    assert load_change_order(order.pk).lines.count() == 1
    assert commitment.lines.count() == 2  # the new scope went with it
    assert list(history_of(after)[0].changes) == ["Line 2: out of SC-001 / 001"]
    with pytest.raises(Invalid, match="Line 2 is in no change order"):
        detach(after, by=pam, version=after.version, lines=ids(made, 2))


def test_deleting_a_draft_frees_the_lines(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    made = event(stage, line("20", commitment=commitment.pk))
    [order] = create_change_orders(made, by=pam, version=0, lines=ids(made))
    delete_change_order(order, by=pam, version=0)
    now = load_event(made.pk)
    assert carriers(made) == [""]
    assert [one.what for one in history_of(now)][:2] == [
        "Taken out of a change order",
        "Put into a change order",
    ]
    create_change_orders(now, by=pam, version=now.version, lines=ids(made))
    assert carriers(made) == ["SC-001/001"]
    assert list(faults(stage.company.pk)) == []


def test_a_line_edited_in_the_change_order_stays_traced(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    made = event(stage, line("20", commitment=commitment.pk), line("30", commitment=commitment.pk))
    [order] = create_change_orders(made, by=pam, version=0, lines=ids(made))
    entry = change_order_entry(load_change_order(order.pk))
    update_change_order(
        order, by=pam, version=0, data=replace(entry, lines=[replace(entry.lines[1], amount="31")])
    )
    assert carriers(made) == ["", "SC-001/001"]
    carrier = ChangeOrderLine.objects.get(change_order=order)
    assert carrier.amount == Decimal("31.00")
    assert ChangeEventLine.objects.get(change_order_line=carrier).amount == Decimal("30.00")


def test_it_takes_standard_here_and_admin_on_commitments(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    made = event(stage, line(commitment=commitment.pk))
    membership = Membership.objects.get(user=stage.vic, company=stage.company)
    for tool, level, lacking in (
        (Tool.CHANGE_EVENTS, Level.STANDARD, "Admin on Commitments"),
        (Tool.COMMITMENTS, Level.STANDARD, "Admin on Commitments"),
        (Tool.COMMITMENTS, Level.ADMIN, ""),
        (Tool.CHANGE_EVENTS, Level.READ, "Standard on Change Events"),
    ):
        set_level(membership, tool, level, by=stage.dora, project=stage.project)
        vic, now = stage.access(stage.vic), load_event(made.pk)
        if lacking:
            with pytest.raises(PermissionDenied, match=lacking):
                create_change_orders(now, by=vic, version=now.version, lines=ids(made))
        else:
            create_change_orders(now, by=vic, version=now.version, lines=ids(made))
            detach(load_event(made.pk), by=vic, version=1, lines=ids(made))


def test_with_change_events_no_change_order_is_entered_directly(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    first = commitment.lines.get(number=1).pk
    with pytest.raises(Invalid, match="made from change events"):
        create_change_order(commitment=commitment, by=pam, data=change_order(change(first)))
    stage.project.change_events = False
    stage.project.save()
    assert create_change_order(commitment=commitment, by=pam, data=change_order(change(first)))
