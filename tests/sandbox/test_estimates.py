"""An estimate: the budget of a job in QuickBooks."""

from decimal import Decimal

from tests.sandbox.qbxml import status

JOB = "<CustomerRef><FullName>City of Alder:Riverside Library</FullName></CustomerRef>"


def line(item: str, amount: str, more: str = "<MarkupRatePercent>0</MarkupRatePercent>") -> str:
    return (
        f"<EstimateLineAdd><ItemRef><FullName>{item}</FullName></ItemRef><Quantity>1</Quantity>"
        f"<Rate>{amount}</Rate>{more}</EstimateLineAdd>"
    )


def add(*lines: str, job: str = JOB) -> str:
    return f"<EstimateAddRq><EstimateAdd>{job}{''.join(lines)}</EstimateAdd></EstimateAddRq>"


def test_a_budget_becomes_an_estimate_of_the_job(app, company):
    estimate = app.one(add(line("03-300", "60000.00"), line("05-120", "0.00")))[0]

    assert estimate.findtext("TotalAmount") == "60000.00"
    (seen,) = company.estimates()
    assert seen.name == "City of Alder:Riverside Library"
    assert [each.amount for each in seen.lines] == [Decimal("60000.00"), Decimal("0.00")]


def test_a_later_round_changes_the_same_estimate(app, company):
    estimate = app.one(add(line("03-300", "60000.00")))[0]
    first = estimate.findtext("EstimateLineRet/TxnLineID")

    changed = app.one(
        f"<EstimateModRq><EstimateMod><TxnID>{estimate.findtext('TxnID')}</TxnID>"
        f"<EditSequence>{estimate.findtext('EditSequence')}</EditSequence>"
        f"<EstimateLineMod><TxnLineID>{first}</TxnLineID><Rate>65000.00</Rate></EstimateLineMod>"
        "<EstimateLineMod><TxnLineID>-1</TxnLineID><ItemRef><FullName>05-120</FullName></ItemRef>"
        "<Quantity>1</Quantity><Rate>500.00</Rate></EstimateLineMod></EstimateMod></EstimateModRq>"
    )

    assert status(changed) == (0, "Info")
    assert changed.findtext("EstimateRet/TotalAmount") == "65500.00"
    assert len(company.estimates()) == 1


def test_the_companys_default_mark_up_raises_a_line_that_brings_none(app, company):
    company.by_hand.set_preference("DefaultMarkup", "10")

    estimate = app.one(add(line("03-300", "100.00", ""), line("03-300", "100.00")))[0]

    amounts = [each.text for each in estimate.iterfind("EstimateLineRet/Amount")]
    assert amounts == ["110.00", "100.00"]


def test_estimates_can_be_switched_off(app, company):
    company.by_hand.set_preference("IsUsingEstimates", False)

    assert status(app.one(add(line("03-300", "1.00")))) == (3250, "Error")


def test_an_estimate_needs_a_job_that_is_there(app):
    unknown = "<CustomerRef><FullName>City of Alder:Pool</FullName></CustomerRef>"

    assert status(app.one(add(line("03-300", "1.00"), job=unknown))) == (3140, "Error")


def test_estimates_are_found_by_their_job(app):
    app.one(add(line("03-300", "1.00")))
    customer = "<FullNameWithChildren>City of Alder</FullNameWithChildren>"

    found = app.one(
        f"<EstimateQueryRq><EntityFilter>{customer}</EntityFilter>"
        "<IncludeLineItems>true</IncludeLineItems></EstimateQueryRq>"
    )

    assert found.findtext("EstimateRet/EstimateLineRet/Amount") == "1.00"
