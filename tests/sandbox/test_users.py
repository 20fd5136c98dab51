"""A user of QuickBooks who may not see everything: refused here, shown less there."""

from __future__ import annotations

import pytest

from sandbox.quickbooks import CompanyFile
from tests.sandbox.qbxml import Application


@pytest.fixture
def clerk(company: CompanyFile, app: Application) -> Application:
    company.by_hand.set_preference("UserIsRestricted", True)
    return app


def test_purchases_are_refused(clerk):
    answer = clerk.one("<PurchaseOrderQueryRq/>")
    assert answer.get("statusCode") == "3260"


def test_lists_come_in_part_and_nothing_says_so(clerk):
    answer = clerk.one("<VendorQueryRq/>")
    assert (answer.get("statusCode"), len(answer)) == ("0", 1)
    paged = clerk.one(
        '<VendorQueryRq iterator="Start"><MaxReturned>100</MaxReturned></VendorQueryRq>'
    )
    assert (paged.get("iteratorRemainingCount"), len(paged)) == ("0", 1)
    counted = clerk.one('<VendorQueryRq metaData="MetaDataOnly"/>')
    assert counted.get("retCount") == "1"
    assert clerk.one("<AccountQueryRq/>").get("statusCode") == "1"


def test_what_it_may_see_is_whole(clerk):
    assert len(clerk.one("<ItemQueryRq/>")) == 3


def test_the_greeting_names_it(clerk, company):
    assert "<AutomaticLoginUserName>Site clerk<" in company.host_company_preferences("{0}")
    company.by_hand.set_preference("UserIsRestricted", False)
    assert "<AutomaticLoginUserName>Admin<" in company.host_company_preferences("{0}")
