"""What came back of a job: estimated and spent, per item. The reports here are SYNTHETIC."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.contract import Busy, CostRow, JobCosts, Refused
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, budget
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, Session, hand_feed
from tests.connectors.quickbooks.test_budgets import ROUND_2
from tests.connectors.quickbooks.test_refusals import response

JOB = "City of Alder:Riverside Library"


def costs(site: Site, session: Session | None = None) -> JobCosts:
    session = session or site.session()
    told = session.run(lambda: connector.job_costs(site.job, {}))
    assert session.writes() == []
    return told


def row(site: Site, name: str, estimate: str | None, actual: str) -> CostRow:
    return CostRow(
        item=site.company.list_id("Item", name),
        name=name,
        estimate=None if estimate is None else Decimal(estimate),
        actual=Decimal(actual),
    )


def test_a_job_without_anything_has_no_rows(site):
    assert costs(site) == JobCosts(job=site.job, rows=(), estimates=())


def test_the_budget_and_the_bills_come_back_per_item(site):
    first = site.exported(budget(), KEY)
    site.exported(ROUND_2, OTHER_KEY, first)
    hand = site.company.by_hand
    labor = site.company.add_item("Labor", site.items["1"].id)
    hand.enter_bill(JOB, "03-300", Decimal("900.50"))
    hand.enter_bill(JOB, "03-300", Decimal("-100.00"))
    hand.enter_bill(JOB, "03-300:Labor", Decimal("250.00"))
    hand.enter_bill(JOB, "", Decimal("40.00"), account="Office Expenses")
    hand.enter_bill("City of Alder", "03-300", Decimal("7.00"))
    told = costs(site)
    assert told.rows == (
        CostRow(item="", name="", estimate=None, actual=Decimal("40.00")),
        row(site, "03-200", "12000.00", "0.00"),
        row(site, "03-300", "43750.00", "800.50"),
        row(site, "03-300:Labor", None, "250.00"),
    )
    assert told.rows[3].item == labor
    (estimate,) = told.estimates
    assert (estimate.id, estimate.number, estimate.active) == (first.id, first.number, True)
    assert estimate.costs == {
        site.items["1"].id: Decimal("43750.00"),
        site.items["2"].id: Decimal("12000.00"),
    }


def test_active_estimates_add_up_and_inactive_ones_are_told_apart(site):
    hand = site.company.by_hand
    one = hand.enter_estimate(JOB, [("03-300", "Bid", Decimal("100.00"))])
    two = hand.enter_estimate(JOB, [("03-300", "More", Decimal("0.01"))])
    idle = hand.enter_estimate(JOB, [("03-300", "Old", Decimal("5000.00"))])
    hand.edit_order(idle, IsActive="false")
    told = costs(site)
    assert told.rows == (row(site, "03-300", "100.01", "0.00"),)
    assert [(each.id, each.active) for each in told.estimates] == [
        (one, True),
        (two, True),
        (idle, False),
    ]


def test_a_mark_up_is_a_price_and_no_cost(site):
    estimate = site.company.by_hand.enter_estimate(JOB, [("03-300", "Bid", Decimal("100.00"))])
    site.company.by_hand.mark_up(estimate, 0, Decimal(20))
    assert costs(site).rows == (row(site, "03-300", "100.00", "0.00"),)


def test_nothing_in_the_budget_is_told_as_nothing(site):
    estimate = site.company.by_hand.enter_estimate(JOB, [("03-300", "Later", Decimal("0.00"))])
    (told,) = costs(site).rows
    assert (told.estimate, told.actual) == (Decimal("0.00"), Decimal("0.00"))
    assert costs(site).estimates[0].id == estimate


def test_reports_may_call_items_by_their_descriptions(site):
    site.company.by_hand.set_preference("ReportsShowItemDescriptions", True)
    site.company.add_item("09-900 (paint)", desc="Paint (two coats)")
    hand = site.company.by_hand
    hand.enter_bill(JOB, "03-300", Decimal("900.50"))
    hand.enter_bill(JOB, "09-900 (paint)", Decimal("1.00"))
    assert costs(site).rows == (
        row(site, "03-300", None, "900.50"),
        row(site, "09-900 (paint)", None, "1.00"),
    )


def test_the_accounts_are_asked_for_once_in_a_session(site):
    session = site.session()
    site.company.by_hand.enter_bill(JOB, "03-300", Decimal("5.00"))
    assert costs(site, session) == costs(site, session)
    assert sum("AccountQueryRq" in message for message in session.sent) == 1


# --- answers written out by hand ---------------------------------------------------------------

ACCOUNTS = response("AccountQueryRs", 0, "<AccountRet><ListID>A</ListID></AccountRet>")
NO_ESTIMATES = response("EstimateQueryRs", 1)
ITEMS = response(
    "ItemQueryRs",
    500,
    "<ItemServiceRet><ListID>I</ListID><FullName>03-300</FullName></ItemServiceRet>",
    severity="Warn",
)


def column(place: int, kind: str, *titles: str) -> str:
    said = "".join(
        f'<ColTitle titleRow="{number}" value="{title}"/>' for number, title in enumerate(titles, 1)
    )
    return f'<ColDesc colID="{place}" dataType="STRTYPE">{said}<ColType>{kind}</ColType></ColDesc>'


def report(*rows: str, announced: int | None = None, data: str = "") -> str:
    """A report in an order of its own, with titles in two rows and in another language."""
    columns = (
        column(1, "Credit", "Haben", "EUR")
        + column(4, "TxnType", "Art")
        + column(2, "Item", "Position", "")
        + column(7, "Debit", "Soll", "EUR")
    )
    count = len(rows) if announced is None else announced
    inside = f"<ReportData>{''.join(rows)}</ReportData>" if rows else data
    return response(
        "CustomDetailReportQueryRs",
        0,
        "<ReportRet><ReportTitle>Bericht</ReportTitle><ReportSubtitle/>"
        f"<NumRows>{count}</NumRows><NumColumns>4</NumColumns><NumColTitleRows>2</NumColTitleRows>"
        f"{columns}{inside}</ReportRet>",
    )


def data(number: int, inside: str = "", tag: str = "DataRow", **cells: str) -> str:
    places = {"Credit": 1, "Item": 2, "TxnType": 4, "Debit": 7, "Unknown": 9}
    said = "".join(f'<ColData colID="{places[k]}" value="{v}"/>' for k, v in cells.items())
    return f'<{tag} rowNumber="{number}">{inside}{said}</{tag}>'


def feed(site: Site, *answers: str) -> JobCosts:
    return hand_feed(connector.job_costs(site.job, {}), ACCOUNTS, NO_ESTIMATES, *answers)[0]


def test_columns_are_told_by_their_type_and_empty_cells_are_absent(site):
    told = feed(
        site,
        report(
            '<TextRow rowNumber="1" value="Alles"/>',
            data(2, Debit="1,250.5", Item="03-300", TxnType="Bill"),
            data(3, Item="03-300", Credit="50.50", Unknown="x"),
            data(4, TxnType="Check"),
            data(5, tag="SubtotalRow", Item="03-300", Debit="1250.50", Credit="50.50"),
            data(6, tag="TotalRow", Debit="1250.50", Credit="50.50"),
        ),
        ITEMS,
    )
    assert told.rows == (
        CostRow(item="", name="", estimate=None, actual=Decimal("0.00")),
        CostRow(item="I", name="03-300", estimate=None, actual=Decimal("1200.00")),
    )


def test_the_full_name_of_a_row_goes_before_the_short_one_of_its_cell(site):
    about = '<RowData rowType="item" value="03-300"/>'
    told = feed(site, report(data(1, about, Item="300 (Concrete)", Debit="1.00")), ITEMS)
    assert told.rows == (CostRow(item="I", name="03-300", estimate=None, actual=Decimal("1.00")),)


def test_an_item_that_is_not_there_any_more_keeps_its_name(site):
    told = feed(site, report(data(1, Item="99-999", Debit="1.00")), ITEMS)
    assert told.rows == (CostRow(item="", name="99-999", estimate=None, actual=Decimal("1.00")),)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (response("CustomDetailReportQueryRs", 0), "it holds no report"),
        (report(data(1, Debit="1.00"), announced=900), "rows end at 1 of 900"),
        (report(announced=3), "rows end at 0 of 3"),
        (
            report(data(1, Debit="1.00"), data(2, tag="TotalRow", Debit="2.00")),
            "come to 1.00 and it says 2.00 itself",
        ),
        (report(data(1, Debit="viel")), "“viel” is no amount"),
    ],
)
def test_an_answer_that_was_cut_short_is_never_a_job_without_costs(site, answer, sentence):
    with pytest.raises(Busy, match=sentence) as caught:
        feed(site, answer)
    assert "Nothing was taken from it" in caught.value.message


def test_costs_are_read_where_estimates_are_switched_off(site):
    told, _ = hand_feed(
        connector.job_costs(site.job, {}),
        ACCOUNTS,
        response("EstimateQueryRs", 3250),
        report(data(1, Item="03-300", Debit="1.00")),
        ITEMS,
    )
    assert [(one.item, one.actual) for one in told.rows] == [("I", Decimal("1.00"))]


def test_no_match_is_an_answer(site):
    assert feed(site, response("CustomDetailReportQueryRs", 1)).rows == ()
    without_accounts = (response("AccountQueryRs", 1), NO_ESTIMATES)
    told, asked = hand_feed(connector.job_costs(site.job, {}), *without_accounts)
    assert told.rows == ()
    assert not any("Report" in request.body for request in asked)


CODES = {
    1000: (Refused, "could not make sense"),
    3140: (Refused, "no longer in QuickBooks"),
    3175: (Busy, "open or locked"),
    3180: (Busy, "open or locked"),
    3210: (Refused, "a value in it was not accepted"),
    3220: (Refused, "may not do this"),
    3250: (Refused, "switched off"),
    3261: (Refused, "may not do this"),
    -1: (Busy, "did not say clearly"),
}


@pytest.mark.parametrize(
    ("place", "code"), [(p, code) for p in range(4) for code in CODES if (p, code) != (1, 3250)]
)
def test_each_refusal_of_a_question_is_told(site, place, code):
    said = [ACCOUNTS, NO_ESTIMATES, report(data(1, Item="03-300", Debit="1.00")), ITEMS]
    tags = ["AccountQueryRs", "EstimateQueryRs", "CustomDetailReportQueryRs", "ItemQueryRs"]
    said[place] = response(tags[place], code)
    kind, sentence = CODES[code]
    with pytest.raises(kind, match=sentence):
        hand_feed(connector.job_costs(site.job, {}), *said)
