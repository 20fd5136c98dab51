"""What keeps a document from going to Spectrum, all at once, and what its approver is shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from connectors.contract import Document, Line, Named, Problem, Receipt, Ref, Refused, Terms
from connectors.spectrum import Spectrum, connector
from connectors.spectrum import site as accounts
from connectors.spectrum.groups import grouped
from connectors.spectrum.problems import problems
from tests.connectors.spectrum.conftest import Site, budget, change_order, commitment, line

PARENT = Receipt(id="IRON/SC-001", number="SC-001", amount=Decimal("32150.50"))
FACTS = {
    "job:26010": {"customer": "ALDER", "status": "A", "name": "Riverside Library"},
    "phases:26010": {
        "03300/S": ["A", "Concrete", "0.00"],
        "03300/M": ["A", "Concrete", "0.00"],
        "03200/S": ["A", "Steel", "0.00"],
    },
}


def told(found: list[Problem]) -> dict[str, str]:
    """code -> where."""
    return {one.code: one.where for one in found}


@pytest.mark.parametrize("document", [commitment(), change_order(), budget()], ids=lambda d: d.kind)
def test_nothing_is_wrong_with_what_can_go(site: Site, document: Document) -> None:
    terms = site.terms(document, PARENT if document.kind == "change_order" else None)
    assert problems(document, None) == []
    assert problems(document, terms) == []
    assert problems(document, terms, FACTS) == []


def test_every_fault_of_a_commitment_is_told_at_once(site: Site) -> None:
    document = commitment(
        line(1, "1000000000.00"),
        line(2, "1.00", code=2, description="A description of thirty-one ch"),
        line(3, "1.00", kind=2, description="Über 5 ≥ 4", sub_job="North"),
        number="SUB-2026-001",
        title="x" * 121,
        retainage=Decimal("10.25"),
    )
    terms = replace(site.terms(document), settings={"company_code": "ABC"})
    assert told(problems(document, terms, FACTS)) == {
        "number_long": "number",
        "title_long": "title",
        "sub_job": "line:3",
        "retainage": "retainage",
        "line_long": "line:2",
        "line_characters": "line:3",
        "amount": "line:1",
        "settings": "settings",
    }


@pytest.mark.parametrize(
    ("make", "field", "most"),
    [
        (commitment, "number", 10),
        (commitment, "title", 120),
        (change_order, "number", 12),
        (change_order, "title", 30),
        (change_order, "description", 250),
    ],
)
def test_so_long_a_text_may_be_and_no_longer(
    site: Site, make: Callable[..., Document], field: str, most: int
) -> None:
    parent = None if make is commitment else PARENT
    for length, expected in ((most, {}), (most + 1, {f"{field}_long": field})):
        document = make(**{field: "7" * length})
        terms = replace(site.terms(document, parent), number="7")
        assert told(problems(document, terms, FACTS)) == expected


def test_a_line_has_twenty_five_characters_and_retainage_ends_below_a_hundred(site: Site) -> None:
    for text, percent, expected in (
        ("x" * 25, "99.9", {}),
        ("x" * 26, "100.0", {"line_long": "line:1", "retainage": "retainage"}),
    ):
        document = commitment(line(1, "1.00", description=text), retainage=Decimal(percent))
        assert told(problems(document, site.terms(document), FACTS)) == expected


def test_what_is_not_linked_is_told_once(site: Site) -> None:
    document = commitment(line(1, "1.00"), line(2, "2.00"), line(3, "3.00", kind=2))
    terms = replace(site.terms(document), vendor=None, job=None, items={}, classes={})
    texts = [one.text for one in problems(document, terms, FACTS)]
    assert len(texts) == 5
    assert any("linked to no phase of Spectrum" in text for text in texts)
    assert sum("linked to no cost type" in text for text in texts) == 2
    with pytest.raises(Refused, match="no active vendor"):
        next(connector.export(document, terms, "k" * 20))


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        ({"job:26010": {"customer": "", "status": "A"}}, "customer", "has no customer in Spectrum"),
        ({"job:26010": {"customer": "X", "status": "C"}}, "job", "is completed in Spectrum"),
        ({"phases:26010": {"03300/S": ["A", "", "0"]}}, "phase", "no open phase 03200"),
        (
            {"phases:26010": {"03300/S": ["C", "", "0"], "03200/S": ["A", "", "0"]}},
            "phase",
            "is completed on job 26010",
        ),
    ],
)
def test_what_spectrum_would_refuse_is_refused_before(
    site: Site, facts: dict[str, object], code: str, words: str
) -> None:
    document = change_order()
    found = problems(document, site.terms(document, PARENT), facts)
    assert [one.code for one in found] == [code]
    assert words in found[0].text


def test_a_change_order_has_a_short_title_and_a_number_of_twelve_that_becomes_eight(
    site: Site,
) -> None:
    document = change_order(number="PCO-2026-0014", title="t" * 31, description="d" * 251)
    assert told(problems(document, None)) == {
        "number_long": "number",
        "title_long": "title",
        "description_long": "description",
    }
    document = change_order(number="PCO-2026-014")
    terms = site.terms(document, PARENT)
    assert (terms.number, problems(document, terms)) == ("S001-014", [])
    for chosen in ("", "123456789", " 1", "😀"):
        found = problems(document, replace(terms, number=chosen))
        assert told(found) == {"erp_number": ""}


def test_a_change_order_follows_its_subcontract_to_its_vendor(site: Site) -> None:
    document = change_order()
    assert told(problems(document, site.terms(document))) == {"parent": "parent"}
    elsewhere = replace(PARENT, id="MOOR/SC-001")
    assert told(problems(document, site.terms(document, elsewhere))) == {"vendor": "vendor"}


def test_a_later_round_needs_what_the_rounds_before_came_to(site: Site) -> None:
    later = budget(number="2")
    assert told(problems(later, site.terms(later))) == {"parent": "parent"}
    unknown = Receipt(id="26010", number="26010")
    assert told(problems(later, site.terms(later, unknown))) == {"parent": "parent"}
    first = site.exported(budget())
    assert problems(later, site.terms(later, first)) == []
    assert told(problems(budget(), site.terms(budget(), first))) == {"parent": "parent"}
    site.settings["estimates_shown_only"] = "Y"
    assert told(problems(later, site.terms(later, first))) == {"settings": "settings"}


def test_a_later_round_stays_with_its_job(site: Site) -> None:
    """The project was linked to another job since, whose estimates are none of its own."""
    first, later = site.exported(budget()), budget(number="2")
    site.company.add_job("26011", "Annex", customer="ALDER")
    terms = replace(site.terms(later, first), job=Ref(id="26011", name="Annex"))
    [fault] = problems(later, terms)
    assert fault.where == "job"
    assert fault.text.startswith("The rounds before are the estimate of job 26010 in Spectrum, ")
    way = site.way(later, first)
    way.terms = terms
    assert way.settle() == "failed"
    assert {one.key[0] for one in site.company.effects("AddPhase")} == {"26010"}


def test_a_phase_that_is_new_on_the_job_needs_a_name_that_fits(site: Site) -> None:
    code = Named(id=1, code="03300", name="A cost code with a very long name")
    document = budget(line(1, "1.00", cost_code=code))
    terms = site.terms(document)
    elsewhere = {"phases:26010": {"03200/S": ["A", "Steel", "0.00"]}}
    assert told(problems(document, terms, elsewhere)) == {"phase_name": "line:1"}
    assert problems(document, terms, FACTS) == []


def test_the_name_does_not_matter_where_the_job_has_the_phase(site: Site) -> None:
    named = Named(id=1, code="03300", name="A cost code with a very long name")
    assert site.exported(budget(line(1, "1.00", cost_code=named))).amount == Decimal("1.00")


def test_a_new_phase_without_a_name_that_fits_is_not_sent(site: Site) -> None:
    site.company.add_job("26011", "Annex", customer="ALDER")
    named = Named(id=1, code="03300", name="A cost code with a very long name")
    way = site.way(budget(line(1, "1.00", cost_code=named)))
    way.terms = replace(way.terms, job=Ref(id="26011", name="Annex"))
    assert way.settle() == "failed"
    assert "Phase 03300 is new on the job" in way.message
    assert site.company.effects("AddPhase") == []


@pytest.mark.parametrize(
    ("chosen", "lines", "account", "source"),
    [
        ({"gl_by_vendor": "IRON=7000", "gl_by_type": "S=1"}, "S", "7000", "of vendor IRON"),
        ({"gl_by_type": "S=5000-100 M=5100"}, "S", "5000-100", "of cost type S"),
        ({"gl_by_type": "S=5000, M=5000"}, "SM", "5000", "of cost type S, M"),
        ({"gl_by_type": "S=5000 M=5100"}, "SM", "5000100", "of the company"),
        ({"gl_by_type": "S=5000"}, "SM", "5000100", "of the company"),
        ({"gl_account": ""}, "S", "", "of the company"),
    ],
)
def test_the_account_is_that_of_the_vendor_else_of_the_cost_types_else_of_the_company(
    site: Site, chosen: dict[str, str], lines: str, account: str, source: str
) -> None:
    document = commitment(*(line(n, "1.00", kind="SM".index(k) + 1) for n, k in enumerate(lines)))
    terms = replace(site.terms(document), settings={**site.settings, **chosen})
    assert account_of(document, terms) == (account, source)


def account_of(document: Document, terms: Terms) -> tuple[str, str]:
    found = accounts.account(terms, grouped(document, terms))
    return found.number, found.source


def test_one_description_stands_for_the_lines_that_are_summed(site: Site) -> None:
    def said(*lines: Line) -> list[str]:
        document = commitment(*lines)
        terms = site.terms(document)
        return [row.description for row in connector.preview(document, terms, None).rows]

    assert said(line(1, "1", description="Walls"), line(2, "1", description="Walls")) == ["Walls"]
    assert said(line(1, "1", description="Walls"), line(2, "1", description="Slab")) == [
        "Walls; Slab"
    ]
    long = "Concrete of the north wing"[:25]
    assert said(line(1, "1", description="Walls"), line(2, "1", description=long)) == [
        "Cast-in-place concrete"
    ]


def test_the_preview_of_a_commitment_shows_parts_sums_and_what_is_not_sent(site: Site) -> None:
    document = commitment(
        line(1, "1000.00", description="Walls"),
        line(2, "250.50", description="A slab of the north wing"),
        line(3, "1.00", code=2, quantity=Decimal(1), unit="ea"),
        description="All of it",
        vendor_message="Call first",
    )
    shown = connector.preview(document, site.terms(document), None)
    assert shown.record == "Subcontract SC-001"
    assert [(row.item, row.after) for row in shown.rows] == [
        ("03300/S", Decimal("1250.50")),
        ("03200/S", Decimal("1.00")),
    ]
    assert shown.rows[0].parts == (
        (1, "Walls", Decimal("1000.00")),
        (2, "A slab of the north wing", Decimal("250.50")),
    )
    assert ("G/L account", "5000100 (of the company)") in shown.fields
    assert ("Retention", "10.0 % on every line") in shown.fields
    assert shown.total_after == document.amount == shown.change
    assert shown.not_sent == (
        "Description",
        "Message to the vendor",
        "Descriptions of lines 1, 2 (Spectrum has one for their sum)",
        "Quantities, units and unit costs (Spectrum gets the amounts)",
    )
    assert "is not asked beforehand whether IRON" in shown.unasked


def test_a_unit_alone_is_told_as_not_sent(site: Site) -> None:
    document = commitment(line(1, "1.00", unit="ls"))
    shown = connector.preview(document, site.terms(document), None, FACTS)
    assert "Quantities, units and unit costs (Spectrum gets the amounts)" in shown.not_sent


def test_the_preview_of_a_change_order_says_what_its_status_means(site: Site) -> None:
    document = change_order()
    shown = connector.preview(document, site.terms(document, PARENT), None, FACTS)
    assert shown.record == "Change order S001-002 of subcontract SC-001"
    assert ("Customer", "ALDER") in shown.fields
    assert (
        "is not asked beforehand whether 26010 Riverside Library has a change request S001-002"
        in shown.unasked
    )
    assert "executed at once" in shown.warnings[0]
    assert sum(row.after or 0 for row in shown.rows) == document.amount == shown.change
    site.settings["sco_status"] = "P"
    shown = connector.preview(document, site.terms(document, PARENT), None, FACTS)
    assert "proposed" in shown.warnings[0]


def test_the_preview_of_a_change_order_tells_of_another_job(site: Site) -> None:
    contract = site.exported(commitment())
    terms = site.terms(change_order(), contract)
    [_status] = connector.preview(change_order(), terms, None).warnings
    moved = replace(terms, job=Ref(id="26011", name="Annex"))
    [_status, warning] = connector.preview(change_order(), moved, None).warnings
    assert warning == (
        "Subcontract SC-001 went to job 26010, and this goes to job 26011: the project was linked "
        "to another job since."
    )


def test_the_preview_of_a_budget_shows_before_and_after_and_what_it_writes_over(
    site: Site,
) -> None:
    facts = {"phases:26010": {"03300/S": ["A", "Concrete", "123.00"]}}
    first = connector.preview(budget(), site.terms(budget()), None, facts)
    assert "estimated at 123.00 in Spectrum" in first.warnings[0]
    receipt = site.exported(budget())
    later = budget(line(1, "-1000.00"), line(2, "5.00", code=2, kind=2), number="2")
    shown = connector.preview(later, site.terms(later, receipt), None)
    assert [(row.item, row.before, row.after) for row in shown.rows] == [
        ("03300/S", Decimal("50000.00"), Decimal("49000.00")),
        ("03200/M", None, Decimal("5.00")),
    ]
    assert (shown.total_before, shown.total_after) == (Decimal("66000.00"), Decimal("65005.00"))


def test_a_preview_is_shown_while_things_are_still_to_be_linked(site: Site) -> None:
    for document in (commitment(), change_order(), budget()):
        terms = replace(site.terms(document), vendor=None, job=None, items={}, classes={})
        shown = connector.preview(document, terms, None)
        assert "03300 (not linked)" in shown.rows[0].item
        assert shown.change == document.amount


def test_what_a_person_saw_there_has_the_receipt_that_an_export_would_have(site: Site) -> None:
    document = commitment()
    assert Spectrum().attested(document, site.terms(document)) == site.exported(document)
