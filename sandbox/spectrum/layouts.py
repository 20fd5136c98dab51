"""The services that are played, field by field.

Names, lengths, formats and marks are those of the published field tables. The order is theirs too.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.spectrum.fields import Service, date_field, number_field, text_field

_WHO = (text_field("Authorization_ID", 20), text_field("GUID", 36))

UPDATE_SUBCONTRACT = Service(
    "UpdateSubcontract",
    (
        *_WHO,
        text_field("Company_Code", 3),
        text_field("Vendor_Code", 10, "always"),
        text_field("Subcontract_Number", 10, "always"),
        text_field("Job_Number", 10, "new"),
        text_field("Default_Phase_Code", 20),
        text_field("Default_Cost_Type", 3),
        text_field("Status_Code", 1, choices="A|I|C"),
        text_field("Contract_Type", 15),
        text_field("Insurance_Cert_Flag", 1, choices="Y|N|A"),
        date_field("Sent_Date"),
        date_field("Date_Issued"),
        text_field("Contact_Person", 20),
        text_field("Unit_Price_Flag", 1, choices="Y|N"),
        text_field("Comment", 120),
        text_field("Routing_Code1", 10),
        number_field("Routing_Limit", 13, "-10.2"),
        text_field("Routing_Code2", 10),
        number_field("GL_Account", 12, "12.0", "new"),
        number_field("Retention_Percent", 5, "2.1"),
        number_field("Next_Payment_Number", 5, "5.0"),
        text_field("Pay_Override", 1, choices="Y|N"),
        text_field("Pay_Terms", 1, choices="A|B"),
        number_field("Pay_Days", 3, "3.0"),
        text_field("Disc_Override", 1, choices="Y|N"),
        text_field("Disc_Terms", 1, choices="A|B"),
        number_field("Disc_Days", 3, "3.0"),
        number_field("Disc_Perc", 6),
        text_field("Pay_When_Paid", 1, choices="Y|N"),
        number_field("Cost_Center_Override", 10, "10.0"),
    ),
    key=("Vendor_Code", "Subcontract_Number"),
)

UPDATE_SUBCONTRACT_PHASES = Service(
    "UpdateSubcontractPhases",
    (
        *_WHO,
        text_field("Company_Code", 3),
        text_field("Vendor_Code", 10, "always"),
        text_field("Subcontract_Number", 10, "always"),
        text_field("Phase_Code", 20),
        text_field("Cost_Type", 3),
        text_field("Bid_Item_Number", 10),
        text_field("Bill_Description", 25),
        text_field("Unit_Of_Measure", 3),
        text_field("Retention_Flag", 1, choices="Y|N"),
        number_field("Unit_Price", 12, "-6.4"),
        number_field("Original_Contract_Quantity", 12, "-8.2"),
        number_field("Original_Contract_Amount", 13, "-9.2"),
    ),
    key=("Vendor_Code", "Subcontract_Number", "Phase_Code", "Cost_Type", "Bid_Item_Number"),
)

# What a change request says once for all its lines; every call repeats it.
CHANGE_REQUEST_HEADER = (
    "CR_Description",
    "CR_Status",
    "Cost_Reimbursable_Flag",
    "Origination_Date",
    "Approved_Date",
    "Fee_Percent",
    "Fee_Amount",
)
# What tells the cost lines of one change request apart.
COST_LINE = (
    "CR_Phase_Code",
    "CR_Cost_Type",
    "Subcontractor_Code",
    "Subcontract_Number",
    "Sub_Bid_Group_Item_Code",
    "Sub_Bid_Item_Code",
)

AR_CHANGE_REQUEST = Service(
    "ARChangeRequest",
    (
        *_WHO,
        text_field("Company_Code", 3),
        text_field("Job_Number", 10, "always"),
        text_field("Customer_Code", 10, "always"),
        text_field("Change_Request_Number", 8),
        text_field("CR_Description", 250),
        text_field("CR_Status", 2, "new"),
        text_field("Cost_Reimbursable_Flag", 1, choices="Y|N"),
        date_field("Origination_Date"),
        date_field("Approved_Date"),
        number_field("Fee_Percent", 7, "-3.2"),
        number_field("Fee_Amount", 12, "-8.2"),
        text_field("CR_Phase_Code", 20),
        text_field("CR_Cost_Type", 3),
        number_field("Change_Request_Quantity", 11, "-7.2"),
        number_field("Change_Request_Hours", 10, "-6.2", "always"),
        number_field("Change_Request_Amount", 14, "-10.2", "always"),
        # Marked as required too, yet lines without a subcontract are documented.
        text_field("Subcontractor_Code", 10),
        text_field("Subcontract_Number", 10),
        number_field("Sub_Amount", 14, "-10.2"),
        text_field("Sub_Bid_Group_Item_Code", 2),
        text_field("Sub_Bid_Item_Code", 11),
        text_field("Sub_Status", 1, choices="P|E|R"),
        text_field("Sub_Change_Order_Number", 8),
        date_field("Sub_Change_Order_Date"),
        date_field("Sub_Signed_Date"),
        text_field("Sub_Description", 30),
        text_field("Sub_Type", 15),
        date_field("Sub_Proposal_Date"),
        date_field("Sub_Sent_Date"),
        date_field("Sub_Due_Date"),
        text_field("Sub_Comments", 250),
        text_field("Markup_Cost_Type", 3),
        number_field("Markup_Percent", 6, "3.2"),
        number_field("Markup_Amount", 14, "-10.2"),
        text_field("Pricing_Addon_Code", 10),
        number_field("Pricing_Addon_MU_Percent", 6),
        number_field("Pricing_Addon_MU_Amount", 14, "-10.2"),
        text_field("Pricing_Addon_Phase", 20),
        text_field("Pricing_Addon_Cost_Type", 3),
        text_field("CR_Billing_Group_Code", 2),
        text_field("CR_Billing_Item_Code", 11),
        text_field("CR_Billing_Item_Description", 30),
        text_field("CR_Additional_Description", 40),
        number_field("CR_Unit_Price", 11, "-5.4"),
        number_field("CR_Quantity", 11, "-7.2"),
        number_field("CR_Revenue", 14, "-10.2"),
        date_field("Proceed_Submitted_Date"),
        date_field("Proceed_Received_Date"),
        number_field("Rough_Estimate", 12, "-8.2"),
        date_field("Quotation_Submitted_Date"),
        date_field("Quotation_Due_Date"),
        number_field("Requested_Days", 4, "-3.0"),
        number_field("Approved_Days", 4, "-3.0"),
        text_field("Default_Billing_Total", 1, choices="Y|N"),
    ),
    key=("Job_Number", "Customer_Code", "Change_Request_Number"),
)

ADD_PHASE = Service(
    "AddPhase",
    (
        *_WHO,
        text_field("Company_Code", 3),
        text_field("Job_Number", 10, "always"),
        text_field("Phase_Code", 20, "always"),
        text_field("Description", 25, "new"),
        text_field("Cost_Type", 3, "always"),
        number_field("Original_Est_Quantity", 11),
        text_field("Unit_of_Measure", 3),
        number_field("Original_Est_Cost", 12),
        number_field("Original_Est_Hours", 10),
        text_field("Bid_Item_Number", 10),
        text_field("Alt_Phase_Code", 20),
        text_field("Work_Comp_Code", 6),
        text_field("Price_Method_Code", 1, "always", "F|T|C|U|J"),
        text_field("Phase_Cost_Center", 10),
        number_field("Current_Est_Hours", 10),
        number_field("Current_Est_Quantity", 11),
        number_field("Current_Est_Cost", 12),
        text_field("Status_Code", 1, choices="A|I|C"),
    ),
    key=("Job_Number", "Phase_Code", "Cost_Type"),
)

# How every row of an answer ends.
ERROR_COLUMNS = ("Error_Code", "Error_Description", "Error_Column")

GET_JOB = Service(
    "GetJob",
    (
        *_WHO,
        text_field("pCompany_Code", 3, "always"),
        text_field("pDivision", 5),
        text_field("pStatus_Code", 1, choices="A|I|C"),
        text_field("pProject_Manager", 15),
        text_field("pSuperintendent", 15),
        text_field("pEstimator", 15),
        text_field("pCustomer_Code", 10),
        text_field("pCost_Center", 10),
        text_field("pSort_By", 1, choices="D|P|S|E|C"),
    ),
    returns=(
        "Company_Code",
        "Job_Number",
        "Job_Description",
        "Division",
        "Address_1",
        "Address_2",
        "City",
        "State",
        "Zip_Code",
        "Project_Manager",
        "Superintendent",
        "Estimator",
        "Certified_Flag",
        "Customer_Code",
        "Status_Code",
        "Work_State_Tax_Code",
        "Contract_Number",
        "Cost_Center",
        *ERROR_COLUMNS,
    ),
)

_PHASE_ASKED = (
    *_WHO,
    text_field("pCompany_Code", 3, "always"),
    text_field("pCost_Type", 3),
    text_field("pJob_Number", 10),
    text_field("pStatus_Code", 1, choices="A|I|C"),
    text_field("pCost_Center", 10),
    text_field("pSort_By", 1, choices="C"),
)
_PHASE_RETURNS = (
    "Company_Code",
    "Job_Number",
    "Phase_Code",
    "Cost_Type",
    "Description",
    "Status_Code",
    "Unit_of_Measure",
    "JTD_Quantity",
    "JTD_Hours",
    "JTD_Actual_Dollars",
    "Projected_Quantity",
    "Projected_Hours",
    "Projected_Dollars",
    "Estimated_Quantity",
    "Estimated_Hours",
    "Current_Estimated_Dollars",
    "Cost_Center",
)
GET_PHASE = Service("GetPhase", _PHASE_ASKED, returns=(*_PHASE_RETURNS, *ERROR_COLUMNS))
GET_PHASE_ENHANCED = Service(
    "GetPhaseEnhanced",
    _PHASE_ASKED,
    returns=(
        *_PHASE_RETURNS,
        "Price_Method_Code",
        "Complete_Date",
        "Start_Date",
        "End_Date",
        "Comment",
        *ERROR_COLUMNS,
    ),
)

VENDOR_FILTERS = (
    text_field("pType", 6),
    text_field("pCity", 25),
    text_field("pState", 2),
    text_field("pName", 30),
    text_field("pCostCenter", 3),
)
VENDOR_RETURNS = (
    "Company_Code",
    "Vendor_Code",
    "Name",
    "Address_1",
    "Address_2",
    "City",
    "State",
    "Zip_Code",
    "First_Name",
    "Last_Name",
    "Phone_Number",
    "Email",
    "Account_Reference",
    "Payment_Terms",
    "Payment_Term_Days",
    "Discount_Terms",
    "Discount_Term_Days",
    "Discount_Percent",
    "Purchase_Location_Name",
    "Purchase_Address_1",
    "Purchase_Address_2",
    "Purchase_City",
    "Purchase_State",
    "Purchase_Zip",
    "Payment_Location_Name",
    "Payment_Address_1",
    "Payment_Address_2",
)


def _by_name(services: Iterable[Service]) -> dict[str, Service]:
    return {each.name: each for each in services}


SERVICES = _by_name(
    [
        UPDATE_SUBCONTRACT,
        UPDATE_SUBCONTRACT_PHASES,
        AR_CHANGE_REQUEST,
        ADD_PHASE,
        GET_JOB,
        GET_PHASE,
        GET_PHASE_ENHANCED,
    ]
)
