"""A purchase order's life in QuickBooks: added, changed line by line, deleted, and refused."""

from decimal import Decimal

import pytest

from tests.sandbox.orders import add, added, ids, keep, line, modify, new_line, query
from tests.sandbox.qbxml import status

GUID = "{12345678-1234-1234-1234-123456789012}"


def delete(txn_id: str) -> str:
    return f"<TxnDelRq><TxnDelType>PurchaseOrder</TxnDelType><TxnID>{txn_id}</TxnID></TxnDelRq>"


def test_an_order_is_added_with_all_that_was_sent(app, company):
    order = added(
        app,
        line("03-300", amount="60000.00", Desc="Footings", Quantity="1", Rate="60000.00"),
        line("05-120", amount="1250.50", Desc="Lintels"),
        more=f"<Memo>Concrete</Memo><VendorMsg>Call first</VendorMsg><ExternalGUID>{GUID}"
        "</ExternalGUID>",
    )

    assert order.findtext("TotalAmount") == "61250.50"
    assert order.findtext("ExternalGUID") == GUID
    (seen,) = company.purchase_orders()
    assert (seen.name, seen.ref_number, seen.txn_date) == (
        "Ironwood Concrete",
        "PO-1",
        "2026-03-02",
    )
    assert (seen.memo, seen.vendor_msg, seen.total) == (
        "Concrete",
        "Call first",
        Decimal("61250.50"),
    )
    assert [(each.item, each.customer, each.desc, each.amount) for each in seen.lines] == [
        ("03-300", "City of Alder:Riverside Library", "Footings", Decimal("60000.00")),
        ("05-120", "City of Alder:Riverside Library", "Lintels", Decimal("1250.50")),
    ]


def test_ids_look_like_those_of_quickbooks(app):
    txn_id, edit_sequence, (line_id,) = ids(added(app, line()))

    for each in (txn_id, line_id):
        number, _, seconds = each.partition("-")
        assert int(number, 16)
        assert seconds.isdigit()
    assert edit_sequence.isdigit()
    assert len(edit_sequence) <= 16


def test_an_order_without_a_number_gets_the_next_one(app, company):
    app.ask(add(line(), number=""), add(line(), number=""))

    assert [order.ref_number for order in company.purchase_orders()] == ["1", "2"]


def test_two_orders_may_have_the_same_number(app, company):
    added(app, line())
    added(app, line())

    assert [order.ref_number for order in company.purchase_orders()] == ["PO-1", "PO-1"]


REFUSED = {
    "no vendor": (add(line(), vendor=""), 3150, "VendorRef"),
    "an unknown vendor": (add(line(), vendor="Nobody Inc"), 3140, "Nobody Inc"),
    "an unknown item": (add(line("99-999")), 3140, "99-999"),
    "an unknown job": (
        add(line(CustomerRef="<FullName>City of Alder:Pool</FullName>")),
        3140,
        "City of Alder:Pool",
    ),
    "an amount without an item": (add(line("", amount="5.00")), 3150, "ItemRef"),
    "units of measure": (add(line(UnitOfMeasure="cubic yard")), 3250, "UnitOfMeasure"),
}


@pytest.mark.parametrize(("request_xml", "code", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_the_company_file_is_refused_and_named(
    app, company, request_xml, code, named
):
    response = app.one(request_xml)

    assert status(response) == (code, "Error")
    assert named in response.attrib["statusMessage"]
    assert company.purchase_orders() == []


def test_a_list_id_wins_over_a_name(app, company):
    steel = company.list_id("Vendor", "Halden Steel")
    both = f"<VendorRef><ListID>{steel}</ListID><FullName>Ironwood Concrete</FullName></VendorRef>"

    app.ask(
        add(line()).replace("<VendorRef><FullName>Ironwood Concrete</FullName></VendorRef>", both)
    )

    assert company.purchase_order("PO-1").name == "Halden Steel"


def test_a_vendor_or_item_that_was_made_inactive_is_refused(app, company):
    company.by_hand.set_active(company.list_id("Vendor", "Halden Steel"), False)
    company.by_hand.set_active(company.list_id("Item", "05-120"), False)

    for request in (add(line(), vendor="Halden Steel"), add(line("05-120"))):
        response = app.one(request)
        assert status(response) == (3140, "Error")
        assert "inactive" in response.attrib["statusMessage"]


def test_features_that_are_switched_off_refuse(app, company):
    company.by_hand.set_preference("IsUsingClassTracking", False)
    assert status(app.one(add(line(ClassRef="<FullName>Labor</FullName>")))) == (3250, "Error")

    company.by_hand.set_preference("IsUsingInventory", False)
    assert status(app.one(add(line()))) == (3250, "Error")


# --- amounts ---


@pytest.mark.parametrize(
    ("sent", "quantity", "rate", "amount"),
    [
        ({"Quantity": "3", "Rate": "1.11115", "amount": None}, "3", "1.11115", "3.33"),
        ({"Quantity": "1", "Rate": "0.005", "amount": None}, "1", "0.005", "0.01"),
        ({"amount": "99.99"}, None, "99.99", "99.99"),
        ({"Quantity": "3", "amount": "100.00"}, "3", "33.33333", "100.00"),
        ({"Rate": "7.00", "amount": None}, None, "7.00", "7.00"),
        ({"Quantity": "2", "Rate": "10.00", "amount": "25.00"}, "2", "12.50000", "25.00"),
        ({"Quantity": "-1", "Rate": "10.00", "amount": "-10.00"}, "-1", "10.00", "-10.00"),
        ({"amount": None}, None, "0.00", "0.00"),
    ],
)
def test_quantity_times_rate_is_the_amount_unless_an_amount_was_sent(
    app, sent, quantity, rate, amount
):
    order = added(app, line(**sent))

    assert order.findtext("PurchaseOrderLineRet/Quantity") == quantity
    assert order.findtext("PurchaseOrderLineRet/Rate") == rate
    assert order.findtext("PurchaseOrderLineRet/Amount") == amount
    assert order.findtext("TotalAmount") == amount


def test_an_items_cost_is_the_rate_of_a_line_that_brings_none(app, company):
    company.add_item("31-000", cost=Decimal("12.50"))

    order = added(app, line("31-000", Quantity="4", amount=None))

    assert order.findtext("TotalAmount") == "50.00"


# --- changing ---


def test_a_change_of_the_header_leaves_the_lines_alone(app, company):
    txn_id, edit_sequence, _ = ids(added(app, line(), line("05-120")))

    response = app.one(modify(txn_id, edit_sequence, "<Memo>[CCO 001] more rebar</Memo>"))

    assert status(response) == (0, "Info")
    order = company.purchase_order("PO-1")
    assert order.memo == "[CCO 001] more rebar"
    assert len(order.lines) == 2
    assert int(order.edit_sequence) > int(edit_sequence)


def test_a_new_line_comes_after_the_kept_ones(app, company):
    txn_id, edit_sequence, (first, second) = ids(added(app, line(Desc="Slab"), line(Desc="Wall")))

    changed = app.one(
        modify(
            txn_id,
            edit_sequence,
            keep(first),
            keep(second),
            new_line(amount="4800.00", Desc="CCO 001: rebar", ServiceDate="2026-03-01"),
        )
    )[0]

    assert changed.findtext("TotalAmount") == "5000.00"
    assert ids(changed)[2][:2] == [first, second]
    assert len(set(ids(changed)[2])) == 3
    assert [each.desc for each in company.purchase_order("PO-1").lines] == [
        "Slab",
        "Wall",
        "CCO 001: rebar",
    ]
    assert company.purchase_order("PO-1").line("CCO 001").service_date == "2026-03-01"


def test_a_line_that_is_not_named_is_deleted(app, company):
    txn_id, edit_sequence, (first, _, third) = ids(
        added(app, line(Desc="Slab"), line(Desc="Wall"), line(Desc="Stair"))
    )

    app.one(modify(txn_id, edit_sequence, keep(first), keep(third)))

    assert [each.desc for each in company.purchase_order("PO-1").lines] == ["Slab", "Stair"]


def test_only_a_new_line_deletes_all_the_others(app, company):
    txn_id, edit_sequence, _ = ids(added(app, line(Desc="Slab"), line(Desc="Wall")))

    app.one(modify(txn_id, edit_sequence, new_line(Desc="alone")))

    assert [each.desc for each in company.purchase_order("PO-1").lines] == ["alone"]


def test_a_kept_line_keeps_everything_that_is_not_sent(app, company):
    txn_id, edit_sequence, (only,) = ids(
        added(app, line(Desc="Slab", Quantity="4", Rate="25.00", amount=None))
    )

    app.one(modify(txn_id, edit_sequence, keep(only, "<Quantity>6</Quantity>")))

    (kept,) = company.purchase_order("PO-1").lines
    assert (kept.desc, kept.rate, kept.amount) == ("Slab", Decimal("25.00"), Decimal("150.00"))


def test_an_empty_element_clears_its_field(app, company):
    txn_id, edit_sequence, (only,) = ids(added(app, line(Desc="Slab"), more="<Memo>old</Memo>"))

    app.one(modify(txn_id, edit_sequence, "<Memo></Memo>", keep(only, "<Desc></Desc>")))

    order = company.purchase_order("PO-1")
    assert (order.memo, order.lines[0].desc) == ("", "")


def test_a_vendor_cannot_be_cleared(app):
    txn_id, edit_sequence, _ = ids(added(app, line()))

    response = app.one(modify(txn_id, edit_sequence, "<VendorRef><ListID></ListID></VendorRef>"))

    assert status(response) == (3150, "Error")


@pytest.mark.parametrize(
    ("places", "code"),
    [([1, 0], 3290), ([0, 1, 0], 3290), ([0, 0], 3290), ([1, 1], 3290)],
    ids=["swapped", "first again", "first twice", "second twice"],
)
def test_lines_must_come_once_and_in_the_order_of_the_document(app, company, places, code):
    txn_id, edit_sequence, line_ids = ids(added(app, line(Desc="Slab"), line(Desc="Wall")))

    response = app.one(modify(txn_id, edit_sequence, *(keep(line_ids[each]) for each in places)))

    assert status(response) == (code, "Error")
    assert len(company.purchase_order("PO-1").lines) == 2


def test_a_line_of_another_order_is_not_found(app):
    _, _, (foreign,) = ids(added(app, line(), number="PO-9"))
    txn_id, edit_sequence, (own,) = ids(added(app, line()))

    response = app.one(modify(txn_id, edit_sequence, keep(own), keep(foreign)))

    assert status(response) == (3120, "Error")
    assert foreign in response.attrib["statusMessage"]


def test_an_order_that_somebody_changed_meanwhile_is_not_overwritten(app, company):
    txn_id, edit_sequence, (only,) = ids(added(app, line(Desc="Slab")))
    company.by_hand.edit_line(txn_id, only, desc="Slab, thicker", amount=Decimal("120.00"))

    response = app.one(modify(txn_id, edit_sequence, keep(only), new_line()))

    assert status(response) == (3200, "Error")
    order = company.purchase_order("PO-1")
    assert [(each.desc, each.amount) for each in order.lines] == [
        ("Slab, thicker", Decimal("120.00"))
    ]


def test_a_refused_change_changes_nothing_of_the_order(app, company):
    txn_id, edit_sequence, (only,) = ids(added(app, line(Desc="Slab")))

    response = app.one(
        modify(txn_id, edit_sequence, "<Memo>new</Memo>", keep(only), new_line("99-999"))
    )

    assert status(response) == (3140, "Error")
    order = company.purchase_order("PO-1")
    assert (order.memo, len(order.lines), order.edit_sequence) == ("", 1, edit_sequence)


def test_an_order_that_is_gone_cannot_be_changed(app, company):
    txn_id, edit_sequence, _ = ids(added(app, line()))
    company.by_hand.delete_order(txn_id)

    assert status(app.one(modify(txn_id, edit_sequence, new_line()))) == (3120, "Error")
    assert status(app.one(delete(txn_id))) == (3120, "Error")
    assert status(app.one(query(txn_id))) == (500, "Warn")


def test_an_order_that_is_open_on_the_screen_is_in_use(app, company):
    txn_id, edit_sequence, _ = ids(added(app, line()))
    company.by_hand.open_on_screen(txn_id)
    assert status(app.one(modify(txn_id, edit_sequence, "<Memo>x</Memo>"))) == (3176, "Error")

    company.by_hand.leave_screen(txn_id)
    assert status(app.one(modify(txn_id, edit_sequence, "<Memo>x</Memo>"))) == (0, "Info")


# --- what was received ---


def test_a_received_line_cannot_fall_below_what_came_or_go(app, company):
    txn_id, _, (first, second) = ids(
        added(app, line(Quantity="10", Rate="5.00", amount=None), line(Desc="lump sum"))
    )
    company.by_hand.receive(txn_id, first, Decimal(4))
    company.by_hand.receive(txn_id, second)
    edit_sequence = company.purchase_order("PO-1").edit_sequence

    for lines in (
        [keep(first, "<Quantity>3</Quantity>"), keep(second)],
        [keep(first), keep(second, "<Amount>99.99</Amount>")],
        [keep(second)],
    ):
        assert status(app.one(modify(txn_id, edit_sequence, *lines))) == (3170, "Error")
    assert status(app.one(delete(txn_id))) == (3170, "Error")

    fewer = [keep(first, "<Quantity>4</Quantity>"), keep(second, "<Amount>150.00</Amount>")]
    assert status(app.one(modify(txn_id, edit_sequence, *fewer))) == (0, "Info")
    assert company.purchase_order("PO-1").total == Decimal("170.00")


def test_a_fully_received_order_cannot_be_opened_again(app, company):
    txn_id, _, (only,) = ids(added(app, line()))
    company.by_hand.receive(txn_id, only)
    order = app.one(query(txn_id))[0]
    assert order.findtext("IsFullyReceived") == "true"

    response = app.one(modify(txn_id, ids(order)[1], "<IsManuallyClosed>false</IsManuallyClosed>"))

    assert status(response) == (3170, "Error")


# --- the closing date ---


def test_an_order_of_a_closed_period_cannot_be_added_changed_or_deleted(app, company):
    txn_id, edit_sequence, _ = ids(added(app, line()))
    company.by_hand.close_period("2026-03-02")

    assert status(app.one(add(line(), number="PO-2"))) == (3171, "Error")
    assert status(app.one(modify(txn_id, edit_sequence, "<Memo>x</Memo>"))) == (3171, "Error")
    assert status(app.one(delete(txn_id))) == (3171, "Error")

    company.by_hand.set_preference("ClosingDateCoversOrders", False)
    assert status(app.one(modify(txn_id, edit_sequence, "<Memo>x</Memo>"))) == (0, "Info")


def test_an_order_cannot_be_moved_into_a_closed_period(app, company):
    txn_id, edit_sequence, _ = ids(added(app, line()))
    company.by_hand.close_period("2026-02-28")

    moved = modify(txn_id, edit_sequence, "<TxnDate>2026-02-28</TxnDate>")

    assert status(app.one(moved)) == (3171, "Error")
    assert company.purchase_order("PO-1").txn_date == "2026-03-02"


# --- deleting ---


def test_a_deleted_order_is_gone_and_that_it_was_there_is_known(app, company):
    txn_id, _, _ = ids(added(app, line()))

    gone = app.one(delete(txn_id))

    assert status(gone) == (0, "Info")
    assert gone.findtext("RefNumber") == "PO-1"
    assert company.purchase_orders() == []
    deleted = app.one(
        "<TxnDeletedQueryRq><TxnDelType>PurchaseOrder</TxnDelType></TxnDeletedQueryRq>"
    )
    assert deleted.findtext("TxnDeletedRet/TxnID") == txn_id
