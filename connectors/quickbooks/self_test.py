"""What QuickBooks shows the user that the Web Connector works as.

A user of QuickBooks may be kept from an area. Some questions are then refused, and others are
answered with less than there is, in silence: the lists would come in part and nobody would know.
So each kind of record that we use is asked for, and what comes is held against what is known to be
there. What a user may *write* shows only as something is written. Which questions are answered in
silence is not verified on a live QuickBooks.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import Area, Request, Script
from connectors.quickbooks import errors, schema
from connectors.quickbooks.qbxml import Answer

_EVERY_ONE = [("ActiveStatus", "All")]
_ONE = [("MaxReturned", "1")]
_COUNTED = ' metaData="MetaDataOnly"'
# Fewer than this part of what is known is no coincidence of what was deleted lately.
_ENOUGH = 0.9

# area, question, the list of ours that it must not be less than ('' where there is none)
_LISTS = (
    ("Vendors", "VendorQueryRq", "vendors"),
    ("Customers and jobs", "CustomerQueryRq", "jobs"),
    ("Items", "ItemQueryRq", "cost_codes"),
    ("Accounts", "AccountQueryRq", ""),
)
_TRANSACTIONS = (("Purchase orders", "PurchaseOrderQueryRq"), ("Estimates", "EstimateQueryRq"))
_REPORT = (
    "<CustomDetailReportQueryRq><CustomDetailReportType>CustomTxnDetail</CustomDetailReportType>"
    "<DisplayReport>false</DisplayReport><ReportDateMacro>Today</ReportDateMacro>"
    "<ReportPostingStatusFilter>Posting</ReportPostingStatusFilter>"
    "<SummarizeRowsBy>TotalOnly</SummarizeRowsBy><IncludeColumn>TxnID</IncludeColumn>"
    "<ReportBasis>Accrual</ReportBasis></CustomDetailReportQueryRq>"
)
_MAY_NOT = "QuickBooks refuses them to the user that the Web Connector works as."


def self_test(known: Mapping[str, int]) -> Script[tuple[Area, ...]]:
    """Each area, and what is wrong with it. `known` as in `Connector.self_test`. Raises Busy."""
    areas = []
    for name, tag, ours in _LISTS:
        body = schema.query(tag, _EVERY_ONE, _COUNTED)
        answer: Answer = yield Request(body=body, fresh=True)
        areas.append(_counted(name, answer, known.get(ours, 0)))
    for name, tag in _TRANSACTIONS:
        answer = yield Request(body=schema.query(tag, _ONE), fresh=True)
        areas.append(_asked(name, answer))
    answer = yield Request(body=_REPORT, fresh=True)
    areas.append(_asked("Reports of costs", answer))
    return tuple(areas)


def _counted(name: str, answer: Answer, known: int) -> Area:
    """A list whose entries are counted; no company file is without accounts."""
    area = _asked(name, answer)
    if area.problem or area.off or answer.element is None:
        return area
    problem, shown = "", int(answer.element.get("retCount", "") or 0)
    if shown < known * _ENOUGH:
        problem = f"QuickBooks shows {shown:,} of them; known here: {known:,}."
    elif not shown and name == "Accounts":
        problem = "QuickBooks shows none of them, and no company file is without."
    return Area(name=name, shown=shown, problem=problem)


def _asked(name: str, answer: Answer) -> Area:
    """An area that was asked about. Raises Busy where the answer is not clear."""
    if answer.status in (0, errors.NO_MATCH):
        return Area(name=name)
    if answer.status in errors.NOT_ALLOWED:
        return Area(name=name, problem=_MAY_NOT)
    if answer.status == errors.FEATURE_OFF:
        return Area(name=name, off=True)
    raise errors.no_answer(answer, f"the question about its {name[0].lower()}{name[1:]}")
