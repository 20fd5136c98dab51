"""What the services that write do and refuse."""

from decimal import Decimal

import pytest


def test_a_subcontract_is_made_of_a_header_and_lines(application, company) -> None:
    application.subcontract(Retention_Percent="10.5", Comment="Office wiring")
    made = company.subcontract("SC-001")
    assert (made.job, made.status, made.comment) == ("H101", "A", "Office wiring")
    assert made.retention_percent == Decimal("10.5")
    assert made.date_issued == "03/02/2026"
    assert [(line.phase, line.cost_type, line.amount) for line in made.phases] == [
        ("26050", "L", Decimal("1000.00")),
        ("26050", "M", Decimal("2500.50")),
    ]
    assert (made.original, made.total) == (Decimal("3500.50"), Decimal("3500.50"))


def test_sent_again_it_is_changed_where_something_is_said(application, company) -> None:
    application.subcontract(Comment="Office wiring")
    again = {**application.owner("SC-001"), "Retention_Percent": "5"}
    assert application.write("UpdateSubcontract", **again) == []
    assert application.write("UpdateSubcontract", **again) == []
    made = company.subcontract("SC-001")
    assert (made.comment, made.retention_percent) == ("Office wiring", Decimal("5.0"))
    done = [each.what for each in company.effects("UpdateSubcontract", "MOOR", "SC-001")]
    assert done == ["made", "changed", "nothing"]
    assert len(company.writes("UpdateSubcontractPhases", "MOOR", "SC-001", "26050", "M")) == 1


def test_everything_that_is_wrong_is_said_at_once(application, company) -> None:
    assert application.write(
        "UpdateSubcontract",
        Vendor_Code="NOBODY",
        Subcontract_Number="SC-0000000001",
        Job_Number="H090",
        GL_Account="6000100",
        Retention_Percent="10.25",
        Date_Issued="2026-03-02",
        Status_Code="X",
        Comment="x" * 121,
    ) == [
        ("I", "Subcontract_Number"),
        ("I", "Status_Code"),
        ("I", "Date_Issued"),
        ("I", "Comment"),
        ("I", "Retention_Percent"),
        ("I", "Vendor_Code"),
        ("I", "Job_Number"),
        ("I", "GL_Account"),
    ]
    assert company.subcontracts() == []
    assert company.effects() == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"Vendor_Code": ""}, [("M", "Vendor_Code")]),
        ({"Job_Number": ""}, [("M", "Job_Number")]),
        ({"GL_Account": ""}, [("M", "GL_Account")]),
        ({"GL_Account": "77"}, [("I", "GL_Account")]),
        ({"GL_Account": "5000-100"}, [("I", "GL_Account")]),
        ({"Date_Issued": "13/01/2026"}, [("I", "Date_Issued")]),
        ({"Date_Issued": "01/01/2090"}, [("I", "Date_Issued")]),
        ({"Retention_Percent": "100"}, [("I", "Retention_Percent")]),
        ({"Retention_Percent": "-1"}, [("I", "Retention_Percent")]),
    ],
)
def test_a_header_that_does_not_do(application, company, values, said) -> None:
    good = {**application.owner("SC-9"), "Job_Number": "H101", "GL_Account": "5000100"}
    assert application.write("UpdateSubcontract", **{**good, **values}) == said
    assert company.subcontracts() == []


def test_a_subcontract_stays_on_its_job(application) -> None:
    application.subcontract()
    moved = {**application.owner("SC-001"), "Job_Number": "H102"}
    assert application.write("UpdateSubcontract", **moved) == [("I", "Job_Number")]


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"Subcontract_Number": "SC-404"}, "Subcontract_Number"),
        ({"Phase_Code": "99999"}, "Phase_Code"),
        ({"Phase_Code": "26-050"}, "Phase_Code"),
        ({"Phase_Code": "06200", "Cost_Type": "S"}, "Phase_Code"),  # completed
        ({"Cost_Type": "S"}, "Phase_Code"),
        ({"Original_Contract_Amount": "1,000.00"}, "Original_Contract_Amount"),
        ({"Original_Contract_Amount": "1.005"}, "Original_Contract_Amount"),
        ({"Original_Contract_Amount": "1234567890"}, "Original_Contract_Amount"),
        ({"Bill_Description": "x" * 26}, "Bill_Description"),
    ],
)
def test_a_line_that_does_not_do(application, values, column) -> None:
    application.subcontract()
    line = {**application.line("SC-001", "L", "10.00"), **values}
    assert application.write("UpdateSubcontractPhases", **line) == [("I", column)]


def test_lines_fall_back_on_the_header_and_multiply(application, company) -> None:
    application.subcontract(Default_Phase_Code="26050", Default_Cost_Type="L")
    line = {"Unit_Price": "12.5000", "Original_Contract_Quantity": "10"}
    assert application.write("UpdateSubcontractPhases", **application.owner("SC-001"), **line) == []
    assert company.subcontract("SC-001").phases[0].amount == Decimal("125.00")


def test_a_change_request_puts_a_change_order_on_the_log(application, company) -> None:
    application.subcontract()
    for cost_type, amount in (("L", "100.00"), ("M", "-20.25")):
        assert (
            application.write(
                "ARChangeRequest", **application.change("S001-001", cost_type, amount)
            )
            == []
        )
    made = company.subcontract("SC-001")
    order = made.change_order("S001-001")
    assert (order.status, order.description, order.amount) == (
        "E",
        "More sockets",
        Decimal("79.75"),
    )
    assert order.date == "03/02/2026"
    assert (made.executed, made.proposed) == (Decimal("79.75"), Decimal("0"))
    assert made.total == Decimal("3580.25")


def test_a_proposed_one_does_not_count_yet(application, company) -> None:
    application.subcontract()
    application.write("ARChangeRequest", **application.change("C1", "L", "100", Sub_Status="P"))
    made = company.subcontract("SC-001")
    assert (made.executed, made.proposed, made.total) == (0, Decimal("100.00"), made.original)


def test_a_repeated_line_changes_it_or_where_so_set_doubles_it(application, company) -> None:
    application.subcontract()
    line = application.change("C1", "L", "100.00")
    for _ in range(2):
        assert application.write("ARChangeRequest", **line) == []
    assert company.subcontract("SC-001").executed == Decimal("100.00")
    assert len(company.writes("ARChangeRequest", "H101", "PORT", "C1")) == 1
    company.set(repeats_double=True)
    assert application.write("ARChangeRequest", **line) == []
    assert company.subcontract("SC-001").executed == Decimal("200.00")
    assert [each.what for each in company.writes("ARChangeRequest", "H101", "PORT", "C1")] == [
        "made",
        "added again",
    ]


def test_a_blank_number_is_counted_up_so_a_repeat_makes_a_second_one(application, company) -> None:
    application.subcontract()
    line = application.change("", "L", "100.00", Sub_Change_Order_Number="C1")
    for _ in range(2):
        assert application.write("ARChangeRequest", **line) == [("G", "Change_Request_Number")]
    assert len(company.subcontract("SC-001").change_orders) == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"Customer_Code": "OTHER"}, ("I", "Customer_Code")),
        ({"Job_Number": "H102", "CR_Phase_Code": "06100", "CR_Cost_Type": "S"}, ...),
        ({"CR_Status": ""}, ("M", "CR_Status")),
        ({"CR_Status": "ZZ"}, ("I", "CR_Status")),
        ({"CR_Status": "CL"}, ("I", "CR_Status")),
        ({"CR_Phase_Code": "06200", "CR_Cost_Type": "S"}, ("I", "CR_Phase_Code")),
        ({"CR_Cost_Type": ""}, ("M", "CR_Cost_Type")),
        ({"Change_Request_Hours": ""}, ("M", "Change_Request_Hours")),
        ({"Subcontract_Number": "SC-404"}, ("I", "Subcontract_Number")),
        ({"Sub_Status": ""}, ("M", "Sub_Status")),
        ({"Sub_Status": "A"}, ("I", "Sub_Status")),
        ({"Sub_Change_Order_Number": ""}, ("M", "Sub_Change_Order_Number")),
        ({"Sub_Change_Order_Number": "C-SC-00001"}, ("I", "Sub_Change_Order_Number")),
        ({"Change_Request_Number": "123456789"}, ("I", "Change_Request_Number")),
        ({"Sub_Description": "x" * 31}, ("I", "Sub_Description")),
        ({"Sub_Comments": "x" * 251}, ("I", "Sub_Comments")),
    ],
)
def test_a_change_request_that_does_not_do(application, company, values, said) -> None:
    application.subcontract()
    told = application.write("ARChangeRequest", **application.change("C1", "L", "1.00", **values))
    # On a job without a customer two things are wrong.
    wanted = [("I", "Customer_Code"), ("I", "Subcontract_Number")] if said is ... else [said]
    assert told == wanted
    assert company.subcontract("SC-001").change_orders == ()


def test_on_a_site_that_wants_known_numbers_none_is_born_executed(application, company) -> None:
    application.subcontract()
    company.set(numbers_must_exist=True)
    change = application.change("C1", "L", "100.00")
    assert application.write("ARChangeRequest", **change) == [("I", "Sub_Change_Order_Number")]
    assert application.write("ARChangeRequest", **{**change, "Sub_Status": "P"}) == []
    assert application.write("ARChangeRequest", **change) == []
    assert company.subcontract("SC-001").executed == Decimal("100.00")


def test_an_approved_status_posts_to_the_estimate(application, company) -> None:
    application.subcontract()
    for amount in ("100.00", "100.00", "70.00"):
        line = application.change("C1", "L", amount, CR_Status="AP")
        assert application.write("ARChangeRequest", **line) == []
    [phase] = company.job_phases("H101", "26050", "L")
    assert phase.current_estimate == Decimal("70.00")


def test_a_phase_takes_its_estimates(application, company) -> None:
    phase = {"Job_Number": "H101", "Phase_Code": "09900", "Cost_Type": "S"}
    new = {**phase, "Price_Method_Code": "T", "Original_Est_Cost": "5000.00"}
    assert application.write("AddPhase", **new) == [("M", "Description")]
    assert application.write("AddPhase", **new, Description="Painting") == []
    [made] = company.job_phases("H101", "09900", "S")
    assert (made.original_estimate, made.current_estimate) == (Decimal(5000), Decimal(5000))
    later = {**phase, "Price_Method_Code": "T", "Current_Est_Cost": "5600.00"}
    assert application.write("AddPhase", **later) == []
    [made] = company.job_phases("H101", "09900", "S")
    assert (made.original_estimate, made.current_estimate) == (Decimal(5000), Decimal(5600))
    company.set(estimates_shown_only=True)
    assert application.write("AddPhase", **{**later, "Current_Est_Cost": "1.00"}) == []
    [made] = company.job_phases("H101", "09900", "S")
    assert made.current_estimate == Decimal(5600)


def test_a_description_belongs_to_all_cost_types_of_a_phase(application, company) -> None:
    phase = {"Job_Number": "H101", "Phase_Code": "26050", "Price_Method_Code": "F"}
    assert application.write("AddPhase", **phase, Cost_Type="S") == []
    assert application.write("AddPhase", **phase, Cost_Type="E", Description="Electric") == []
    assert {each.description for each in company.job_phases("H101", "26050")} == {"Electric"}


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"Job_Number": "H090"}, "Job_Number"),
        ({"Cost_Type": "Z"}, "Cost_Type"),
        ({"Phase_Code": "09-900"}, "Phase_Code"),
        ({"Price_Method_Code": "X"}, "Price_Method_Code"),
    ],
)
def test_a_phase_that_does_not_do(application, values, column) -> None:
    good = {
        "Job_Number": "H101",
        "Phase_Code": "09900",
        "Cost_Type": "S",
        "Description": "Painting",
        "Price_Method_Code": "T",
    }
    assert application.write("AddPhase", **{**good, **values}) == [("I", column)]


def test_nothing_is_deleted_but_by_hand(application, company) -> None:
    application.subcontract()
    application.write("ARChangeRequest", **application.change("C1", "L", "100.00"))
    with pytest.raises(ValueError, match="delete them first"):
        company.by_hand.delete_subcontract("MOOR", "SC-001")
    company.by_hand.delete_change_request("H101", "PORT", "C1")
    assert company.subcontract("SC-001").change_orders == ()
    company.by_hand.delete_subcontract("MOOR", "SC-001")
    assert company.subcontracts() == []
    with pytest.raises(KeyError):
        company.by_hand.delete_subcontract("MOOR", "SC-001")
