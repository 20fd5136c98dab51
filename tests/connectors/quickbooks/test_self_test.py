"""What QuickBooks shows its user: noticed where it is less than there is."""

from __future__ import annotations

import pytest

from connectors.contract import Area, Busy, Script
from connectors.quickbooks import connector
from tests.connectors.quickbooks.playing import hand_feed

KNOWN = {"vendors": 1, "jobs": 1, "cost_codes": 2}


def tried(site, known=KNOWN) -> dict[str, Area]:
    return {area.name: area for area in site.session().run(lambda: connector.self_test(known))}


def test_an_administrator_sees_everything(site):
    seen = tried(site)
    assert not any(area.problem or area.off for area in seen.values())
    # the customer and its job; the two items
    assert {name: area.shown for name, area in seen.items() if area.shown is not None} == {
        "Vendors": 1,
        "Customers and jobs": 2,
        "Items": 2,
        "Accounts": 5,
    }


def test_inactive_records_are_counted_too(site):
    site.company.by_hand.set_active(site.vendor.id, False)
    assert tried(site)["Vendors"].shown == 1


def test_too_few_are_too_few_but_one_of_many_may_have_been_deleted(site):
    for number in range(9):
        site.company.add_vendor(f"Vendor {number}")
    assert tried(site, {"vendors": 11})["Vendors"].problem == ""
    assert tried(site, {"vendors": 12})["Vendors"].problem == (
        "QuickBooks shows 10 of them; known here: 12."
    )


def test_a_user_who_may_not_see_everything(site):
    site.company.add_vendor("Halden Steel")
    site.company.by_hand.set_preference("UserIsRestricted", True)
    seen = tried(site, {"vendors": 2, "jobs": 1, "cost_codes": 2})
    assert [name for name, area in seen.items() if area.problem] == [
        "Vendors",
        "Accounts",
        "Purchase orders",
        "Reports of costs",
    ]
    assert "shows 1 of them; known here: 2." in seen["Vendors"].problem


def vendors(code: int, attributes: str = "") -> str:
    return (
        f'<QBXML><QBXMLMsgsRs><VendorQueryRs requestID="ID?" statusCode="{code}"'
        f' statusSeverity="Error" {attributes}/></QBXMLMsgsRs></QBXML>'
    )


def first_area(script: Script[tuple[Area, ...]], reply: str) -> Area:
    """The first area, the others being answered with nothing."""
    rest = [reply.replace("Vendor", kind) for kind in ("Customer", "Item", "Account")]
    rest += [reply.replace("Vendor", kind) for kind in ("PurchaseOrder", "Estimate")]
    rest.append(reply.replace("VendorQuery", "CustomDetailReportQuery"))
    areas, _ = hand_feed(script, reply, *rest)
    return areas[0]


@pytest.mark.parametrize("code", [3220, 3260, 3261, 3263])
def test_a_refusal_is_of_the_user(code):
    assert first_area(connector.self_test({}), vendors(code)).problem.startswith(
        "QuickBooks refuses them to the user"
    )


def test_what_is_switched_off_is_no_fault_of_the_user():
    assert first_area(connector.self_test({}), vendors(3250)) == Area(name="Vendors", off=True)


@pytest.mark.parametrize("code", [500, 1000, 3120, 3176, 3180, -1])
def test_what_is_not_clear_is_tried_again(code):
    with pytest.raises(Busy):
        hand_feed(connector.self_test({}), vendors(code))
