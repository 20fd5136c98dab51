"""Pam changes commitments; who approves, what is locked, which numbers they get."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from approvals.errors import Stale
from approvals.models import Export
from commitments.entries import change_order_entry, commitment_entry
from commitments.models import ChangeOrder, Commitment
from commitments.workflow import (
    add_lines,
    create_change_order,
    delete_change_order,
    load_change_order,
    load_commitment,
    set_change_order_status,
    set_commitment_status,
    update_change_order,
    update_commitment,
)
from directory.access import set_level
from directory.entered import Invalid
from directory.models import Event, Membership
from directory.perms import Level, Tool
from tests.commitments.entering import change, change_order
from tests.factories import VendorFactory
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def pam(stage: Stage):
    return stage.access(stage.pam)


@pytest.fixture
def commitment(stage: Stage) -> Commitment:
    return stage.commitment()


def found(refused: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, int | None]]:
    return {(fault.field, fault.line) for fault in refused.value.faults}


def version(document) -> int:
    return Export.objects.values_list("version", flat=True).get(pk=document.export_id)


def ids(commitment: Commitment) -> list[int]:
    return list(commitment.lines.values_list("pk", flat=True))


def save(cco: ChangeOrder, by, **fields) -> ChangeOrder:
    now = load_change_order(cco.pk)
    entry = replace(change_order_entry(now), **fields)
    return update_change_order(now, by=by, version=now.export.version, data=entry)


def give(stage: Stage, name: str, tool: Tool, level: Level) -> None:
    membership = Membership.objects.get(user=stage.people[name], company=stage.company)
    set_level(membership, tool, level, by=stage.dora, project=stage.project)


def test_pam_changes_two_lines_one_of_them_twice(stage: Stage, pam, commitment) -> None:
    first, second = ids(commitment)
    made = create_change_order(
        commitment=commitment,
        by=pam,
        data=change_order(
            change(first, "1500"),
            change(first, "-250.50", cost_code=None),
            change(second, None, quantity="3", unit_cost="0.335", cost_code="05-120"),
        ),
    )
    assert (made.number, made.status, made.revision) == ("001", "draft", 0)
    assert [
        (one.commitment_line_id, one.cost_code.code, one.amount) for one in made.lines.all()
    ] == [
        (first, "03-300", Decimal("1500.00")),
        (first, "03-300", Decimal("-250.50")),
        (second, "05-120", Decimal("1.01")),
    ]
    assert made.export.amount == Decimal("1250.51")
    assert made.export.parent_id == commitment.export_id
    assert made.export.document_id == made.pk


def test_a_line_needs_its_commitment_line_its_cost_code_and_its_category(
    pam, commitment, stage: Stage
) -> None:
    first, _ = ids(commitment)
    other = ids(stage.commitment(number="SC-002"))[0]
    with pytest.raises(Invalid) as refused:
        create_change_order(
            commitment=commitment,
            by=pam,
            data=change_order(
                replace(change(first), cost_code=None, category=None),
                replace(change(first), commitment_line=None),
                change(None, cost_code=""),
                change(other),
                replace(change(first), new_scope=True),
                title="",
            ),
        )
    assert found(refused) == {
        ("category", 1),
        ("commitment_line", 2),
        ("cost_code", 3),
        ("commitment_line", 4),
        ("commitment_line", 5),
        ("title", None),
    }
    assert not ChangeOrder.objects.exists()


def test_numbers_follow_one_another_and_an_overridden_one(pam, commitment) -> None:
    given = []
    for wanted in ("", "", "CO-09", "", "7", ""):
        made = create_change_order(
            commitment=commitment, by=pam, data=change_order(number=wanted, title="Any")
        )
        given.append(made.number)
    assert given == ["001", "002", "CO-09", "CO-10", "7", "8"]
    with pytest.raises(Invalid, match="already"):
        create_change_order(
            commitment=commitment, by=pam, data=change_order(number="002", title="Any")
        )


def test_a_void_ones_number_stays_taken(stage: Stage, pam, commitment) -> None:
    cco = stage.change_order(commitment)
    set_change_order_status(cco, by=pam, version=version(cco), status="void")
    with pytest.raises(Invalid, match="already"):
        create_change_order(commitment=commitment, by=pam, data=change_order(number="001"))
    assert create_change_order(commitment=commitment, by=pam, data=change_order()).number == "002"


def test_a_new_scope_adds_a_line_to_a_locked_schedule_and_takes_it_away_again(
    stage: Stage, pam, commitment
) -> None:
    stage.synced(commitment)
    before = load_commitment(commitment.pk).to_document()
    made = create_change_order(
        commitment=commitment,
        by=pam,
        data=change_order(change(None, "700", cost_code="09-290", description="Drywall patch")),
    )
    added = commitment.lines.get(number=3)
    assert (added.introduced_by_id, added.amount, added.description) == (
        made.pk,
        Decimal("0.00"),
        "Drywall patch",
    )
    assert made.lines.get().commitment_line == added
    # The commitment is still what QuickBooks has.
    assert load_commitment(commitment.pk).to_document() == before

    [mine] = change_order_entry(load_change_order(made.pk)).lines
    save(made, pam, lines=[replace(mine, cost_code="05-120"), change(added.pk, "1.00")])
    assert commitment.lines.get(number=3).cost_code.code == "05-120"
    delete_change_order(load_change_order(made.pk), by=pam, version=version(made))
    assert ids(commitment) == [line.id for line in before.lines]


def test_a_new_scope_that_another_change_order_changes_stays(pam, commitment) -> None:
    first = create_change_order(
        commitment=commitment, by=pam, data=change_order(change(None, "700"))
    )
    added = first.lines.get().commitment_line_id
    create_change_order(commitment=commitment, by=pam, data=change_order(change(added, "5.00")))
    with pytest.raises(Invalid, match="Change order 002"):
        delete_change_order(first, by=pam, version=version(first))
    own = commitment.lines.get(number=1).pk
    with pytest.raises(Invalid, match="Change order 002"):
        save(first, pam, lines=[change(own, "1.00")])
    assert first.lines.get().commitment_line_id == added


def test_new_scopes_come_after_the_commitments_own_lines(pam, commitment) -> None:
    create_change_order(commitment=commitment, by=pam, data=change_order(change(None, "700")))
    now = load_commitment(commitment.pk)
    entry = commitment_entry(now)
    assert len(entry.lines) == 2
    more = replace(entry, lines=[*entry.lines, replace(entry.lines[0], id=None)])
    saved = update_commitment(now, by=pam, version=now.export.version, data=more)
    assert [(line.number, line.introduced_by_id is None) for line in saved.lines.all()] == [
        (1, True),
        (2, True),
        (3, True),
        (4, False),
    ]


def test_approving_and_reopening_need_admin_on_change_orders(stage: Stage, pam, commitment) -> None:
    cco = create_change_order(commitment=commitment, by=pam, data=change_order())
    give(stage, "Pam", Tool.CHANGE_ORDERS, Level.READ)
    pam = stage.access(stage.pam)
    in_review = set_change_order_status(cco, by=pam, version=0, status="in_review")
    for status in ("approved", "rejected", "no_charge"):
        with pytest.raises(PermissionDenied, match="Admin on Change Orders"):
            set_change_order_status(in_review, by=pam, version=1, status=status)

    # Vic approves change orders and enters none.
    give(stage, "Vic", Tool.CHANGE_ORDERS, Level.ADMIN)
    vic = stage.access(stage.vic)
    with pytest.raises(PermissionDenied, match="Admin on Commitments"):
        save(cco, vic, title="Mine")
    approved = set_change_order_status(cco, by=vic, version=1, status="approved")
    with pytest.raises(PermissionDenied):
        set_change_order_status(approved, by=pam, version=2, status="in_review")
    reopened = set_change_order_status(approved, by=vic, version=2, status="in_review")
    assert (reopened.status, reopened.revision) == ("in_review", 1)


def test_an_approved_one_is_revised_when_its_lines_change(stage: Stage, pam, commitment) -> None:
    cco = stage.change_order(commitment)
    renamed = save(cco, pam, title="Other title", number="009", description="Why")
    assert (renamed.status, renamed.revision) == ("approved", 0)
    [mine] = change_order_entry(renamed).lines
    changed = save(cco, pam, lines=[replace(mine, amount="1500.01")])
    assert (changed.status, changed.revision) == ("revised", 1)
    assert (changed.export.amount, changed.export.title) == (Decimal("1500.01"), "Other title")


def test_its_date_stays(stage: Stage, pam, commitment) -> None:
    cco = create_change_order(commitment=commitment, by=pam, data=change_order())
    day = load_change_order(cco.pk).date_created
    assert save(cco, pam, title="Later").date_created == day


@pytest.mark.parametrize("status", ["sent", "synced"])
def test_on_its_way_only_the_description_may_change(stage: Stage, pam, commitment, status) -> None:
    stage.synced(commitment)
    cco = stage.change_order(commitment)
    stage.send(cco) if status == "sent" else stage.synced(cco)
    [mine] = change_order_entry(load_change_order(cco.pk)).lines
    with pytest.raises(Invalid) as refused:
        save(cco, pam, number="2", title="Other", lines=[replace(mine, description="Else")])
    assert found(refused) == {("number", None), ("title", None), ("lines", None)}
    with pytest.raises(Invalid, match="locked"):
        set_change_order_status(cco, by=pam, version=version(cco), status="in_review")
    with pytest.raises(Invalid):
        delete_change_order(cco, by=pam, version=version(cco))
    assert save(cco, pam, description="Told later").description == "Told later"
    assert stage.status(cco) == status


def test_two_people_edit_one(stage: Stage, pam, commitment) -> None:
    cco = load_change_order(stage.change_order(commitment).pk)
    save(cco, pam, title="Theirs")
    with pytest.raises(Stale, match="nothing was saved"):
        update_change_order(
            cco,
            by=pam,
            version=cco.export.version,
            data=replace(change_order_entry(cco), title="Mine"),
        )


def test_a_completed_commitment_takes_no_new_one(stage: Stage, pam, commitment) -> None:
    stage.synced(commitment)
    set_commitment_status(commitment, by=pam, version=version(commitment), status="complete")
    with pytest.raises(Invalid, match="Complete"):
        create_change_order(commitment=commitment, by=pam, data=change_order())


@pytest.mark.parametrize("status", ["approved", "in_review", "draft", "proceeding"])
def test_nothing_is_opened_again_on_a_void_commitment(
    stage: Stage, pam, commitment, status
) -> None:
    cco = stage.change_order(commitment, status="rejected")
    set_commitment_status(commitment, by=pam, version=0, status="void")
    with pytest.raises(Invalid, match="SC-001 is Void"):
        set_change_order_status(cco, by=pam, version=0, status=status)
    assert load_change_order(cco.pk).status == "rejected"
    assert set_change_order_status(cco, by=pam, version=0, status="no_charge").status == "no_charge"


def test_nothing_is_approved_on_a_completed_commitment(stage: Stage, pam, commitment) -> None:
    stage.synced(commitment)
    cco = stage.change_order(commitment, status="in_review")
    complete = set_commitment_status(
        commitment, by=pam, version=version(commitment), status="complete"
    )
    with pytest.raises(Invalid, match=r"SC-001 is Complete\. Set it to Approved"):
        set_change_order_status(cco, by=pam, version=0, status="approved")
    assert set_change_order_status(cco, by=pam, version=0, status="pricing").status == "pricing"
    set_commitment_status(complete, by=pam, version=version(complete), status="approved")
    assert set_change_order_status(cco, by=pam, version=1, status="approved").status == "approved"


def test_another_company_reopens_the_approved_ones(stage: Stage, pam, commitment) -> None:
    approved = stage.change_order(commitment, number="001")
    priced = stage.change_order(commitment, number="002", status="pricing")
    other = VendorFactory.create(company=stage.company, name="Stone & Sons")
    now = load_commitment(commitment.pk)
    entry = replace(commitment_entry(now), vendor=other.pk)
    saved = update_commitment(now, by=pam, version=now.export.version, data=entry)
    assert saved.status == "draft"
    reopened, untouched = (load_change_order(one.pk) for one in (approved, priced))
    assert (reopened.status, reopened.revision) == ("revised", 1)
    assert (untouched.status, untouched.revision) == ("pricing", 0)
    assert {reopened.export.vendor_name, untouched.export.vendor_name} == {"Stone & Sons"}
    [event] = Event.objects.filter(subject=approved.export.subject, verb="edit")
    assert json.loads(event.body)["data"]["changes"] == [
        "Status: Approved → Pending - Revised",
        "Revision: 0 → 1",
        "Contract company: Ironwood Concrete → Stone & Sons",
    ]
    # Who looked at it before is told.
    with pytest.raises(Stale):
        set_change_order_status(approved, by=pam, version=0, status="void")


def test_lines_are_added_to_one_that_is_not_approved(stage: Stage, pam, commitment) -> None:
    first, _ = ids(commitment)
    cco = stage.change_order(commitment, status="pricing")
    added = add_lines(cco, by=pam, version=0, lines=[change(first, "20.00"), change(None, "7.00")])
    assert [line.amount for line in added.lines.all()] == [
        Decimal("1500.00"),
        Decimal("20.00"),
        Decimal("7.00"),
    ]
    assert (added.status, added.export.amount) == ("pricing", Decimal("1527.00"))
    with pytest.raises(Invalid) as refused:
        add_lines(added, by=pam, version=added.export.version, lines=[change(first, "1.005")])
    assert found(refused) == {("amount", 1)}
    approved = set_change_order_status(
        added, by=pam, version=added.export.version, status="approved"
    )
    with pytest.raises(Invalid, match="001 is Approved"):
        add_lines(approved, by=pam, version=approved.export.version, lines=[change(first, "1.00")])


def test_after_a_rejection_it_is_mended_and_goes_again(stage: Stage, pam, commitment) -> None:
    stage.synced(commitment)
    cco = stage.change_order(commitment)
    stage.send(cco)
    stage.step("reject", cco, stage.ann, note="The quote says 1,400.00.")
    [mine] = change_order_entry(load_change_order(cco.pk)).lines
    mended = save(cco, pam, lines=[replace(mine, amount="1400.00")])
    assert mended.status == "revised"
    set_change_order_status(mended, by=pam, version=version(cco), status="approved")
    stage.synced(cco)
    assert stage.order().total == Decimal("36400.00")
