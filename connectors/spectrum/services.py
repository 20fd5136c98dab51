"""The services of Spectrum Data Exchange that are used, and the fields of each in their order.

Evidence: names, order, lengths, formats and what is required are in Trimble's help; the two reads
were seen in the WSDLs of a live server. That the writes are sent in the same way as the reads,
every field in the order of its table and empty where unused, is an assumption.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from connectors.contract import Refused

Value = str | date | Decimal

_PLAIN = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")
_DIGITS = re.compile(r"(-?)(\d+)(?:\.(\d+))?")
_LARGEST = 10**13


class Unfit(Refused):
    """A value that a field of Spectrum cannot hold: nothing was sent."""


class Field(NamedTuple):
    """One element of a request. `kind` is text, date, number, or digits as -9.2: nine before the
    point, two behind it, below zero where the sign says so."""

    name: str
    longest: int
    kind: str
    required: bool

    def written(self, value: Value) -> str:
        """The value as Spectrum has it. Raises Unfit."""
        if isinstance(value, date):
            text = f"{value:%m/%d}/{value.year:04d}"
        elif isinstance(value, Decimal):
            text = self._amount(value)
        else:
            text = value  # nothing of a code is changed: it might become another one
            if text != text.strip() or not text.isprintable():
                raise Unfit(f"{self.name}: {text!r} has blanks around it, or what cannot be seen.")
            if strange := unfit(text):
                raise Unfit(f"{self.name}: {text!r} has characters that are not sent: {strange}")
        if len(text) > self.longest:
            raise Unfit(
                f"{self.name}: {text!r} has {len(text)} characters; Spectrum takes {self.longest}."
            )
        return text

    def takes(self, value: Decimal) -> bool:
        """Whether a number fits."""
        try:
            self.written(value)
        except Unfit:
            return False
        return True

    def _amount(self, value: Decimal) -> str:
        value = value + 0  # so that there is no -0.00
        text = f"{value:f}"
        signed = _DIGITS.fullmatch(self.kind)
        if signed is None:
            return text
        sign, whole, part = signed[1], int(signed[2]), int(signed[3] or 0)
        text = f"{value:.{part}f}"
        digits = text.lstrip("-").partition(".")[0]
        if Decimal(text) != value or len(digits) > whole or (value < 0 and not sign):
            raise Unfit(f"{self.name}: {value:,} is not a number that Spectrum can hold there.")
        return text


class Service(NamedTuple):
    """One service: its name in the address and in the envelope, and its fields."""

    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of that name."""
        return next(one for one in self.fields if one.name == name)

    @property
    def path(self) -> str:
        return f"/ws/{self.name}"


def amount_in(text: str) -> Decimal | None:
    """The amount that a text of Spectrum tells; None for what is none, or larger than any there."""
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() and value.copy_abs() < _LARGEST else None


def fit(text: str) -> str:
    """`text` on one line: control characters and line breaks are blanks, and blanks are single.

    Nothing else is changed and nothing is shortened.
    """
    if _PLAIN.fullmatch(text):
        return text
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def unfit(text: str) -> str:
    """The characters of `text` that are not sent, once each.

    Assumption: Spectrum keeps texts in the Western code page of Windows. A text with any other
    character is refused, for nobody has seen what becomes of it.
    """
    if text.isascii():
        return ""
    return "".join(dict.fromkeys(c for c in fit(text) if not _in_code_page(c)))


def _in_code_page(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _service(name: str, table: str) -> Service:
    fields = [Field("Authorization_ID", 20, "text", True), Field("GUID", 36, "text", True)]
    for row in table.strip().splitlines():
        called, longest, kind, *mark = row.split()
        fields.append(Field(called, int(longest), kind, "required" in mark))
    return Service(name, tuple(fields))


SUBCONTRACT = _service(
    "UpdateSubcontract",
    """
    Company_Code                  3 text required
    Vendor_Code                  10 text required
    Subcontract_Number           10 text required
    Job_Number                   10 text to create
    Default_Phase_Code           20 text
    Default_Cost_Type             3 text
    Status_Code                   1 text
    Contract_Type                15 text
    Insurance_Cert_Flag           1 text
    Sent_Date                    10 date
    Date_Issued                  10 date
    Contact_Person               20 text
    Unit_Price_Flag               1 text
    Comment                     120 text
    Routing_Code1                10 text
    Routing_Limit                13 -10.2
    Routing_Code2                10 text
    GL_Account                   12 number to create
    Retention_Percent             5 2.1
    Next_Payment_Number           5 number
    Pay_Override                  1 text
    Pay_Terms                     1 text
    Pay_Days                      3 number
    Disc_Override                 1 text
    Disc_Terms                    1 text
    Disc_Days                     3 number
    Disc_Perc                     6 number
    Pay_When_Paid                 1 text
    Cost_Center_Override         10 number
    """,
)
SUBCONTRACT_PHASES = _service(
    "UpdateSubcontractPhases",
    """
    Company_Code                  3 text required
    Vendor_Code                  10 text required
    Subcontract_Number           10 text required
    Phase_Code                   20 text
    Cost_Type                     3 text
    Bid_Item_Number              10 text
    Bill_Description             25 text
    Unit_Of_Measure               3 text
    Retention_Flag                1 text
    Unit_Price                   12 -6.4
    Original_Contract_Quantity   12 -8.2
    Original_Contract_Amount     13 -9.2
    """,
)
# A blank Change_Request_Number would be taken as a new one each time, so here it is required.
CHANGE_REQUEST = _service(
    "ARChangeRequest",
    """
    Company_Code                  3 text required
    Job_Number                   10 text required
    Customer_Code                10 text required
    Change_Request_Number         8 text required
    CR_Description              250 text
    CR_Status                     2 text to create
    Cost_Reimbursable_Flag        1 text
    Origination_Date             10 date
    Approved_Date                10 date
    Fee_Percent                   7 -3.2
    Fee_Amount                   12 -8.2
    CR_Phase_Code                20 text
    CR_Cost_Type                  3 text
    Change_Request_Quantity      11 -7.2
    Change_Request_Hours         10 -6.2 required
    Change_Request_Amount        14 -10.2 required
    Subcontractor_Code           10 text required
    Subcontract_Number           10 text
    Sub_Amount                   14 -10.2
    Sub_Bid_Group_Item_Code       2 text
    Sub_Bid_Item_Code            11 text
    Sub_Status                    1 text
    Sub_Change_Order_Number       8 text
    Sub_Change_Order_Date        10 date
    Sub_Signed_Date              10 date
    Sub_Description              30 text
    Sub_Type                     15 text
    Sub_Proposal_Date            10 date
    Sub_Sent_Date                10 date
    Sub_Due_Date                 10 date
    Sub_Comments                250 text
    Markup_Cost_Type              3 text
    Markup_Percent                6 3.2
    Markup_Amount                14 -10.2
    Pricing_Addon_Code           10 text
    Pricing_Addon_MU_Percent      6 number
    Pricing_Addon_MU_Amount      14 -10.2
    Pricing_Addon_Phase          20 text
    Pricing_Addon_Cost_Type       3 text
    CR_Billing_Group_Code         2 text
    CR_Billing_Item_Code         11 text
    CR_Billing_Item_Description  30 text
    CR_Additional_Description    40 text
    CR_Unit_Price                11 -5.4
    CR_Quantity                  11 -7.2
    CR_Revenue                   14 -10.2
    Proceed_Submitted_Date       10 date
    Proceed_Received_Date        10 date
    Rough_Estimate               12 -8.2
    Quotation_Submitted_Date     10 date
    Quotation_Due_Date           10 date
    Requested_Days                4 -3
    Approved_Days                 4 -3
    Default_Billing_Total         1 text
    """,
)
ADD_PHASE = _service(
    "AddPhase",
    """
    Company_Code                  3 text
    Job_Number                   10 text required
    Phase_Code                   20 text required
    Description                  25 text to create
    Cost_Type                     3 text required
    Original_Est_Quantity        11 number
    Unit_of_Measure               3 text
    Original_Est_Cost            12 number
    Original_Est_Hours           10 number
    Bid_Item_Number              10 text
    Alt_Phase_Code               20 text
    Work_Comp_Code                6 text
    Price_Method_Code             1 text required
    Phase_Cost_Center            10 text
    Current_Est_Hours            10 number
    Current_Est_Quantity         11 number
    Current_Est_Cost             12 number
    Status_Code                   1 text
    """,
)
GET_JOB = _service(
    "GetJob",
    """
    pCompany_Code                 3 text required
    pDivision                     5 text
    pStatus_Code                  1 text
    pProject_Manager             15 text
    pSuperintendent              15 text
    pEstimator                   15 text
    pCustomer_Code               10 text
    pCost_Center                 10 text
    pSort_By                      1 text
    """,
)
GET_PHASE = _service(
    "GetPhase",
    """
    pCompany_Code                 3 text required
    pCost_Type                    3 text
    pJob_Number                  10 text
    pStatus_Code                  1 text
    pCost_Center                 10 text
    pSort_By                      1 text
    """,
)

SERVICES = {
    one.name: one
    for one in (
        SUBCONTRACT,
        SUBCONTRACT_PHASES,
        CHANGE_REQUEST,
        ADD_PHASE,
        GET_JOB,
        GET_PHASE,
    )
}
VENDORS = "/vendors/"  # a JSON service: the company's code follows
