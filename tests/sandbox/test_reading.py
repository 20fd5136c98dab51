"""What QuickBooks cannot read it refuses as a whole, with an hresult and nothing executed."""

import pytest

from sandbox.quickbooks import NotParsed
from tests.sandbox.orders import add, keep, line, modify
from tests.sandbox.qbxml import HEAD, message_set, status

VENDOR = "<VendorRef><FullName>Ironwood Concrete</FullName></VendorRef>"
UNREADABLE = {
    "elements out of order": add(line(), more="<TxnDate>2026-03-02</TxnDate>"),
    "an element that does not exist": add(line(), more="<Title>Concrete</Title>"),
    "the same element twice": add(line(), more="<Memo>a</Memo><Memo>b</Memo>"),
    "no line at all": f"<PurchaseOrderAddRq><PurchaseOrderAdd>{VENDOR}</PurchaseOrderAdd>"
    "</PurchaseOrderAddRq>",
    "an ExternalGUID in a Mod": modify("1A01-1", "1", "<ExternalGUID>0</ExternalGUID>"),
    "a Mod without its EditSequence": "<PurchaseOrderModRq><PurchaseOrderMod><TxnID>1</TxnID>"
    "</PurchaseOrderMod></PurchaseOrderModRq>",
    "lines before the header": modify("1A01-1", "1", keep("1A02-1"), "<Memo>late</Memo>"),
    "text between elements": "<VendorQueryRq>all of them</VendorQueryRq>",
    "an unknown attribute": '<VendorQueryRq filter="none"/>',
    "an iterator where there is none": '<ClassQueryRq iterator="Start"/>',
    "a request that does not exist": "<VendorListRq/>",
}


@pytest.mark.parametrize("request_xml", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_one_unreadable_request_spoils_the_whole_document(app, company, request_xml):
    with pytest.raises(NotParsed) as refused:
        app.ask(add(line(), number="PO-7"), request_xml)

    assert refused.value.hresult == "0x80040400"
    assert company.purchase_orders() == []


DOCUMENTS = {
    "not XML": "good morning",
    "an XML that is not closed": HEAD + "<QBXML>",
    "no version": '<?xml version="1.0"?><QBXML><QBXMLMsgsRq onError="stopOnError"/></QBXML>',
    "a version that is too new": message_set().replace("13.0", "99.0"),
    "raw accents": message_set(add(line(Desc="Décor"))),
    "a document type": message_set().replace("<QBXML>", "<!DOCTYPE QBXML []><QBXML>"),
    "rollbackOnError": message_set(onError="rollbackOnError"),
    "no onError": HEAD + "<QBXML><QBXMLMsgsRq/></QBXML>",
    "two message sets": message_set().replace("</QBXML>", "<QBXMLMsgsRq/></QBXML>"),
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_that_is_no_message_set_is_refused(app, text):
    with pytest.raises(NotParsed):
        app.document(text)


def test_accents_arrive_as_character_references_and_the_rest_becomes_a_question_mark(app, company):
    app.ask(add(line(Desc="D&#233;cor &#8211; &#8220;stone&#8221; &#945;")))

    (order,) = company.purchase_orders()
    assert order.lines[0].desc == "Décor – “stone” ?"
    answer = company.answer(
        message_set(
            "<PurchaseOrderQueryRq><IncludeLineItems>1</IncludeLineItems></PurchaseOrderQueryRq>"
        )
    )
    assert answer.isascii()
    assert "D&#233;cor &#8211;" in answer


BAD_VALUES = {
    "a number of twelve characters": ("<RefNumber>PO-123456789</RefNumber>", "", 3070),
    "a vendor message of a hundred": (f"<VendorMsg>{'x' * 100}</VendorMsg>", "", 3070),
    "an amount with one decimal": ("", "<Amount>1.5</Amount>", 3040),
    "an amount with three decimals": ("", "<Amount>1.500</Amount>", 3040),
    "a rate with six decimals": ("", "<Rate>1.123456</Rate>", 3045),
    "a quantity in words": ("", "<Quantity>two</Quantity>", 3060),
    "a day that does not exist": ("<TxnDate>2026-02-30</TxnDate>", "", 3020),
    "a date with slashes": ("<TxnDate>02/03/2026</TxnDate>", "", 3020),
    "yes for true": ("<IsToBePrinted>yes</IsToBePrinted>", "", 3010),
    "a GUID without braces": (
        "<ExternalGUID>12345678-1234-1234-1234-123456789012</ExternalGUID>",
        "",
        3065,
    ),
    "a ListID of forty characters": (
        f"<VendorRef><ListID>{'8' * 40}</ListID></VendorRef>",
        "",
        3000,
    ),
}


@pytest.mark.parametrize(("header", "inside", "code"), BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_a_bad_value_refuses_only_its_own_request(app, company, header, inside, code):
    bad = (
        f'<PurchaseOrderAddRq requestID="bad"><PurchaseOrderAdd>{header}<PurchaseOrderLineAdd>'
        f"<ItemRef><FullName>03-300</FullName></ItemRef>{inside}</PurchaseOrderLineAdd>"
        "</PurchaseOrderAdd></PurchaseOrderAddRq>"
    )

    refused, done = app.ask(bad, add(line(), number="PO-8"), onError="continueOnError")

    assert status(refused) == (code, "Error")
    assert refused.attrib["requestID"] == "bad"
    assert status(done) == (0, "Info")
    assert [order.ref_number for order in company.purchase_orders()] == ["PO-8"]


def test_after_an_error_the_rest_is_not_processed_when_told_to_stop(app, company):
    bad, rest = app.ask(add(line(), vendor="Nobody"), add(line(), number="PO-8"))

    assert status(bad) == (3140, "Error")
    assert status(rest) == (3231, "Error")
    assert company.purchase_orders() == []


def test_every_answer_carries_its_requests_id_and_too_long_ones_are_refused(app):
    first, second, third = app.ask(
        '<VendorQueryRq requestID="a&amp;b"/>',
        f'<VendorQueryRq requestID="{"x" * 51}"/>',
        "<VendorQueryRq/>",
        onError="continueOnError",
    )

    assert first.attrib["requestID"] == "a&b"
    assert status(second) == (1060, "Error")
    assert "requestID" not in third.attrib


def test_what_the_stand_in_does_not_play_is_said_by_name(app):
    response = app.one("<JobReportQueryRq/>")

    assert status(response) == (1000, "Error")
    assert "JobReportQueryRq" in response.attrib["statusMessage"]
