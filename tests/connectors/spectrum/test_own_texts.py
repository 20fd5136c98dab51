"""Texts that Spectrum has no room for: it gets texts of its own, and the approver sees which."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from connectors.spectrum import connector
from connectors.spectrum.problems import problems
from tests.connectors.spectrum.conftest import Site, change_order, commitment, line

TITLE = "Cast-in-place concrete, formwork and reinforcing steel for the foundations, the slabs on "
TITLE += "grade and the retaining walls of the east wing"
SAID = "Spread footings and grade beams, axes A to F"
MEMO = "The soil report of May asks for footings that are deeper by two feet. " * 4


def test_a_subcontract_has_its_own_title_and_its_own_words_for_a_line(site: Site) -> None:
    document = commitment(
        line(1, "24000.00", description=SAID, erp_description="Footings, axes A to F"),
        line(2, "8150.50", code=2),
        title=TITLE,
        erp_title="Concrete of the east wing",
    )
    terms = site.terms(document)
    assert problems(document, terms) == []

    shown = connector.preview(document, terms, None)
    assert dict(shown.fields)["Comment"] == "Concrete of the east wing"
    assert [row.description for row in shown.rows] == ["Footings, axes A to F", "Part 2"]
    assert shown.rows[0].parts == ((1, SAID, Decimal("24000.00")),), "and what stands here"
    [not_sent] = shown.not_sent
    assert not_sent == "The whole title, description of line 1 (Spectrum gets a text of its own)"

    site.exported(document)
    held = site.company.subcontract("SC-001")
    assert held.comment == "Concrete of the east wing"
    assert {one.phase: one.description for one in held.phases} == {
        "03300": "Footings, axes A to F",
        "03200": "Part 2",
    }


def test_a_change_order_has_its_own_description_and_memo(site: Site) -> None:
    parent = site.exported(commitment())
    document = change_order(
        title="Deeper footings by the soil report of May",
        erp_title="Deeper footings",
        description=MEMO,
        erp_description="Soil report of May: two feet deeper.",
    )
    terms = site.terms(document, parent)
    assert problems(document, terms) == []
    shown = dict(connector.preview(document, terms, None).fields)
    assert shown["Description"] == "Deeper footings"
    assert shown["Memo"] == "Soil report of May: two feet deeper."
    site.exported(document, parent)
    [held] = site.company.subcontract("SC-001").change_orders
    assert held.description == "Deeper footings"
    assert held.comments == "Soil report of May: two feet deeper."


def test_what_fits_needs_no_text_of_its_own_and_is_sent_as_it_is(site: Site) -> None:
    document = commitment()
    site.exported(document)
    held = site.company.subcontract("SC-001")
    assert held.comment == document.title
    assert {one.description for one in held.phases} == {"Part 1", "Part 2"}
    assert connector.preview(document, site.terms(document), None).not_sent == ()


def test_all_that_has_no_room_is_told_at_once_and_how_to_mend_it(site: Site) -> None:
    order = commitment(line(1, "1.00", description=SAID), title=TITLE)
    change = change_order(title="Deeper footings by the soil report of May", description=MEMO)
    found = [*problems(order, site.terms(order)), *problems(change, None)]
    assert [(one.code, one.where) for one in found] == [
        ("title_long", "title"),
        ("line_long", "line:1"),
        ("title_long", "title"),
        ("description_long", "description"),
    ]
    assert all("Give it a text for Spectrum in its place." in one.text for one in found)


def test_a_text_of_its_own_that_does_not_fit_either_is_told(site: Site) -> None:
    order = commitment(
        line(1, "1.00", erp_description="Footings and beams of axes A to F"),
        line(2, "1.00", code=2, erp_description="Steel ≥ 60"),
        erp_title="x" * 121,
    )
    change = change_order(erp_title="😀", erp_description="d" * 251)
    assert [(one.code, one.where) for one in problems(order, site.terms(order))] == [
        ("erp_title_long", "erp_title"),
        ("line_long", "line:1"),
        ("line_characters", "line:2"),
    ]
    found = problems(change, None)
    assert [(one.code, one.where) for one in found] == [
        ("erp_title_characters", "erp_title"),
        ("erp_description_long", "erp_description"),
    ]
    assert "The title for Spectrum" in found[0].text


def test_lines_of_one_phase_are_one_text_there(site: Site) -> None:
    """Two lines with one text of their own are called by it, not by the cost code."""
    two = (
        line(1, "1000.00", description=SAID, erp_description="Footings"),
        line(2, "500.00", description=f"{SAID}, second pour", erp_description="Footings"),
    )
    document = commitment(*two)
    assert problems(document, site.terms(document)) == []
    site.exported(document)
    [held] = site.company.subcontract("SC-001").phases
    assert (held.description, held.amount) == ("Footings", Decimal("1500.00"))
    apart = replace(document, lines=tuple(replace(one, erp_description="") for one in two))
    [row] = connector.preview(apart, site.terms(apart), None).rows
    assert row.description == "Cast-in-place concrete"


def test_what_is_approved_covers_the_texts_for_spectrum() -> None:
    document = commitment()
    said = replace(document, erp_title="Slabs")
    of_line = replace(document, lines=(replace(document.lines[0], erp_description="Slab"),))
    assert len({document.digest(), said.digest(), of_line.digest()}) == 3
