"""Asking QuickBooks: lists, orders, pages, what is not there, and what it says about itself."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from sandbox.quickbooks import CompanyFile, NotParsed
from tests.sandbox.orders import added, ids, line, query
from tests.sandbox.qbxml import Application, message_set, status

OWNER = "{57F3B9B6-86F1-4FCC-B1FF-966DE1813D20}"
FILE = "{0A1B2C3D-0000-4444-8888-123456789ABC}"


def texts(response, path: str) -> list[str | None]:
    return [each.text for each in response.iterfind(path)]


# --- about itself ---


def test_the_first_document_of_a_session_says_who_and_what_this_is(company, app):
    company.set_private_data(OWNER, "FileID", FILE)
    host, about, preferences = app.document(
        message_set(
            '<HostQueryRq requestID="0"/>',
            f'<CompanyQueryRq requestID="1"><OwnerID>{OWNER}</OwnerID></CompanyQueryRq>',
            '<PreferencesQueryRq requestID="2"/>',
        )
    )

    assert "not QuickBooks" in host.findtext("HostRet/ProductName")
    assert texts(host, "HostRet/SupportedQBXMLVersion")[-1] == "13.0"
    assert about.findtext("CompanyRet/CompanyName") == "Meridian Builders"
    assert about.findtext("CompanyRet/DataExtRet/DataExtName") == "FileID"
    assert about.findtext("CompanyRet/DataExtRet/DataExtValue") == FILE
    assert (
        preferences.findtext("PreferencesRet/JobsAndEstimatesPreferences/IsUsingEstimates")
        == "true"
    )


def test_private_data_is_shown_only_to_its_owner(company, app):
    company.set_private_data(OWNER, "FileID", FILE)

    nobody = app.one("<CompanyQueryRq/>")
    other = app.one(f"<CompanyQueryRq><OwnerID>{FILE}</OwnerID></CompanyQueryRq>")

    assert nobody.find(".//DataExtRet") is None
    assert other.find(".//DataExtRet") is None


def test_preferences_follow_the_screen(company, app):
    company.by_hand.set_preference("IsUsingEstimates", False)
    company.by_hand.close_period("2025-12-31")

    preferences = app.one("<PreferencesQueryRq/>")

    assert preferences.findtext(".//IsUsingEstimates") == "false"
    assert preferences.findtext(".//ClosingDate") == "2025-12-31"
    with pytest.raises(KeyError):
        company.by_hand.set_preference("IsUsingEverything", True)


# --- lists ---


def test_vendors_jobs_items_and_classes_are_listed(app):
    vendors, customers, items, classes = app.ask(
        "<VendorQueryRq/>", "<CustomerQueryRq/>", "<ItemQueryRq/>", "<ClassQueryRq/>"
    )

    assert texts(vendors, "VendorRet/Name") == ["Halden Steel", "Ironwood Concrete"]
    assert texts(customers, "CustomerRet/FullName") == [
        "City of Alder",
        "City of Alder:Riverside Library",
    ]
    job = customers[1]
    assert job.findtext("ParentRef/FullName") == "City of Alder"
    assert (job.findtext("Name"), job.findtext("Sublevel")) == ("Riverside Library", "1")
    assert texts(items, "ItemServiceRet/FullName") == ["03-300", "03-300:Labor", "05-120"]
    assert items.findtext(".//ExpenseAccountRef/FullName") == "Job Costs"
    assert texts(classes, "ClassRet/FullName") == ["Labor"]


def test_items_come_under_the_name_of_their_type(company, app):
    company.add_item("Crane", kind="other_charge", sides="purchase")
    company.add_item("Rebar", kind="non_inventory", sides="sales")
    company.add_item("Bolts", kind="inventory")
    company.add_item("Kit", kind="group")

    items = app.one("<ItemQueryRq/>")

    assert items.findtext("ItemOtherChargeRet/SalesOrPurchase/AccountRef/FullName") == "Job Costs"
    assert (
        items.findtext("ItemNonInventoryRet/SalesOrPurchase/AccountRef/FullName")
        == "Construction Income"
    )
    assert items.findtext("ItemInventoryRet/Name") == "Bolts"
    assert items.findtext("ItemGroupRet/Name") == "Kit"


def test_inactive_entries_are_returned_only_when_asked_for(company, app):
    company.by_hand.set_active(company.list_id("Vendor", "Halden Steel"), False)

    def vendors(choice: str) -> list[str | None]:
        return texts(app.one(f"<VendorQueryRq>{choice}</VendorQueryRq>"), "VendorRet/Name")

    assert vendors("") == ["Ironwood Concrete"]
    assert vendors("<ActiveStatus>InactiveOnly</ActiveStatus>") == ["Halden Steel"]
    assert vendors("<ActiveStatus>All</ActiveStatus>") == ["Halden Steel", "Ironwood Concrete"]


def test_lists_are_filtered_by_name_and_by_when_they_changed(company, app, clock):
    clock.forward(hours=1)
    company.add_vendor("Ivy Landscape")

    def vendors(choice: str) -> list[str | None]:
        return texts(app.one(f"<VendorQueryRq>{choice}</VendorQueryRq>"), "VendorRet/Name")

    pattern = "<MatchCriterion>StartsWith</MatchCriterion><Name>i</Name>"
    assert vendors(f"<NameFilter>{pattern}</NameFilter>") == ["Ironwood Concrete", "Ivy Landscape"]
    for since in ("2026-03-02T10:00:00-05:00", "2026-03-02T15:00:00+00:00", "2026-03-02T10:00:00"):
        changed = f"<FromModifiedDate>{since}</FromModifiedDate>"
        assert vendors(changed) == ["Ivy Landscape"]
    ranged = "<FromName>h</FromName><ToName>i</ToName>"
    assert len(vendors(f"<NameRangeFilter>{ranged}</NameRangeFilter>")) == 3


def test_asking_by_id_or_name_says_what_is_not_there(company, app):
    ironwood = company.list_id("Vendor", "Ironwood Concrete")
    job = company.list_id("Customer", "City of Alder:Riverside Library")

    some = app.one(
        f"<VendorQueryRq><ListID>{ironwood}</ListID><ListID>{job}</ListID></VendorQueryRq>"
    )
    named = app.one(
        "<CustomerQueryRq><FullName>city of alder:RIVERSIDE library</FullName></CustomerQueryRq>"
    )

    assert status(some) == (500, "Warn")
    assert texts(some, "VendorRet/ListID") == [ironwood]
    assert job in some.attrib["statusMessage"]
    assert texts(named, "CustomerRet/ListID") == [job]


def test_an_item_may_post_to_another_account(company, app):
    company.add_item("90-000", account="Office Expenses")

    item = app.one("<ItemQueryRq><FullName>90-000</FullName></ItemQueryRq>")[0]
    accounts = app.one("<AccountQueryRq><AccountType>Expense</AccountType></AccountQueryRq>")

    assert item.findtext(".//ExpenseAccountRef/FullName") == "Office Expenses"
    assert texts(accounts, "AccountRet/FullName") == ["Office Expenses"]


def test_a_deleted_entry_is_gone_and_that_it_was_there_is_known(company, app):
    vendor = company.list_id("Vendor", "Halden Steel")
    concrete = company.list_id("Item", "03-300")
    steel = company.list_id("Item", "05-120")
    added(app, line("05-120"))

    company.by_hand.delete_entry(vendor)
    for used in (concrete, steel):
        with pytest.raises(ValueError, match="in use"):
            company.by_hand.delete_entry(used)
    company.by_hand.delete_entry(company.list_id("Item", "03-300:Labor"))

    kinds = "<ListDelType>Vendor</ListDelType><ListDelType>ItemService</ListDelType>"
    deleted = app.one(f"<ListDeletedQueryRq>{kinds}</ListDeletedQueryRq>")
    assert set(texts(deleted, "ListDeletedRet/FullName")) == {"03-300:Labor", "Halden Steel"}
    assert status(app.one(f"<VendorQueryRq><ListID>{vendor}</ListID></VendorQueryRq>")) == (
        500,
        "Warn",
    )


def test_an_older_quickbooks_speaks_only_its_own_versions(company, app):
    company.by_hand.set_preference("HighestVersion", "12.0")
    older = message_set("<HostQueryRq/>").replace("13.0", "12.0")

    (host,) = app.document(older)

    assert texts(host, "HostRet/SupportedQBXMLVersion")[-1] == "12.0"
    with pytest.raises(NotParsed):
        app.one("<HostQueryRq/>")


def test_names_are_refused_where_quickbooks_refuses_them(company):
    for name in ("", "Ironwood:East", "x" * 42, "IRONWOOD CONCRETE"):
        with pytest.raises(ValueError, match="Vendor"):
            company.add_vendor(name)
    with pytest.raises(KeyError):
        company.add_job("80000000-1", "Pool")


def test_a_renamed_customer_takes_its_jobs_along(company, app):
    company.by_hand.rename(company.list_id("Customer", "City of Alder"), "Alder City")

    assert company.list_id("Customer", "Alder City:Riverside Library")


def test_a_job_that_is_moved_stands_below_another_customer(company, app):
    job = company.list_id("Customer", "City of Alder:Riverside Library")
    company.by_hand.move(job, company.add_customer("County of Alder"))

    assert company.list_id("Customer", "County of Alder:Riverside Library") == job
    assert texts(app.one("<CustomerQueryRq/>"), "CustomerRet/ParentRef/FullName") == [
        "County of Alder"
    ]


def test_a_vendor_that_is_merged_is_gone_and_its_orders_are_the_others(company, app):
    txn_id, _, _ = ids(added(app, line()))
    before = app.one(query(txn_id))
    merged = company.list_id("Vendor", before.findtext(".//VendorRef/FullName"))
    other = company.add_vendor("Alder Steel")
    company.by_hand.merge(merged, other)

    after = app.one(query(txn_id))
    assert after.findtext(".//VendorRef/ListID") == other
    assert after.findtext(".//EditSequence") == before.findtext(".//EditSequence")
    asked = "<ListDeletedQueryRq><ListDelType>Vendor</ListDelType></ListDeletedQueryRq>"
    assert texts(app.one(asked), "ListDeletedRet/ListID") == [merged]
    with pytest.raises(ValueError, match="not of one list"):
        company.by_hand.merge(other, company.list_id("Item", "03-300"))


# --- orders ---


def test_lines_are_returned_only_when_asked_for(app):
    txn_id, _, _ = ids(added(app, line()))

    assert app.one(query(txn_id, lines=False)).find(".//PurchaseOrderLineRet") is None
    assert app.one(query(txn_id)).find(".//PurchaseOrderLineRet") is not None


def test_a_txn_id_that_is_gone_is_a_warning_with_the_rest_returned(app):
    txn_id, _, _ = ids(added(app, line()))

    response = app.one(query(txn_id, "FFFF-1"))

    assert status(response) == (500, "Warn")
    assert len(response) == 1
    assert "FFFF-1" in response.attrib["statusMessage"]


def test_numbers_are_found_with_and_without_regard_to_case(app):
    for number in ("PO-1", "po-1", "PO-2"):
        added(app, line(), number=number)

    def found(tag: str, *numbers: str) -> list[str | None]:
        chosen = "".join(f"<{tag}>{each}</{tag}>" for each in numbers)
        return texts(app.one(query(chosen)), "PurchaseOrderRet/RefNumber")

    assert found("RefNumber", "Po-1") == ["PO-1", "po-1"]
    assert found("RefNumberCaseSensitive", "PO-1", "PO-2") == ["PO-1", "PO-2"]
    assert status(app.one(query("<RefNumberCaseSensitive>Po-1</RefNumberCaseSensitive>"))) == (
        1,
        "Info",
    )


def test_orders_are_filtered(company, app, clock):
    added(app, line(), number="PO-1")
    clock.forward(days=1)
    added(app, line(), number="PO-2", vendor="Halden Steel")
    company.by_hand.edit_order(company.purchase_order("PO-2").txn_id, TxnDate="2026-04-01")

    def numbers(choice: str) -> list[str | None]:
        return texts(app.one(query(choice) if choice else query()), "PurchaseOrderRet/RefNumber")

    assert numbers("") == ["PO-1", "PO-2"]
    assert numbers("<MaxReturned>1</MaxReturned>") == ["PO-1"]
    since = "<FromModifiedDate>2026-03-03T00:00:00-05:00</FromModifiedDate>"
    assert numbers(f"<ModifiedDateRangeFilter>{since}</ModifiedDateRangeFilter>") == ["PO-2"]
    until = "<ToTxnDate>2026-03-31</ToTxnDate>"
    assert numbers(f"<TxnDateRangeFilter>{until}</TxnDateRangeFilter>") == ["PO-1"]
    vendor = "<FullName>halden steel</FullName>"
    assert numbers(f"<EntityFilter>{vendor}</EntityFilter>") == ["PO-2"]
    pattern = "<MatchCriterion>EndsWith</MatchCriterion><RefNumber>2</RefNumber>"
    assert numbers(f"<RefNumberFilter>{pattern}</RefNumberFilter>") == ["PO-2"]


def test_all_transactions_are_asked_for_at_once(company, app):
    txn_id, _, _ = ids(added(app, line(amount="60000.00")))

    there = app.one(f"<TransactionQueryRq><TxnID>{txn_id}</TxnID></TransactionQueryRq>")
    gone = app.one("<TransactionQueryRq><TxnID>FFFF-1</TxnID></TransactionQueryRq>")
    none = app.one(
        "<TransactionQueryRq><TransactionTypeFilter><TxnTypeFilter>Estimate"
        "</TxnTypeFilter></TransactionTypeFilter></TransactionQueryRq>"
    )

    assert there.findtext("TransactionRet/TxnType") == "PurchaseOrder"
    assert there.findtext("TransactionRet/Amount") == "60000.00"
    assert status(gone) == (500, "Warn")
    assert status(none) == (1, "Info")


def test_only_the_wanted_elements_are_returned(app):
    added(app, line())

    response = app.one(
        "<PurchaseOrderQueryRq><IncludeRetElement>TxnID</IncludeRetElement>"
        "<IncludeRetElement>EditSequence</IncludeRetElement></PurchaseOrderQueryRq>"
    )

    assert [each.tag for each in response[0]] == ["TxnID", "EditSequence"]


def test_meta_data_counts(app):
    both = app.one('<VendorQueryRq metaData="MetaDataAndResponseData"/>')
    only = app.one('<VendorQueryRq metaData="MetaDataOnly"/>')

    assert (both.attrib["retCount"], len(both)) == ("2", 2)
    assert (only.attrib["retCount"], len(only)) == ("2", 0)


# --- page by page ---


def page(app: Application, iterator: str, most: int = 10, more: str = ""):
    return app.one(
        f"<VendorQueryRq {iterator}><MaxReturned>{most}</MaxReturned>{more}</VendorQueryRq>"
    )


@pytest.fixture
def many(company) -> CompanyFile:
    """Twenty-five vendors."""
    for number in range(23):
        company.add_vendor(f"Vendor {number:02}")
    return company


def test_a_long_list_comes_page_by_page(many):
    app = Application(many, many.open_session())
    first = page(app, 'iterator="Start"')
    again = f'iterator="Continue" iteratorID="{first.attrib["iteratorID"]}"'
    second, third = page(app, again), page(app, again)

    assert [len(each) for each in (first, second, third)] == [10, 10, 5]
    assert [each.attrib["iteratorRemainingCount"] for each in (first, second, third)] == [
        "15",
        "5",
        "0",
    ]
    names = [name for each in (first, second, third) for name in texts(each, "VendorRet/Name")]
    assert len(set(names)) == 25
    assert status(page(app, again)) == (3391, "Error")


def test_an_iterator_dies_with_its_session(many):
    first = page(Application(many, many.open_session()), 'iterator="Start"')
    again = f'iterator="Continue" iteratorID="{first.attrib["iteratorID"]}"'

    assert status(page(Application(many, many.open_session()), again)) == (3391, "Error")


def test_the_question_may_not_change_while_an_iterator_runs(many):
    app = Application(many, many.open_session())
    first = page(app, 'iterator="Start"')
    again = f'iterator="Continue" iteratorID="{first.attrib["iteratorID"]}"'

    changed = page(app, again, more="<ActiveStatus>All</ActiveStatus>")

    assert status(changed) == (3391, "Error")


def test_an_iterator_can_be_stopped(many):
    app = Application(many, many.open_session())
    first = page(app, 'iterator="Start"')
    named = f'iteratorID="{first.attrib["iteratorID"]}"'

    assert status(page(app, f'iterator="Stop" {named}')) == (0, "Info")
    assert status(page(app, f'iterator="Continue" {named}')) == (3391, "Error")


# --- kept for good ---


def test_a_company_file_is_there_again_after_it_was_closed(tmp_path, clock):
    path = tmp_path / "meridian.qbw"
    first = CompanyFile.create(path, company_name="Meridian Builders", clock=clock)
    first.load({"vendors": ["Ironwood Concrete"], "items": [{"name": "03-300"}]})
    txn_id, edit_sequence, _ = ids(added(Application(first), line(CustomerRef=None)))
    first.close()

    again = CompanyFile(path, clock=clock)

    assert again.company_name == "Meridian Builders"
    (order,) = again.purchase_orders()
    assert (order.txn_id, order.edit_sequence) == (txn_id, edit_sequence)
    assert order.total == Decimal("100.00")
    with pytest.raises(FileExistsError):
        CompanyFile.create(path, company_name="Again")
    with pytest.raises(FileNotFoundError):
        CompanyFile(tmp_path / "elsewhere.qbw")


def test_two_programs_have_the_same_file_open(tmp_path, clock):
    path = tmp_path / "meridian.qbw"
    mine = CompanyFile.create(path, company_name="Meridian Builders", clock=clock)
    theirs = CompanyFile(path, clock=clock)

    mine.add_vendor("Ironwood Concrete")
    theirs.add_vendor("Halden Steel")

    assert [entry.name for entry in mine.entries("Vendor")] == [
        "Halden Steel",
        "Ironwood Concrete",
    ]


def test_two_programs_write_at_the_same_time_and_nothing_is_lost(tmp_path):
    path = tmp_path / "meridian.qbw"
    first = CompanyFile.create(path, company_name="Meridian Builders")
    first.load({"vendors": ["Ironwood Concrete"], "items": [{"name": "03-300"}]})

    def write(company: CompanyFile) -> list[str]:
        app = Application(company, company.open_session())
        return [ids(added(app, line(CustomerRef=None)))[0] for _ in range(40)]

    with ThreadPoolExecutor() as pool:
        written = pool.map(write, [first, CompanyFile(path), CompanyFile(path)])
        txn_ids = [txn_id for each in written for txn_id in each]

    assert len(set(txn_ids)) == 120
    assert {order.txn_id for order in first.purchase_orders()} == set(txn_ids)


def test_a_restored_backup_knows_nothing_of_what_came_later(tmp_path, company, app):
    company.backup(tmp_path / "monday.qbb")
    app.ask("<VendorQueryRq/>", newMessageSetID="PX1")
    added(app, line())

    company.restore(tmp_path / "monday.qbb")

    assert company.purchase_orders() == []
    assert company.message_sets() == []
