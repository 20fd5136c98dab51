"""Categories: a sub-item of the cost code's item, or a class of the line, or nothing at all."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from connectors.contract import Attempt, CostRow, Document, Named, Receipt, Ref, Refused, Terms
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import (
    Site,
    budget,
    change,
    change_order,
    commitment,
    line,
)
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, Lost

LABOR, MATERIAL = Named(id=5, name="Labor"), Named(id=6, name="Material")
ORDER = commitment(
    line(1, "40000.00", description="Footings", category=LABOR),
    line(2, "8000.00", description="Mix", category=MATERIAL),
    line(3, "12500.50", code=2, description="Rebar", category=LABOR),
)
CHANGE = change_order(change(1, "1500.00", 1, description="Deeper", category=LABOR))
BUDGET = budget(
    line(1, "40000.00", description="Crew", category=LABOR),
    line(2, "8000.00", description="Mix", category=MATERIAL),
    line(3, "500.00", description="More crew", category=LABOR),
)


@pytest.fixture(params=["sub_item", "class"])
def setting(request) -> str:
    return str(request.param)


@pytest.fixture
def terms(site: Site, setting: str):
    """The terms of a document, with everything that the setting needs."""
    company = site.company
    items, classes = dict(site.items), {}
    for category in (LABOR, MATERIAL):
        if setting == "class":
            klass = company.add_class(category.name)
            classes[str(category.id)] = Ref(id=klass, name=category.name)
            continue
        for code, item in site.items.items():
            sub_item = company.add_item(category.name, item.id)
            name = f"{item.name}:{category.name}"
            items[f"{code}:{category.id}"] = Ref(id=sub_item, name=name)

    def made(document: Document, parent: Receipt | None = None) -> Terms:
        return msgspec.structs.replace(
            site.terms(document, parent),
            items=items,
            classes=classes,
            settings={"category": setting},
        )

    return made


def export(site: Site, document: Document, terms: Terms, key: str = KEY) -> Receipt:
    return site.session().run(lambda: connector.export(document, terms, key))


# item and class of each line, by setting
ORDERED = {
    "sub_item": [("03-300:Labor", ""), ("03-300:Material", ""), ("03-200:Labor", "")],
    "class": [("03-300", "Labor"), ("03-300", "Material"), ("03-200", "Labor")],
}


def test_an_order_and_its_change(site, terms, setting):
    order = export(site, ORDER, terms(ORDER))
    (there,) = site.company.purchase_orders()
    assert [(one.item, one.klass) for one in there.lines] == ORDERED[setting]
    export(site, CHANGE, terms(CHANGE, order), OTHER_KEY)
    (there,) = site.company.purchase_orders()
    assert [(one.item, one.klass) for one in there.lines] == [
        *ORDERED[setting],
        ORDERED[setting][0],
    ]
    assert there.total == Decimal("62000.50")


def test_a_budget_has_a_line_for_each_category(site, terms, setting):
    receipt = export(site, BUDGET, terms(BUDGET))
    (there,) = site.company.estimates()
    assert [(one.item, one.klass, one.amount) for one in there.lines] == [
        (*ORDERED[setting][0], Decimal("40500.00")),
        (*ORDERED[setting][1], Decimal("8000.00")),
    ]
    assert receipt.lines["101"] == receipt.lines["103"] != receipt.lines["102"]
    later = budget(line(1, "10.00", category=MATERIAL), number="2")
    export(site, later, terms(later, receipt), OTHER_KEY)
    (there,) = site.company.estimates()
    assert (there.lines[2].item, there.lines[2].klass) == ORDERED[setting][1]


def test_a_lost_answer_is_found_by_item_and_class(site, terms, setting):
    to = terms(ORDER)
    with pytest.raises(Lost):
        site.session().run(lambda: connector.export(ORDER, to, KEY), lose="answer")
    attempts = [Attempt(key=KEY, outcome="lost")]
    found = site.session().run(lambda: connector.find(ORDER, to, attempts))
    assert found.receipt.number == "SC-001"
    # Somebody moves a line to another class or item before it is looked for: not what was sent.
    (there,) = site.company.purchase_orders()
    edit = {"klass": "Material"} if setting == "class" else {"item": "03-300:Material"}
    site.company.by_hand.edit_line(there.txn_id, 0, **edit)
    unclear = site.session().run(lambda: connector.find(ORDER, to, attempts))
    assert "not as it was approved" in unclear.message


def test_the_preview_names_them(site, terms, setting):
    preview = connector.preview(ORDER, terms(ORDER), None)
    assert [row.item for row in preview.rows] == {
        "sub_item": ["03-300:Labor", "03-300:Material", "03-200:Labor"],
        "class": ["03-300 [Labor]", "03-300 [Material]", "03-200 [Labor]"],
    }[setting]
    assert not any("Categories" in one for one in preview.not_sent)
    assert len(connector.preview(BUDGET, terms(BUDGET), None).rows) == 2


def test_what_is_missing_is_told_with_what_to_do(site, terms, setting):
    bare = msgspec.structs.replace(terms(ORDER), items=site.items, classes={})
    found = [one for one in connector.problems(ORDER, bare) if one.code == "category"]
    assert [(one.where, one.text) for one in found] == {
        "sub_item": [
            ("line:1", missing("item 03-300:Labor that can take costs", "03-300")),
            ("line:2", missing("item 03-300:Material that can take costs", "03-300")),
            ("line:3", missing("item 03-200:Labor that can take costs", "03-200")),
        ],
        "class": [
            ("line:1", missing("active class Labor")),
            ("line:2", missing("active class Material")),
        ],
    }[setting]
    with pytest.raises(Refused, match="then press Sync now"):
        export(site, ORDER, bare)
    preview = connector.preview(ORDER, bare, None)
    assert (
        preview.rows[0].item == {"sub_item": "03-300:Labor (no item)", "class": "03-300"}[setting]
    )
    assert connector.problems(ORDER, terms(ORDER)) == []


def missing(what: str, above: str = "") -> str:
    place = f" as a sub-item of {above}, with a purchase side" if above else ""
    then = "then press Sync now on the Connection page."
    return f"QuickBooks has no {what}. Make it there{place}, {then}"


def test_classes_that_are_switched_off_are_told_before(site, terms, setting):
    found = connector.problems(ORDER, terms(ORDER), {"classes": "off"})
    assert [one.code for one in found] == (["category"] if setting == "class" else [])
    assert all("Use class tracking" in one.text for one in found)


def test_one_line_of_the_order_has_one_category(site, terms):
    mixed = change_order(
        change(1, "1500.00", 1, category=LABOR), change(2, "100.00", 1, category=MATERIAL)
    )
    (found,) = [one for one in connector.problems(mixed, terms(mixed)) if one.code == "category"]
    assert found.text.startswith(
        "Lines 1, 2 change the same line of the commitment under different"
    )


def test_a_category_changed_by_hand_is_a_difference(site, terms, setting):
    to = terms(ORDER)
    order = export(site, ORDER, to)
    edit = {"klass": "Material"} if setting == "class" else {"item": "03-300:Material"}
    site.company.by_hand.edit_line(order.id, 0, **edit)
    (found,) = site.session().run(lambda: connector.compare(ORDER, to, order, to)).differences
    assert (found.where, found.ours, found.theirs) == {
        "class": ("line:1", "class Labor", "class Material"),
        "sub_item": (
            "line:1",
            "03-300:Labor “Footings” 40,000.00",
            "03-300:Material “Footings” 40,000.00",
        ),
    }[setting]


def test_costs_come_back_by_category(site, terms, setting):
    export(site, BUDGET, terms(BUDGET))
    spend = site.company.by_hand.enter_bill
    job = site.job.name
    if setting == "class":
        spend(job, "03-300", Decimal("700.00"), klass="Labor")
        spend(job, "03-300", Decimal("20.00"))
    else:
        spend(job, "03-300:Labor", Decimal("700.00"))
        spend(job, "03-300", Decimal("20.00"))
    told = site.session().run(lambda: connector.job_costs(site.job, {"category": setting}))
    to = terms(BUDGET)
    concrete = site.items["1"]
    if setting == "class":
        labor, material = to.classes["5"].id, to.classes["6"].id
        expected = [
            (concrete.id, "", None, "20.00"),
            *sorted(
                [
                    (concrete.id, labor, "40500.00", "700.00"),
                    (concrete.id, material, "8000.00", "0.00"),
                ],
                key=lambda row: str(row[1]),
            ),
        ]
    else:
        expected = [
            (concrete.id, "", None, "20.00"),
            (to.items["1:5"].id, "", "40500.00", "700.00"),
            (to.items["1:6"].id, "", "8000.00", "0.00"),
        ]
    assert [
        (row.item, row.category, money(row.estimate), money(row.actual)) for row in told.rows
    ] == (expected)
    (estimate,) = told.estimates
    assert sorted(estimate.costs.values()) == [Decimal("8000.00"), Decimal("40500.00")]
    assert set(estimate.costs) == {row.key for row in told.rows if row.estimate is not None}


def money(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def test_without_a_setting_costs_are_per_item(site):
    labor = site.company.add_class("Labor")
    assert labor
    site.company.by_hand.enter_bill(site.job.name, "03-300", Decimal("700.00"), klass="Labor")
    site.company.by_hand.enter_bill(site.job.name, "03-300", Decimal("20.00"))
    told = site.session().run(lambda: connector.job_costs(site.job, {}))
    assert told.rows == (
        CostRow(item=site.items["1"].id, name="03-300", estimate=None, actual=Decimal("720.00")),
    )
