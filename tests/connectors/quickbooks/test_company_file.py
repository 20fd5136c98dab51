"""Who QuickBooks says it is, its lists, and the file that connects it with us."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from lxml import etree

from connectors.contract import Busy, Pulled, Refused
from connectors.quickbooks import OWNER_ID, connector, qwc
from tests.connectors.quickbooks.conftest import FILE_ID
from tests.connectors.quickbooks.playing import hand_feed


def test_the_greeting_tells_the_company_file_and_its_preferences(site):
    site.company.set_private_data("{00000000-0000-0000-0000-000000000001}", "FileID", "{other}")
    site.company.set_private_data(OWNER_ID, "FileID", FILE_ID.upper())
    site.company.by_hand.set_preference("IsUsingEstimates", False)
    site.company.by_hand.close_period("2026-03-31")
    hello = connector.hello(site.company.host_company_preferences(OWNER_ID))
    assert (hello.company, hello.company_file, hello.version) == (
        "Meridian Builders",
        FILE_ID,
        "13.0",
    )
    assert hello.facts["estimates"] == "off"
    assert hello.facts["purchase_orders"] == "on"
    assert hello.facts["classes"] == "on"
    assert hello.facts["closing_date"] == "2026-03-31"
    assert "QuickBooks" in hello.facts["product"]


def test_a_file_that_never_met_us_has_no_id(site):
    assert connector.hello(site.company.host_company_preferences(OWNER_ID)).company_file == ""


def greeting(versions: str, company: str = "<CompanyRet/>") -> str:
    return (
        '<?xml version="1.0" ?><QBXML><QBXMLMsgsRs><HostQueryRs statusCode="0"><HostRet>'
        + "".join(
            f"<SupportedQBXMLVersion>{one}</SupportedQBXMLVersion>" for one in versions.split()
        )
        + f'</HostRet></HostQueryRs><CompanyQueryRs statusCode="0">{company}</CompanyQueryRs>'
        "</QBXMLMsgsRs></QBXML>"
    )


def test_versions_are_numbers_not_texts():
    assert connector.hello(greeting("1.0 9.0 16.0 13.0")).version == "16.0"
    assert connector.hello(greeting("CA3.0 13.0")).version == "13.0"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("", "could not be read"),
        ("<QBXML/>", "did not say which version it is"),
        (greeting("13.0", ""), "did not say which version it is or which company file"),
        (greeting("1.0 9.0 12.0"), "too old: it understands qbXML up to 12.0"),
        (greeting("new"), "too old"),
        ("<!DOCTYPE a><QBXML/>", "document type definition"),
    ],
)
def test_a_greeting_that_will_not_do_is_refused_in_words(said, sentence):
    with pytest.raises(Refused, match=sentence):
        connector.hello(said)


def pull_all(session, what: str, since: str = "") -> list[Pulled]:
    pages = [session.run(lambda: connector.pull(what, "", since))]
    while pages[-1].more:
        cursor = pages[-1].more
        pages.append(session.run(lambda: connector.pull(what, cursor, since)))  # noqa: B023
    return pages


def test_vendors_come_in_pages_of_a_hundred_inactive_ones_included(site):
    for number in range(204):
        site.company.add_vendor(f"Vendor {number:03}", active=number != 7)
    pages = pull_all(site.session(), "vendors")
    assert [len(page.rows) for page in pages] == [100, 100, 5]
    rows = {row["name"]: row for page in pages for row in page.rows}
    assert len(rows) == 205
    assert rows["Vendor 008"]["problem"] == ""
    assert rows["Vendor 007"]["active"] is False
    assert "Make it active" in rows["Vendor 007"]["problem"]


def test_only_what_has_a_customer_is_a_job(site):
    site.company.add_job(site.job.id, "Phase 2")
    (page,) = pull_all(site.session(), "jobs")
    assert [(row["name"], row["label"], row["parent"]) for row in page.rows] == [
        ("City of Alder:Riverside Library", "Riverside Library", "City of Alder"),
        ("City of Alder:Riverside Library:Phase 2", "Phase 2", "City of Alder:Riverside Library"),
    ]


def test_items_that_cannot_be_cost_codes_say_why_and_what_to_do(site):
    company = site.company
    company.add_item("One side", sides="purchase")
    company.add_item("Pipe", kind="inventory")
    company.add_item("Door set", kind="group")
    company.add_item("Old", active=False)
    company.add_item("Labor", company.list_id("Item", "03-300"), kind="other_charge")
    (page,) = pull_all(site.session(), "cost_codes")
    problems = {row["name"]: row["problem"] for row in page.rows}
    assert problems["03-300"] == problems["03-300:Labor"] == ""
    assert "one account only" in problems["One side"]
    assert "this kind (inventory part)" in problems["Pipe"]
    assert "this kind (group)" in problems["Door set"]
    assert "inactive" in problems["Old"]
    concrete = next(row for row in page.rows if row["name"] == "03-300")
    assert concrete["description"] == "Cast-in-place concrete"
    assert concrete["type"] == "service"


def test_a_page_asked_for_in_a_later_session_begins_the_list_anew(site):
    for number in range(150):
        site.company.add_vendor(f"Vendor {number:03}")
    first = site.session().run(lambda: connector.pull("vendors", ""))
    with pytest.raises(Busy, match="from the beginning") as caught:
        site.session().run(lambda: connector.pull("vendors", first.more))
    assert caught.value.code == "3391"


def names(pages: list[Pulled]) -> list[str]:
    return [row["name"] for page in pages for row in page.rows]


def test_classes_come_all_at_once(site):
    labor = site.company.add_class("Labor")
    site.company.add_class("Overtime", labor)
    site.company.by_hand.set_active(labor, False)
    (page,) = pull_all(site.session(), "classes")
    assert [(row["name"], row["label"], row["active"]) for row in page.rows] == [
        ("Labor", "Labor", False),
        ("Labor:Overtime", "Overtime", True),
    ]
    assert page.rows[0]["id"] == labor


@pytest.fixture
def clock(site):
    """The clock of QuickBooks' machine, years ahead of ours; it can be moved."""
    now = [datetime(2031, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=-5)))]
    site.company.books.clock = lambda: now[0]
    return now


def test_only_what_changed_since_is_asked_for_with_a_little_overlap(site, clock):
    site.company.add_vendor("Before")
    clock[0] += timedelta(hours=1)
    late = site.company.add_vendor("Just before")
    for number in range(120):
        site.company.add_vendor(f"Vendor {number:03}")
    site.company.by_hand.set_active(late, False)
    since = "2031-03-02T15:34:00.123456+00:00"  # four minutes later, in another zone
    pages = pull_all(site.session(), "vendors", since)
    assert [len(page.rows) for page in pages] == [100, 21]
    assert names(pages)[0] == "Just before"
    assert pull_all(site.session(), "vendors", "2031-03-02T15:36:00+00:00") == [Pulled(rows=())]
    assert names(pull_all(site.session(), "classes", since)) == []
    assert names(pull_all(site.session(), "jobs", since)) == []
    assert names(pull_all(site.session(), "cost_codes", since)) == []


def test_a_moment_without_offset_could_be_any(site):
    with pytest.raises(Refused, match="no offset from UTC"):
        next(connector.pull("vendors", "", "2031-03-02T15:34:00"))


def test_a_list_that_quickbooks_does_not_have(site):
    with pytest.raises(Refused, match="no list “employees”"):
        next(connector.pull("employees", ""))


def test_what_was_deleted_is_told(site, clock):
    company = site.company
    ids = {
        "vendors": company.add_vendor("Typo"),
        "jobs": company.add_job(company.list_id("Customer", "City of Alder"), "Pool"),
        "cost_codes": company.add_item("99-999"),
        "classes": company.add_class("Unused"),
    }
    early = company.add_vendor("Long ago")
    company.by_hand.delete_entry(early)
    clock[0] += timedelta(days=1)
    for each in ids.values():
        company.by_hand.delete_entry(each)
    (page,) = pull_all(site.session(), "deleted", "2031-03-03T12:00:00+00:00")
    assert {row["list"]: row["id"] for row in page.rows} == ids
    assert {row["deleted"] for row in page.rows} == {True}
    assert early in {row["id"] for row in pull_all(site.session(), "deleted")[0].rows}


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (500, Busy, "did not answer the list of vendors"),
        (1000, Refused, "could not make sense"),
        (3176, Busy, "open or locked"),
        (3261, Refused, "may not do this"),
        (3391, Busy, "read again from the beginning"),
        (-1, Busy, "did not say clearly"),
    ],
)
def test_a_list_without_an_answer_is_never_an_empty_list(code, kind, sentence):
    said = (
        f'<QBXML><QBXMLMsgsRs><VendorQueryRs requestID="ID?" statusCode="{code}"'
        ' statusSeverity="Error" statusMessage="As QuickBooks says it"/></QBXMLMsgsRs></QBXML>'
    )
    with pytest.raises(kind, match=sentence):
        hand_feed(connector.pull("vendors", ""), said)


def test_class_tracking_that_is_off_says_where_to_switch_it_on():
    said = (
        '<QBXML><QBXMLMsgsRs><ClassQueryRs requestID="ID?" statusCode="3250"'
        ' statusSeverity="Error"/></QBXMLMsgsRs></QBXML>'
    )
    with pytest.raises(Refused, match="Use class tracking"):
        hand_feed(connector.pull("classes", ""), said)


def test_an_empty_list_is_no_error():
    nothing = (
        '<QBXML><QBXMLMsgsRs><VendorQueryRs requestID="ID?" statusCode="1"'
        ' statusSeverity="Info"/></QBXMLMsgsRs></QBXML>'
    )
    pulled, asked = hand_feed(connector.pull("vendors", ""), nothing)
    assert pulled == Pulled(rows=())
    assert "<ActiveStatus>All</ActiveStatus>" in asked[0].body


def test_the_file_for_the_web_connector():
    text = qwc.text(
        company="Café & Söhne",
        url="https://bridge.example.com/qbwc/7/",
        support_url="https://bridge.example.com/qbwc/7/support/",
        user="qb-7",
        file_id=FILE_ID,
        minutes=10,
    )
    assert text.isascii()
    fields = {element.tag: element.text or "" for element in etree.fromstring(text.encode())}
    assert fields["AppName"] == "ERP Bridge - Café & Söhne"
    assert len(fields["AppDescription"]) <= 80
    assert (fields["OwnerID"], fields["FileID"]) == (OWNER_ID, FILE_ID)
    assert (fields["QBType"], fields["Style"], fields["IsReadOnly"]) == (
        "QBFS",
        "Document",
        "false",
    )
    assert (fields["PersonalDataPref"], fields["UnattendedModePref"], fields["AuthFlags"]) == (
        "pdpNotNeeded",
        "umpOptional",
        "0xF",
    )
    assert "<Scheduler><RunEveryNMinutes>10</RunEveryNMinutes></Scheduler>" in text
    assert "assword" not in text


@pytest.mark.parametrize(
    ("url", "support", "sentence"),
    [
        ("http://bridge.example.com/", "http://bridge.example.com/", "https addresses only"),
        ("ftp://localhost/", "ftp://localhost/", "https addresses only"),
        ("https://a.example.com/", "https://b.example.com/", "same host"),
    ],
)
def test_addresses_that_the_web_connector_would_refuse(url, support, sentence):
    with pytest.raises(ValueError, match=sentence):
        qwc.text(company="A", url=url, support_url=support, user="u", file_id=FILE_ID, minutes=15)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "buildserver"])
def test_its_own_machine_may_be_called_without_tls(host):
    url = f"http://{host}:8000/qbwc/"
    text = qwc.text(company="A", url=url, support_url=url, user="u", file_id=FILE_ID, minutes=15)
    assert url in text
