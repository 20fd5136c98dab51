"""What people are told before anything goes to QuickBooks: faults, and the preview."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from connectors.contract import Attached, Named, Receipt, Refused
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import change, change_order, commitment, line
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY

NO_VENDOR = "Ironwood Concrete is linked to no active vendor of QuickBooks. The directory says why."


def faults(document, terms=None) -> dict[str, str]:
    return {fault.where: fault.text for fault in connector.problems(document, terms)}


def test_a_sound_document_has_no_faults(site):
    parent = site.exported(commitment())
    assert faults(commitment()) == {}
    assert faults(commitment(), site.terms(commitment())) == {}
    assert faults(change_order(), site.terms(change_order(), parent)) == {}


def test_every_text_that_is_too_long_is_named_at_once():
    document = commitment(
        line(1, "1.00", description="x" * 4096),
        number="SC-123456789",
        title="t" * 256,
        description="d" * 3839,
        vendor_message="m" * 100,
    )
    assert faults(document) == {
        "number": "The number has 12 characters; QuickBooks takes 11.",
        "title": "The title has 256 characters; QuickBooks takes 255.",
        "description": "Title and description together have 4,096 characters; "
        "QuickBooks takes 4,095.",
        "vendor_message": "The message to the vendor has 100 characters; QuickBooks takes 99.",
        "line:1": "The description of line 1 has 4,096 characters; QuickBooks takes 4,095.",
    }


def test_a_change_order_has_limits_of_its_own():
    document = change_order(number="1234567890123", title="t" * 31, description="d" * 4090)
    assert faults(document) == {
        "number": "The number has 13 characters; QuickBooks takes 12.",
        "title": "The title has 31 characters; QuickBooks takes 30.",
        "description": "The description has 4,121 characters; QuickBooks takes 4,095.",
    }


def test_a_change_order_may_be_as_long_as_that(site):
    parent = site.exported(commitment())
    document = change_order(number="CCO-00000012", title="t" * 30)
    assert (len(document.number), faults(document)) == (12, {})
    site.exported(document, OTHER_KEY, parent)
    lines = site.company.purchase_order(parent.number).lines
    assert any(line.desc.startswith(f"CCO {document.number}: {document.title}") for line in lines)


def test_the_longest_texts_that_fit_do_arrive(site):
    document = commitment(
        line(1, "1.00", description="é" * 4095),
        number="SC-12345678",
        title="t" * 255,
        description="d" * 3839,
        vendor_message="m" * 99,
    )
    assert faults(document) == {}
    site.exported(document)
    order = site.company.purchase_order("SC-12345678")
    assert (len(order.memo), len(order.vendor_msg), order.lines[0].desc) == (4095, 99, "é" * 4095)


def test_length_counts_what_arrives():
    """An arrow becomes two characters."""
    assert faults(commitment(vendor_message="→" * 49)) == {}
    assert "has 100 characters" in faults(commitment(vendor_message="→" * 50))["vendor_message"]


def test_descriptions_put_together_on_one_line_must_fit_too():
    document = change_order(
        change(1, "1.00", 1, description="x" * 3000), change(2, "1.00", 1, description="y" * 3000)
    )
    assert faults(document)["line:1"].startswith("Title and descriptions of line 1, 2 have 6,")


def test_what_quickbooks_has_no_place_for_is_refused():
    document = commitment(
        line(1, "1.00", sub_job="North wing"), line(2, "10000000000.00"), number="SC-①"
    )
    found = faults(document)
    assert "sub job North wing" in found["line:1"]
    assert "is too large" in found["line:2"]
    assert "characters QuickBooks lacks" in found["number"]


def test_an_order_below_zero_or_without_lines_is_refused():
    assert "less than 0.00" in faults(commitment(line(1, "-1.00")))["lines"]
    assert "no lines" in faults(commitment(lines=(), amount=Decimal(0)))["lines"]
    assert "do not come to its amount" in faults(commitment(amount=Decimal(1)))["lines"]


def test_one_commitment_line_cannot_change_under_two_cost_codes():
    first, second = change(1, "1.00", 1), change(2, "1.00", 1)
    other = msgspec.structs.replace(second, cost_code=Named(id=2, code="03-200", name="Steel"))
    assert "different cost codes" in faults(change_order(first, other))["line:1"]


def test_every_missing_link_is_named_at_once(site):
    document = change_order(change(1, "1.00", 1), change(2, "1.00", 2), change(3, "1.00", 2))
    terms = msgspec.structs.replace(site.terms(document), job=None, vendor=None, items={})
    assert faults(document, terms) == {
        "job": "The project Riverside Library is linked to no active job of QuickBooks.",
        "vendor": NO_VENDOR,
        "parent": "Its commitment is not in QuickBooks yet. Send that first.",
        "line:1": "Cost code 03-300 is linked to no item of QuickBooks that can take costs.",
        "line:2": "Cost code 03-200 is linked to no item of QuickBooks that can take costs.",
    }
    assert faults(commitment(), msgspec.structs.replace(terms, items=site.items)) == {
        "job": "The project Riverside Library is linked to no active job of QuickBooks.",
        "vendor": NO_VENDOR,
    }


def test_a_document_with_faults_asks_nothing_of_quickbooks(site):
    document = commitment(vendor_message="m" * 100)
    session = site.session()
    with pytest.raises(Refused, match="has 100 characters"):
        session.run(lambda: connector.export(document, site.terms(document), KEY))
    assert session.sent == []


def test_the_preview_of_a_commitment_is_what_will_stand_there(site):
    document = commitment()
    preview = connector.preview(document, site.terms(document), None)
    site.exported(document)
    order = site.company.purchase_order("SC-001")
    assert preview.record == "New purchase order SC-001"
    assert dict(preview.fields) == {
        "Vendor": order.name,
        "Job": order.lines[0].customer,
        "Number": order.ref_number,
        "Date": order.txn_date,
        "Memo": order.memo,
        "Message to the vendor": order.vendor_msg,
    }
    assert [(row.item, row.description, row.after) for row in preview.rows] == [
        (one.item, one.desc, one.amount) for one in order.lines
    ]
    assert (preview.total_before, preview.total_after, preview.change) == (
        Decimal("0.00"),
        order.total,
        order.total,
    )
    assert preview.warnings == ()
    assert preview.not_sent == ("Units of measure (t)", "Categories (Subcontract)")


def test_the_preview_of_a_change_order_is_what_will_stand_there(site):
    session = site.session()
    terms = site.terms(commitment())
    parent = session.run(lambda: connector.export(commitment(), terms, KEY))
    known = connector.records(session.known[f"po:{parent.id}"])[f"po:{parent.id}"]
    document = change_order(
        change(1, "1500.00", 1, description="Deeper"),
        change(2, "250.25", 1, description="Pump"),
        retainage=Decimal("5.00"),
        revision=2,
        attachments=(
            Attached(id=1, name="plan.pdf", type="pdf", size=1200, sha256="0" * 64),
            Attached(id=2, name="photo.jpg", type="jpeg", size=3400, sha256="1" * 64),
        ),
    )
    terms = site.terms(document, parent)
    preview = connector.preview(document, terms, known)
    session.run(lambda: connector.export(document, terms, OTHER_KEY))
    order = site.company.purchase_order("SC-001")
    assert preview.record == "Purchase order SC-001"
    assert [(row.change, row.description, row.after) for row in preview.rows] == [
        ("kept", "Footings", Decimal("40000.00")),
        ("kept", "Rebar", Decimal("12500.50")),
        ("new", "CCO 001: Soft soil - Deeper; Pump", Decimal("1750.25")),
    ]
    assert [row.after for row in preview.rows] == [one.amount for one in order.lines]
    assert preview.rows[2].parts == (
        (1, "Deeper", Decimal("1500.00")),
        (2, "Pump", Decimal("250.25")),
    )
    assert dict(preview.fields)["Memo"] == order.memo
    assert (preview.total_before, preview.total_after) == (Decimal("52500.50"), order.total)
    assert preview.warnings == ()
    assert preview.not_sent == (
        "Default retainage 5 %",
        "Categories (Subcontract)",
        "Revision 2",
        "Attachments (2)",
    )


def test_while_nothing_is_known_of_the_order_only_the_change_is_shown(site):
    parent = Receipt(id="1-1", number="SC-001")
    preview = connector.preview(change_order(), site.terms(change_order(), parent), None)
    assert [row.change for row in preview.rows] == ["new"]
    assert (preview.total_before, preview.total_after, preview.change) == (
        None,
        None,
        Decimal("1500.00"),
    )


def test_a_preview_can_be_seen_while_links_are_missing(site):
    terms = msgspec.structs.replace(site.terms(commitment()), items={}, job=None, vendor=None)
    preview = connector.preview(commitment(), terms, None)
    assert [row.item for row in preview.rows] == ["03-300 (no item)", "03-200 (no item)"]


def test_the_preview_warns_of_what_was_done_by_hand(site):
    parent = site.exported(commitment())
    hand = site.company.by_hand
    hand.add_line(parent.id, "03-200", "Spacers", Decimal("75.00"))
    hand.edit_line(parent.id, 0, amount=Decimal("41000.00"))
    hand.receive(parent.id, 0)
    hand.close_order(parent.id)
    session = site.session()
    document = change_order(change(1, "-500.00", 1))
    terms = site.terms(document, parent)
    session.run(lambda: connector.find(document, terms, []))
    known = connector.records(session.known[f"po:{parent.id}"])[f"po:{parent.id}"]
    facts = {"closing_date": "2026-03-31", "purchase_orders": "off"}
    assert connector.preview(document, terms, known, facts).warnings == (
        "The purchase order is closed in QuickBooks. The new lines will stand open in it.",
        "Lines that were exported were changed by hand in QuickBooks: they came to 52,500.50 and"
        " now come to 53,500.50.",
        "Added by hand in QuickBooks, and kept: 03-200 “Spacers” 75.00.",
        "Line 1 deducts 500.00 from a line that has been billed already.",
        "The purchase order is dated 2026-03-02, on or before the closing date 2026-03-31 of the"
        " books. QuickBooks may refuse it: exclude estimates and purchase orders from the closing"
        " date, or have the period opened.",
        "Purchase orders are switched off in QuickBooks (Preferences, Items & Inventory).",
    )


def test_the_preview_warns_of_what_will_be_refused(site):
    parent = site.exported(commitment())
    site.company.by_hand.delete_line(parent.id, 1)
    site.company.by_hand.add_line(parent.id, "03-300", "CCO 001: mine", Decimal("1.00"))
    document = change_order(change(1, "-90000.00", 1))
    terms = site.terms(document, parent)
    session = site.session()
    session.run(lambda: connector.find(document, terms, []))
    known = connector.records(session.known[f"po:{parent.id}"])[f"po:{parent.id}"]
    warnings = " ".join(connector.preview(document, terms, known).warnings)
    assert "already holds lines of a change order of this number" in warnings
    assert "below zero: it will be refused" in warnings
    assert "1 of the lines that were exported was removed by hand" in warnings


def test_characters_that_will_change_are_shown(site):
    document = commitment(line(1, "1.00", description="Pipe ⌀ 100 → tank"), title="Łazienki")
    warnings = connector.preview(document, site.terms(document), None).warnings
    assert warnings == (
        "QuickBooks does not have every character of the title: 'Ł' becomes 'L'.",
        "QuickBooks does not have every character of line 1: '⌀' becomes 'Ø', '→' becomes '->'.",
    )


def test_characters_that_show_nothing_are_called_by_name(site):
    document = commitment(title="Doors\tand\u200bframes\x07")
    warnings = connector.preview(document, site.terms(document), None).warnings
    assert warnings == (
        "QuickBooks does not have every character of the title: a tab becomes a blank, "
        "zero width space goes, a control character goes.",
    )


def test_a_lump_sum_is_announced(site):
    odd = line(3, "100.00", quantity=Decimal(3), unit_cost=Decimal("33.33"))
    document = commitment(odd)
    (warning,) = connector.preview(document, site.terms(document), None).warnings
    assert warning.startswith("Line 3: its quantity and unit cost do not give its amount")


def test_half_a_price_is_told_as_not_sent(site):
    """A line with a quantity or a unit cost alone goes as one lump sum; a unit goes nowhere."""
    some, cost = line(1, "90.00", quantity=Decimal(3)), line(2, "5.00", unit_cost=Decimal(7))
    whole = line(3, "8.00", quantity=Decimal(2), unit_cost=Decimal(4))
    document = commitment(some, cost, whole, line(4, "1.00", unit="ls"))
    not_sent = connector.preview(document, site.terms(document), None).not_sent
    assert not_sent[:2] == (
        "Units of measure (ls)",
        "Quantities or unit costs that stand alone (lines 1, 2 go as lump sums)",
    )
    parent = site.exported(commitment())
    document = change_order(change(1, "1.00", 1, quantity=Decimal(3)))
    shown = connector.preview(document, site.terms(document, parent), None)
    assert "Quantities and unit costs (each new line has the quantity 1)" in shown.not_sent


def test_names_of_numbers_and_records(site):
    parent = Receipt(id="1-1", number="SC-001")
    terms = site.terms(change_order(), parent)
    assert connector.number(commitment(), None) == "SC-001"
    assert connector.number(change_order(), parent) == "SC-001"
    assert connector.record(commitment(), site.terms(commitment())) == "po-number:SC-001"
    assert connector.record(change_order(), terms) == "po:1-1"
    assert connector.repeats_safely(commitment())
    assert not connector.repeats_safely(change_order())
