"""What is told to be different between two copies of a document."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from approvals.differences import changed
from connectors.contract import Attached, Document, Line, Named

QUOTE = Attached(id=1, name="Quote.pdf", type="pdf", size=10, sha256="0" * 64)


def line(pk: int, number: int, description: str, amount: str, **more: Any) -> Line:
    return Line(
        id=pk,
        number=number,
        cost_code=Named(id=1, code="03-300", name="Concrete"),
        category=Named(id=1, name="Subcontract"),
        description=description,
        amount=Decimal(amount),
        **more,
    )


def document(*lines: Line, **more: Any) -> Document:
    fields = {
        "kind": "commitment",
        "id": 1,
        "type": "subcontract",
        "number": "SC-001",
        "title": "Concrete",
        "date": date(2026, 3, 2),
        "project": Named(id=1, code="26-010", name="Library"),
        "vendor": Named(id=1, name="Ironwood Concrete"),
        "amount": sum((one.amount for one in lines), Decimal("0.00")),
        "lines": lines,
    }
    return Document(**{**fields, **more})


FOOTINGS, STEEL = line(1, 1, "Footings", "10.00"), line(2, 2, "Steel", "20.00")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"number": "SC-002"}, "Number: SC-001 → SC-002"),
        ({"title": "Steel"}, "Title: Concrete → Steel"),
        ({"type": "purchase_order"}, "Type: Subcontract → Purchase Order"),
        ({"vendor": None}, "Contract company: Ironwood Concrete → (empty)"),
        ({"date": date(2026, 3, 3)}, "Date: 2026-03-02 → 2026-03-03"),
        ({"retainage": Decimal("5.5")}, "Default retainage: 0.00 % → 5.50 %"),
        ({"description": "North"}, "Description: (empty) → North"),
        ({"vendor_message": "Call first"}, "Message to the vendor: (empty) → Call first"),
        ({"erp_title": "Slabs"}, "Title for the ERP: (empty) → Slabs"),
        ({"erp_description": "Soil"}, "Description for the ERP: (empty) → Soil"),
        ({"revision": 1}, "Revision: 0 → 1"),
        ({"attachments": (QUOTE,)}, "Attachment Quote.pdf is new"),
    ],
)
def test_each_field_is_told(more: dict[str, Any], told: str) -> None:
    before = document(FOOTINGS, STEEL)
    assert changed(before.canonical(), document(FOOTINGS, STEEL, **more).canonical()) == [told]


def test_a_line_is_followed_wherever_it_stands() -> None:
    before = document(FOOTINGS, STEEL, attachments=(QUOTE,))
    after = document(
        line(3, 1, "Excavation", "5.00"),
        line(2, 2, "Steel", "25.00", quantity=Decimal("2.50"), unit_cost=Decimal("10.00")),
    )
    assert changed(before.canonical(), after.canonical()) == [
        "Line 1 is new (03-300 Subcontract Excavation 5.00)",
        "Line 2: quantity (empty) → 2.5; unit cost (empty) → 10; amount 20.00 → 25.00",
        "Line 1 was removed (03-300 Subcontract Footings 10.00)",
        "Attachment Quote.pdf was removed",
    ]


def test_lines_that_only_moved_are_told_in_one_sentence() -> None:
    moved = document(line(2, 1, "Steel", "20.00"), line(1, 2, "Footings", "10.00"))
    before = document(FOOTINGS, STEEL)
    assert changed(before.canonical(), moved.canonical()) == ["The lines stand in another order"]
    pushed = document(line(3, 1, "New", "0.00"), line(1, 2, "Footings", "11.00"), STEEL)
    assert changed(before.canonical(), pushed.canonical()) == [
        "Total: 30.00 → 31.00",
        "Line 1 is new (03-300 Subcontract New 0.00)",
        "Line 2 (it was 1): amount 10.00 → 11.00",
    ]


def test_another_target_or_sub_job_is_told() -> None:
    one = document(line(1, 1, "Pump", "1.00", commitment_line=Named(id=7, code="1", name="")))
    two = document(line(1, 1, "Pump", "1.00", commitment_line=Named(id=8, code="2", name="")))
    sub = document(line(1, 1, "Pump", "1.00", sub_job="North"))
    assert changed(one.canonical(), two.canonical()) == ["Line 1: contract line 1 → 2"]
    assert changed(one.canonical(), sub.canonical()) == [
        "Line 1: contract line 1 → (empty); sub job (empty) → North"
    ]
    south = document(line(1, 1, "Pump", "1.00", sub_job="North", unit="LS"))
    assert changed(sub.canonical(), south.canonical()) == ["Line 1: unit (empty) → LS"]


def test_nothing_to_compare_is_no_difference() -> None:
    copy = document(FOOTINGS).canonical()
    assert changed("", copy) == changed(copy, "") == changed(copy, copy) == []


def test_a_copy_from_before_the_texts_for_the_erp_is_read_as_one_without() -> None:
    now = document(FOOTINGS)
    old = now.canonical().replace('"erp_title":"",', "").replace('"erp_description":"",', "")
    assert "erp" not in old
    assert changed(old, now.canonical()) == []
    of_line = document(line(1, 1, "Footings", "10.00", erp_description="Ftg"))
    assert changed(old, of_line.canonical()) == ["Line 1: description for the ERP (empty) → Ftg"]
