"""The services that are played, field by field: order, lengths, formats and what may stand in them.

Names, lengths, formats and marks are those of the published field tables. The order is theirs too.
A service's `key` is the natural key: what is sent again under it changes what is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Need = Literal["", "always", "new"]


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a request. `digits` are the places before and behind the point."""

    name: str
    longest: int
    kind: Literal["text", "number", "date"] = "text"
    need: Need = ""
    choices: str = ""
    digits: tuple[int, int] | None = None
    negative: bool = False

    def complaint(self, value: str) -> str:
        """What is wrong with a value that is not blank, '' if nothing is."""
        if len(value) > self.longest:
            return f"{self.name} is longer than {self.longest} characters"
        if self.choices and value not in self.choices.split("|"):
            return f"{self.name} is invalid, value must be one of {self.choices}"
        if self.kind == "date" and not is_date(value):
            return f"{self.name} is invalid, a date is written MM/DD/CCYY"
        if self.kind == "number":
            return self._number_complaint(value)
        return ""

    def _number_complaint(self, value: str) -> str:
        found = re.fullmatch(r"(-?)(\d*)(?:\.(\d+))?", value)
        if found is None or not (found[2] or found[3]):
            return f"{self.name} is invalid, value is not a number"
        if found[1] and self.digits and not self.negative:
            return f"{self.name} is invalid, value may not be negative"
        whole, places = found[2].lstrip("0"), found[3] or ""
        if self.digits and (len(whole) > self.digits[0] or len(places) > self.digits[1]):
            mask = f"{'-' if self.negative else ''}{self.digits[0]}.{self.digits[1]}"
            return f"{self.name} is invalid, value does not match the mask {mask}"
        return ""

    def kept(self, value: str) -> str:
        """The value as it is kept: one way of writing for each number."""
        if self.kind != "number" or not value:
            return value
        places = self.digits[1] if self.digits else max(2, -_exponent(value))
        return format(Decimal(value).quantize(Decimal(1).scaleb(-places)), "f")


@dataclass(frozen=True, slots=True)
class Service:
    """A SOAP service: one operation, its request's elements in order."""

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it changes what the company holds."""
        return not self.returns


def is_date(value: str) -> bool:
    """Whether a text is a date as Spectrum writes it, MM/DD/CCYY."""
    if not re.fullmatch(r"\d\d/\d\d/\d{4}", value):
        return False
    try:
        datetime.strptime(value, "%m/%d/%Y")  # noqa: DTZ007 only a day
    except ValueError:
        return False
    return True


def _exponent(value: str) -> int:
    exponent = Decimal(value).as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _text(name: str, longest: int, need: Need = "", choices: str = "") -> Field:
    return Field(name, longest, need=need, choices=choices)


def _number(name: str, longest: int, mask: str = "", need: Need = "") -> Field:
    whole, _, places = mask.removeprefix("-").partition(".")
    digits = (int(whole), int(places or 0)) if whole else None
    return Field(name, longest, "number", need, digits=digits, negative=mask.startswith("-"))


def _date(name: str) -> Field:
    return Field(name, 10, "date")


_WHO = (_text("Authorization_ID", 20), _text("GUID", 36))

UPDATE_SUBCONTRACT = Service(
    "UpdateSubcontract",
    (
        *_WHO,
        _text("Company_Code", 3),
        _text("Vendor_Code", 10, "always"),
        _text("Subcontract_Number", 10, "always"),
        _text("Job_Number", 10, "new"),
        _text("Default_Phase_Code", 20),
        _text("Default_Cost_Type", 3),
        _text("Status_Code", 1, choices="A|I|C"),
        _text("Contract_Type", 15),
        _text("Insurance_Cert_Flag", 1, choices="Y|N|A"),
        _date("Sent_Date"),
        _date("Date_Issued"),
        _text("Contact_Person", 20),
        _text("Unit_Price_Flag", 1, choices="Y|N"),
        _text("Comment", 120),
        _text("Routing_Code1", 10),
        _number("Routing_Limit", 13, "-10.2"),
        _text("Routing_Code2", 10),
        _number("GL_Account", 12, "12.0", "new"),
        _number("Retention_Percent", 5, "2.1"),
        _number("Next_Payment_Number", 5, "5.0"),
        _text("Pay_Override", 1, choices="Y|N"),
        _text("Pay_Terms", 1, choices="A|B"),
        _number("Pay_Days", 3, "3.0"),
        _text("Disc_Override", 1, choices="Y|N"),
        _text("Disc_Terms", 1, choices="A|B"),
        _number("Disc_Days", 3, "3.0"),
        _number("Disc_Perc", 6),
        _text("Pay_When_Paid", 1, choices="Y|N"),
        _number("Cost_Center_Override", 10, "10.0"),
    ),
    key=("Vendor_Code", "Subcontract_Number"),
)

UPDATE_SUBCONTRACT_PHASES = Service(
    "UpdateSubcontractPhases",
    (
        *_WHO,
        _text("Company_Code", 3),
        _text("Vendor_Code", 10, "always"),
        _text("Subcontract_Number", 10, "always"),
        _text("Phase_Code", 20),
        _text("Cost_Type", 3),
        _text("Bid_Item_Number", 10),
        _text("Bill_Description", 25),
        _text("Unit_Of_Measure", 3),
        _text("Retention_Flag", 1, choices="Y|N"),
        _number("Unit_Price", 12, "-6.4"),
        _number("Original_Contract_Quantity", 12, "-8.2"),
        _number("Original_Contract_Amount", 13, "-9.2"),
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
        _text("Company_Code", 3),
        _text("Job_Number", 10, "always"),
        _text("Customer_Code", 10, "always"),
        _text("Change_Request_Number", 8),
        _text("CR_Description", 250),
        _text("CR_Status", 2, "new"),
        _text("Cost_Reimbursable_Flag", 1, choices="Y|N"),
        _date("Origination_Date"),
        _date("Approved_Date"),
        _number("Fee_Percent", 7, "-3.2"),
        _number("Fee_Amount", 12, "-8.2"),
        _text("CR_Phase_Code", 20),
        _text("CR_Cost_Type", 3),
        _number("Change_Request_Quantity", 11, "-7.2"),
        _number("Change_Request_Hours", 10, "-6.2", "always"),
        _number("Change_Request_Amount", 14, "-10.2", "always"),
        # Marked as required too, yet lines without a subcontract are documented.
        _text("Subcontractor_Code", 10),
        _text("Subcontract_Number", 10),
        _number("Sub_Amount", 14, "-10.2"),
        _text("Sub_Bid_Group_Item_Code", 2),
        _text("Sub_Bid_Item_Code", 11),
        _text("Sub_Status", 1, choices="P|E|R"),
        _text("Sub_Change_Order_Number", 8),
        _date("Sub_Change_Order_Date"),
        _date("Sub_Signed_Date"),
        _text("Sub_Description", 30),
        _text("Sub_Type", 15),
        _date("Sub_Proposal_Date"),
        _date("Sub_Sent_Date"),
        _date("Sub_Due_Date"),
        _text("Sub_Comments", 250),
        _text("Markup_Cost_Type", 3),
        _number("Markup_Percent", 6, "3.2"),
        _number("Markup_Amount", 14, "-10.2"),
        _text("Pricing_Addon_Code", 10),
        _number("Pricing_Addon_MU_Percent", 6),
        _number("Pricing_Addon_MU_Amount", 14, "-10.2"),
        _text("Pricing_Addon_Phase", 20),
        _text("Pricing_Addon_Cost_Type", 3),
        _text("CR_Billing_Group_Code", 2),
        _text("CR_Billing_Item_Code", 11),
        _text("CR_Billing_Item_Description", 30),
        _text("CR_Additional_Description", 40),
        _number("CR_Unit_Price", 11, "-5.4"),
        _number("CR_Quantity", 11, "-7.2"),
        _number("CR_Revenue", 14, "-10.2"),
        _date("Proceed_Submitted_Date"),
        _date("Proceed_Received_Date"),
        _number("Rough_Estimate", 12, "-8.2"),
        _date("Quotation_Submitted_Date"),
        _date("Quotation_Due_Date"),
        _number("Requested_Days", 4, "-3.0"),
        _number("Approved_Days", 4, "-3.0"),
        _text("Default_Billing_Total", 1, choices="Y|N"),
    ),
    key=("Job_Number", "Customer_Code", "Change_Request_Number"),
)

ADD_PHASE = Service(
    "AddPhase",
    (
        *_WHO,
        _text("Company_Code", 3),
        _text("Job_Number", 10, "always"),
        _text("Phase_Code", 20, "always"),
        _text("Description", 25, "new"),
        _text("Cost_Type", 3, "always"),
        _number("Original_Est_Quantity", 11),
        _text("Unit_of_Measure", 3),
        _number("Original_Est_Cost", 12),
        _number("Original_Est_Hours", 10),
        _text("Bid_Item_Number", 10),
        _text("Alt_Phase_Code", 20),
        _text("Work_Comp_Code", 6),
        _text("Price_Method_Code", 1, "always", "F|T|C|U|J"),
        _text("Phase_Cost_Center", 10),
        _number("Current_Est_Hours", 10),
        _number("Current_Est_Quantity", 11),
        _number("Current_Est_Cost", 12),
        _text("Status_Code", 1, choices="A|I|C"),
    ),
    key=("Job_Number", "Phase_Code", "Cost_Type"),
)

# How every row of an answer ends.
ERROR_COLUMNS = ("Error_Code", "Error_Description", "Error_Column")

GET_JOB = Service(
    "GetJob",
    (
        *_WHO,
        _text("pCompany_Code", 3, "always"),
        _text("pDivision", 5),
        _text("pStatus_Code", 1, choices="A|I|C"),
        _text("pProject_Manager", 15),
        _text("pSuperintendent", 15),
        _text("pEstimator", 15),
        _text("pCustomer_Code", 10),
        _text("pCost_Center", 10),
        _text("pSort_By", 1, choices="D|P|S|E|C"),
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
    _text("pCompany_Code", 3, "always"),
    _text("pCost_Type", 3),
    _text("pJob_Number", 10),
    _text("pStatus_Code", 1, choices="A|I|C"),
    _text("pCost_Center", 10),
    _text("pSort_By", 1, choices="C"),
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
    _text("pType", 6),
    _text("pCity", 25),
    _text("pState", 2),
    _text("pName", 30),
    _text("pCostCenter", 3),
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
