"""Pam enters commitments; what she may change, and when."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from approvals.errors import Stale
from approvals.models import Export, TabCount
from approvals.workflow import send
from commitments.entries import commitment_entry
from commitments.models import Commitment
from commitments.workflow import (
    create_change_order,
    create_commitment,
    delete_commitment,
    load_commitment,
    set_change_order_status,
    set_commitment_status,
    update_commitment,
)
from directory.access import access_to
from directory.entered import Invalid
from directory.history import faults
from directory.models import Project
from tests.commitments.entering import change, change_order, line, subcontract
from tests.factories import CostCodeFactory, VendorFactory
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def pam(stage: Stage):
    return stage.access(stage.pam)


def found(refused: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, int | None]]:
    return {(fault.field, fault.line) for fault in refused.value.faults}


def version(document) -> int:
    return Export.objects.values_list("version", flat=True).get(pk=document.export_id)


def save(commitment: Commitment, by, **fields) -> Commitment:
    """Save with some fields other than they are now."""
    now = load_commitment(commitment.pk)
    entry = replace(commitment_entry(now), **fields)
    return update_commitment(now, by=by, version=now.export.version, data=entry)


def test_pam_enters_a_subcontract(stage: Stage, pam) -> None:
    made = create_commitment(
        project=stage.project,
        by=pam,
        data=subcontract(
            stage,
            line("03-300", None, quantity="12.5", unit="CY", unit_cost="185.005"),
            line("05-120", "$1,200.00", description="Beams"),
            line("05-120", "(200.50)"),
            retainage="5",
        ),
    )
    assert [(one.number, one.cost_code.code, one.amount) for one in made.lines.all()] == [
        (1, "03-300", Decimal("2312.56")),  # 2,312.5625, half up
        (2, "05-120", Decimal("1200.00")),
        (3, "05-120", Decimal("-200.50")),
    ]
    assert (made.status, made.retainage) == ("draft", Decimal("5.00"))
    export = made.export
    assert (export.status, export.number, export.amount) == ("draft", "SC-100", Decimal("3312.06"))
    assert (export.document_id, export.vendor_name) == (made.pk, "Ironwood Concrete")
    assert TabCount.objects.get(kind="commitment", status="draft").n == 1
    assert list(faults(stage.company.pk)) == []


def test_half_a_cent_is_rounded_away_from_zero_in_both_directions(stage: Stage, pam) -> None:
    made = create_commitment(
        project=stage.project,
        by=pam,
        data=subcontract(
            stage,
            line(amount=None, quantity="0.5", unit_cost="0.01"),
            line(amount=None, quantity="-0.5", unit_cost="0.01"),
            line(amount=None, quantity="0.1", unit_cost="-0.01"),
        ),
    )
    assert [str(one.amount) for one in made.lines.all()] == ["0.01", "-0.01", "0.00"]


def test_every_fault_is_told_at_once(stage: Stage, pam) -> None:
    stage.commitment(number="SC-001")
    with pytest.raises(Invalid) as refused:
        create_commitment(
            project=stage.project,
            by=pam,
            data=subcontract(
                stage,
                line("03-300", "1.234,56"),
                line("99-999", "NaN"),
                replace(line(), category=None, amount="1e3"),
                line(amount=None),
                line(amount="10000000000000"),
                line(amount="0.005"),
                line(amount="7.00", quantity="2", unit_cost="3"),
                line(description="x" * 1001, unit="bad\x07unit"),
                number="SC-001",
                title="   ",
                vendor=10**30,
                retainage="101",
                date_created="31.12.2026",
                type="loan",
                vendor_message="y" * 256,
            ),
        )
    assert found(refused) == {
        ("number", None),
        ("title", None),
        ("vendor", None),
        ("retainage", None),
        ("date_created", None),
        ("type", None),
        ("vendor_message", None),
        ("amount", 1),
        ("amount", 2),
        ("cost_code", 2),
        ("amount", 3),
        ("category", 3),
        ("amount", 4),
        ("amount", 5),
        ("amount", 6),
        ("amount", 7),
        ("description", 8),
        ("unit", 8),
    }
    assert not Commitment.objects.filter(title="Cast-in-place concrete").exists()


def test_names_with_markup_and_emoji_are_kept_as_they_are(stage: Stage, pam) -> None:
    title = '<script>"Müller" & Söhne</script> 🏗'
    made = create_commitment(project=stage.project, by=pam, data=subcontract(stage, title=title))
    assert made.title == title


@pytest.mark.parametrize("title", ["\u200b", "\ufeff \u2060", "Pay 100.00 \u202e00.1"])
def test_what_is_not_read_as_it_is_written_is_refused(stage: Stage, pam, title) -> None:
    """Nothing to see, or signs that turn round what follows: the approver would read another."""
    with pytest.raises(Invalid) as refused:
        create_commitment(project=stage.project, by=pam, data=subcontract(stage, title=title))
    assert [fault.field for fault in refused.value.faults] == ["title"]


def test_the_total_is_bounded_even_if_each_line_is_not_too_large(stage: Stage, pam) -> None:
    with pytest.raises(Invalid) as refused:
        create_commitment(
            project=stage.project,
            by=pam,
            data=subcontract(stage, *[line(amount="9999999999999.99")] * 2),
        )
    assert found(refused) == {("lines", None)}


def test_lists_of_another_company_are_not_to_be_had(stage: Stage, pam) -> None:
    code = CostCodeFactory.create(company=stage.other, code="77-000")
    vendor = VendorFactory.create(company=stage.other)
    with pytest.raises(Invalid) as refused:
        create_commitment(
            project=stage.project,
            by=pam,
            data=subcontract(stage, line("77-000"), line(code.pk), vendor=vendor.pk),
        )
    assert found(refused) == {("cost_code", 1), ("cost_code", 2), ("vendor", None)}


@pytest.mark.parametrize("name", ["Vic", "Ann", "Dora"])
def test_only_an_administrator_of_commitments_enters_or_changes_one(stage: Stage, name) -> None:
    by = stage.access(stage.people[name])
    commitment = stage.commitment()
    with pytest.raises(PermissionDenied, match="Admin on Commitments"):
        create_commitment(project=stage.project, by=by, data=subcontract(stage))
    with pytest.raises(PermissionDenied):
        save(commitment, by, title="Mine")
    with pytest.raises(PermissionDenied):
        set_commitment_status(commitment, by=by, version=0, status="draft")
    with pytest.raises(PermissionDenied):
        delete_commitment(commitment, by=by, version=0)


def test_rights_in_one_project_open_nothing_in_another(stage: Stage) -> None:
    commitment = stage.commitment()
    harbor = Project.objects.get(company=stage.other)
    with pytest.raises(Http404):
        save(commitment, access_to(stage.olga, stage.other, harbor), title="Mine")


def test_an_approved_one_goes_back_to_draft_when_its_money_changes(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    renamed = save(commitment, pam, title="New title", description="More words", number="SC-2")
    assert renamed.status == "approved"
    entry = commitment_entry(renamed)
    entry.lines = [*entry.lines, line("09-290", "5.00")]
    changed = save(commitment, pam, lines=entry.lines)
    assert changed.status == "draft"
    assert (changed.export.amount, changed.export.number) == (Decimal("35005.00"), "SC-2")


def test_lines_are_changed_swapped_and_removed_in_one_save(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    first, second = commitment_entry(load_commitment(commitment.pk)).lines
    swapped = save(commitment, pam, lines=[replace(second, amount="26000"), line("09-290"), first])
    assert [(one.pk, one.number, one.amount) for one in swapped.lines.all()][0::2] == [
        (second.id, 1, Decimal("26000.00")),
        (first.id, 3, Decimal("10000.00")),
    ]
    left = save(commitment, pam, lines=[first])
    assert [(one.pk, one.number) for one in left.lines.all()] == [(first.id, 1)]


def test_saving_nothing_new_leaves_no_trace(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    before = version(commitment)
    save(commitment, pam)
    assert version(commitment) == before


def test_a_stale_form_is_refused_and_told_what_changed(stage: Stage, pam) -> None:
    commitment = load_commitment(stage.commitment().pk)
    mine = replace(commitment_entry(commitment), title="Mine")
    save(commitment, pam, title="Theirs")
    with pytest.raises(Stale) as refused:
        update_commitment(commitment, by=pam, version=commitment.export.version, data=mine)
    assert any("Structural concrete → Theirs" in told for told in refused.value.changes)
    assert load_commitment(commitment.pk).title == "Theirs"


def test_what_was_not_seen_is_not_sent(stage: Stage, pam) -> None:
    """Somebody changes the amount while the page with the button Send to ERP is open."""
    commitment = load_commitment(stage.commitment().pk)
    set_commitment_status(commitment, by=pam, version=commitment.export.version, status="draft")
    with pytest.raises(Stale):
        send(commitment, by=pam, version=commitment.export.version)


@pytest.mark.parametrize("status", ["sent", "accepted", "synced"])
def test_on_its_way_only_its_texts_may_change(stage: Stage, pam, status) -> None:
    commitment = stage.commitment()
    if status == "synced":
        stage.synced(commitment)
    else:
        stage.send(commitment)
        if status == "accepted":
            stage.accept(commitment)
    assert stage.status(commitment) == status
    entry = commitment_entry(load_commitment(commitment.pk))
    with pytest.raises(Invalid) as refused:
        save(
            commitment,
            pam,
            number="SC-9",
            title="Other",
            vendor=None,
            retainage="7",
            date_created="2026-01-01",
            lines=[replace(entry.lines[0], amount="1.00")],
        )
    names = {"number", "title", "vendor", "retainage", "date_created", "lines"}
    assert found(refused) == {(name, None) for name in names}
    for next_status in ("draft", "void"):
        with pytest.raises(Invalid):
            set_commitment_status(
                commitment, by=pam, version=version(commitment), status=next_status
            )
    with pytest.raises(Invalid):
        delete_commitment(commitment, by=pam, version=version(commitment))
    saved = save(commitment, pam, description="Told later", vendor_message="Call ahead")
    assert (saved.description, stage.status(commitment)) == ("Told later", status)


def test_a_synced_one_is_completed_and_opened_again(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    with pytest.raises(Invalid):
        set_commitment_status(commitment, by=pam, version=version(commitment), status="complete")
    stage.synced(commitment)
    for status in ("complete", "approved"):
        done = set_commitment_status(commitment, by=pam, version=version(commitment), status=status)
        assert done.status == status


def test_each_kind_has_its_own_statuses(stage: Stage, pam) -> None:
    subcontract = stage.commitment(number="SC-1")
    order = stage.commitment(number="PO-1", type="purchase_order")
    for commitment, status in ((subcontract, "processing"), (order, "out_for_bid")):
        with pytest.raises(Invalid):
            set_commitment_status(commitment, by=pam, version=version(commitment), status=status)
    for commitment, status in ((order, "processing"), (subcontract, "out_for_bid")):
        done = set_commitment_status(commitment, by=pam, version=version(commitment), status=status)
        assert done.status == status


def test_void_waits_for_its_change_orders(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    cco = stage.change_order(commitment)
    with pytest.raises(Invalid, match="001"):
        set_commitment_status(commitment, by=pam, version=version(commitment), status="void")
    set_change_order_status(cco, by=pam, version=version(cco), status="void")
    done = set_commitment_status(commitment, by=pam, version=version(commitment), status="void")
    assert done.status == "void"
    target = commitment.lines.all()[0].pk
    with pytest.raises(Invalid, match="takes no change orders"):
        create_change_order(commitment=commitment, by=pam, data=change_order(change(target)))


def test_only_a_draft_without_children_is_deleted_and_its_history_stays(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    with pytest.raises(Invalid, match="Only a Draft"):
        delete_commitment(commitment, by=pam, version=version(commitment))
    set_commitment_status(commitment, by=pam, version=version(commitment), status="draft")
    export = stage.export(commitment)
    delete_commitment(commitment, by=pam, version=export.version)
    assert not Commitment.objects.exists()
    left = Export.objects.get(pk=export.pk)
    assert (left.number, left.live()) == ("SC-001", None)
    assert list(faults(stage.company.pk)) == []
    create_commitment(project=stage.project, by=pam, data=subcontract(stage, number="SC-001"))


def test_a_line_that_a_change_order_changes_stays(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.change_order(commitment, [(2, "Extra beam", "10.00")])
    kept = commitment_entry(load_commitment(commitment.pk)).lines[0]
    with pytest.raises(Invalid, match="Line 2 is changed by change order 001"):
        save(commitment, pam, lines=[kept])
